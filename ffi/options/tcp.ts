/**
 * Options of level IPPROTO_TCP: tcp(7), linux/tcp.h.
 *
 * @module
 */

import { bool, bytes, type Codec, enumeration, int, integer, string, uint32 } from "../codec.ts";
import { isDarwin } from "../platform.ts";
import {
  type CongestionInfo,
  congestionInfo,
  type Md5Signature,
  md5Signature,
  type RepairOption,
  repairOptions,
  type RepairWindow,
  repairWindow,
} from "../structs.ts";
import {
  tcpAoAdd,
  tcpAoDelete,
  type TcpAoInfo,
  tcpAoInfo,
  type TcpAoKey,
  type TcpAoKeyQuestion,
  type TcpAoKeyRemoval,
  tcpAoKeys,
  tcpAoKeysQuestion,
  type TcpAoKeyState,
  type TcpAoRepair,
  tcpAoRepair,
} from "../tcp_ao.ts";
import { type TcpInfo, tcpInfo } from "../tcp_info.ts";
import { type AskedOption, askedOption, option, type SocketOption } from "../socket_option.ts";

// those that tcp(7) gives; macOS has no upper limit of its own
const seconds = integer(1, isDarwin ? 2 ** 31 - 1 : 32_767);
const count = integer(1, isDarwin ? 2 ** 31 - 1 : 127);

/**
 * Whether a connection is being restored; the last one leaves repair mode without a window probe.
 *
 * @category Restored connections
 */
export type Repair = "off" | "on" | "off-no-window-probe";

const repair: Codec<Repair> = enumeration({ off: 0, on: 1, "off-no-window-probe": -1 });

/**
 * The queues of a connection that is being restored.
 *
 * @category Restored connections
 */
export type RepairQueue = "none" | "receive" | "send";

const repairQueue: Codec<RepairQueue> = enumeration({ none: 0, receive: 1, send: 2 });

/**
 * Adds a key with which the segments from and to a peer are signed: TCP-AO, the successor of TCP_MD5SIG. A
 * connection is signed where both ends have had such a key since before the handshake.
 *
 * Write only. Platform: Linux 6.7, where it was built with CONFIG_TCP_AO. Laid out by the kernel's
 * header; not tried on a kernel yet.
 *
 * Source: linux/tcp.h, [RFC 5925](https://www.rfc-editor.org/rfc/rfc5925), not in
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.core.optmem_max`](https://docs.kernel.org/admin-guide/sysctl/net.html).
 *
 * See also: {@linkcode TCP_MD5SIG}, {@linkcode TCP_MD5SIG_EXT}, {@linkcode TCP_AO_DEL_KEY},
 * {@linkcode TCP_AO_GET_KEYS}, {@linkcode TCP_AO_INFO}.
 *
 * @category Signed segments
 *
 * @example A key for the routers of a subnet
 * ```ts
 * import { setOption, SocketError, TCP_AO_ADD_KEY } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * try {
 *   setOption(listener, TCP_AO_ADD_KEY, {
 *     addr: { transport: "tcp", hostname: "192.0.2.0", port: 0 },
 *     prefixLength: 24,
 *     algorithm: "hmac(sha1)",
 *     key: new TextEncoder().encode("secret"),
 *     sndid: 1,
 *     rcvid: 1,
 *   });
 * } catch (error) {
 *   if (!(error instanceof SocketError && error.code === "ENOPROTOOPT")) throw error;
 *   console.log("this kernel is built without TCP-AO");
 * }
 * ```
 */
export const TCP_AO_ADD_KEY: SocketOption<TcpAoKey, "write-only"> = option(
  "IPPROTO_TCP",
  "TCP_AO_ADD_KEY",
  38,
  tcpAoAdd,
  { access: "write-only", setBefore: "connect" },
);

/**
 * Removes a key of TCP_AO_ADD_KEY. A connection keeps at least one, and the one in use takes another in its place.
 *
 * Write only. Platform: Linux 6.7, where it was built with CONFIG_TCP_AO. Laid out by the kernel's
 * header; not tried on a kernel yet.
 *
 * Source: linux/tcp.h, [RFC 5925](https://www.rfc-editor.org/rfc/rfc5925), not in
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_AO_ADD_KEY}, {@linkcode TCP_AO_GET_KEYS}, {@linkcode TCP_AO_INFO}.
 *
 * @category Signed segments
 */
export const TCP_AO_DEL_KEY: SocketOption<TcpAoKeyRemoval, "write-only"> = option(
  "IPPROTO_TCP",
  "TCP_AO_DEL_KEY",
  39,
  tcpAoDelete,
  { access: "write-only" },
);

/**
 * The keys of a socket: `getOption(socket, TCP_AO_GET_KEYS, "all")`, or those of one peer and its IDs. At most 256
 * are read at once; of more a RangeError tells. It cannot be set.
 *
 * Platform: Linux 6.7, where it was built with CONFIG_TCP_AO. Laid out by the kernel's header; not
 * tried on a kernel yet.
 *
 * Source: linux/tcp.h, [RFC 5925](https://www.rfc-editor.org/rfc/rfc5925), not in
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_AO_ADD_KEY}, {@linkcode TCP_AO_DEL_KEY}, {@linkcode TCP_AO_INFO}.
 *
 * @category Signed segments
 */
export const TCP_AO_GET_KEYS: AskedOption<readonly TcpAoKeyState[], TcpAoKeyQuestion> = askedOption(
  "IPPROTO_TCP",
  "TCP_AO_GET_KEYS",
  41,
  tcpAoKeys,
  tcpAoKeysQuestion,
);

/**
 * Which keys of TCP_AO_ADD_KEY are in use, whether connections must be signed, and how many segments were.
 *
 * Platform: Linux 6.7, where it was built with CONFIG_TCP_AO. Laid out by the kernel's header; not
 * tried on a kernel yet.
 *
 * Source: linux/tcp.h, [RFC 5925](https://www.rfc-editor.org/rfc/rfc5925), not in
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_AO_ADD_KEY}, {@linkcode TCP_AO_DEL_KEY}, {@linkcode TCP_AO_GET_KEYS}.
 *
 * @category Signed segments
 */
export const TCP_AO_INFO: SocketOption<TcpAoInfo> = option(
  "IPPROTO_TCP",
  "TCP_AO_INFO",
  40,
  tcpAoInfo,
  { onConnection: "its own keys and counters" },
);

/**
 * The sequence numbers that signatures cover, of a connection that is being restored: TCP_REPAIR.
 *
 * Takes CAP_NET_ADMIN. Platform: Linux 6.7, where it was built with CONFIG_TCP_AO. Laid out by the
 * kernel's header; not tried on a kernel yet.
 *
 * Source: linux/tcp.h, [RFC 5925](https://www.rfc-editor.org/rfc/rfc5925), not in
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_REPAIR}.
 *
 * @category Restored connections
 */
export const TCP_AO_REPAIR: SocketOption<TcpAoRepair> = option(
  "IPPROTO_TCP",
  "TCP_AO_REPAIR",
  42,
  tcpAoRepair,
  { capability: "CAP_NET_ADMIN" },
);

/**
 * What the congestion control tells of itself. BBR does; cubic tells nothing.
 *
 * Read only. Platform: Linux 4.2.
 *
 * Source: linux/inet_diag.h, not in [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_CONGESTION}, {@linkcode TCP_INFO}.
 *
 * @category Diagnosis
 */
export const TCP_CC_INFO: SocketOption<CongestionInfo, "read-only"> = option(
  "IPPROTO_TCP",
  "TCP_CC_INFO",
  26,
  congestionInfo,
  { access: "read-only", measures: true },
);

/**
 * The congestion control algorithm, such as "cubic", "reno" or "bbr". The sysctl
 * net.ipv4.tcp_available_congestion_control lists those that the kernel has; without a capability
 * only those of net.ipv4.tcp_allowed_congestion_control may be chosen.
 *
 * Default: the sysctl net.ipv4.tcp_congestion_control. Capability: CAP_NET_ADMIN. Platform: Linux
 * 2.6.13.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html), [RFC
 * 5681](https://www.rfc-editor.org/rfc/rfc5681).
 *
 * Sysctl: [`net.ipv4.tcp_congestion_control`](https://docs.kernel.org/networking/ip-sysctl.html),
 * [`net.ipv4.tcp_allowed_congestion_control`](https://docs.kernel.org/networking/ip-sysctl.html),
 * [`net.ipv4.tcp_available_congestion_control`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode TCP_CC_INFO}, {@linkcode TCP_INFO}.
 *
 * @category Congestion control
 *
 * @example Another algorithm for one connection
 * ```ts
 * import { getOption, setOption, TCP_CONGESTION } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port });
 * setOption(conn, TCP_CONGESTION, "reno");
 * assertEquals(getOption(conn, TCP_CONGESTION), "reno");
 * ```
 */
export const TCP_CONGESTION: SocketOption<string> = option(
  "IPPROTO_TCP",
  "TCP_CONGESTION",
  13,
  string(16),
  { capability: "CAP_NET_ADMIN for those that the sysctl does not allow" },
);

/**
 * Whether only full segments are sent, for at most 200 ms. Switching it off sends what is there.
 *
 * Default: off. Platform: Linux 2.2; macOS (TCP_NOPUSH there).
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_autocorking`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode TCP_NODELAY}, {@linkcode TCP_QUICKACK}, {@linkcode UDP_CORK}.
 *
 * @category Latency
 *
 * @example Header and body in one segment
 * ```ts
 * import { setOption, TCP_CORK } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port });
 * setOption(conn, TCP_CORK, true);
 * await conn.write(new TextEncoder().encode("header\n"));
 * await conn.write(new TextEncoder().encode("body\n"));
 * setOption(conn, TCP_CORK, false); // sends both
 * ```
 */
export const TCP_CORK: SocketOption<boolean> = option("IPPROTO_TCP", "TCP_CORK", 3, bool);

/**
 * For how many seconds a listener holds a connection back until its first data has arrived. The
 * kernel rounds up to a number of retransmissions.
 *
 * Default: 0. Platform: Linux 2.4.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_synack_retries`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode TCP_QUICKACK}.
 *
 * @category Latency
 *
 * @example Accept connections that have sent something
 * ```ts
 * import { getOption, setOption, TCP_DEFER_ACCEPT } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * setOption(listener, TCP_DEFER_ACCEPT, 5);
 * console.log(getOption(listener, TCP_DEFER_ACCEPT)); // 7: as long as three SYN-ACKs take
 * ```
 */
export const TCP_DEFER_ACCEPT: SocketOption<number> = option(
  "IPPROTO_TCP",
  "TCP_DEFER_ACCEPT",
  9,
  integer(0, 2 ** 31 - 1),
  { listenerOnly: true },
);

/**
 * The longest that an acknowledgement may be delayed, in microseconds. The kernel rounds up to
 * its clock tick.
 *
 * Default: 200000. Platform: Linux 6.15.
 *
 * Source: linux/tcp.h, not in [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_RTO_MAX_MS}, {@linkcode TCP_RTO_MIN_US}.
 *
 * @category Latency
 */
export const TCP_DELACK_MAX_US: SocketOption<number> = option(
  "IPPROTO_TCP",
  "TCP_DELACK_MAX_US",
  46,
  int,
);

/**
 * How many connections with data in their SYN may wait at a listener; 0 takes none. The sysctl
 * net.ipv4.tcp_fastopen must allow it.
 *
 * Default: 0. Platform: Linux 3.7; macOS.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html), [RFC
 * 7413](https://www.rfc-editor.org/rfc/rfc7413).
 *
 * Sysctl: [`net.ipv4.tcp_fastopen`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode TCP_FASTOPEN_CONNECT}, {@linkcode TCP_FASTOPEN_KEY},
 * {@linkcode TCP_FASTOPEN_NO_COOKIE}.
 *
 * @category Latency
 *
 * @example Take data with the SYN, from clients that have a cookie
 * ```ts
 * import { setOption, TCP_FASTOPEN } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * setOption(listener, TCP_FASTOPEN, 16); // sysctl net.ipv4.tcp_fastopen must have bit 2 set
 * ```
 */
export const TCP_FASTOPEN: SocketOption<number> = option("IPPROTO_TCP", "TCP_FASTOPEN", 23, int, {
  listenerOnly: true,
  cappedBy: "net.core.somaxconn",
});

/**
 * Whether connect(2) waits for the first write, to send its data with the SYN.
 *
 * Default: off. Platform: Linux 4.11.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html), [RFC
 * 7413](https://www.rfc-editor.org/rfc/rfc7413).
 *
 * Sysctl: [`net.ipv4.tcp_fastopen`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode TCP_FASTOPEN}, {@linkcode TCP_FASTOPEN_KEY},
 * {@linkcode TCP_FASTOPEN_NO_COOKIE}.
 *
 * @category Latency
 */
export const TCP_FASTOPEN_CONNECT: SocketOption<boolean> = option(
  "IPPROTO_TCP",
  "TCP_FASTOPEN_CONNECT",
  30,
  bool,
  { setBefore: "connect" },
);

/**
 * The key of the cookies that a listener gives out: 16 bytes, or 32 for a key and the one before.
 *
 * Default: none of its own; the system's, which is random, counts then. Platform: Linux 4.15.
 *
 * Source: linux/tcp.h, [RFC 7413](https://www.rfc-editor.org/rfc/rfc7413), not in
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_fastopen_key`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode TCP_FASTOPEN}, {@linkcode TCP_FASTOPEN_CONNECT},
 * {@linkcode TCP_FASTOPEN_NO_COOKIE}.
 *
 * @category Latency
 */
export const TCP_FASTOPEN_KEY: SocketOption<Uint8Array> = option(
  "IPPROTO_TCP",
  "TCP_FASTOPEN_KEY",
  33,
  bytes(32),
  { listenerOnly: true },
);

/**
 * Whether data in a SYN is taken without a cookie.
 *
 * Default: off. Platform: Linux 4.15.
 *
 * Source: linux/tcp.h, not in [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_fastopen`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode TCP_FASTOPEN}, {@linkcode TCP_FASTOPEN_CONNECT},
 * {@linkcode TCP_FASTOPEN_KEY}.
 *
 * @category Latency
 */
export const TCP_FASTOPEN_NO_COOKIE: SocketOption<boolean> = option(
  "IPPROTO_TCP",
  "TCP_FASTOPEN_NO_COOKIE",
  34,
  bool,
  { setBefore: "connect" },
);

/**
 * What the kernel knows of a TCP socket: state, times, windows, losses, rates. On a listener
 * `unacked` is the length of the accept queue and `sacked` its limit.
 *
 * Read only. Platform: Linux 2.4, with more fields in newer kernels.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html), linux/tcp.h.
 *
 * See also: {@linkcode TCP_CONGESTION}, {@linkcode TCP_CC_INFO}, {@linkcode MPTCP_INFO},
 * {@linkcode TCP_IS_MPTCP}.
 *
 * @category Diagnosis
 *
 * @example How a connection is doing
 * ```ts
 * import { getOption, TCP_INFO } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port });
 * const { state, rtt, sndCwnd, totalRetrans } = getOption(conn, TCP_INFO);
 * console.log(`${state}: ${rtt} µs, ${sndCwnd} segments at once, ${totalRetrans} sent again`);
 *
 * const { unacked, sacked } = getOption(listener, TCP_INFO);
 * console.log(`${unacked} of ${sacked} places in the accept queue are taken`);
 * ```
 */
export const TCP_INFO: SocketOption<TcpInfo, "read-only"> = option(
  "IPPROTO_TCP",
  "TCP_INFO",
  11,
  tcpInfo,
  { access: "read-only", measures: true },
);

/**
 * Whether each read tells how much more is there.
 *
 * Default: off. Platform: Linux 4.18.
 *
 * Source: linux/tcp.h, not in [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode SO_INQ}.
 *
 * @category Diagnosis
 */
export const TCP_INQ: SocketOption<boolean> = option("IPPROTO_TCP", "TCP_INQ", 36, bool);

/**
 * Whether the connection uses Multipath TCP.
 *
 * Read only. Platform: Linux 6.10.
 *
 * Source: linux/tcp.h, [RFC 8684](https://www.rfc-editor.org/rfc/rfc8684), not in
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.mptcp.enabled`](https://docs.kernel.org/networking/mptcp-sysctl.html).
 *
 * See also: {@linkcode MPTCP_INFO}, {@linkcode TCP_INFO}.
 *
 * @category Diagnosis
 */
export const TCP_IS_MPTCP: SocketOption<boolean, "read-only"> = option(
  "IPPROTO_TCP",
  "TCP_IS_MPTCP",
  43,
  bool,
  { access: "read-only" },
);

/**
 * How many keep-alive probes go unanswered before the connection is given up: 1 to 127. Counts
 * while SO_KEEPALIVE is on.
 *
 * Default: the sysctl net.ipv4.tcp_keepalive_probes, 9. Platform: Linux 2.4; macOS.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_keepalive_probes`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode SO_KEEPALIVE}, {@linkcode TCP_KEEPIDLE}, {@linkcode TCP_KEEPINTVL},
 * {@linkcode TCP_USER_TIMEOUT}.
 *
 * @category Keep-alive
 */
export const TCP_KEEPCNT: SocketOption<number> = option("IPPROTO_TCP", "TCP_KEEPCNT", 6, count);

/**
 * After how many idle seconds the first keep-alive probe is sent: 1 to 32767. Counts while
 * SO_KEEPALIVE is on.
 *
 * Default: the sysctl net.ipv4.tcp_keepalive_time, 7200. Platform: Linux 2.4; macOS (TCP_KEEPALIVE
 * there).
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_keepalive_time`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode SO_KEEPALIVE}, {@linkcode TCP_KEEPINTVL}, {@linkcode TCP_KEEPCNT},
 * {@linkcode TCP_USER_TIMEOUT}.
 *
 * @category Keep-alive
 *
 * @example A peer that has vanished is noticed after 30 + 3 × 5 seconds
 * ```ts
 * import { setOption, SO_KEEPALIVE, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * setOption(listener, SO_KEEPALIVE, true); // what connections inherit
 * setOption(listener, TCP_KEEPIDLE, 30);
 * setOption(listener, TCP_KEEPINTVL, 5);
 * setOption(listener, TCP_KEEPCNT, 3);
 * ```
 */
export const TCP_KEEPIDLE: SocketOption<number> = option("IPPROTO_TCP", "TCP_KEEPIDLE", 4, seconds);

/**
 * The seconds between keep-alive probes: 1 to 32767. Counts while SO_KEEPALIVE is on.
 *
 * Default: the sysctl net.ipv4.tcp_keepalive_intvl, 75. Platform: Linux 2.4; macOS.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_keepalive_intvl`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode SO_KEEPALIVE}, {@linkcode TCP_KEEPIDLE}, {@linkcode TCP_KEEPCNT},
 * {@linkcode TCP_USER_TIMEOUT}.
 *
 * @category Keep-alive
 */
export const TCP_KEEPINTVL: SocketOption<number> = option(
  "IPPROTO_TCP",
  "TCP_KEEPINTVL",
  5,
  seconds,
);

/**
 * For how many seconds a connection that is closed stays in FIN_WAIT2 for the peer's FIN; -1: not
 * at all.
 *
 * Default: the sysctl net.ipv4.tcp_fin_timeout, 60. Platform: Linux 2.4.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_fin_timeout`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode SO_LINGER}, {@linkcode TCP_USER_TIMEOUT}.
 *
 * @category Time-outs
 */
export const TCP_LINGER2: SocketOption<number> = option("IPPROTO_TCP", "TCP_LINGER2", 8, int);

/**
 * The largest segment in bytes. Set before connecting, it is what the peer is told; 0 leaves it
 * to the kernel. A connection reads back what is sent at the most, which is less by the TCP options that
 * each segment carries: 988 of 1000 with timestamps.
 *
 * Platform: Linux; macOS.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html), [RFC
 * 9293](https://www.rfc-editor.org/rfc/rfc9293) section 3.7.1.
 *
 * Sysctl: [`net.ipv4.tcp_base_mss`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IP_MTU}.
 *
 * @category Congestion control
 */
export const TCP_MAXSEG: SocketOption<number> = option("IPPROTO_TCP", "TCP_MAXSEG", 2, int, {
  setBefore: "connect",
  onConnection: "the largest segment that its peer and the path allow, less its TCP options",
});

/**
 * A key with which the segments from and to a peer are signed.
 *
 * Write only. Platform: Linux.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html), [RFC
 * 2385](https://www.rfc-editor.org/rfc/rfc2385).
 *
 * Sysctl: [`net.core.optmem_max`](https://docs.kernel.org/admin-guide/sysctl/net.html).
 *
 * See also: {@linkcode TCP_MD5SIG_EXT}, {@linkcode TCP_AO_ADD_KEY}.
 *
 * @category Signed segments
 *
 * @example A session of BGP with a router
 * ```ts
 * import { setOption, TCP_MD5SIG } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * setOption(listener, TCP_MD5SIG, {
 *   addr: { transport: "tcp", hostname: "192.0.2.1", port: 0 },
 *   key: new TextEncoder().encode("secret"),
 * });
 * ```
 */
export const TCP_MD5SIG: SocketOption<Md5Signature, "write-only"> = option(
  "IPPROTO_TCP",
  "TCP_MD5SIG",
  14,
  md5Signature,
  { access: "write-only", setBefore: "connect" },
);

/**
 * The same as TCP_MD5SIG for a range of addresses, or for one interface.
 *
 * Write only. Platform: Linux 4.13.
 *
 * Source: linux/tcp.h, not in [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_MD5SIG}, {@linkcode TCP_AO_ADD_KEY}.
 *
 * @category Signed segments
 */
export const TCP_MD5SIG_EXT: SocketOption<Md5Signature, "write-only"> = option(
  "IPPROTO_TCP",
  "TCP_MD5SIG_EXT",
  32,
  md5Signature,
  { access: "write-only", setBefore: "connect" },
);

/**
 * Whether small writes are sent at once. Off, Nagle's algorithm holds a small segment back while
 * an earlier one is not acknowledged.
 *
 * Default: off. Platform: Linux; macOS.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html), [RFC
 * 1122](https://www.rfc-editor.org/rfc/rfc1122) section 4.2.3.4.
 *
 * Sysctl: [`net.ipv4.tcp_autocorking`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode TCP_CORK}, {@linkcode TCP_QUICKACK}.
 *
 * @category Latency
 */
export const TCP_NODELAY: SocketOption<boolean> = option("IPPROTO_TCP", "TCP_NODELAY", 1, bool);

/**
 * How many bytes may be queued and not sent yet before the socket no longer counts as writable.
 *
 * Default: 0, which means the sysctl net.ipv4.tcp_notsent_lowat: no limit. Platform: Linux 3.12;
 * macOS.
 *
 * Source: linux/tcp.h, not in [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_notsent_lowat`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode SO_SNDBUF}, {@linkcode SO_SNDLOWAT}.
 *
 * @category Buffers
 *
 * @example Decide late what is sent: no more than 16 KiB waits in the kernel
 * ```ts
 * import { setOption, TCP_NOTSENT_LOWAT } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port });
 * setOption(conn, TCP_NOTSENT_LOWAT, 16 * 1024);
 * ```
 */
export const TCP_NOTSENT_LOWAT: SocketOption<number> = option(
  "IPPROTO_TCP",
  "TCP_NOTSENT_LOWAT",
  25,
  uint32,
);

/**
 * The sequence number of the queue that TCP_REPAIR_QUEUE names, of a connection that is being
 * restored.
 *
 * Takes CAP_NET_ADMIN. Platform: Linux 3.5.
 *
 * Source: linux/tcp.h, not in [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_REPAIR}, {@linkcode TCP_REPAIR_QUEUE}, {@linkcode TCP_REPAIR_OPTIONS},
 * {@linkcode TCP_REPAIR_WINDOW}, {@linkcode TCP_TIMESTAMP}.
 *
 * @category Restored connections
 */
export const TCP_QUEUE_SEQ: SocketOption<number> = option(
  "IPPROTO_TCP",
  "TCP_QUEUE_SEQ",
  21,
  uint32,
  { capability: "CAP_NET_ADMIN" },
);

/**
 * Whether segments are acknowledged at once. Off, an acknowledgement waits for 40 ms or more for
 * data to travel with. It is not permanent: the kernel may leave the mode after any segment, so
 * set it again after reading to keep it, as a server of {@linkcode serve} does.
 *
 * Default: on at the start of a connection. Platform: Linux 2.4.4.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html), [RFC
 * 1122](https://www.rfc-editor.org/rfc/rfc1122) section 4.2.3.2.
 *
 * See also: {@linkcode TCP_NODELAY}, {@linkcode TCP_CORK}.
 *
 * @category Latency
 *
 * @example Kept on
 * ```ts
 * import { setOption, TCP_QUICKACK } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port });
 * using peer = await listener.accept();
 * await peer.write(new Uint8Array(100));
 * await conn.read(new Uint8Array(100));
 * setOption(conn, TCP_QUICKACK, true); // after each read, as the kernel may have left the mode
 * ```
 */
export const TCP_QUICKACK: SocketOption<boolean> = option("IPPROTO_TCP", "TCP_QUICKACK", 12, bool, {
  lapses: true,
});

/**
 * Whether the connection is being restored, as when a process is moved to another machine:
 * nothing is sent, and its state can be read and set.
 *
 * Default: "off". Takes CAP_NET_ADMIN. Platform: Linux 3.5.
 *
 * Source: linux/tcp.h, not in [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_REPAIR_QUEUE}, {@linkcode TCP_QUEUE_SEQ},
 * {@linkcode TCP_REPAIR_OPTIONS}, {@linkcode TCP_REPAIR_WINDOW}, {@linkcode TCP_TIMESTAMP},
 * {@linkcode TCP_AO_REPAIR}.
 *
 * @category Restored connections
 *
 * @example The sequence number of what is sent next
 * ```ts
 * import { getOption, setOption, TCP_QUEUE_SEQ, TCP_REPAIR, TCP_REPAIR_QUEUE } from "@sockopt/tcp";
 *
 * export function sequence(conn: Deno.TcpConn): number {
 *   setOption(conn, TCP_REPAIR, "on"); // takes CAP_NET_ADMIN
 *   setOption(conn, TCP_REPAIR_QUEUE, "send");
 *   const next = getOption(conn, TCP_QUEUE_SEQ);
 *   setOption(conn, TCP_REPAIR, "off-no-window-probe");
 *   return next;
 * }
 * ```
 */
export const TCP_REPAIR: SocketOption<Repair> = option("IPPROTO_TCP", "TCP_REPAIR", 19, repair, {
  capability: "CAP_NET_ADMIN",
});

/**
 * The options that a connection being restored had negotiated.
 *
 * Write only. Takes CAP_NET_ADMIN. Platform: Linux 3.5.
 *
 * Source: linux/tcp.h, not in [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_REPAIR}, {@linkcode TCP_REPAIR_QUEUE}, {@linkcode TCP_QUEUE_SEQ},
 * {@linkcode TCP_REPAIR_WINDOW}, {@linkcode TCP_TIMESTAMP}.
 *
 * @category Restored connections
 */
export const TCP_REPAIR_OPTIONS: SocketOption<readonly RepairOption[], "write-only"> = option(
  "IPPROTO_TCP",
  "TCP_REPAIR_OPTIONS",
  22,
  repairOptions,
  { access: "write-only", capability: "CAP_NET_ADMIN" },
);

/**
 * Which queue of a connection being restored is read and written.
 *
 * Default: "none". Takes CAP_NET_ADMIN. Platform: Linux 3.5.
 *
 * Source: linux/tcp.h, not in [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_REPAIR}, {@linkcode TCP_QUEUE_SEQ}, {@linkcode TCP_REPAIR_OPTIONS},
 * {@linkcode TCP_REPAIR_WINDOW}, {@linkcode TCP_TIMESTAMP}.
 *
 * @category Restored connections
 */
export const TCP_REPAIR_QUEUE: SocketOption<RepairQueue> = option(
  "IPPROTO_TCP",
  "TCP_REPAIR_QUEUE",
  20,
  repairQueue,
  { capability: "CAP_NET_ADMIN" },
);

/**
 * The window of a connection that is being restored.
 *
 * Takes CAP_NET_ADMIN. Platform: Linux 4.8.
 *
 * Source: linux/tcp.h, not in [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_REPAIR}, {@linkcode TCP_REPAIR_QUEUE}, {@linkcode TCP_QUEUE_SEQ},
 * {@linkcode TCP_REPAIR_OPTIONS}, {@linkcode TCP_TIMESTAMP}.
 *
 * @category Restored connections
 */
export const TCP_REPAIR_WINDOW: SocketOption<RepairWindow> = option(
  "IPPROTO_TCP",
  "TCP_REPAIR_WINDOW",
  29,
  repairWindow,
  { capability: "CAP_NET_ADMIN" },
);

/**
 * The longest retransmission timeout, in milliseconds: 1000 to 120000.
 *
 * Default: the sysctl net.ipv4.tcp_rto_max_ms, 120000. Platform: Linux 6.15.
 *
 * Source: linux/tcp.h, [RFC 6298](https://www.rfc-editor.org/rfc/rfc6298), not in
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_rto_max_ms`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode TCP_RTO_MIN_US}, {@linkcode TCP_DELACK_MAX_US}.
 *
 * @category Time-outs
 */
export const TCP_RTO_MAX_MS: SocketOption<number> = option(
  "IPPROTO_TCP",
  "TCP_RTO_MAX_MS",
  44,
  int,
);

/**
 * The shortest retransmission timeout, in microseconds. The kernel rounds up to its clock tick.
 *
 * Default: the sysctl net.ipv4.tcp_rto_min_us, 200000. Platform: Linux 6.15.
 *
 * Source: linux/tcp.h, [RFC 6298](https://www.rfc-editor.org/rfc/rfc6298), not in
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_rto_min_us`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode TCP_RTO_MAX_MS}, {@linkcode TCP_DELACK_MAX_US}.
 *
 * @category Time-outs
 */
export const TCP_RTO_MIN_US: SocketOption<number> = option(
  "IPPROTO_TCP",
  "TCP_RTO_MIN_US",
  45,
  int,
);

/**
 * The SYN with which the connection began, with its headers, where TCP_SAVE_SYN was set on the
 * listener. Reading it throws it away.
 *
 * Read only. Platform: Linux 4.2.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html), linux/tcp.h.
 *
 * See also: {@linkcode TCP_SAVE_SYN}.
 *
 * @category Diagnosis
 *
 * @example The time to live with which a client's SYN came
 * ```ts
 * import { getOption, setOption, TCP_SAVE_SYN, TCP_SAVED_SYN } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * setOption(listener, TCP_SAVE_SYN, 1);
 * const { port } = listener.addr;
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port });
 * using accepted = await listener.accept();
 * const syn = getOption(accepted, TCP_SAVED_SYN);
 * console.log(syn[8]); // of the IPv4 header
 * ```
 */
export const TCP_SAVED_SYN: SocketOption<Uint8Array, "read-only"> = option(
  "IPPROTO_TCP",
  "TCP_SAVED_SYN",
  28,
  bytes(512),
  { access: "read-only", consumes: true },
);

/**
 * Whether a listener keeps the SYN of each connection: 1 from the IP header on, 2, in newer kernels, from the
 * link header on.
 *
 * Default: 0. Platform: Linux 4.2.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html), linux/tcp.h.
 *
 * See also: {@linkcode TCP_SAVED_SYN}.
 *
 * @category Diagnosis
 */
export const TCP_SAVE_SYN: SocketOption<number> = option(
  "IPPROTO_TCP",
  "TCP_SAVE_SYN",
  27,
  integer(0, 2),
  {
    listenerOnly: true,
  },
);

/**
 * How many times a SYN is sent again before connecting is given up: 1 to 127. On a listener it is how
 * many times a SYN-ACK is.
 *
 * Default: the sysctl net.ipv4.tcp_syn_retries, 6. A listener on which nobody has set it goes by
 * net.ipv4.tcp_synack_retries, 5, and reads back as the other. Platform: Linux 2.4.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_syn_retries`](https://docs.kernel.org/networking/ip-sysctl.html),
 * [`net.ipv4.tcp_synack_retries`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode TCP_CONNECTIONTIMEOUT}, {@linkcode TCP_USER_TIMEOUT}.
 *
 * @category Time-outs
 *
 * @example Give up connecting after 3 seconds instead of two minutes
 * ```ts
 * import { connect } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * using conn = await connect({ port: listener.addr.port, settings: { synRetries: 1 } });
 * ```
 */
export const TCP_SYNCNT: SocketOption<number> = option("IPPROTO_TCP", "TCP_SYNCNT", 7, count);

/**
 * Once made a thin stream retransmit at the first duplicate acknowledgement. The kernel takes it
 * and does nothing.
 *
 * Default: off. Platform: Linux.
 *
 * Source: linux/tcp.h, not in [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_THIN_LINEAR_TIMEOUTS}.
 *
 * @category Latency
 */
export const TCP_THIN_DUPACK: SocketOption<boolean> = option(
  "IPPROTO_TCP",
  "TCP_THIN_DUPACK",
  17,
  bool,
);

/**
 * Whether a stream that has few segments on their way retransmits without doubling its timeout,
 * up to six times.
 *
 * Default: off. Platform: Linux.
 *
 * Source: [the kernel's networking/tcp-thin
 * document](https://docs.kernel.org/networking/tcp-thin.html), not in
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_thin_linear_timeouts`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode TCP_THIN_DUPACK}.
 *
 * @category Latency
 */
export const TCP_THIN_LINEAR_TIMEOUTS: SocketOption<boolean> = option(
  "IPPROTO_TCP",
  "TCP_THIN_LINEAR_TIMEOUTS",
  16,
  bool,
);

/**
 * The clock of the timestamps that the connection sends. It can be set while the connection is
 * being restored.
 *
 * Platform: Linux.
 *
 * Source: linux/tcp.h, [RFC 7323](https://www.rfc-editor.org/rfc/rfc7323), not in
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_timestamps`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode TCP_REPAIR}, {@linkcode TCP_REPAIR_QUEUE}, {@linkcode TCP_QUEUE_SEQ},
 * {@linkcode TCP_REPAIR_OPTIONS}, {@linkcode TCP_REPAIR_WINDOW}.
 *
 * @category Restored connections
 */
export const TCP_TIMESTAMP: SocketOption<number> = option(
  "IPPROTO_TCP",
  "TCP_TIMESTAMP",
  24,
  uint32,
  { tuned: true },
);

/**
 * For how many microseconds each packet is held back, to imitate a long path.
 *
 * Default: 0. Platform: Linux 5.3.
 *
 * Source: linux/tcp.h, not in [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_INFO}.
 *
 * @category Latency
 */
export const TCP_TX_DELAY: SocketOption<number> = option("IPPROTO_TCP", "TCP_TX_DELAY", 37, int);

/**
 * The protocol on top of TCP that the kernel runs itself, such as "tls"; "" where there is none,
 * which cannot be set.
 *
 * Default: "". Capability: CAP_NET_ADMIN. Platform: Linux 4.13.
 *
 * Source: linux/tcp.h, not in [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * See also: {@linkcode TCP_AO_ADD_KEY}.
 *
 * @category Signed segments
 */
export const TCP_ULP: SocketOption<string> = option("IPPROTO_TCP", "TCP_ULP", 31, string(16), {
  capability: "CAP_NET_ADMIN where the kernel must load it",
});

/**
 * For how many milliseconds sent data may stay unacknowledged before the connection is given up
 * with ETIMEDOUT. With SO_KEEPALIVE on it also bounds the time that probes go unanswered. 0: the
 * kernel's own limit, about 15 minutes of retries.
 *
 * Default: 0. Platform: Linux 2.6.37.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html), [RFC
 * 5482](https://www.rfc-editor.org/rfc/rfc5482).
 *
 * Sysctl: [`net.ipv4.tcp_retries2`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode SO_KEEPALIVE}, {@linkcode TCP_KEEPIDLE}, {@linkcode TCP_KEEPINTVL},
 * {@linkcode TCP_KEEPCNT}, {@linkcode SO_LINGER}, {@linkcode TCP_LINGER2},
 * {@linkcode TCP_RXT_CONNDROPTIME}.
 *
 * @category Time-outs
 *
 * @example Give up after 10 seconds without an acknowledgement
 * ```ts
 * import { setOption, TCP_USER_TIMEOUT } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port });
 * setOption(conn, TCP_USER_TIMEOUT, 10_000); // instead of about 15 minutes
 * ```
 */
export const TCP_USER_TIMEOUT: SocketOption<number> = option(
  "IPPROTO_TCP",
  "TCP_USER_TIMEOUT",
  18,
  uint32,
);

/**
 * The largest window that is offered, in bytes.
 *
 * Platform: Linux 2.4.
 *
 * Source: [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.ipv4.tcp_window_scaling`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode SO_RCVBUF}.
 *
 * @category Buffers
 */
export const TCP_WINDOW_CLAMP: SocketOption<number> = option(
  "IPPROTO_TCP",
  "TCP_WINDOW_CLAMP",
  10,
  int,
  { setBefore: "connect", tuned: true },
);

/**
 * For how many seconds connecting is tried.
 *
 * Default: 75. Platform: macOS.
 *
 * Source: tcp(4) of macOS.
 *
 * See also: {@linkcode TCP_SYNCNT}.
 *
 * @category Time-outs
 */
export const TCP_CONNECTIONTIMEOUT: SocketOption<number> = option(
  "IPPROTO_TCP",
  "TCP_CONNECTIONTIMEOUT",
  -1,
  int,
);

/**
 * Whether segments carry no TCP options.
 *
 * Default: off. Platform: macOS.
 *
 * Source: tcp(4) of macOS.
 *
 * See also: {@linkcode TCP_MAXSEG}.
 *
 * @category Congestion control
 */
export const TCP_NOOPT: SocketOption<boolean> = option("IPPROTO_TCP", "TCP_NOOPT", -1, bool);

/**
 * For how many seconds data is retransmitted before the connection is given up.
 *
 * Default: 0, the system's own. Platform: macOS.
 *
 * Source: tcp(4) of macOS.
 *
 * See also: {@linkcode TCP_USER_TIMEOUT}.
 *
 * @category Time-outs
 */
export const TCP_RXT_CONNDROPTIME: SocketOption<number> = option(
  "IPPROTO_TCP",
  "TCP_RXT_CONNDROPTIME",
  -1,
  int,
);

/**
 * Whether every second segment is acknowledged at once.
 *
 * Default: off. Platform: macOS.
 *
 * Source: netinet/tcp.h of macOS.
 *
 * See also: {@linkcode TCP_QUICKACK}.
 *
 * @category Latency
 */
export const TCP_SENDMOREACKS: SocketOption<boolean> = option(
  "IPPROTO_TCP",
  "TCP_SENDMOREACKS",
  -1,
  bool,
);
