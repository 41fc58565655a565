/**
 * Connections of which a listener has not got the end of the handshake, or holds it back until data is there.
 *
 * @module
 */

import { isLinux } from "./platform.ts";
import { readProc } from "./read_proc.ts";

/** A socket's row of /proc/net/tcp in the state TCP_SYN_RECV, by its local port: proc_pid_net(5), net/tcp_states.h. */
function halfOpenAt(port: number): RegExp {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return new RegExp(`^ *\\d+: [0-9A-F]+:${hex} [0-9A-F]+:[0-9A-F]{4} 03 `, "m");
}

/**
 * Whether there are half-open connections to a port of this machine.
 *
 * @returns `undefined` where that cannot be told.
 */
export function hasHalfOpen(port: number): boolean | undefined {
  if (!isLinux) return undefined;
  const row = halfOpenAt(port);
  const tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(readProc).filter((text) => !!text);
  return tables.length === 0 ? undefined : tables.some((text) => row.test(text!));
}
