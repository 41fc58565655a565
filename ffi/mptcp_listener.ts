/** Listening for Multipath TCP: https://www.rfc-editor.org/rfc/rfc8684. */

import { libc } from "./libc.ts";
import { newSocket, SOCK_STREAM } from "./new_socket.ts";
import { bindAndListen } from "./rebind.ts";
import { familyOf } from "./sockaddr.ts";
import { lastErrno, SocketError } from "./socket_error.ts";

const SOCK_NONBLOCK = 0o4000;
const IPPROTO_MPTCP = 262;

/**
 * Makes a socket that listens for MPTCP, and for TCP as well: a client that does not know MPTCP is served as ever. Linux
 * only.
 *
 * @param addr Where.
 * @param backlog How many connections may wait to be accepted.
 * @param prepare Sets the options that must be set before bind(2).
 * @returns Its descriptor, which is the caller's to close.
 * @throws {SocketError} EPROTONOSUPPORT, EINVAL or ENOPROTOOPT where the kernel has no MPTCP, or net.mptcp.enabled is 0.
 */
export function mptcpListener(
  addr: Deno.NetAddr,
  backlog: number,
  prepare: (fd: number) => void,
): number {
  const fd = newSocket(familyOf(addr.hostname), SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_MPTCP);
  if (fd < 0) throw new SocketError("socket", lastErrno());
  try {
    prepare(fd);
    bindAndListen(fd, addr, backlog);
    return fd;
  } catch (error) {
    libc().close(fd);
    throw error;
  }
}
