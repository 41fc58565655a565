/** Every public function tells of a wrong argument by what it got and what is allowed. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  applySettings,
  assertOption,
  codecs,
  defineOption,
  getOption,
  isSupported,
  listen,
  protocolHandler,
  readOptions,
  setOption,
  SO_LINGER,
  SO_RCVBUF,
  SO_TYPE,
  SocketError,
  socketFd,
} from "../../mod.ts";
import { openFds } from "../../ffi/open_fds.ts";

const hostname = "127.0.0.1";

/** Values of every kind, none of which is a socket, an option or an object of options. */
// deno-lint-ignore no-explicit-any
const RUBBISH: any[] = [
  null,
  true,
  "text",
  "",
  5n,
  Symbol("s"),
  () => {},
  [1],
];

// deno-lint-ignore no-explicit-any
type Call = (socket: Deno.Listener, value: any) => unknown;

const REFUSE_RUBBISH: Record<string, Call> = {
  "getOption() as its socket": (_, value) => getOption(value, SO_TYPE),
  "setOption() as its socket": (_, value) => setOption(value, SO_RCVBUF, 1),
  "assertOption() as its socket": (_, value) => assertOption(value, SO_TYPE, "stream"),
  "readOptions()": (_, value) => readOptions(value),
  "socketFd()": (_, value) => socketFd(value),
  "applySettings() as its socket": (_, value) => applySettings(value, {}),
  "getOption() as its option": (socket, value) => getOption(socket, value),
  "setOption() as its option": (socket, value) => setOption(socket, value, 1 as never),
  "assertOption() as its option": (socket, value) => assertOption(socket, value, 1 as never),
  "isSupported()": (_, value) => isSupported(value),
  "setOption() as a number": (socket, value) => setOption(socket, SO_RCVBUF, value),
  "applySettings() as its settings": (socket, value) => applySettings(socket, value),
  "defineOption()": (_, value) => defineOption(value),
  "listen()": (_, value) => listen(value),
};

for (const [where, call] of Object.entries(REFUSE_RUBBISH)) {
  Deno.test(`what is of the wrong kind is a TypeError that shows it: ${where}`, () => {
    using socket = Deno.listen({ hostname, port: 0 });
    const before = [...openFds()];
    for (const value of RUBBISH) {
      const { message } = assertThrows(() => call(socket, value), TypeError);
      assertMatch(
        message,
        /expected .*, got (null|true|"(text)?"|5n|Symbol\(s\)|a function|an object)$/,
      );
    }
    assertEquals([...openFds()], before);
  });
}

Deno.test("a number that no descriptor has is a RangeError", () => {
  for (const fd of [-1, 1.5, NaN, Infinity, 2 ** 31]) {
    for (const call of [socketFd, readOptions]) {
      assertEquals(
        assertThrows(() => call(fd), RangeError).message,
        `expected a file descriptor from 0 to 2147483647, got ${fd}`,
      );
    }
  }
});

Deno.test("a descriptor of something else is a SocketError", () => {
  // standard input is a pipe, a file or a terminal
  assertEquals(assertThrows(() => readOptions(0), SocketError).code, "ENOTSOCK");
  assertEquals(assertThrows(() => getOption(2 ** 31 - 1, SO_TYPE), SocketError).code, "EBADF");
});

const WRONG_SETTINGS: [settings: unknown, kind: typeof TypeError, message: string][] = [
  [{ recvBuffer: 1 }, TypeError, 'there is no option "recvBuffer"'],
  [
    { receiveBufferSize: -1 },
    RangeError,
    "SO_RCVBUF: expected a whole number from 0 to 2147483647, got -1",
  ],
  [{ noDelay: 1 }, TypeError, "TCP_NODELAY: expected true or false, got 1"],
  [{ keepAlive: { idel: 1 } }, TypeError, 'keepAlive: there is no option "idel"'],
  [
    { keepAlive: 30 },
    TypeError,
    "keepAlive: expected true, false, or an object with idle, interval, count, got 30",
  ],
  [{ keepAlive: null }, TypeError, "keepAlive: expected an object of options, got null"],
  [
    { keepAlive: { idle: 0 } },
    RangeError,
    "TCP_KEEPIDLE: expected a whole number from 1 to 32767, got 0",
  ],
  [{ synRetries: 300 }, RangeError, "TCP_SYNCNT: expected a whole number from 1 to 127, got 300"],
  [{ linger: true }, TypeError, "SO_LINGER: expected false or a whole number of seconds, got true"],
  [
    { options: {} },
    TypeError,
    "options: expected a list of options with their values, got an object",
  ],
  [
    { options: [SO_LINGER] },
    TypeError,
    "options: expected an option with its value, got an object",
  ],
  [
    { options: [["SO_LINGER", 1]] },
    TypeError,
    'options: expected a socket option, got "SO_LINGER"',
  ],
  [
    { options: [[SO_LINGER, "1"]] },
    TypeError,
    'SO_LINGER: expected false or a whole number of seconds, got "1"',
  ],
];

for (const [settings, kind, message] of WRONG_SETTINGS) {
  Deno.test(`settings are refused before anything is set or opened: ${message}`, () => {
    using socket = Deno.listen({ hostname, port: 0 });
    const before = [getOption(socket, SO_RCVBUF), ...openFds()];
    const wrong = settings as Record<string, never>;
    // a good one that comes first is not set
    const apply = () => applySettings(socket, { receiveBufferSize: 4321, ...wrong });
    assertEquals(assertThrows(apply, kind).message, `settings: ${message}`);
    const open = () => listen({ hostname, port: 0, settings: wrong });
    assertEquals(assertThrows(open, kind).message, `listen(): settings: ${message}`);
    assertEquals([getOption(socket, SO_RCVBUF), ...openFds()], before);
  });
}

const OPTION = { name: "O", level: 6, optname: 1, codec: codecs.int, access: "read-only" } as const;

const WRONG_DEFINITIONS: [part: object, kind: typeof TypeError, message: string][] = [
  [{ name: 7 }, TypeError, "name: expected a string, got 7"],
  [{ name: undefined }, TypeError, "name is missing"],
  [
    { level: 1.5 },
    RangeError,
    "level: expected a whole number from -2147483648 to 2147483647, got 1.5",
  ],
  [{ level: "SOL_TCP" }, TypeError, 'level: expected one of "SOL_SOCKET", "IPPROTO_IP", '],
  [{ optname: "1" }, TypeError, 'optname: expected a whole number, got "1"'],
  [
    { codec: { size: 4 } },
    TypeError,
    "codec: expected a codec, with encode() and decode(), got an object",
  ],
  [
    { access: "rw" },
    TypeError,
    'access: expected one of read-only, read-write, write-only, got "rw"',
  ],
  [{ number: 1 }, TypeError, 'there is no option "number"'],
];

for (const [part, kind, message] of WRONG_DEFINITIONS) {
  Deno.test(`defineOption() refuses ${message}`, () => {
    const definition = { ...OPTION, ...part } as typeof OPTION;
    const error = assertThrows(() => defineOption(definition), kind);
    assert(error.message.startsWith(`defineOption(): ${message}`), error.message);
  });
}

Deno.test("protocolHandler() refuses what makes no protocols", () => {
  assertEquals(
    assertThrows(() => protocolHandler({} as never), TypeError).message,
    "protocolHandler(): expected a function, got an object",
  );
});
