/**
 * Binding a listener again. A socket of Deno's is bound by the time that anybody sees it, and some options must be set
 * before: so it stops listening, which gives back a port that the kernel has picked, and starts once more.
 *
 * @module
 */

import { libc } from "./libc.ts";
import { sockaddrOf } from "./sockaddr.ts";
import { shutdown } from "./socket.ts";
import { lastErrno, SocketError } from "./socket_error.ts";

/**
 * Binds a listener again. Nothing may wait for connections on it, and its port must be one that the kernel has picked.
 * Where it fails, the socket is good for nothing but closing.
 *
 * @param fd The listener.
 * @param addr Where to, in the family that it has; port 0 lets the kernel pick one.
 * @param backlog How many connections may wait to be accepted.
 * @param prepare Sets the options that must be set before.
 * @throws {SocketError} EADDRINUSE and the like; EINVAL on a kernel that binds no socket twice (gVisor).
 */
export function rebind(
  fd: number,
  addr: Deno.NetAddr,
  backlog: number,
  prepare: () => void,
): void {
  shutdown(fd);
  prepare();
  bindAndListen(fd, addr, backlog);
}

/**
 * bind(2) and listen(2) on a socket that is neither bound nor connected.
 *
 * @throws {SocketError} EADDRINUSE and the like.
 */
export function bindAndListen(fd: number, addr: Deno.NetAddr, backlog: number): void {
  const name = sockaddrOf(addr);
  if (libc().bind(fd, name, name.length) !== 0) throw failed("bind");
  listenAgain(fd, backlog);
}

/**
 * listen(2), which a listener takes as well: it gets another backlog.
 *
 * @throws {SocketError} when the kernel refuses.
 */
export function listenAgain(fd: number, backlog: number): void {
  if (libc().listen(fd, backlog) !== 0) throw failed("listen");
}

function failed(syscall: string): SocketError {
  return new SocketError(syscall, lastErrno());
}
