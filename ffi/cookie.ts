/**
 * SO_COOKIE: the kernel's own number for a socket. It gives none twice, so it tells a socket from the next one that gets
 * the same descriptor. One call and no memory, as every message on a connection is preceded by it.
 *
 * @module
 */

import { libc } from "./libc.ts";
import { SO_COOKIE } from "./options/socket.ts";

const cookie = new Int32Array(2);
const cookieBytes = new Uint8Array(cookie.buffer);
const length = new Uint32Array(1);
const lengthBytes = new Uint8Array(length.buffer);

/** The last cookie that was read, as two halves: a `bigint` would be made anew for each. */
export const lastCookie: Readonly<{ readonly [half: number]: number }> = cookie;

/**
 * Reads the cookie of a socket into {@linkcode lastCookie}.
 *
 * @returns `false` where there is none: no socket has the descriptor, or the kernel gives no cookies (macOS, gVisor).
 */
export function readCookie(fd: number): boolean {
  length[0] = cookieBytes.length;
  const { level, optname } = SO_COOKIE;
  return libc().getsockopt(fd, level, optname, cookieBytes, lengthBytes) === 0;
}
