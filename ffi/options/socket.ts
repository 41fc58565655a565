/**
 * Options of level SOL_SOCKET: socket(7), asm-generic/socket.h.
 *
 * @module
 */

import { bool, enumeration, int, type Linger, linger, uint64 } from "../codec.ts";
import { option, type SocketOption } from "../socket_option.ts";

/** The kinds of socket, as SO_TYPE names them: socket(2). */
export type SocketType = "stream" | "dgram" | "raw" | "rdm" | "seqpacket";

/**
 * Whether the socket listens for connections.
 *
 * Since Linux 2.4; macOS. Source: socket(7).
 */
export const SO_ACCEPTCONN: SocketOption<boolean, "read-only"> = option(
  "SOL_SOCKET",
  "SO_ACCEPTCONN",
  30,
  bool,
  "read-only",
);

/**
 * A number that no other socket of this kernel has had since it was started.
 *
 * Since Linux 4.12; not on macOS. Source: asm-generic/socket.h.
 */
export const SO_COOKIE: SocketOption<bigint, "read-only"> = option(
  "SOL_SOCKET",
  "SO_COOKIE",
  57,
  uint64,
  "read-only",
);

/**
 * Whether a connection that is idle is probed, to find out if the peer is still there. TCP_KEEPIDLE,
 * TCP_KEEPINTVL and TCP_KEEPCNT say when and how often.
 *
 * Default: off. Linux; macOS. Source: socket(7), tcp(7), RFC 9293 section 3.8.4.
 */
export const SO_KEEPALIVE: SocketOption<boolean> = option("SOL_SOCKET", "SO_KEEPALIVE", 9, bool);

/**
 * For how many seconds close(2) waits until queued data is sent. 0 throws the data away and resets the
 * connection; `false` sends it in the background.
 *
 * Default: `false`. Linux; macOS (SO_LINGER_SEC there). Source: socket(7).
 */
export const SO_LINGER: SocketOption<Linger> = option("SOL_SOCKET", "SO_LINGER", 13, linger);

/**
 * The size of the receive buffer in bytes. It holds what has arrived and was not read yet, and bounds
 * the window that is offered to the peer. Setting it turns the kernel's own tuning off; to count for the
 * window scale it must be set before the handshake, so on the listener or before connecting.
 *
 * Linux stores twice the value that is set, for its own bookkeeping, and reads that back. It caps the
 * value at the sysctl net.core.rmem_max without an error.
 *
 * Default: the second value of net.ipv4.tcp_rmem. Linux; macOS. Source: socket(7), tcp(7).
 */
export const SO_RCVBUF: SocketOption<number> = {
  ...option("SOL_SOCKET", "SO_RCVBUF", 8, int),
  doubles: true,
};

/**
 * Whether an address may be bound that connections in TIME_WAIT still use. Deno sets it on every TCP
 * listener.
 *
 * Default: off. Linux; macOS. Source: socket(7).
 */
export const SO_REUSEADDR: SocketOption<boolean> = option("SOL_SOCKET", "SO_REUSEADDR", 2, bool);

/**
 * Whether several sockets may listen on one address and share its connections. Every one of them must
 * set it before bind(2), and belong to the same user.
 *
 * Default: off. Since Linux 3.9; macOS, where connections are not shared but go to one of the sockets.
 * Source: socket(7).
 */
export const SO_REUSEPORT: SocketOption<boolean> = option("SOL_SOCKET", "SO_REUSEPORT", 15, bool);

/**
 * The size of the send buffer in bytes. It holds what was written and is not acknowledged yet. Setting
 * it turns the kernel's own tuning off.
 *
 * Linux stores twice the value that is set, for its own bookkeeping, and reads that back. It caps the
 * value at the sysctl net.core.wmem_max without an error.
 *
 * Default: the second value of net.ipv4.tcp_wmem. Linux; macOS. Source: socket(7), tcp(7).
 */
export const SO_SNDBUF: SocketOption<number> = {
  ...option("SOL_SOCKET", "SO_SNDBUF", 7, int),
  doubles: true,
};

/**
 * The kind of socket: "stream" for TCP.
 *
 * Linux; macOS. Source: socket(7), socket(2).
 */
export const SO_TYPE: SocketOption<SocketType, "read-only"> = option(
  "SOL_SOCKET",
  "SO_TYPE",
  3,
  enumeration<SocketType>({ stream: 1, dgram: 2, raw: 3, rdm: 4, seqpacket: 5 }),
  "read-only",
);
