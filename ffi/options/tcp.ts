/**
 * Options of level IPPROTO_TCP: tcp(7), linux/tcp.h.
 *
 * @module
 */

import { bool, int, string } from "../codec.ts";
import { option, type SocketOption } from "../socket_option.ts";
import { type TcpInfo, tcpInfo } from "../tcp_info.ts";

/**
 * The congestion control algorithm, such as "cubic", "reno" or "bbr". The sysctl
 * net.ipv4.tcp_available_congestion_control lists those that the kernel has loaded; without the
 * capability CAP_NET_ADMIN only those of net.ipv4.tcp_allowed_congestion_control may be chosen.
 *
 * Default: the sysctl net.ipv4.tcp_congestion_control. Since Linux 2.6.13; not on macOS. Source: tcp(7),
 * RFC 5681.
 */
export const TCP_CONGESTION: SocketOption<string> = option(
  "IPPROTO_TCP",
  "TCP_CONGESTION",
  13,
  string(16),
);

/**
 * What the kernel knows of a TCP socket: state, times, windows, losses, rates. On a listener `unacked` is
 * the length of the accept queue and `sacked` its limit.
 *
 * Since Linux 2.4, with more fields in every newer kernel; not on macOS, which has its own. Source: tcp(7),
 * linux/tcp.h.
 */
export const TCP_INFO: SocketOption<TcpInfo, "read-only"> = option(
  "IPPROTO_TCP",
  "TCP_INFO",
  11,
  tcpInfo,
  "read-only",
);

/**
 * How many keep-alive probes go unanswered before the connection is given up. Counts while SO_KEEPALIVE
 * is on.
 *
 * Default: the sysctl net.ipv4.tcp_keepalive_probes, 9. Since Linux 2.4; macOS. Source: tcp(7).
 */
export const TCP_KEEPCNT: SocketOption<number> = option("IPPROTO_TCP", "TCP_KEEPCNT", 6, int);

/**
 * After how many idle seconds the first keep-alive probe is sent. Counts while SO_KEEPALIVE is on.
 *
 * Default: the sysctl net.ipv4.tcp_keepalive_time, 7200. Since Linux 2.4; macOS (TCP_KEEPALIVE there).
 * Source: tcp(7).
 */
export const TCP_KEEPIDLE: SocketOption<number> = option("IPPROTO_TCP", "TCP_KEEPIDLE", 4, int);

/**
 * The seconds between keep-alive probes. Counts while SO_KEEPALIVE is on.
 *
 * Default: the sysctl net.ipv4.tcp_keepalive_intvl, 75. Since Linux 2.4; macOS. Source: tcp(7).
 */
export const TCP_KEEPINTVL: SocketOption<number> = option("IPPROTO_TCP", "TCP_KEEPINTVL", 5, int);

/**
 * Whether small writes are sent at once. Off, Nagle's algorithm holds a small segment back while an
 * earlier one is not acknowledged. Deno switches this on for HTTP, not for TCP connections.
 *
 * Default: off. Linux; macOS. Source: tcp(7), RFC 1122 section 4.2.3.4.
 */
export const TCP_NODELAY: SocketOption<boolean> = option("IPPROTO_TCP", "TCP_NODELAY", 1, bool);

/**
 * Whether segments are acknowledged at once. Off, an acknowledgement waits for up to 40 ms or more for
 * data to travel with. It is not permanent: the kernel may leave the mode after any segment, so set it
 * again after reading to keep it.
 *
 * Default: on at the start of a connection. Since Linux 2.4.4; not on macOS. Source: tcp(7), RFC 1122
 * section 4.2.3.2.
 */
export const TCP_QUICKACK: SocketOption<boolean> = option("IPPROTO_TCP", "TCP_QUICKACK", 12, bool);

/**
 * For how many milliseconds sent data may stay unacknowledged before the connection is given up with
 * ETIMEDOUT. With SO_KEEPALIVE on it also bounds the time that probes go unanswered. 0: the kernel's
 * own limit, about 15 minutes of retries.
 *
 * Default: 0. Since Linux 2.6.37; not on macOS. Source: tcp(7), RFC 5482.
 */
export const TCP_USER_TIMEOUT: SocketOption<number> = option(
  "IPPROTO_TCP",
  "TCP_USER_TIMEOUT",
  18,
  int,
);
