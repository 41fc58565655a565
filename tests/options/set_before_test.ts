/** What is set too late: the options that must be set before bind(2) or before the handshake. */

import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { newSocket } from "../../ffi/new_socket.ts";
import { OPTION_TABLE } from "../../ffi/option_table.ts";
import { socketName, writeSockaddr } from "../../ffi/sockaddr.ts";
import * as sockopt from "../../mod.ts";
import {
  getOption,
  setOption,
  SocketError,
  TCP_INFO,
  type TcpInfo,
  type WritableOption,
} from "../../mod.ts";
import { output, testInNamespace, testWith } from "../helpers.ts";

/** Deno makes no socket without binding or connecting it: these are made, and closed, through libc. */
const { symbols: libc } = Deno.dlopen(
  Deno.build.os === "darwin" ? "libSystem.B.dylib" : "libc.so.6",
  {
    bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    listen: { parameters: ["i32", "i32"], result: "i32" },
    connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    accept: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  },
);

/** An address of a socket as C has it. */
function sockaddr(hostname: string, port = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(128);
  writeSockaddr({ transport: "tcp", hostname, port }, new DataView(bytes.buffer));
  return bytes.slice(0, hostname.includes(":") ? 28 : 16);
}

/** A new socket of TCP. */
class Socket {
  readonly fd: number;

  constructor(readonly hostname: string, fd?: number) {
    this.fd = fd ?? newSocket(hostname.includes(":") ? 10 : 2, 1);
  }

  /** Whether it could be bound. */
  bind(port = 0): boolean {
    const address = sockaddr(this.hostname, port);
    return libc.bind(this.fd, address, address.length) === 0;
  }

  listen(): void {
    assertEquals(libc.listen(this.fd, 5), 0);
  }

  connect(port: number): void {
    const address = sockaddr(this.hostname, port);
    assertEquals(libc.connect(this.fd, address, address.length), 0);
  }

  accept(): Socket {
    return new Socket(this.hostname, libc.accept(this.fd, null, null));
  }

  get port(): number {
    const addr = socketName(this.fd, "getsockname", "tcp");
    return (addr as Deno.NetAddr).port;
  }

  [Symbol.dispose](): void {
    libc.close(this.fd);
  }
}

/** Two ends of a connection, of which the client had its option set before or after the handshake. */
function connected(when: "before" | "after", option: WritableOption<unknown>, value: unknown) {
  using listener = new Socket("127.0.0.1");
  listener.bind();
  listener.listen();
  using client = new Socket("127.0.0.1");
  if (when === "before") setOption(client.fd, option, value);
  client.connect(listener.port);
  using conn = listener.accept();
  if (when === "after") setOption(client.fd, option, value);
  return { client: getOption(client.fd, TCP_INFO), conn: getOption(conn.fd, TCP_INFO) };
}

/** What is refused when it comes too late. */
const REFUSED: [option: WritableOption<unknown>, hostname: string, after: "bind" | "connect"][] = [
  [sockopt.IPV6_V6ONLY, "::1", "bind"],
  [sockopt.TCP_FASTOPEN_CONNECT, "127.0.0.1", "connect"],
  [sockopt.TCP_FASTOPEN_NO_COOKIE, "127.0.0.1", "connect"],
];

for (const [option, hostname, after] of REFUSED) {
  testWith("root", `${option.name} is refused after ${after}(2)`, () => {
    assertEquals(option.setBefore, after);
    using early = new Socket(hostname);
    setOption(early.fd, option, true);
    using late = new Socket(hostname);
    using listener = new Socket(hostname);
    listener.bind();
    listener.listen();
    if (after === "bind") late.bind();
    else late.connect(listener.port);
    assertEquals(assertThrows(() => setOption(late.fd, option, true), SocketError).code, "EINVAL");
  });
}

/** What lets a socket be bound to an address that this machine does not have. */
const FOREIGN: [option: WritableOption<unknown>, hostname: string][] = [
  [sockopt.IP_FREEBIND, "192.0.2.1"],
  [sockopt.IP_TRANSPARENT, "192.0.2.1"],
  [sockopt.IPV6_FREEBIND, "2001:db8::1"],
  [sockopt.IPV6_TRANSPARENT, "2001:db8::1"],
];

for (const [option, hostname] of FOREIGN) {
  testWith("root", `${option.name} lets a foreign address be bound`, () => {
    assertEquals(option.setBefore, "bind");
    using socket = new Socket(hostname);
    assertEquals(socket.bind(), false);
    setOption(socket.fd, option, true);
    assertEquals(socket.bind(), true);
  });
}

for (const option of [sockopt.SO_REUSEADDR, sockopt.SO_REUSEPORT]) {
  Deno.test(`${option.name} lets a socket be bound where another one is that has it`, () => {
    assertEquals(option.setBefore, "bind");
    using first = new Socket("127.0.0.1");
    setOption(first.fd, option, true);
    first.bind();
    using second = new Socket("127.0.0.1");
    assertEquals(second.bind(first.port), false);
    setOption(second.fd, option, true);
    assertEquals(second.bind(first.port), true);
  });
}

testWith("root", "IP_BIND_ADDRESS_NO_PORT counts for the port that bind(2) would take", () => {
  assertEquals(sockopt.IP_BIND_ADDRESS_NO_PORT.setBefore, "bind");
  using early = new Socket("127.0.0.1");
  setOption(early.fd, sockopt.IP_BIND_ADDRESS_NO_PORT, true);
  early.bind();
  assertEquals(early.port, 0);
  using late = new Socket("127.0.0.1");
  late.bind();
  setOption(late.fd, sockopt.IP_BIND_ADDRESS_NO_PORT, true);
  assertNotEquals(late.port, 0);
});

testWith("root", "IP_LOCAL_PORT_RANGE counts for the port that bind(2) takes", () => {
  assertEquals(sockopt.IP_LOCAL_PORT_RANGE.setBefore, "bind");
  const range = { low: 45_000, high: 45_010 };
  using early = new Socket("127.0.0.1");
  setOption(early.fd, sockopt.IP_LOCAL_PORT_RANGE, range);
  early.bind();
  assert(early.port >= 45_000 && early.port <= 45_010, `${early.port}`);
  using late = new Socket("127.0.0.1");
  late.bind();
  const before = late.port;
  setOption(late.fd, sockopt.IP_LOCAL_PORT_RANGE, range);
  assertEquals(late.port, before);
});

/** What the client tells in its SYN. */
const IN_THE_SYN: [
  option: WritableOption<unknown>,
  value: unknown,
  told: (of: {
    client: TcpInfo;
    conn: TcpInfo;
  }) => number,
  early: number,
][] = [
  [sockopt.TCP_MAXSEG, 1000, ({ conn }) => conn.sndMss, 988],
  [sockopt.SO_RCVBUF, 4096, ({ client }) => client.rcvWscale, 0],
  [sockopt.SO_RCVBUFFORCE, 4096, ({ client }) => client.rcvWscale, 0],
  [sockopt.TCP_WINDOW_CLAMP, 4096, ({ client }) => client.rcvWscale, 0],
];

for (const [option, value, told, early] of IN_THE_SYN) {
  testWith("root", `${option.name} counts for the handshake when it is set before`, () => {
    assertEquals(option.setBefore, "connect");
    assertEquals(told(connected("before", option, value)), early);
    assertNotEquals(told(connected("after", option, value)), early);
  });
}

testWith("root", "TCP_MD5SIG counts for the handshake when it is set before", () => {
  const addr: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 0 };
  const value = { addr, key: new Uint8Array([1, 2]) };
  for (
    const [option, key] of [[sockopt.TCP_MD5SIG, value], [sockopt.TCP_MD5SIG_EXT, {
      ...value,
      prefixLength: 32,
    }]] as const
  ) {
    assertEquals(option.setBefore, "connect");
    using listener = new Socket("127.0.0.1");
    setOption(listener.fd, option, key);
    listener.bind();
    listener.listen();
    using signing = new Socket("127.0.0.1");
    setOption(signing.fd, option, key);
    signing.connect(listener.port); // one that does not sign gets no answer
  }
});

/** Whether the kernel was built with CONFIG_TCP_AO. */
function hasTcpAo(): boolean {
  using socket = new Socket("127.0.0.1");
  try {
    getOption(socket.fd, sockopt.TCP_AO_INFO);
    return true;
  } catch (error) {
    return (error as SocketError).code === "ENOENT"; // it has no key
  }
}

testWith(hasTcpAo() ? [] : "TCP-AO", "TCP_AO_ADD_KEY counts for the handshake", () => {
  assertEquals(sockopt.TCP_AO_ADD_KEY.setBefore, "connect");
  const id = {
    addr: { transport: "tcp", hostname: "127.0.0.1", port: 0 },
    sndid: 5,
    rcvid: 5,
  } as const;
  const key = { ...id, algorithm: "hmac(sha1)", key: new Uint8Array([1, 2]) };
  using listener = new Socket("127.0.0.1");
  setOption(listener.fd, sockopt.TCP_AO_ADD_KEY, key);
  setOption(listener.fd, sockopt.TCP_AO_INFO, { required: true, acceptIcmps: false });
  listener.bind();
  listener.listen();
  using signing = new Socket("127.0.0.1");
  setOption(signing.fd, sockopt.TCP_AO_ADD_KEY, key);
  signing.connect(listener.port); // one that does not sign gets no answer

  const [entry] = getOption(signing.fd, sockopt.TCP_AO_GET_KEYS, id);
  assertEquals(entry?.key, key.key);
  assertEquals(entry?.current, true);
  const { currentKey, counters } = getOption(signing.fd, sockopt.TCP_AO_INFO);
  assertEquals(currentKey, 5);
  assert(counters!.good > 0n);
  setOption(listener.fd, sockopt.TCP_AO_DEL_KEY, id);
  assertEquals(getOption(listener.fd, sockopt.TCP_AO_GET_KEYS, "all"), []);
});

/** Two listeners on one port, each for its own interface, and a third one for all. */
const TWO_DEVICES = `
import socket as s
def bind(device, port):
    l = s.socket()
    if device: l.setsockopt(s.SOL_SOCKET, s.SO_BINDTODEVICE, device + b"\\0")
    l.bind(("", port)); l.listen()
    return l
first = bind(b"lo", 0)
second = bind(b"one", first.getsockname()[1])
try: bind(None, first.getsockname()[1]); print("shared")
except OSError as error: print(error.errno)
`;

testInNamespace("SO_BINDTODEVICE lets two interfaces have one port", async (inside) => {
  assertEquals(sockopt.SO_BINDTODEVICE.setBefore, "bind");
  assertEquals(sockopt.SO_BINDTOIFINDEX.setBefore, "bind");
  await output(...inside, "ip", "link", "add", "one", "type", "veth", "peer", "name", "two");
  assertEquals((await output(...inside, "python3", "-c", TWO_DEVICES)).trim(), "98");
}, ["python3"]);

Deno.test("every option that is marked is tried here", async () => {
  const text = await Deno.readTextFile(new URL(import.meta.url));
  const marked = OPTION_TABLE.filter(({ setBefore }) => setBefore !== undefined);
  assert(marked.length > 15, `${marked.length}`);
  for (const { name } of marked) assert(text.includes(`sockopt.${name}`), name);
});
