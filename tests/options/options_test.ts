import { assertEquals, assertMatch, assertObjectMatch, assertThrows } from "@std/assert";
import {
  applySettings,
  assertOption,
  codecs,
  defineOption,
  getOption,
  OptionAssertionError,
  setOption,
  SO_ACCEPTCONN,
  SO_COOKIE,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_PRIORITY,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_TXTIME,
  SO_TYPE,
  SocketError,
  socketFd,
  TCP_CONGESTION,
  TCP_DEFER_ACCEPT,
  TCP_INFO,
  TCP_KEEPIDLE,
  TCP_MAXSEG,
  TCP_NODELAY,
  type TxTime,
} from "../../mod.ts";
import { run, testWith, testWitnessed, witness } from "../helpers.ts";

function listener(): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}

testWith("ss", "getOption() reads SO_RCVBUF and SO_SNDBUF from a listener", async () => {
  using socket = listener();
  const { stdout } = await run("ss", ["-Hltnm", "src", `127.0.0.1:${socket.addr.port}`]);
  assertEquals(getOption(socket, SO_RCVBUF), Number(/rb(\d+)/.exec(stdout)![1]));
  assertEquals(getOption(socket, SO_SNDBUF), Number(/tb(\d+)/.exec(stdout)![1]));
});

Deno.test("getOption() reads booleans, numbers, bigints, names and strings", () => {
  using socket = listener();
  assertEquals(getOption(socket, SO_ACCEPTCONN), true);
  assertEquals(getOption(socket, SO_REUSEADDR), true);
  assertEquals(getOption(socket, SO_REUSEPORT), false);
  assertEquals(getOption(socket, SO_TYPE), "stream");
  assertEquals(typeof getOption(socket, SO_COOKIE), "bigint");
  assertMatch(getOption(socket, TCP_CONGESTION), /^[a-z]+$/);
});

testWitnessed("setOption() sets what another program reads", async () => {
  using socket = listener();
  setOption(socket, TCP_NODELAY, true);
  setOption(socket, SO_LINGER, 7);
  setOption(socket, TCP_KEEPIDLE, 33);
  setOption(socket, TCP_CONGESTION, "reno");
  const options = [
    "s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)",
    "struct.unpack('ii', s.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))",
    "s.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)",
    "s.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(bytes(1))",
  ];
  assertEquals(await witness(socketFd(socket), `(${options})`), "(1, (1, 7), 33, b'reno')");
});

Deno.test("setOption() throws before any call when the value is wrong", () => {
  using socket = listener();
  // deno-lint-ignore no-explicit-any
  const wrong = (value: unknown): any => value;
  assertEquals(
    assertThrows(() => setOption(socket, TCP_NODELAY, wrong(1)), TypeError).message,
    "TCP_NODELAY: expected true or false, got 1",
  );
  assertEquals(
    assertThrows(() => setOption(socket, SO_RCVBUF, wrong("64k")), TypeError).message,
    'SO_RCVBUF: expected a whole number, got "64k"',
  );
  assertEquals(
    assertThrows(() => setOption(socket, SO_RCVBUF, 2 ** 31), RangeError).message,
    "SO_RCVBUF: expected a whole number from 0 to 2147483647, got 2147483648",
  );
  assertThrows(() => setOption(socket, TCP_CONGESTION, "a name that is too long"), RangeError);
  // below 0 the kernel would take the largest number, or none
  assertThrows(() => setOption(socket, SO_RCVLOWAT, -1), RangeError);
  assertThrows(() => setOption(socket, TCP_DEFER_ACCEPT, -1), RangeError);
  const txTime = { clock: "tai", deadline: "no" } as unknown as TxTime;
  assertThrows(
    () => setOption(socket, SO_TXTIME, txTime),
    TypeError,
    "deadline to be true or false",
  );
});

testWith("CAP_NET_ADMIN", "SO_PRIORITY may be a class of tc(8), which is unsigned", () => {
  using socket = listener();
  setOption(socket, SO_PRIORITY, 0x80010001);
  assertEquals(getOption(socket, SO_PRIORITY), 0x80010001);
});

Deno.test("setOption() turns the kernel's refusal into a SocketError", () => {
  using socket = listener();
  const error = assertThrows(() => setOption(socket, TCP_CONGESTION, "none"), SocketError);
  assertEquals(
    [error.code, error.errno, error.syscall, error.option],
    ["ENOENT", 2, "setsockopt", "TCP_CONGESTION"],
  );
  assertEquals(error.message, "setsockopt TCP_CONGESTION: no such name (ENOENT)");
});

testWith("unstable net", "getOption() of an option that the socket lacks is a SocketError", () => {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  assertEquals(assertThrows(() => getOption(socket, TCP_NODELAY), SocketError).code, "EOPNOTSUPP");
  socket.close();
});

Deno.test("access that an option does not have does not compile", () => {
  using socket = listener();
  const size: number = getOption(socket, SO_RCVBUF);
  const noDelay: boolean = getOption(socket, TCP_NODELAY);
  assertEquals([typeof size, typeof noDelay], ["number", "boolean"]);
  // @ts-expect-error: TCP_INFO can only be read
  assertThrows(() => setOption(socket, TCP_INFO, {}));
  // @ts-expect-error: the value of TCP_NODELAY is a boolean
  assertThrows(() => setOption(socket, TCP_NODELAY, 1));
  // @ts-expect-error: the value of TCP_NODELAY is a boolean
  assertThrows(() => assertOption(socket, TCP_NODELAY, 1));
});

Deno.test("the options of settings are typed pair by pair", () => {
  const MINE = defineOption({
    name: "SO_MINE",
    level: "SOL_SOCKET",
    optname: SO_KEEPALIVE.optname,
    codec: codecs.enumeration({ off: 0, on: 1 }),
    access: "read-write",
  });
  using socket = listener();
  applySettings(socket, {
    options: [[TCP_NODELAY, true], [SO_LINGER, 3], [SO_LINGER, false], [MINE, "on"]],
  });
  assertOption(socket, SO_KEEPALIVE, true);
  assertMatch(
    String(assertThrows(() =>
      applySettings(socket, {
        // @ts-expect-error: the value of TCP_MAXSEG is a number
        options: [[TCP_MAXSEG, "big"]],
      })
    )),
    /TCP_MAXSEG: expected a whole number, got "big"/,
  );
  assertMatch(
    String(assertThrows(() =>
      applySettings(socket, {
        // @ts-expect-error: the value of SO_LINGER is a number or false
        options: [[SO_LINGER, true]],
      })
    )),
    /SO_LINGER: expected false or a whole number of seconds, got true/,
  );
  assertThrows(() =>
    applySettings(socket, {
      // @ts-expect-error: TCP_INFO can only be read
      options: [[TCP_INFO, {}]],
    }), TypeError);
});

Deno.test("assertOption() takes a buffer size as asked for, which is half of what reads back", () => {
  using socket = listener();
  setOption(socket, SO_RCVBUF, 50_000);
  assertOption(socket, SO_RCVBUF, 50_000);
  assertEquals(getOption(socket, SO_RCVBUF), 100_000);
  assertThrows(() => assertOption(socket, SO_RCVBUF, 100_000), OptionAssertionError);
  assertThrows(() => assertOption(socket, SO_RCVBUF, 25_000), OptionAssertionError);
});

Deno.test("assertOption() carries what was expected and what is", () => {
  using socket = listener();
  assertObjectMatch(assertThrows(() => assertOption(socket, SO_LINGER, 5), OptionAssertionError), {
    message: "SO_LINGER: expected 5, got false",
    option: "SO_LINGER",
    expected: 5,
    actual: false,
  });
});
