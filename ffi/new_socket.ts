/** Sockets of this package's own: socket(2). */

import { libc } from "./libc.ts";
import { isLinux } from "./platform.ts";

/** Types of sockets: socket(2). */
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;

/** macOS takes no such flag. */
const SOCK_CLOEXEC = isLinux ? 0o2000000 : 0;

/**
 * Makes a socket that no program inherits which this process starts.
 *
 * @returns Its descriptor, which is the caller's to close; -1 where the kernel refuses, and errno says why.
 */
export function newSocket(family: number, type: number, protocol: number = 0): number {
  return libc().socket(family, type | SOCK_CLOEXEC, protocol);
}
