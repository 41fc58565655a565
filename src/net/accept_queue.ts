/** The accept queue of a listener, as far as the kernel tells of it. */

import { TCP_INFO } from "../../ffi/options/tcp.ts";
import { tryReadOption } from "../../ffi/socket.ts";

/** How many connections wait to be accepted, and how many may. */
export interface QueueLength {
  readonly length: number;
  readonly limit: number;
}

/**
 * Reads the accept queue of a listener from TCP_INFO.
 *
 * @returns `undefined` where the kernel does not tell: macOS, gVisor, a sandbox that refuses TCP_INFO.
 */
export function acceptQueue(fd: number): QueueLength | undefined {
  const info = tryReadOption(fd, TCP_INFO);
  // who emulates Linux leaves these at zero
  if (info === undefined || info.state !== "listen" || !(info.sacked > 0)) return undefined;
  return { length: info.unacked, limit: info.sacked };
}
