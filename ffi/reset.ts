/** Ending a connection by a reset. */

import { libc } from "./libc.ts";
import { SOCKADDR_STORAGE } from "./sockaddr.ts";

/**
 * Ends a connection by a reset alone: connect(2) to AF_UNSPEC. To close with SO_LINGER of 0 would not do, as Deno shuts a
 * connection down before it closes it, and the peer would see the end first.
 *
 * What the kernel has not sent is lost. A connection that has failed already is no matter.
 */
export function resetConnection(fd: number): void {
  libc().connect(fd, new Uint8Array(SOCKADDR_STORAGE), SOCKADDR_STORAGE); // AF_UNSPEC is 0
}
