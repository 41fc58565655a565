import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { OPTION_TABLE } from "../../ffi/option_table.ts";
import * as sockopt from "../../mod.ts";
import {
  getOption,
  setOption,
  SocketError,
  type SocketLike,
  type WritableOption,
} from "../../mod.ts";
import { connectTo, isCapable, ROOT, run, testWith, withProgram } from "../helpers.ts";

/** Deno has no raw sockets, and none that are new: these are made, and closed, through libc. */
const { symbols: libc } = Deno.dlopen(
  Deno.build.os === "darwin" ? "libSystem.B.dylib" : "libc.so.6",
  {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  },
);

/** Nothing of it is for the programs that other tests start. */
const SOCK_CLOEXEC = Deno.build.os === "linux" ? 0o2000000 : 0;

function raw(family: number, type: number, protocol = 0): { socket: number } & Disposable {
  const socket = libc.socket(family, type | SOCK_CLOEXEC, protocol);
  assert(socket >= 0);
  return { socket, [Symbol.dispose]: () => void libc.close(socket) };
}

/** The kinds of socket that options are tried on. */
type Kind = keyof typeof KINDS;

const local = { hostname: "127.0.0.1", port: 0 };

function closing(
  socket: SocketLike,
  ...all: { close(): void }[]
): { socket: SocketLike } & Disposable {
  return { socket, [Symbol.dispose]: () => all.forEach((each) => each.close()) };
}

async function connected(hostname: string): Promise<{ socket: SocketLike } & Disposable> {
  const listener = Deno.listen({ hostname, port: 0 });
  const [client, conn] = await Promise.all([connectTo(listener), listener.accept()]);
  return closing(client, client, conn, listener);
}

const KINDS = {
  listener(): { socket: SocketLike } & Disposable {
    const listener = Deno.listen(local);
    return closing(listener, listener);
  },
  tcp: () => connected("127.0.0.1"),
  tcp6: () => connected("::1"),
  /** An IPv6 socket whose peer has an IPv4 address. */
  async mapped(): Promise<{ socket: SocketLike } & Disposable> {
    const listener = Deno.listen({ hostname: "::", port: 0 });
    const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
    const conn = await listener.accept();
    return closing(conn, client, conn, listener);
  },
  newTcp: () => raw(2, 1),
  newTcp6: () => raw(10, 1),
  udp: () => raw(2, 2),
  udp6: () => raw(10, 2),
  async unix(): Promise<{ socket: SocketLike } & Disposable> {
    const path = `${await Deno.makeTempDir()}/socket`;
    const listener = Deno.listen({ transport: "unix", path });
    const conn = await Deno.connect({ transport: "unix", path });
    return closing(conn, conn, listener);
  },
  raw: () => raw(2, 3, 1),
  raw6: () => raw(10, 3, 58),
  /** A raw socket that writes its own headers. */
  rawHeaders: () => raw(2, 3, 255),
  rawHeaders6: () => raw(10, 3, 255),
  vsock: () => raw(40, 1),
} as const;

/** For an option that cannot be read back in the state that setting it leaves. */
const UNREAD = Symbol("unread");

/** What is set on which kind of socket, and what reads back if that is something else. */
type Trial = [option: WritableOption<unknown>, kind: Kind, value: unknown, readsBack?: unknown];

const udpAddr = (hostname: string): Deno.NetAddr => ({ transport: "udp", hostname, port: 0 });
const lo4 = { multiaddr: "239.1.2.3", address: "127.0.0.1" };
const source4 = { multiaddr: "239.1.2.3", sourceaddr: "127.0.0.9", interface: "127.0.0.1" };
const source4Group = { multiaddr: "239.1.2.3", interface: "127.0.0.1" };
const filter4 = { multiaddr: "239.1.2.3", interface: "127.0.0.1", mode: "include" as const };
const lo = 1; // the index of the loopback interface
const lo6 = { multiaddr: "ff02::1234", ifindex: lo };
const group4 = { interface: lo, group: udpAddr("239.1.2.3") };
const group6 = { interface: lo, group: udpAddr("ff02::1234") };
const groupSource4 = { ...group4, source: udpAddr("127.0.0.9") };
const groupSource6 = { ...group6, source: udpAddr("::9") };
const {
  IP_ADD_MEMBERSHIP,
  IP_ADD_SOURCE_MEMBERSHIP,
  IPV6_ADD_MEMBERSHIP,
  MCAST_JOIN_GROUP,
  MCAST_JOIN_SOURCE_GROUP,
  IPV6_MCAST_JOIN_GROUP,
  IPV6_MCAST_JOIN_SOURCE_GROUP,
} = sockopt;
/** A destination options or hop-by-hop header with a padding option alone. */
const PADDING = new Uint8Array([0, 0, 1, 4, 0, 0, 0, 0]);
/** A routing header of type 4 with one segment: RFC 8754. */
const RTHDR = new Uint8Array([0, 2, 4, 0, 0, 0, 0, 0, ...new Array(16).fill(1)]);

const on = (option: WritableOption<unknown>, kind: Kind): Trial => [option, kind, true];

const TRIALS: Trial[] = [
  // SOL_SOCKET
  [sockopt.SO_ATTACH_FILTER, "udp", [{ code: 0x06, k: 0xffff }]],
  [sockopt.SO_BINDTODEVICE, "udp", "lo"],
  [sockopt.SO_BINDTOIFINDEX, "udp", lo],
  on(sockopt.SO_BROADCAST, "udp"),
  [sockopt.SO_BSDCOMPAT, "udp", true, false],
  [sockopt.SO_BUF_LOCK, "tcp", ["send", "receive"]],
  [sockopt.SO_BUSY_POLL, "tcp", 50],
  [sockopt.SO_BUSY_POLL_BUDGET, "tcp", 16],
  [sockopt.SO_CNX_ADVICE, "tcp", 1],
  on(sockopt.SO_DEBUG, "tcp"),
  on(sockopt.SO_DONTROUTE, "tcp"),
  [sockopt.SO_INCOMING_CPU, "tcp", 0],
  on(sockopt.SO_INQ, "unix"),
  on(sockopt.SO_KEEPALIVE, "tcp"),
  [sockopt.SO_LINGER, "tcp", 5],
  [sockopt.SO_LINGER, "tcp", 0],
  [sockopt.SO_LINGER, "tcp", false],
  on(sockopt.SO_LOCK_FILTER, "udp"),
  [sockopt.SO_MARK, "tcp", 0xfedcba98],
  [sockopt.SO_MAX_PACING_RATE, "tcp", 2n ** 40n],
  on(sockopt.SO_NOFCS, "udp"),
  on(sockopt.SO_NO_CHECK, "udp"),
  on(sockopt.SO_OOBINLINE, "tcp"),
  on(sockopt.SO_PASSCRED, "unix"),
  on(sockopt.SO_PASSPIDFD, "unix"),
  [sockopt.SO_PASSRIGHTS, "unix", false],
  on(sockopt.SO_PASSSEC, "unix"),
  [sockopt.SO_PEEK_OFF, "unix", 7],
  on(sockopt.SO_PREFER_BUSY_POLL, "tcp"),
  [sockopt.SO_PRIORITY, "tcp", 6],
  [sockopt.SO_RCVBUF, "tcp", 50_000, 100_000],
  [sockopt.SO_RCVBUFFORCE, "tcp", 50_000],
  [sockopt.SO_RCVLOWAT, "tcp", 20],
  on(sockopt.SO_RCVMARK, "udp"),
  on(sockopt.SO_RCVPRIORITY, "udp"),
  [sockopt.SO_RCVTIMEO, "tcp", 1500],
  [sockopt.SO_RCVTIMEO_NEW, "tcp", 1500],
  on(sockopt.SO_REUSEADDR, "udp"),
  on(sockopt.SO_REUSEPORT, "udp"),
  on(sockopt.SO_RXQ_OVFL, "udp"),
  on(sockopt.SO_SELECT_ERR_QUEUE, "udp"),
  [sockopt.SO_SNDBUF, "tcp", 50_000, 100_000],
  [sockopt.SO_SNDBUFFORCE, "tcp", 50_000],
  [sockopt.SO_SNDTIMEO, "tcp", 2500],
  [sockopt.SO_SNDTIMEO_NEW, "tcp", 2500],
  on(sockopt.SO_TIMESTAMP, "udp"),
  [sockopt.SO_TIMESTAMPING, "udp", { flags: ["rxSoftware", "software"], phc: 0 }],
  [sockopt.SO_TIMESTAMPING_NEW, "udp", { flags: ["rxSoftware", "software"], phc: 0 }],
  on(sockopt.SO_TIMESTAMPNS, "udp"),
  on(sockopt.SO_TIMESTAMPNS_NEW, "udp"),
  on(sockopt.SO_TIMESTAMP_NEW, "udp"),
  [sockopt.SO_TXREHASH, "tcp", 0],
  [sockopt.SO_TXTIME, "udp", { clock: "tai", deadline: true, reportErrors: true }],
  on(sockopt.SO_WIFI_STATUS, "udp"),
  on(sockopt.SO_ZEROCOPY, "tcp"),

  // IPPROTO_TCP
  [sockopt.TCP_CONGESTION, "tcp", "reno"],
  on(sockopt.TCP_CORK, "tcp"),
  [sockopt.TCP_DEFER_ACCEPT, "listener", 3],
  [sockopt.TCP_DELACK_MAX_US, "tcp", 40_000],
  [sockopt.TCP_FASTOPEN, "listener", 16],
  on(sockopt.TCP_FASTOPEN_CONNECT, "newTcp"),
  [sockopt.TCP_FASTOPEN_KEY, "listener", new Uint8Array(16).fill(7)],
  on(sockopt.TCP_FASTOPEN_NO_COOKIE, "newTcp"),
  on(sockopt.TCP_INQ, "tcp"),
  [sockopt.TCP_KEEPCNT, "tcp", 4],
  [sockopt.TCP_KEEPIDLE, "tcp", 33],
  [sockopt.TCP_KEEPINTVL, "tcp", 5],
  [sockopt.TCP_LINGER2, "tcp", 12],
  [sockopt.TCP_MAXSEG, "newTcp", 1000],
  [sockopt.TCP_MD5SIG, "newTcp", { addr: udpAddr("127.0.0.1"), key: new Uint8Array([1, 2]) }],
  [sockopt.TCP_MD5SIG_EXT, "newTcp", {
    addr: udpAddr("127.0.0.0"),
    key: new Uint8Array([1, 2]),
    prefixLength: 24,
  }],
  on(sockopt.TCP_NODELAY, "tcp"),
  [sockopt.TCP_NOTSENT_LOWAT, "tcp", 16_384],
  on(sockopt.TCP_QUICKACK, "tcp"),
  [sockopt.TCP_QUICKACK, "tcp", false],
  [sockopt.TCP_REPAIR, "tcp", "on"],
  [sockopt.TCP_RTO_MAX_MS, "tcp", 5000],
  [sockopt.TCP_RTO_MIN_US, "tcp", 40_000],
  [sockopt.TCP_SAVE_SYN, "listener", 1],
  [sockopt.TCP_SYNCNT, "newTcp", 2],
  [sockopt.TCP_THIN_DUPACK, "tcp", true, false],
  on(sockopt.TCP_THIN_LINEAR_TIMEOUTS, "tcp"),
  [sockopt.TCP_TX_DELAY, "tcp", 1000],
  [sockopt.TCP_USER_TIMEOUT, "tcp", 9000],
  [sockopt.TCP_WINDOW_CLAMP, "tcp", 20_000],

  // IPPROTO_IP
  [IP_ADD_MEMBERSHIP, "udp", lo4],
  [IP_ADD_SOURCE_MEMBERSHIP, "udp", source4],
  on(sockopt.IP_BIND_ADDRESS_NO_PORT, "newTcp"),
  on(sockopt.IP_CHECKSUM, "udp"),
  on(sockopt.IP_FREEBIND, "udp"),
  on(sockopt.IP_HDRINCL, "raw"),
  [sockopt.IP_LOCAL_PORT_RANGE, "newTcp", { low: 40_000, high: 40_100 }],
  [sockopt.IP_MINTTL, "tcp", 64],
  [sockopt.IP_MTU_DISCOVER, "udp", "do"],
  [sockopt.IP_MULTICAST_ALL, "udp", false],
  [sockopt.IP_MULTICAST_IF, "udp", "127.0.0.1"],
  [sockopt.IP_MULTICAST_IF, "udp", lo, "0.0.0.0"],
  [sockopt.IP_MULTICAST_LOOP, "udp", false],
  [sockopt.IP_MULTICAST_TTL, "udp", 9],
  on(sockopt.IP_NODEFRAG, "raw"),
  [sockopt.IP_OPTIONS, "udp", new Uint8Array([1, 1, 1, 0])],
  on(sockopt.IP_PASSSEC, "udp"),
  on(sockopt.IP_PKTINFO, "udp"),
  on(sockopt.IP_RECVERR, "udp"),
  on(sockopt.IP_RECVERR_RFC4884, "udp"),
  on(sockopt.IP_RECVFRAGSIZE, "udp"),
  on(sockopt.IP_RECVOPTS, "udp"),
  on(sockopt.IP_RECVORIGDSTADDR, "udp"),
  on(sockopt.IP_RECVTOS, "udp"),
  on(sockopt.IP_RECVTTL, "udp"),
  on(sockopt.IP_RETOPTS, "udp"),
  on(sockopt.IP_ROUTER_ALERT, "raw"),
  [sockopt.IP_TOS, "udp", 0xb8],
  on(sockopt.IP_TRANSPARENT, "udp"),
  [sockopt.IP_TTL, "udp", 7],
  [sockopt.IP_UNICAST_IF, "udp", lo],
  [MCAST_JOIN_GROUP, "udp", group4],
  [MCAST_JOIN_SOURCE_GROUP, "udp", groupSource4],

  // IPPROTO_IPV6
  on(sockopt.IPV6_2292DSTOPTS, "udp6"),
  on(sockopt.IPV6_2292HOPLIMIT, "udp6"),
  on(sockopt.IPV6_2292HOPOPTS, "udp6"),
  on(sockopt.IPV6_2292PKTINFO, "udp6"),
  [sockopt.IPV6_2292PKTOPTIONS, "tcp6", new Uint8Array(0)],
  on(sockopt.IPV6_2292RTHDR, "udp6"),
  [sockopt.IPV6_ADDR_PREFERENCES, "udp6", ["public"], ["public", "home"]],
  [IPV6_ADD_MEMBERSHIP, "udp6", lo6],
  [sockopt.IPV6_AUTOFLOWLABEL, "udp6", false],
  [sockopt.IPV6_CHECKSUM, "rawHeaders6", 2],
  on(sockopt.IPV6_DONTFRAG, "udp6"),
  [sockopt.IPV6_DSTOPTS, "udp6", PADDING],
  on(sockopt.IPV6_FLOWINFO, "udp6"),
  on(sockopt.IPV6_FLOWINFO_SEND, "udp6"),
  [sockopt.IPV6_FLOWLABEL_MGR, "udp6", {
    dst: "::1",
    label: 0,
    action: "get",
    share: "excl",
    flags: ["create"],
    expires: 6,
    linger: 6,
  }],
  on(sockopt.IPV6_FREEBIND, "udp6"),
  on(sockopt.IPV6_HDRINCL, "rawHeaders6"),
  [sockopt.IPV6_HOPOPTS, "udp6", PADDING],
  [IPV6_MCAST_JOIN_GROUP, "udp6", group6],
  [IPV6_MCAST_JOIN_SOURCE_GROUP, "udp6", groupSource6],
  [sockopt.IPV6_MINHOPCOUNT, "tcp6", 64],
  [sockopt.IPV6_MTU, "udp6", 1300, UNREAD],
  [sockopt.IPV6_MTU_DISCOVER, "udp6", "do"],
  [sockopt.IPV6_MULTICAST_ALL, "udp6", false],
  [sockopt.IPV6_MULTICAST_HOPS, "udp6", 9],
  [sockopt.IPV6_MULTICAST_IF, "udp6", lo],
  [sockopt.IPV6_MULTICAST_LOOP, "udp6", false],
  [sockopt.IPV6_PKTINFO, "udp6", { addr: "::", ifindex: lo }],
  on(sockopt.IPV6_RECVDSTOPTS, "udp6"),
  on(sockopt.IPV6_RECVERR, "udp6"),
  on(sockopt.IPV6_RECVERR_RFC4884, "udp6"),
  on(sockopt.IPV6_RECVFRAGSIZE, "udp6"),
  on(sockopt.IPV6_RECVHOPLIMIT, "udp6"),
  on(sockopt.IPV6_RECVHOPOPTS, "udp6"),
  on(sockopt.IPV6_RECVORIGDSTADDR, "udp6"),
  on(sockopt.IPV6_RECVPATHMTU, "udp6"),
  on(sockopt.IPV6_RECVPKTINFO, "udp6"),
  on(sockopt.IPV6_RECVRTHDR, "udp6"),
  on(sockopt.IPV6_RECVTCLASS, "udp6"),
  [sockopt.IPV6_ROUTER_ALERT, "rawHeaders6", 5, 1],
  on(sockopt.IPV6_ROUTER_ALERT_ISOLATE, "rawHeaders6"),
  [sockopt.IPV6_RTHDRDSTOPTS, "udp6", PADDING],
  [sockopt.IPV6_RTHDR, "udp6", RTHDR],
  [sockopt.IPV6_TCLASS, "udp6", 0xb8],
  on(sockopt.IPV6_TRANSPARENT, "udp6"),
  [sockopt.IPV6_UNICAST_HOPS, "udp6", 7],
  [sockopt.IPV6_UNICAST_IF, "udp6", lo],
  on(sockopt.IPV6_V6ONLY, "newTcp6"),
  [sockopt.IPV6_ADDRFORM, "mapped", "inet", UNREAD],

  // AF_VSOCK
  [sockopt.SO_VM_SOCKETS_BUFFER_MAX_SIZE, "vsock", 2n ** 20n],
  [sockopt.SO_VM_SOCKETS_BUFFER_MIN_SIZE, "vsock", 4096n],
  [sockopt.SO_VM_SOCKETS_BUFFER_SIZE, "vsock", 8192n],
  [sockopt.SO_VM_SOCKETS_CONNECT_TIMEOUT, "vsock", 3000],
  [sockopt.SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW, "vsock", 3000],

  // SOL_UDP
  on(sockopt.UDP_CORK, "udp"),
  [sockopt.UDP_ENCAP, "udp", "espinudp"],
  on(sockopt.UDP_GRO, "udp"),
  on(sockopt.UDP_NO_CHECK6_RX, "udp6"),
  on(sockopt.UDP_NO_CHECK6_TX, "udp6"),
  [sockopt.UDP_SEGMENT, "udp", 1200],
];

/** What is tried of these takes a privilege, which the table names: without it, it is refused. */
const PRIVILEGED = new Set<WritableOption<unknown>>([
  sockopt.SO_BUSY_POLL_BUDGET,
  sockopt.SO_DEBUG,
  sockopt.SO_MARK,
  sockopt.SO_PREFER_BUSY_POLL,
  sockopt.SO_RCVBUFFORCE,
  sockopt.SO_SNDBUFFORCE,
  sockopt.SO_TXTIME,
  sockopt.TCP_REPAIR,
  sockopt.IP_TRANSPARENT,
  sockopt.IPV6_DSTOPTS,
  sockopt.IPV6_HOPOPTS,
  sockopt.IPV6_JOIN_ANYCAST,
  sockopt.IPV6_RTHDRDSTOPTS,
  sockopt.IPV6_TRANSPARENT,
]);

/** What the kernel refuses, and why: these take something that the test cannot make. */
const REFUSALS: [option: WritableOption<unknown>, kind: Kind, value: unknown, code: string][] = [
  [sockopt.SO_DETACH_FILTER, "udp", true, "ENOENT"], // no filter is attached
  [sockopt.SO_DETACH_REUSEPORT_BPF, "udp", true, "EINVAL"], // nor a program
  [sockopt.SO_RESERVE_MEM, "tcp", 4096, "EOPNOTSUPP"], // not in a memory cgroup
  [sockopt.TCP_ULP, "tcp", "none", "ENOENT"],
  // no interface has a prefix for it
  [sockopt.IPV6_JOIN_ANYCAST, "udp6", { multiaddr: "fc00::1", ifindex: lo }, "EADDRNOTAVAIL"],
  [sockopt.IPV6_LEAVE_ANYCAST, "udp6", { multiaddr: "fc00::1", ifindex: lo }, "ENOENT"],
  [sockopt.IP_MSFILTER, "udp", { ...filter4, sources: [] }, "EADDRNOTAVAIL"],
  [sockopt.MCAST_MSFILTER, "udp", { ...group4, mode: "include", sources: [] }, "EADDRNOTAVAIL"],
  [
    sockopt.IPV6_MCAST_MSFILTER,
    "udp6",
    { ...group6, mode: "include", sources: [] },
    "EADDRNOTAVAIL",
  ],
];

/** Options in pairs: what the first does, the second undoes once. */
const PAIRS: [Kind, unknown, done: WritableOption<unknown>, undone: WritableOption<unknown>][] = [
  ["udp", lo4, IP_ADD_MEMBERSHIP, sockopt.IP_DROP_MEMBERSHIP],
  ["udp", source4, IP_ADD_SOURCE_MEMBERSHIP, sockopt.IP_DROP_SOURCE_MEMBERSHIP],
  ["udp", group4, MCAST_JOIN_GROUP, sockopt.MCAST_LEAVE_GROUP],
  ["udp", groupSource4, MCAST_JOIN_SOURCE_GROUP, sockopt.MCAST_LEAVE_SOURCE_GROUP],
  ["udp6", lo6, IPV6_ADD_MEMBERSHIP, sockopt.IPV6_DROP_MEMBERSHIP],
  ["udp6", lo6, sockopt.IPV6_JOIN_GROUP, sockopt.IPV6_LEAVE_GROUP],
  ["udp6", group6, IPV6_MCAST_JOIN_GROUP, sockopt.IPV6_MCAST_LEAVE_GROUP],
  ["udp6", groupSource6, IPV6_MCAST_JOIN_SOURCE_GROUP, sockopt.IPV6_MCAST_LEAVE_SOURCE_GROUP],
];

/** The same for the sources of a group that was joined before. */
const BLOCKS: [
  Kind,
  Trial,
  unknown,
  done: WritableOption<unknown>,
  undone: WritableOption<unknown>,
][] = [
  [
    "udp",
    [IP_ADD_MEMBERSHIP, "udp", lo4],
    source4,
    sockopt.IP_BLOCK_SOURCE,
    sockopt.IP_UNBLOCK_SOURCE,
  ],
  [
    "udp",
    [MCAST_JOIN_GROUP, "udp", group4],
    groupSource4,
    sockopt.MCAST_BLOCK_SOURCE,
    sockopt.MCAST_UNBLOCK_SOURCE,
  ],
  [
    "udp6",
    [IPV6_MCAST_JOIN_GROUP, "udp6", group6],
    groupSource6,
    sockopt.IPV6_MCAST_BLOCK_SOURCE,
    sockopt.IPV6_MCAST_UNBLOCK_SOURCE,
  ],
];

/** Whether this kernel has sockets of a family and a protocol. */
function hasSocket(family: number, protocol: number): boolean {
  const socket = libc.socket(family, 1 | SOCK_CLOEXEC, protocol);
  if (socket >= 0) libc.close(socket);
  return socket >= 0;
}

function show(value: unknown): string {
  return Deno.inspect(value, { compact: true, breakLength: Infinity });
}

/** A test of an option on a kind of socket: raw ones take a capability, and an option may take one. */
function testOption(
  name: string,
  option: WritableOption<unknown>,
  kind: Kind,
  value: unknown,
  test: (socket: SocketLike) => void,
): void {
  const { capability = "" } = option;
  const isRefused = PRIVILEGED.has(option) && !isCapable(capability);
  const needs = ["Linux", ...kind.startsWith("raw") ? ["CAP_NET_RAW"] : []];
  if (kind === "vsock" && !hasSocket(40, 0)) needs.push("vsock");
  testWith(needs, isRefused ? `${option.name} takes ${capability}` : name, async () => {
    using made = await KINDS[kind]();
    if (!isRefused) return test(made.socket);
    const error = assertThrows(() => setOption(made.socket, option, value), SocketError);
    assertMatch(error.code, /^(EPERM|EACCES)$/);
    assertMatch(error.message, new RegExp(`, it takes ${capability} `));
  });
}

for (const [option, kind, value, readsBack = value] of TRIALS) {
  testOption(`${option.name} is set to ${show(value)}`, option, kind, value, (socket) => {
    setOption(socket, option, value);
    if (option.access === "read-write" && readsBack !== UNREAD) {
      assertEquals(getOption(socket, option), readsBack);
    }
  });
}

for (const [option, kind, value, code] of REFUSALS) {
  testOption(`${option.name} is refused with ${code}`, option, kind, value, (socket) => {
    assertEquals(assertThrows(() => setOption(socket, option, value), SocketError).code, code);
  });
}

/** Undoing takes having done, and works once: the kernel keeps the account. */
function doAndUndo(
  socket: SocketLike,
  value: unknown,
  done: WritableOption<unknown>,
  undone: WritableOption<unknown>,
): void {
  const code = /EADDRNOTAVAIL|EINVAL|ENOENT/;
  assertMatch(assertThrows(() => setOption(socket, undone, value), SocketError).code, code);
  setOption(socket, done, value);
  setOption(socket, undone, value);
  assertMatch(assertThrows(() => setOption(socket, undone, value), SocketError).code, code);
}

for (const [kind, value, done, undone] of PAIRS) {
  testWith("Linux", `${undone.name} undoes ${done.name}`, async () => {
    using made = await KINDS[kind]();
    doAndUndo(made.socket, value, done, undone);
  });
}

for (const [kind, [join, , group], value, done, undone] of BLOCKS) {
  testWith("Linux", `${undone.name} undoes ${done.name}`, async () => {
    using made = await KINDS[kind]();
    setOption(made.socket, join, group);
    doAndUndo(made.socket, value, done, undone);
  });
}

testWith("Linux", "the filters of sources are set on a group that was joined", async () => {
  using made = await KINDS.udp();
  setOption(made.socket, IP_ADD_SOURCE_MEMBERSHIP, source4);
  setOption(made.socket, sockopt.IP_MSFILTER, { ...filter4, sources: ["127.0.0.5", "127.0.0.6"] });
  assertEquals(getOption(made.socket, sockopt.IP_MSFILTER, source4Group), {
    ...filter4,
    sources: ["127.0.0.5", "127.0.0.6"],
  });
  // what is in the filter now can be dropped, what was before cannot
  setOption(made.socket, sockopt.IP_DROP_SOURCE_MEMBERSHIP, {
    ...source4,
    sourceaddr: "127.0.0.6",
  });
  assertThrows(() => setOption(made.socket, sockopt.IP_DROP_SOURCE_MEMBERSHIP, source4));

  using made6 = await KINDS.udp6();
  setOption(made6.socket, IPV6_MCAST_JOIN_SOURCE_GROUP, groupSource6);
  const sources = [udpAddr("::5"), udpAddr("::6")];
  setOption(made6.socket, sockopt.IPV6_MCAST_MSFILTER, { ...group6, mode: "include", sources });
  assertEquals(getOption(made6.socket, sockopt.IPV6_MCAST_MSFILTER, group6), {
    ...group6,
    mode: "include",
    sources,
  });
  const sixth = { ...group6, source: sources[1]! };
  setOption(made6.socket, sockopt.IPV6_MCAST_LEAVE_SOURCE_GROUP, sixth);
  assertThrows(() => setOption(made6.socket, sockopt.IPV6_MCAST_LEAVE_SOURCE_GROUP, groupSource6));
});

testWith(["Linux", "CAP_NET_ADMIN"], "a connection is taken apart with TCP_REPAIR", async () => {
  using made = await KINDS.tcp();
  const { socket } = made;
  setOption(socket, sockopt.TCP_REPAIR, "on");
  setOption(socket, sockopt.TCP_REPAIR_QUEUE, "send");
  assertEquals(getOption(socket, sockopt.TCP_REPAIR_QUEUE), "send");
  assert(getOption(socket, sockopt.TCP_QUEUE_SEQ) > 0);
  const window = getOption(socket, sockopt.TCP_REPAIR_WINDOW);
  assert(window.rcvWnd > 0 && window.sndWnd > 0);
  setOption(socket, sockopt.TCP_REPAIR_WINDOW, window);
  const now = getOption(socket, sockopt.TCP_TIMESTAMP);
  setOption(socket, sockopt.TCP_TIMESTAMP, (now + 1_000_000) % 2 ** 32);
  const ahead = (getOption(socket, sockopt.TCP_TIMESTAMP) - now + 2 ** 32) % 2 ** 32;
  assert(ahead >= 1_000_000 && ahead < 1_100_000, `${ahead}`);
  setOption(socket, sockopt.TCP_REPAIR_OPTIONS, [{ code: 2, value: 1000 }, { code: 4, value: 0 }]);
  assert(getOption(socket, sockopt.TCP_INFO).options.sack);

  using fresh = await KINDS.newTcp();
  setOption(fresh.socket, sockopt.TCP_REPAIR, "on");
  setOption(fresh.socket, sockopt.TCP_REPAIR_QUEUE, "receive");
  setOption(fresh.socket, sockopt.TCP_QUEUE_SEQ, 4_000_000_000);
  assertEquals(getOption(fresh.socket, sockopt.TCP_QUEUE_SEQ), 4_000_000_000);
});

testWith("Linux", "a listener keeps the SYN of its connections with TCP_SAVE_SYN", async () => {
  using listener = Deno.listen(local);
  setOption(listener, sockopt.TCP_SAVE_SYN, 1);
  using client = await connectTo(listener);
  using conn = await listener.accept();
  const syn = getOption(conn, sockopt.TCP_SAVED_SYN);
  assertEquals(syn[0]! >> 4, 4, "an IPv4 header");
  assertEquals(syn[20]! * 256 + syn[21]!, client.localAddr.port, "the client's port");
  assertEquals(getOption(conn, sockopt.TCP_SAVED_SYN).length, 0, "reading it throws it away");
});

Deno.test("the options of a Unix socket tell who is at the other end", async () => {
  using made = await KINDS.unix();
  const { socket } = made;
  assertEquals(getOption(socket, sockopt.SO_PEERCRED), {
    pid: Deno.pid,
    uid: Deno.uid(),
    gid: Deno.gid(),
  });
  assertEquals(getOption(socket, sockopt.SO_DOMAIN), "unix");
  assertEquals(getOption(socket, sockopt.SO_TYPE), "stream");
  assert(Array.isArray(getOption(socket, sockopt.SO_PEERGROUPS)));
  const pidfd = getOption(socket, sockopt.SO_PEERPIDFD);
  assertEquals(libc.close(pidfd), 0, "it is a descriptor of this process's own");
});

Deno.test("the options of a TCP socket tell what it is", async () => {
  using made = await KINDS.tcp6();
  const { socket } = made;
  assertEquals(getOption(socket, sockopt.SO_DOMAIN), "inet6");
  assertEquals(getOption(socket, sockopt.SO_PROTOCOL), "tcp");
  assertEquals(getOption(socket, sockopt.SO_ERROR), 0);
  assertEquals(getOption(socket, sockopt.IPV6_MTU), 65_536);
  assertEquals(getOption(socket, sockopt.IPV6_PATHMTU), 65_536);
  assertEquals(getOption(socket, sockopt.SO_PEERNAME), {
    ...(socket as Deno.TcpConn).remoteAddr,
  });
  const { rcvbuf, sndbuf } = getOption(socket, sockopt.SO_MEMINFO);
  assertEquals(rcvbuf, getOption(socket, sockopt.SO_RCVBUF));
  assertEquals(sndbuf, getOption(socket, sockopt.SO_SNDBUF));
});

testWith(
  "unstable net",
  "SO_ATTACH_FILTER drops what its program says, until SO_DETACH_FILTER",
  async () => {
    const socket = Deno.listenDatagram({ transport: "udp", ...local });
    const sender = Deno.listenDatagram({ transport: "udp", ...local });
    using _closing = closing(socket, socket, sender);
    // struct udphdr comes first: the byte behind it is the first of the message
    setOption(socket, sockopt.SO_ATTACH_FILTER, [
      { code: 0x30, k: 8 }, // load the byte at 8
      { code: 0x15, jt: 1, k: 7 }, // is it 7?
      { code: 0x06, k: 0 }, // no: drop it
      { code: 0x06, k: 0xffff }, // yes: take it all
    ]);
    await sender.send(new Uint8Array([6, 1]), socket.addr);
    await sender.send(new Uint8Array([7, 2]), socket.addr);
    assertEquals((await socket.receive())[0], new Uint8Array([7, 2]));
    setOption(socket, sockopt.SO_DETACH_FILTER, true);
    await sender.send(new Uint8Array([6, 3]), socket.addr);
    assertEquals((await socket.receive())[0], new Uint8Array([6, 3]));
    assertThrows(() => setOption(socket, sockopt.SO_ATTACH_FILTER, []), RangeError);
    assertEquals(
      assertThrows(
        () => setOption(socket, sockopt.SO_ATTACH_FILTER, [{ code: 0xffff }]),
        SocketError,
      )
        .code,
      "EINVAL",
    );
  },
);

Deno.test("SO_ATTACH_REUSEPORT_CBPF chooses the listener of a connection", async () => {
  using first = sockopt.listen({ ...local, reusePort: true });
  using second = sockopt.listen({ ...local, port: first.addr.port, reusePort: true });
  for (const [index, listener] of [first, second, first].entries()) {
    // return the index of the listener in the group
    setOption(first, sockopt.SO_ATTACH_REUSEPORT_CBPF, [{ code: 0x06, k: index % 2 }]);
    for (let i = 0; i < 20; i++) {
      using _client = await connectTo(listener);
      using conn = await listener.accept(); // never, if it went to the other one
      assertEquals(conn.localAddr.port, first.addr.port);
    }
  }
  setOption(second, sockopt.SO_DETACH_REUSEPORT_BPF, true);
});

Deno.test("MPTCP_INFO and TCP_IS_MPTCP tell of Multipath TCP", async () => {
  using made = await KINDS.tcp();
  assertEquals(getOption(made.socket, sockopt.TCP_IS_MPTCP), false);
  assertThrows(() => getOption(made.socket, sockopt.MPTCP_INFO), SocketError);
});

testWith(
  ["Linux", "python3", ...hasSocket(2, 262) ? [] : ["Multipath TCP"]],
  "MPTCP_INFO is read from a connection of Multipath TCP",
  async () => {
    // hands the connection on as an open descriptor
    const program = `
import socket as s, subprocess, sys
l = s.socket(s.AF_INET, s.SOCK_STREAM, 262); l.bind(("127.0.0.1", 0)); l.listen()
c = s.socket(s.AF_INET, s.SOCK_STREAM, 262); c.connect(l.getsockname()); a, _ = l.accept()
c.sendall(bytes(1000)); a.recv(1000, s.MSG_WAITALL)
subprocess.run([*sys.argv[1:], str(c.fileno())], pass_fds=[c.fileno()])`;
    const reading = `
import { getOption, MPTCP_INFO, TCP_IS_MPTCP } from "${ROOT}mod.ts";
const fd = Number(Deno.args[0]);
const { fallback, subflows, bytesSent } = getOption(fd, MPTCP_INFO);
console.log(getOption(fd, TCP_IS_MPTCP), fallback, subflows, bytesSent ?? 1000n);`;
    await withProgram(reading, async (file) => {
      const { stdout, stderr } = await run("python3", [
        "-c",
        program,
        Deno.execPath(),
        "run",
        "--allow-ffi",
        "--no-check",
        file,
      ]);
      assertEquals(stdout.trim(), "true false 0 1000n", stderr);
    });
  },
);

testWith("Linux", "IPV6_FLOWLABEL_MGR tells the label that the kernel has chosen", async () => {
  using made = await KINDS.udp6();
  const request: sockopt.FlowLabelRequest = {
    dst: "::1",
    label: 0,
    action: "get",
    share: "excl",
    flags: ["create"],
    expires: 6,
    linger: 6,
  };
  setOption(made.socket, sockopt.IPV6_FLOWLABEL_MGR, request);
  assert(request.label > 0 && request.label < 2 ** 20, `${request.label}`);
  const labels = await Deno.readTextFile("/proc/net/ip6_flowlabel");
  assertMatch(labels, new RegExp(`^${request.label.toString(16).padStart(5, "0")} `, "mi"));
  setOption(made.socket, sockopt.IPV6_FLOWLABEL_MGR, Object.freeze({ ...request, action: "put" }));
});

testWith("Linux", "a filter of 64 sources is set", async () => {
  using made = await KINDS.udp6();
  setOption(made.socket, IPV6_MCAST_JOIN_GROUP, group6);
  const sources = Array.from({ length: 64 }, (_, i) => udpAddr(`2001:db8::${i.toString(16)}`));
  setOption(made.socket, sockopt.IPV6_MCAST_MSFILTER, { ...group6, mode: "include", sources });
  const filters = await Deno.readTextFile("/proc/net/mcfilter6");
  const ours = filters.split("\n").filter((line) => /ff02.*1234 20010db8/.test(line));
  assertEquals(ours.length, 64, filters);
  const read = getOption(made.socket, sockopt.IPV6_MCAST_MSFILTER, group6);
  assertEquals(read.mode, "include");
  assertEquals(new Set(read.sources.map(({ hostname }) => hostname)).size, 64);

  using made4 = await KINDS.udp();
  setOption(made4.socket, MCAST_JOIN_GROUP, group4);
  assertEquals(getOption(made4.socket, sockopt.MCAST_MSFILTER, group4), {
    ...group4,
    mode: "exclude",
    sources: [],
  });
  // @ts-expect-error: it is read of one group
  assertThrows(() => getOption(made4.socket, sockopt.MCAST_MSFILTER), TypeError);
});

testWith("Linux", "SO_TXREHASH takes -1, 0 and 1", async () => {
  using made = await KINDS.tcp();
  for (const [value, readsBack] of [[0, [0]], [1, [1]], [-1, [0, 1, -1]]] as const) {
    setOption(made.socket, sockopt.SO_TXREHASH, value);
    assert((readsBack as readonly number[]).includes(getOption(made.socket, sockopt.SO_TXREHASH)));
  }
  assertEquals(
    assertThrows(() => setOption(made.socket, sockopt.SO_TXREHASH, 255), RangeError).message,
    "SO_TXREHASH: expected a whole number from -1 to 1, got 255",
  );
});

testWith("Linux", "a time-out is rounded to microseconds, and never to none at all", async () => {
  using made = await KINDS.tcp();
  for (const option of [sockopt.SO_RCVTIMEO, sockopt.SO_SNDTIMEO_NEW]) {
    for (const value of [1999.9999, 999.9999999, 0.9999, 3_599_999.9996, 2 ** 40 + 0.99999]) {
      setOption(made.socket, option, value);
      // the kernel rounds up to its tick
      const actual = getOption(made.socket, option);
      assert(actual >= value - 0.0005 && actual <= value + 11, `${value}: ${actual}`);
    }
    setOption(made.socket, option, 1e-9);
    assert(getOption(made.socket, option) > 0);
  }
});

/** What is wrong with a value, and what is said of it. */
const WRONG: [option: WritableOption<unknown>, kind: Kind, value: unknown, message: RegExp][] = [
  [sockopt.TCP_KEEPIDLE, "tcp", 0, /^TCP_KEEPIDLE: .* from 1 to 32767, got 0$/],
  [sockopt.TCP_KEEPCNT, "tcp", 128, /^TCP_KEEPCNT: .* from 1 to 127, got 128$/],
  [sockopt.IP_TOS, "tcp", 256, /^IP_TOS: .* from 0 to 255, got 256$/],
  [sockopt.IP_TTL, "tcp", 0, /^setsockopt IP_TTL: 0 is not valid, .*EINVAL/],
  [
    sockopt.IP_ADD_MEMBERSHIP,
    "udp",
    { multiAddr: "239.1.2.3" },
    /an object with multiaddr, address, ifindex; there is no multiAddr$/,
  ],
  [
    sockopt.IP_ADD_MEMBERSHIP,
    "udp",
    { address: "127.0.0.1" },
    /expected multiaddr to be an IPv4 address, got undefined$/,
  ],
  [
    sockopt.MCAST_JOIN_GROUP,
    "udp",
    { interface: 1, group: "239.1.2.3" },
    /expected group with hostname and port, got "239.1.2.3"$/,
  ],
  [sockopt.IPV6_PKTINFO, "udp6", null, /an object with addr, ifindex, got null$/],
];

for (const [option, kind, value, message] of WRONG) {
  testWith("Linux", `${option.name} says what is wrong with ${show(value)}`, async () => {
    using made = await KINDS[kind]();
    assertMatch(assertThrows(() => setOption(made.socket, option, value), Error).message, message);
  });
}

Deno.test("every option that can be written is tried here", () => {
  const tried = new Set([
    ...TRIALS.map(([option]) => option),
    ...REFUSALS.map(([option]) => option),
    ...PAIRS.flatMap(([, , done, undone]) => [done, undone]),
    ...BLOCKS.flatMap(([, , , done, undone]) => [done, undone]),
    sockopt.TCP_REPAIR_QUEUE,
    sockopt.TCP_QUEUE_SEQ,
    sockopt.TCP_REPAIR_WINDOW,
    sockopt.TCP_TIMESTAMP,
    sockopt.TCP_REPAIR_OPTIONS,
    sockopt.SO_ATTACH_REUSEPORT_CBPF,
  ].map(({ name }) => name));
  const untried = OPTION_TABLE
    .filter(({ access, optname, name }) =>
      access !== "read-only" && optname >= 0 && !tried.has(name) &&
      !name.startsWith("TCP_AO_") // set_before_test.ts
    )
    .map(({ name }) => name);
  assertEquals(untried, []);
});
