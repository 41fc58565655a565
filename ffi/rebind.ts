/**
 * Binding a listener again. A socket of Deno's is bound by the time that anybody sees it, and some options must be set
 * before: so it stops listening, which gives back a port that the kernel has picked, and starts once more.
 *
 * @module
 */

import { libc } from "./libc.ts";
import { PORT, SOCKADDR_STORAGE } from "./sockaddr.ts";
import { shutdown } from "./socket.ts";
import { lastErrno, SocketError } from "./socket_error.ts";

/**
 * Binds a listener again: to the address that it has, with another port. Nothing may wait for connections on it, and its
 * port must be one that the kernel has picked. Where it fails, the socket is good for nothing but closing.
 *
 * @param fd The listener.
 * @param port The port; 0 lets the kernel pick another one.
 * @param backlog How many connections may wait to be accepted.
 * @param prepare Sets the options that must be set before.
 * @throws {SocketError} EADDRINUSE and the like; EINVAL on a kernel that binds no socket twice (gVisor).
 */
export function rebind(fd: number, port: number, backlog: number, prepare: () => void): void {
  const c = libc();
  const name = new Uint8Array(SOCKADDR_STORAGE);
  const length = new Uint32Array([name.length]);
  if (c.getsockname(fd, name, new Uint8Array(length.buffer)) !== 0) throw failed("getsockname");
  new DataView(name.buffer).setUint16(PORT, port);
  shutdown(fd);
  prepare();
  if (c.bind(fd, name, length[0]!) !== 0) throw failed("bind");
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
