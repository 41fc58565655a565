/** Options of sockets between a virtual machine and its host: vsock(7), linux/vm_sockets.h. */

import { int, uint32, uint64 } from "../codec.ts";
import { option, type SocketOption } from "../socket_option.ts";
import { timeval } from "../structs.ts";

/**
 * The most that SO_VM_SOCKETS_BUFFER_SIZE can be set to, in bytes.
 *
 * Platform: Linux 3.9.
 *
 * Source: [vsock(7)](https://man7.org/linux/man-pages/man7/vsock.7.html).
 *
 * See also: {@linkcode SO_VM_SOCKETS_BUFFER_SIZE}, {@linkcode SO_VM_SOCKETS_BUFFER_MIN_SIZE}.
 *
 * @category Virtual machines
 */
export const SO_VM_SOCKETS_BUFFER_MAX_SIZE: SocketOption<bigint> = option(
  "AF_VSOCK",
  "SO_VM_SOCKETS_BUFFER_MAX_SIZE",
  2,
  uint64,
);

/**
 * The least that SO_VM_SOCKETS_BUFFER_SIZE can be set to, in bytes.
 *
 * Platform: Linux 3.9.
 *
 * Source: [vsock(7)](https://man7.org/linux/man-pages/man7/vsock.7.html).
 *
 * See also: {@linkcode SO_VM_SOCKETS_BUFFER_SIZE}, {@linkcode SO_VM_SOCKETS_BUFFER_MAX_SIZE}.
 *
 * @category Virtual machines
 */
export const SO_VM_SOCKETS_BUFFER_MIN_SIZE: SocketOption<bigint> = option(
  "AF_VSOCK",
  "SO_VM_SOCKETS_BUFFER_MIN_SIZE",
  1,
  uint64,
);

/**
 * The size of the buffer in bytes: what is more than the largest or less than the smallest moves that limit.
 *
 * Platform: Linux 3.9.
 *
 * Source: [vsock(7)](https://man7.org/linux/man-pages/man7/vsock.7.html).
 *
 * See also: {@linkcode SO_VM_SOCKETS_BUFFER_MIN_SIZE}, {@linkcode SO_VM_SOCKETS_BUFFER_MAX_SIZE}.
 *
 * @category Virtual machines
 */
export const SO_VM_SOCKETS_BUFFER_SIZE: SocketOption<bigint> = option(
  "AF_VSOCK",
  "SO_VM_SOCKETS_BUFFER_SIZE",
  0,
  uint64,
);

/**
 * For how many milliseconds connecting is tried. The kernel rounds up to its clock tick.
 *
 * Default: 2000. Platform: Linux 3.9.
 *
 * Source: linux/vm_sockets.h, not in
 * [vsock(7)](https://man7.org/linux/man-pages/man7/vsock.7.html).
 *
 * See also: {@linkcode SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW}.
 *
 * @category Virtual machines
 */
export const SO_VM_SOCKETS_CONNECT_TIMEOUT: SocketOption<number> = option(
  "AF_VSOCK",
  "SO_VM_SOCKETS_CONNECT_TIMEOUT",
  6,
  timeval,
);

/**
 * The same as SO_VM_SOCKETS_CONNECT_TIMEOUT; on 32-bit machines with times of 64 bits.
 *
 * Default: 2000. Platform: Linux 5.16.
 *
 * Source: linux/vm_sockets.h, not in
 * [vsock(7)](https://man7.org/linux/man-pages/man7/vsock.7.html).
 *
 * See also: {@linkcode SO_VM_SOCKETS_CONNECT_TIMEOUT}.
 *
 * @category Virtual machines
 */
export const SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW: SocketOption<number> = option(
  "AF_VSOCK",
  "SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW",
  8,
  timeval,
);

/**
 * The number of the peer's host, where the transport tells: VMCI's alone does.
 *
 * Read only. Platform: Linux 3.9.
 *
 * Source: linux/vm_sockets.h, not in
 * [vsock(7)](https://man7.org/linux/man-pages/man7/vsock.7.html).
 *
 * See also: {@linkcode SO_VM_SOCKETS_TRUSTED}.
 *
 * @category Virtual machines
 */
export const SO_VM_SOCKETS_PEER_HOST_VM_ID: SocketOption<number, "read-only"> = option(
  "AF_VSOCK",
  "SO_VM_SOCKETS_PEER_HOST_VM_ID",
  3,
  uint32,
  { access: "read-only" },
);

/**
 * Whether the process that made the socket was trusted, where the transport tells: 1 or 0.
 *
 * Read only. Platform: Linux 3.9.
 *
 * Source: linux/vm_sockets.h, not in
 * [vsock(7)](https://man7.org/linux/man-pages/man7/vsock.7.html).
 *
 * See also: {@linkcode SO_VM_SOCKETS_PEER_HOST_VM_ID}.
 *
 * @category Virtual machines
 */
export const SO_VM_SOCKETS_TRUSTED: SocketOption<number, "read-only"> = option(
  "AF_VSOCK",
  "SO_VM_SOCKETS_TRUSTED",
  5,
  int,
  { access: "read-only" },
);
