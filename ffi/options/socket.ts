/**
 * Options of level SOL_SOCKET: socket(7), unix(7), asm-generic/socket.h.
 *
 * @module
 */

import { type BpfInstruction, bpfProgram } from "../bpf.ts";
import {
  bool,
  type Codec,
  enumeration,
  flags,
  int,
  integer,
  readInt,
  type SocketDomain,
  socketDomain,
  string,
  uint32,
  uint32List,
  uint64,
} from "../codec.ts";
import { isDarwin } from "../platform.ts";
import {
  internetSockaddr,
  type Linger,
  linger,
  type SocketMemory,
  socketMemory,
  type Timestamping,
  timestamping,
  timeval,
  type TxTime,
  txTime,
  type Ucred,
  ucred,
} from "../structs.ts";
import { option, type SocketOption } from "../socket_option.ts";

/**
 * The buffers of a socket, as SO_BUF_LOCK names them.
 *
 * @category Buffers
 */
export type BufferLock = "send" | "receive";

/** The kernel takes a negative size for a huge one. */
const byteCount = integer(0, 2 ** 31 - 1);

const bufferLock: Codec<readonly BufferLock[]> = flags({ send: 1, receive: 2 });

/**
 * The protocols of sockets, as SO_PROTOCOL names them; another one as its number: linux/in.h.
 *
 * @category Diagnosis
 */
export type SocketProtocol =
  | "ip"
  | "icmp"
  | "igmp"
  | "tcp"
  | "udp"
  | "dccp"
  | "icmpv6"
  | "sctp"
  | "udplite"
  | "raw"
  | "mptcp";

const socketProtocol: Codec<SocketProtocol> = enumeration({
  ip: 0,
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  dccp: 33,
  icmpv6: 58,
  sctp: 132,
  udplite: 136,
  raw: 255,
  mptcp: 262,
});

/** Some kernels read -1 back as a number of 8 bits without a sign. */
const txRehash: Codec<number> = { ...integer(-1, 1), decode: (from) => readInt(from) << 24 >> 24 };

/**
 * The kinds of socket, as SO_TYPE names them: socket(2).
 *
 * @category Diagnosis
 */
export type SocketType = "stream" | "dgram" | "raw" | "rdm" | "seqpacket" | "dccp" | "packet";

const socketType: Codec<SocketType> = enumeration({
  stream: 1,
  dgram: 2,
  raw: 3,
  rdm: 4,
  seqpacket: 5,
  dccp: 6,
  packet: 10,
});

/**
 * Whether the socket listens for connections.
 *
 * Read only. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_TYPE}.
 *
 * @category Diagnosis
 */
export const SO_ACCEPTCONN: SocketOption<boolean, "read-only"> = option(
  "SOL_SOCKET",
  "SO_ACCEPTCONN",
  30,
  bool,
  { access: "read-only" },
);

/**
 * A program in classic BPF that is run for each packet: how many bytes of it are taken, 0 to drop it.
 * SO_DETACH_FILTER takes it away.
 *
 * Write only. Capability: CAP_NET_ADMIN on sockets of TCP, as Linux 6.18 has it. Platform: Linux 2.2.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html), [the kernel's
 * networking/filter document](https://docs.kernel.org/networking/filter.html).
 *
 * Sysctl: [`net.core.optmem_max`](https://docs.kernel.org/admin-guide/sysctl/net.html).
 *
 * See also: {@linkcode SO_DETACH_FILTER}, {@linkcode SO_LOCK_FILTER},
 * {@linkcode SO_BPF_EXTENSIONS}.
 *
 * @category Filters
 *
 * @example A socket that hears nothing more
 * ```ts
 * import { setOption, SO_ATTACH_FILTER } from "@sockopt/tcp";
 *
 * const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
 * setOption(socket, SO_ATTACH_FILTER, [{ code: 0x06, k: 0 }]); // return 0
 * socket.close();
 * ```
 */
export const SO_ATTACH_FILTER: SocketOption<readonly BpfInstruction[], "write-only"> = option(
  "SOL_SOCKET",
  "SO_ATTACH_FILTER",
  26,
  bpfProgram,
  { access: "write-only", capability: "CAP_NET_ADMIN on sockets of TCP" },
);

/**
 * A program in classic BPF that chooses the socket of a SO_REUSEPORT group for a connection or a
 * datagram: it returns the socket's index, in the order in which they joined the group. With
 * another number the kernel chooses. It is set on any one of them; SO_DETACH_REUSEPORT_BPF takes it away.
 *
 * Write only. Platform: Linux 4.5 for UDP, 4.6 for TCP.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_DETACH_REUSEPORT_BPF}, {@linkcode SO_REUSEPORT}.
 *
 * @category Address reuse
 *
 * @example Each connection goes to the listener of the CPU on which it arrived
 * ```ts
 * import { setOption, SO_ATTACH_REUSEPORT_CBPF } from "@sockopt/tcp";
 *
 * // as many listeners on one port as there are CPUs; here the first one of them
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, reusePort: true });
 * setOption(listener, SO_ATTACH_REUSEPORT_CBPF, [
 *   { code: 0x20, k: 0xffff_f024 }, // load the number of the CPU: SKF_AD_OFF + SKF_AD_CPU
 *   { code: 0x16 }, // return it
 * ]);
 * ```
 */
export const SO_ATTACH_REUSEPORT_CBPF: SocketOption<readonly BpfInstruction[], "write-only"> =
  option("SOL_SOCKET", "SO_ATTACH_REUSEPORT_CBPF", 51, bpfProgram, { access: "write-only" });

/**
 * The network interface that the socket is bound to, by name, such as "eth0"; "" for none. Only
 * packets of that interface are received. Binding an unbound socket needs no privilege
 * in newer kernels; changing it does.
 *
 * Default: "". Capability: CAP_NET_RAW. Platform: Linux 2.0.30, read back since 3.8.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_l3mdev_accept`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode SO_BINDTOIFINDEX}.
 *
 * @category Binding and routes
 */
export const SO_BINDTODEVICE: SocketOption<string> = option(
  "SOL_SOCKET",
  "SO_BINDTODEVICE",
  25,
  string(16),
  { capability: "CAP_NET_RAW", setBefore: "bind", bindsToLink: true },
);

/**
 * The same as SO_BINDTODEVICE by the interface's index; 0 for none. Binding an unbound socket needs no
 * privilege in newer kernels; changing it does.
 *
 * Default: 0. Capability: CAP_NET_RAW. Platform: Linux 5.1.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_BINDTODEVICE}.
 *
 * @category Binding and routes
 */
export const SO_BINDTOIFINDEX: SocketOption<number> = option(
  "SOL_SOCKET",
  "SO_BINDTOIFINDEX",
  62,
  int,
  { capability: "CAP_NET_RAW", setBefore: "bind", bindsToLink: true },
);

/**
 * Which extensions to classic BPF the kernel has, as their highest number.
 *
 * Read only. Platform: Linux 3.14.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_ATTACH_FILTER}.
 *
 * @category Diagnosis
 */
export const SO_BPF_EXTENSIONS: SocketOption<number, "read-only"> = option(
  "SOL_SOCKET",
  "SO_BPF_EXTENSIONS",
  48,
  int,
  { access: "read-only" },
);

/**
 * Whether a datagram socket may send to broadcast addresses.
 *
 * Default: off. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_DONTROUTE}.
 *
 * @category Binding and routes
 */
export const SO_BROADCAST: SocketOption<boolean> = option("SOL_SOCKET", "SO_BROADCAST", 6, bool);

/**
 * Once BSD's way of reporting errors on UDP sockets. The kernel takes it and does nothing.
 *
 * Default: off. Platform: Linux; without effect since 2.4.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode IP_RECVERR}.
 *
 * @category Control messages
 */
export const SO_BSDCOMPAT: SocketOption<boolean> = option("SOL_SOCKET", "SO_BSDCOMPAT", 14, bool);

/**
 * Which buffers the kernel may not tune any more: those whose size was set with SO_SNDBUF or
 * SO_RCVBUF. Taking one out gives it back to the kernel's tuning.
 *
 * Default: none. Platform: Linux 5.15.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_RCVBUF}, {@linkcode SO_SNDBUF}.
 *
 * @category Buffers
 *
 * @example Give a buffer back to the kernel's tuning
 * ```ts
 * import { getOption, setOption, SO_BUF_LOCK, SO_SNDBUF } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port });
 * setOption(conn, SO_SNDBUF, 65_536);
 * assertEquals(getOption(conn, SO_BUF_LOCK), ["send"]);
 * setOption(conn, SO_BUF_LOCK, []);
 * ```
 */
export const SO_BUF_LOCK: SocketOption<readonly BufferLock[]> = option(
  "SOL_SOCKET",
  "SO_BUF_LOCK",
  72,
  bufferLock,
);

/**
 * For how many microseconds a read that finds nothing polls the device before it waits. Raising
 * it takes a capability.
 *
 * Default: the sysctl net.core.busy_read, 0. Capability: CAP_NET_ADMIN. Platform: Linux 3.11.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * Sysctl: [`net.core.busy_read`](https://docs.kernel.org/admin-guide/sysctl/net.html),
 * [`net.core.busy_poll`](https://docs.kernel.org/admin-guide/sysctl/net.html).
 *
 * See also: {@linkcode SO_BUSY_POLL_BUDGET}, {@linkcode SO_PREFER_BUSY_POLL}.
 *
 * @category Latency
 */
export const SO_BUSY_POLL: SocketOption<number> = option("SOL_SOCKET", "SO_BUSY_POLL", 46, uint32, {
  capability: "CAP_NET_ADMIN",
});

/**
 * How many packets one round of busy polling takes. More than the default takes a capability.
 *
 * Default: 8. Write only. Capability: CAP_NET_ADMIN. Platform: Linux 5.11.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_BUSY_POLL}, {@linkcode SO_PREFER_BUSY_POLL}.
 *
 * @category Latency
 */
export const SO_BUSY_POLL_BUDGET: SocketOption<number, "write-only"> = option(
  "SOL_SOCKET",
  "SO_BUSY_POLL_BUDGET",
  70,
  uint32,
  { access: "write-only", capability: "CAP_NET_ADMIN" },
);

/**
 * Advice on the path: 1 says that it does not work, so that the kernel looks for another one.
 *
 * Write only. Platform: Linux 4.6.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_TXREHASH}.
 *
 * @category Congestion control
 */
export const SO_CNX_ADVICE: SocketOption<number, "write-only"> = option(
  "SOL_SOCKET",
  "SO_CNX_ADVICE",
  53,
  int,
  { access: "write-only" },
);

/**
 * A number that no other socket of this kernel has had since it was started.
 *
 * Read only. Platform: Linux 4.12.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_NETNS_COOKIE}.
 *
 * @category Diagnosis
 *
 * @example Whether two descriptors are one socket
 * ```ts
 * import { getOption, SO_COOKIE, socketFd } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * assertEquals(getOption(listener, SO_COOKIE), getOption(socketFd(listener), SO_COOKIE));
 * ```
 */
export const SO_COOKIE: SocketOption<bigint, "read-only"> = option(
  "SOL_SOCKET",
  "SO_COOKIE",
  57,
  uint64,
  { access: "read-only" },
);

/**
 * Whether the kernel traces the socket, where it was built to.
 *
 * Default: off. Takes CAP_NET_ADMIN. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode TCP_INFO}.
 *
 * @category Diagnosis
 */
export const SO_DEBUG: SocketOption<boolean> = option("SOL_SOCKET", "SO_DEBUG", 1, bool, {
  capability: "CAP_NET_ADMIN",
});

/**
 * Takes away the filter that was attached to the socket, classic or extended BPF. The value
 * counts for nothing.
 *
 * Write only. Platform: Linux 2.2.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_ATTACH_FILTER}, {@linkcode SO_LOCK_FILTER}.
 *
 * @category Filters
 */
export const SO_DETACH_FILTER: SocketOption<boolean, "write-only"> = option(
  "SOL_SOCKET",
  "SO_DETACH_FILTER",
  27,
  bool,
  { access: "write-only" },
);

/**
 * Takes away the program that spreads connections over the sockets of a SO_REUSEPORT group. The
 * value counts for nothing.
 *
 * Write only. Platform: Linux 5.3.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_ATTACH_REUSEPORT_CBPF}, {@linkcode SO_REUSEPORT}.
 *
 * @category Address reuse
 */
export const SO_DETACH_REUSEPORT_BPF: SocketOption<boolean, "write-only"> = option(
  "SOL_SOCKET",
  "SO_DETACH_REUSEPORT_BPF",
  68,
  bool,
  { access: "write-only" },
);

/**
 * The address family of the socket: "inet" for IPv4.
 *
 * Read only. Platform: Linux 2.6.32.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_TYPE}, {@linkcode SO_PROTOCOL}.
 *
 * @category Diagnosis
 */
export const SO_DOMAIN: SocketOption<SocketDomain, "read-only"> = option(
  "SOL_SOCKET",
  "SO_DOMAIN",
  39,
  socketDomain,
  { access: "read-only" },
);

/**
 * Whether only hosts are reached that are directly connected, without a gateway.
 *
 * Default: off. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_BROADCAST}.
 *
 * @category Binding and routes
 */
export const SO_DONTROUTE: SocketOption<boolean> = option("SOL_SOCKET", "SO_DONTROUTE", 5, bool);

/**
 * The pending error's number, 0 for none. Reading it clears it.
 *
 * Read only. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode IP_RECVERR}.
 *
 * @category Diagnosis
 *
 * @example The error that a connection has pending
 * ```ts
 * import { getOption, SO_ERROR } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port });
 * assertEquals(getOption(conn, SO_ERROR), 0); // 104 after the peer's RST: ECONNRESET
 * ```
 */
export const SO_ERROR: SocketOption<number, "read-only"> = option(
  "SOL_SOCKET",
  "SO_ERROR",
  4,
  int,
  { access: "read-only", consumes: true },
);

/**
 * The CPU on which packets of the socket are processed. Of several sockets that share a port,
 * those are preferred whose value is the CPU of the packet. A connection reads back the CPU of its last
 * packet, whatever was set.
 *
 * Platform: Linux 3.19, to be set since 4.4.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_INCOMING_NAPI_ID}.
 *
 * @category Address reuse
 */
export const SO_INCOMING_CPU: SocketOption<number> = option(
  "SOL_SOCKET",
  "SO_INCOMING_CPU",
  49,
  int,
  { onConnection: "the CPU of its last packet" },
);

/**
 * The ID of the device queue by which the last packet came; 0 if it has none.
 *
 * Read only. Platform: Linux 4.12.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_INCOMING_CPU}.
 *
 * @category Diagnosis
 */
export const SO_INCOMING_NAPI_ID: SocketOption<number, "read-only"> = option(
  "SOL_SOCKET",
  "SO_INCOMING_NAPI_ID",
  56,
  uint32,
  { access: "read-only" },
);

/**
 * Whether a Unix stream socket tells with each received message how much more is there.
 *
 * Default: off. Write only. Platform: Linux 6.17.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode TCP_INQ}.
 *
 * @category Unix sockets
 */
export const SO_INQ: SocketOption<boolean, "write-only"> = option(
  "SOL_SOCKET",
  "SO_INQ",
  84,
  bool,
  { access: "write-only" },
);

/**
 * Whether a connection that is idle is probed, to find out if the peer is still there.
 * TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT say when and how often.
 *
 * Default: off. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html),
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html), [RFC
 * 9293](https://www.rfc-editor.org/rfc/rfc9293) section 3.8.4.
 *
 * Sysctl: [`net.ipv4.tcp_keepalive_time`](https://docs.kernel.org/networking/ip-sysctl.html),
 * [`net.ipv4.tcp_keepalive_intvl`](https://docs.kernel.org/networking/ip-sysctl.html),
 * [`net.ipv4.tcp_keepalive_probes`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode TCP_KEEPIDLE}, {@linkcode TCP_KEEPINTVL}, {@linkcode TCP_KEEPCNT},
 * {@linkcode TCP_USER_TIMEOUT}.
 *
 * @category Keep-alive
 */
export const SO_KEEPALIVE: SocketOption<boolean> = option("SOL_SOCKET", "SO_KEEPALIVE", 9, bool);

/**
 * For how many seconds close(2) waits until queued data is sent. 0 throws the data away and
 * resets the connection; `false` sends it in the background. The `close()` of a connection of Deno
 * calls shutdown(2) first: with 0 the peer is sent a FIN, and then a RST. `reset()` sends a RST
 * alone.
 *
 * Default: `false`. Platform: Linux; macOS (SO_LINGER_SEC there).
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode TCP_LINGER2}, {@linkcode TCP_USER_TIMEOUT}.
 *
 * @category Time-outs
 *
 * @example Close with RST, so that nothing stays in TIME_WAIT
 * ```ts
 * import { setOption, SO_LINGER } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port });
 * setOption(conn, SO_LINGER, 0);
 * ```
 */
export const SO_LINGER: SocketOption<Linger> = option("SOL_SOCKET", "SO_LINGER", 13, linger);

/**
 * Whether the filter of the socket can no longer be changed. It cannot be switched off again.
 *
 * Default: off. Platform: Linux.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_ATTACH_FILTER}, {@linkcode SO_DETACH_FILTER}.
 *
 * @category Filters
 */
export const SO_LOCK_FILTER: SocketOption<boolean> = option(
  "SOL_SOCKET",
  "SO_LOCK_FILTER",
  44,
  bool,
);

/**
 * The mark that each packet of the socket carries, for routing and filtering.
 *
 * Default: 0. Takes CAP_NET_ADMIN or, since Linux 5.17, CAP_NET_RAW. Platform: Linux 2.6.25.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_fwmark_accept`](https://docs.kernel.org/networking/ip-sysctl.html),
 * [`net.ipv4.fwmark_reflect`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode SO_RCVMARK}.
 *
 * @category Binding and routes
 */
export const SO_MARK: SocketOption<number> = option("SOL_SOCKET", "SO_MARK", 36, uint32, {
  capability: "CAP_NET_ADMIN or CAP_NET_RAW",
});

/**
 * The most that pacing may reach, in bytes per second; 2n ** 64n - 1n for no limit. Older kernels know 32 bits of it.
 *
 * Default: no limit. Platform: Linux 3.13.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html), asm-generic/socket.h.
 *
 * Sysctl: [`net.core.default_qdisc`](https://docs.kernel.org/admin-guide/sysctl/net.html).
 *
 * See also: {@linkcode SO_TXTIME}.
 *
 * @category Congestion control
 *
 * @example At most a megabyte a second
 * ```ts
 * import { setOption, SO_MAX_PACING_RATE } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port });
 * setOption(conn, SO_MAX_PACING_RATE, 1_000_000n);
 * ```
 */
export const SO_MAX_PACING_RATE: SocketOption<bigint> = option(
  "SOL_SOCKET",
  "SO_MAX_PACING_RATE",
  47,
  uint64,
);

/**
 * The memory that the socket uses.
 *
 * Read only. Platform: Linux 4.12.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_RESERVE_MEM}.
 *
 * @category Diagnosis
 */
export const SO_MEMINFO: SocketOption<SocketMemory, "read-only"> = option(
  "SOL_SOCKET",
  "SO_MEMINFO",
  55,
  socketMemory,
  { access: "read-only", measures: true },
);

/**
 * A number that no other network namespace of this kernel has had since it was started.
 *
 * Read only. Platform: Linux 5.14.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_COOKIE}.
 *
 * @category Diagnosis
 */
export const SO_NETNS_COOKIE: SocketOption<bigint, "read-only"> = option(
  "SOL_SOCKET",
  "SO_NETNS_COOKIE",
  71,
  uint64,
  { access: "read-only" },
);

/**
 * Whether the device leaves the frame's checksum to the sender, on packet sockets.
 *
 * Default: off. Platform: Linux.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_NO_CHECK}.
 *
 * @category Packet headers
 */
export const SO_NOFCS: SocketOption<boolean> = option("SOL_SOCKET", "SO_NOFCS", 43, bool);

/**
 * Whether UDP packets over IPv4 are sent without a checksum.
 *
 * Default: off. Platform: Linux.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode UDP_NO_CHECK6_RX}, {@linkcode UDP_NO_CHECK6_TX}, {@linkcode SO_NOFCS}.
 *
 * @category Packet headers
 */
export const SO_NO_CHECK: SocketOption<boolean> = option("SOL_SOCKET", "SO_NO_CHECK", 11, bool);

/**
 * Whether urgent data is read among the rest.
 *
 * Default: off. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_RCVLOWAT}.
 *
 * @category Control messages
 */
export const SO_OOBINLINE: SocketOption<boolean> = option("SOL_SOCKET", "SO_OOBINLINE", 10, bool);

/**
 * Whether a Unix socket receives the sender's credentials with each message.
 *
 * Default: off. Platform: Linux 2.2.
 *
 * Source: [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
 *
 * See also: {@linkcode SO_PEERCRED}, {@linkcode SO_PASSRIGHTS}.
 *
 * @category Unix sockets
 */
export const SO_PASSCRED: SocketOption<boolean> = option("SOL_SOCKET", "SO_PASSCRED", 16, bool);

/**
 * Whether a Unix socket receives a descriptor of the sender's process with each message.
 *
 * Default: off. Platform: Linux 6.5.
 *
 * Source: [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
 *
 * See also: {@linkcode SO_PEERPIDFD}.
 *
 * @category Unix sockets
 */
export const SO_PASSPIDFD: SocketOption<boolean> = option("SOL_SOCKET", "SO_PASSPIDFD", 76, bool);

/**
 * Whether a Unix socket accepts descriptors that are sent to it.
 *
 * Default: on. Platform: Linux 6.16.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_PASSCRED}.
 *
 * @category Unix sockets
 */
export const SO_PASSRIGHTS: SocketOption<boolean> = option("SOL_SOCKET", "SO_PASSRIGHTS", 83, bool);

/**
 * Whether a Unix socket receives the sender's security label with each message.
 *
 * Default: off. Platform: Linux 2.6.18.
 *
 * Source: [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
 *
 * See also: {@linkcode SO_PEERSEC}, {@linkcode IP_PASSSEC}.
 *
 * @category Unix sockets
 */
export const SO_PASSSEC: SocketOption<boolean> = option("SOL_SOCKET", "SO_PASSSEC", 34, bool);

/**
 * Where the next read with MSG_PEEK begins, in bytes from the start of what is queued; -1: always
 * at the start. Unix sockets; UDP since Linux 4.7, TCP since 6.10.
 *
 * Default: -1. Platform: Linux 3.4.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_RCVLOWAT}.
 *
 * @category Buffers
 */
export const SO_PEEK_OFF: SocketOption<number> = option("SOL_SOCKET", "SO_PEEK_OFF", 42, int);

/**
 * The credentials of the process that connected, or listened, at the other end of a Unix socket.
 *
 * Read only. Platform: Linux.
 *
 * Source: [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html),
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_PASSCRED}, {@linkcode SO_PEERGROUPS}.
 *
 * @category Unix sockets
 *
 * @example Who is at the other end of a Unix socket
 * ```ts
 * import { getOption, SO_PEERCRED } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${Deno.makeTempDirSync()}/socket`;
 * using listener = Deno.listen({ transport: "unix", path });
 * using client = await Deno.connect({ transport: "unix", path });
 * using conn = await listener.accept();
 * assertEquals(getOption(conn, SO_PEERCRED).pid, Deno.pid);
 * assertEquals(client.remoteAddr.path, path);
 * ```
 */
export const SO_PEERCRED: SocketOption<Ucred, "read-only"> = option(
  "SOL_SOCKET",
  "SO_PEERCRED",
  17,
  ucred,
  { access: "read-only" },
);

/**
 * The supplementary group IDs of the process at the other end of a Unix socket.
 *
 * Read only. Platform: Linux 4.13.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_PEERCRED}.
 *
 * @category Unix sockets
 */
export const SO_PEERGROUPS: SocketOption<readonly number[], "read-only"> = option(
  "SOL_SOCKET",
  "SO_PEERGROUPS",
  59,
  uint32List,
  { access: "read-only" },
);

/**
 * The peer's address, as getpeername(2) gives it, of an Internet socket.
 *
 * Read only. Platform: Linux.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_ORIGINAL_DST}.
 *
 * @category Diagnosis
 */
export const SO_PEERNAME: SocketOption<Deno.Addr, "read-only"> = option(
  "SOL_SOCKET",
  "SO_PEERNAME",
  28,
  internetSockaddr,
  { access: "read-only" },
);

/**
 * A new file descriptor of the process at the other end of a Unix socket. The caller must close
 * it.
 *
 * Read only. Platform: Linux 6.5.
 *
 * Source: [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
 *
 * See also: {@linkcode SO_PASSPIDFD}.
 *
 * @category Unix sockets
 */
export const SO_PEERPIDFD: SocketOption<number, "read-only"> = option(
  "SOL_SOCKET",
  "SO_PEERPIDFD",
  77,
  int,
  { access: "read-only", consumes: true },
);

/**
 * The security label of the other end.
 *
 * Read only. Platform: Linux 2.6.2.
 *
 * Source: [SO_PEERSEC(2const)](https://man7.org/linux/man-pages/man2/SO_PEERSEC.2const.html),
 * [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
 *
 * See also: {@linkcode SO_PASSSEC}.
 *
 * @category Unix sockets
 */
export const SO_PEERSEC: SocketOption<string, "read-only"> = option(
  "SOL_SOCKET",
  "SO_PEERSEC",
  31,
  string(256),
  { access: "read-only" },
);

/**
 * Whether packets are left to busy polling rather than to interrupts.
 *
 * Default: off. Capability: CAP_NET_ADMIN, to switch it on. Platform: Linux 5.11.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * Sysctl: [`net.core.busy_poll`](https://docs.kernel.org/admin-guide/sysctl/net.html).
 *
 * See also: {@linkcode SO_BUSY_POLL}, {@linkcode SO_BUSY_POLL_BUDGET}.
 *
 * @category Latency
 */
export const SO_PREFER_BUSY_POLL: SocketOption<boolean> = option(
  "SOL_SOCKET",
  "SO_PREFER_BUSY_POLL",
  69,
  bool,
  { capability: "CAP_NET_ADMIN" },
);

/**
 * The priority of the packets that are sent, for queueing. Above 6 it takes a capability.
 *
 * Default: 0. Capability: CAP_NET_ADMIN or CAP_NET_RAW. Platform: Linux.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode IP_TOS}, {@linkcode IPV6_TCLASS}, {@linkcode SO_RCVPRIORITY}.
 *
 * @category Packet headers
 */
export const SO_PRIORITY: SocketOption<number> = option("SOL_SOCKET", "SO_PRIORITY", 12, uint32, {
  capability: "CAP_NET_ADMIN or CAP_NET_RAW",
  inherited: false,
});

/**
 * The protocol of the socket.
 *
 * Read only. Platform: Linux 2.6.32.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_TYPE}, {@linkcode SO_DOMAIN}, {@linkcode IP_PROTOCOL}.
 *
 * @category Diagnosis
 */
export const SO_PROTOCOL: SocketOption<SocketProtocol, "read-only"> = option(
  "SOL_SOCKET",
  "SO_PROTOCOL",
  38,
  socketProtocol,
  { access: "read-only" },
);

/**
 * The size of the receive buffer in bytes. It holds what has arrived and was not read yet, and
 * bounds the window that is offered to the peer. Setting it turns the kernel's own tuning off; to
 * count for the window scale it must be set before the handshake, so on the listener or before
 * connecting.
 *
 * Linux stores twice the value that is set, for its own bookkeeping, and reads that back. It caps
 * the value at the sysctl net.core.rmem_max without an error.
 *
 * Default: the second value of the sysctl net.ipv4.tcp_rmem for TCP, net.core.rmem_default for
 * others. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html),
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.core.rmem_max`](https://docs.kernel.org/admin-guide/sysctl/net.html),
 * [`net.core.rmem_default`](https://docs.kernel.org/admin-guide/sysctl/net.html),
 * [`net.ipv4.tcp_rmem`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode SO_SNDBUF}, {@linkcode SO_RCVBUFFORCE}, {@linkcode SO_BUF_LOCK}.
 *
 * @category Buffers
 *
 * @example What the kernel makes of a size
 * ```ts
 * import { getOption, setOption, SO_RCVBUF } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * setOption(listener, SO_RCVBUF, 65_536);
 * assertEquals(getOption(listener, SO_RCVBUF), 131_072); // twice, for its own bookkeeping
 * ```
 */
export const SO_RCVBUF: SocketOption<number> = option("SOL_SOCKET", "SO_RCVBUF", 8, byteCount, {
  doubles: !isDarwin,
  cappedBy: "net.core.rmem_max",
  tuned: "receive",
  setBefore: "connect",
});

/**
 * The same as SO_RCVBUF without the limit of the sysctl.
 *
 * Write only. Takes CAP_NET_ADMIN. Platform: Linux 2.6.14.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * Sysctl: [`net.core.rmem_max`](https://docs.kernel.org/admin-guide/sysctl/net.html).
 *
 * See also: {@linkcode SO_RCVBUF}.
 *
 * @category Buffers
 */
export const SO_RCVBUFFORCE: SocketOption<number, "write-only"> = option(
  "SOL_SOCKET",
  "SO_RCVBUFFORCE",
  33,
  byteCount,
  { access: "write-only", capability: "CAP_NET_ADMIN", setBefore: "connect" },
);

/**
 * How many bytes must be there before the socket counts as readable.
 *
 * Default: 1. Platform: Linux 2.4; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_SNDLOWAT}.
 *
 * @category Buffers
 */
export const SO_RCVLOWAT: SocketOption<number> = option("SOL_SOCKET", "SO_RCVLOWAT", 18, byteCount);

/**
 * Whether each received message tells the mark of its packet.
 *
 * Default: off. Takes CAP_NET_ADMIN or CAP_NET_RAW. Platform: Linux 5.19.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_MARK}.
 *
 * @category Control messages
 */
export const SO_RCVMARK: SocketOption<boolean> = option("SOL_SOCKET", "SO_RCVMARK", 75, bool, {
  capability: "CAP_NET_ADMIN or CAP_NET_RAW",
});

/**
 * Whether each received message tells the priority of its packet.
 *
 * Default: off. Platform: Linux 6.14.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_PRIORITY}.
 *
 * @category Control messages
 */
export const SO_RCVPRIORITY: SocketOption<boolean> = option(
  "SOL_SOCKET",
  "SO_RCVPRIORITY",
  82,
  bool,
);

/**
 * For how many milliseconds a blocking read waits; 0: forever. The kernel rounds up to its clock
 * tick. The sockets of Deno never block.
 *
 * Default: 0. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_SNDTIMEO}, {@linkcode SO_RCVTIMEO_NEW}.
 *
 * @category Time-outs
 */
export const SO_RCVTIMEO: SocketOption<number> = option("SOL_SOCKET", "SO_RCVTIMEO", 20, timeval);

/**
 * The same as SO_RCVTIMEO; on 32-bit machines with times of 64 bits.
 *
 * Default: 0. Platform: Linux 5.1.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_RCVTIMEO}.
 *
 * @category Time-outs
 */
export const SO_RCVTIMEO_NEW: SocketOption<number> = option(
  "SOL_SOCKET",
  "SO_RCVTIMEO_NEW",
  66,
  timeval,
);

/**
 * How many bytes of memory are set aside for the socket, charged to its memory cgroup. Takes one.
 *
 * Default: 0. Platform: Linux 5.16.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_MEMINFO}.
 *
 * @category Buffers
 */
export const SO_RESERVE_MEM: SocketOption<number> = option("SOL_SOCKET", "SO_RESERVE_MEM", 73, int);

/**
 * Whether an address may be bound that connections in TIME_WAIT still use. Deno sets it on every
 * TCP listener.
 *
 * Default: off. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_tw_reuse`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode SO_REUSEPORT}.
 *
 * @category Address reuse
 */
export const SO_REUSEADDR: SocketOption<boolean> = option("SOL_SOCKET", "SO_REUSEADDR", 2, bool, {
  setBefore: "bind",
});

/**
 * Whether several sockets may listen on one address and share its connections. Every one of them
 * must set it before bind(2), and belong to the same user.
 *
 * Default: off. Platform: Linux 3.9; macOS, where the connections are not spread.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_migrate_req`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode SO_REUSEADDR}, {@linkcode SO_ATTACH_REUSEPORT_CBPF},
 * {@linkcode SO_DETACH_REUSEPORT_BPF}.
 *
 * @category Address reuse
 *
 * @example Two listeners on one port
 * ```ts
 * import { getOption, listen, SO_REUSEPORT } from "@sockopt/tcp";
 *
 * using first = listen({ hostname: "127.0.0.1", port: 0, reusePort: true });
 * using second = listen({ hostname: "127.0.0.1", port: first.addr.port, reusePort: true });
 * console.log(getOption(second, SO_REUSEPORT)); // true
 * ```
 */
export const SO_REUSEPORT: SocketOption<boolean> = option("SOL_SOCKET", "SO_REUSEPORT", 15, bool, {
  setBefore: "bind",
});

/**
 * Whether each received message tells how many packets were dropped so far for lack of space.
 *
 * Default: off. Platform: Linux 2.6.33.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_MEMINFO}, {@linkcode SO_RCVBUF}.
 *
 * @category Control messages
 */
export const SO_RXQ_OVFL: SocketOption<boolean> = option("SOL_SOCKET", "SO_RXQ_OVFL", 40, bool);

/**
 * Whether an error on the error queue shows as an exceptional condition to select(2).
 *
 * Default: off. Platform: Linux 3.10.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode IP_RECVERR}, {@linkcode IP_RECVERR_RFC4884}, {@linkcode IPV6_RECVERR},
 * {@linkcode IPV6_RECVERR_RFC4884}.
 *
 * @category Control messages
 */
export const SO_SELECT_ERR_QUEUE: SocketOption<boolean> = option(
  "SOL_SOCKET",
  "SO_SELECT_ERR_QUEUE",
  45,
  bool,
);

/**
 * The size of the send buffer in bytes. It holds what was written and is not acknowledged yet.
 * Setting it turns the kernel's own tuning off.
 *
 * Linux stores twice the value that is set, for its own bookkeeping, and reads that back. It caps
 * the value at the sysctl net.core.wmem_max without an error.
 *
 * Default: the second value of the sysctl net.ipv4.tcp_wmem for TCP, net.core.wmem_default for
 * others. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html),
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.core.wmem_max`](https://docs.kernel.org/admin-guide/sysctl/net.html),
 * [`net.core.wmem_default`](https://docs.kernel.org/admin-guide/sysctl/net.html),
 * [`net.ipv4.tcp_wmem`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode SO_RCVBUF}, {@linkcode SO_SNDBUFFORCE}, {@linkcode SO_BUF_LOCK}.
 *
 * @category Buffers
 */
export const SO_SNDBUF: SocketOption<number> = option("SOL_SOCKET", "SO_SNDBUF", 7, byteCount, {
  doubles: !isDarwin,
  cappedBy: "net.core.wmem_max",
  tuned: "send",
});

/**
 * The same as SO_SNDBUF without the limit of the sysctl.
 *
 * Write only. Takes CAP_NET_ADMIN. Platform: Linux 2.6.14.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * Sysctl: [`net.core.wmem_max`](https://docs.kernel.org/admin-guide/sysctl/net.html).
 *
 * See also: {@linkcode SO_SNDBUF}.
 *
 * @category Buffers
 */
export const SO_SNDBUFFORCE: SocketOption<number, "write-only"> = option(
  "SOL_SOCKET",
  "SO_SNDBUFFORCE",
  32,
  byteCount,
  { access: "write-only", capability: "CAP_NET_ADMIN" },
);

/**
 * How many bytes must fit before the socket counts as writable: always 1 on Linux.
 *
 * Default: 1. Read only. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_RCVLOWAT}.
 *
 * @category Buffers
 */
export const SO_SNDLOWAT: SocketOption<number, "read-only"> = option(
  "SOL_SOCKET",
  "SO_SNDLOWAT",
  19,
  int,
  { access: "read-only" },
);

/**
 * For how many milliseconds a blocking write waits; 0: forever. The kernel rounds up to its clock
 * tick. The sockets of Deno never block.
 *
 * Default: 0. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_RCVTIMEO}, {@linkcode SO_SNDTIMEO_NEW}.
 *
 * @category Time-outs
 */
export const SO_SNDTIMEO: SocketOption<number> = option("SOL_SOCKET", "SO_SNDTIMEO", 21, timeval);

/**
 * The same as SO_SNDTIMEO; on 32-bit machines with times of 64 bits.
 *
 * Default: 0. Platform: Linux 5.1.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_SNDTIMEO}.
 *
 * @category Time-outs
 */
export const SO_SNDTIMEO_NEW: SocketOption<number> = option(
  "SOL_SOCKET",
  "SO_SNDTIMEO_NEW",
  67,
  timeval,
);

/**
 * Whether each received datagram tells when it came, in microseconds.
 *
 * Default: off. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_TIMESTAMPNS}, {@linkcode SO_TIMESTAMPING}, {@linkcode SO_TIMESTAMP_NEW}.
 *
 * @category Control messages
 */
export const SO_TIMESTAMP: SocketOption<boolean> = option("SOL_SOCKET", "SO_TIMESTAMP", 29, bool);

/**
 * Which timestamps of packets are made, by software or hardware, and reported.
 *
 * Default: none. Platform: Linux.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html), [the kernel's
 * networking/timestamping document](https://docs.kernel.org/networking/timestamping.html).
 *
 * See also: {@linkcode SO_TIMESTAMP}, {@linkcode SO_TIMESTAMPNS}, {@linkcode SO_TIMESTAMPING_NEW}.
 *
 * @category Control messages
 *
 * @example Timestamps by software of what is received
 * ```ts
 * import { setOption, SO_TIMESTAMPING } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * setOption(listener, SO_TIMESTAMPING, { flags: ["rxSoftware", "software"], phc: 0 });
 * ```
 */
export const SO_TIMESTAMPING: SocketOption<Timestamping> = option(
  "SOL_SOCKET",
  "SO_TIMESTAMPING",
  37,
  timestamping,
);

/**
 * The same as SO_TIMESTAMPING; on 32-bit machines with times of 64 bits.
 *
 * Default: none. Platform: Linux 5.1.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_TIMESTAMPING}.
 *
 * @category Control messages
 */
export const SO_TIMESTAMPING_NEW: SocketOption<Timestamping> = option(
  "SOL_SOCKET",
  "SO_TIMESTAMPING_NEW",
  65,
  timestamping,
);

/**
 * Whether each received datagram tells when it came, in nanoseconds.
 *
 * Default: off. Platform: Linux 2.6.22.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html), asm-generic/socket.h.
 *
 * See also: {@linkcode SO_TIMESTAMP}, {@linkcode SO_TIMESTAMPING}, {@linkcode SO_TIMESTAMPNS_NEW}.
 *
 * @category Control messages
 */
export const SO_TIMESTAMPNS: SocketOption<boolean> = option(
  "SOL_SOCKET",
  "SO_TIMESTAMPNS",
  35,
  bool,
);

/**
 * The same as SO_TIMESTAMPNS; on 32-bit machines with times of 64 bits.
 *
 * Default: off. Platform: Linux 5.1.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_TIMESTAMPNS}.
 *
 * @category Control messages
 */
export const SO_TIMESTAMPNS_NEW: SocketOption<boolean> = option(
  "SOL_SOCKET",
  "SO_TIMESTAMPNS_NEW",
  64,
  bool,
);

/**
 * The same as SO_TIMESTAMP; on 32-bit machines with times of 64 bits.
 *
 * Default: off. Platform: Linux 5.1.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_TIMESTAMP}.
 *
 * @category Control messages
 */
export const SO_TIMESTAMP_NEW: SocketOption<boolean> = option(
  "SOL_SOCKET",
  "SO_TIMESTAMP_NEW",
  63,
  bool,
);

/**
 * Whether a connection that times out tries another path: 0 no, 1 yes, -1 as the sysctl
 * net.core.txrehash says, which then reads back as 0 or 1.
 *
 * Default: the sysctl's value, 1. Platform: Linux 5.18.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * Sysctl: [`net.core.txrehash`](https://docs.kernel.org/admin-guide/sysctl/net.html).
 *
 * See also: {@linkcode SO_CNX_ADVICE}.
 *
 * @category Congestion control
 */
export const SO_TXREHASH: SocketOption<number> = option("SOL_SOCKET", "SO_TXREHASH", 74, txRehash);

/**
 * How packets are sent at a time of their own. Some clocks take a capability.
 *
 * Capability: CAP_NET_ADMIN. Platform: Linux 4.19.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_MAX_PACING_RATE}.
 *
 * @category Congestion control
 */
export const SO_TXTIME: SocketOption<TxTime> = option("SOL_SOCKET", "SO_TXTIME", 61, txTime, {
  capability: "CAP_NET_ADMIN",
});

/**
 * The kind of socket: "stream" for TCP.
 *
 * Read only. Platform: Linux; macOS.
 *
 * Source: [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html),
 * [socket(2)](https://man7.org/linux/man-pages/man2/socket.2.html).
 *
 * See also: {@linkcode SO_DOMAIN}, {@linkcode SO_PROTOCOL}, {@linkcode SO_ACCEPTCONN}.
 *
 * @category Diagnosis
 */
export const SO_TYPE: SocketOption<SocketType, "read-only"> = option(
  "SOL_SOCKET",
  "SO_TYPE",
  3,
  socketType,
  { access: "read-only" },
);

/**
 * Whether the sender is told on the error queue if a packet was acknowledged over Wi-Fi.
 *
 * Default: off. Platform: Linux.
 *
 * Source: asm-generic/socket.h, not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_TIMESTAMPING}.
 *
 * @category Control messages
 */
export const SO_WIFI_STATUS: SocketOption<boolean> = option(
  "SOL_SOCKET",
  "SO_WIFI_STATUS",
  41,
  bool,
);

/**
 * Whether send(2) may be asked, with MSG_ZEROCOPY, to send from the caller's memory without a
 * copy.
 *
 * Default: off. Platform: Linux 4.14.
 *
 * Source: [the kernel's networking/msg_zerocopy
 * document](https://docs.kernel.org/networking/msg_zerocopy.html), not in
 * [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
 *
 * See also: {@linkcode SO_SNDBUF}.
 *
 * @category Buffers
 */
export const SO_ZEROCOPY: SocketOption<boolean> = option("SOL_SOCKET", "SO_ZEROCOPY", 60, bool);

/**
 * Whether writing to a closed connection does not raise SIGPIPE.
 *
 * Default: off. Platform: macOS.
 *
 * Source: setsockopt(2) of macOS.
 *
 * See also: {@linkcode SO_ERROR}.
 *
 * @category Control messages
 */
export const SO_NOSIGPIPE: SocketOption<boolean> = option("SOL_SOCKET", "SO_NOSIGPIPE", -1, bool);

/**
 * How many bytes are there to be read.
 *
 * Read only. Platform: macOS.
 *
 * Source: setsockopt(2) of macOS.
 *
 * See also: {@linkcode SO_NWRITE}.
 *
 * @category Diagnosis
 */
export const SO_NREAD: SocketOption<number, "read-only"> = option(
  "SOL_SOCKET",
  "SO_NREAD",
  -1,
  int,
  { access: "read-only" },
);

/**
 * How many bytes were written and are not sent yet.
 *
 * Read only. Platform: macOS.
 *
 * Source: setsockopt(2) of macOS.
 *
 * See also: {@linkcode SO_NREAD}.
 *
 * @category Diagnosis
 */
export const SO_NWRITE: SocketOption<number, "read-only"> = option(
  "SOL_SOCKET",
  "SO_NWRITE",
  -1,
  int,
  { access: "read-only" },
);
