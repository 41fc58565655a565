/**
 * Connections of which a listener has not got the end of the handshake, or holds it back until data is there.
 *
 * @module
 */

import { libc } from "./libc.ts";
import { isLinux } from "./platform.ts";

const O_RDONLY = 0;
const CHUNK = 64 * 1024;

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
  let told = false;
  for (const path of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const lines of linesOf(path)) {
      if (row.test(lines)) return true;
      told = true;
    }
  }
  return told ? false : undefined;
}

/** The whole lines of a file, in pieces; none where it cannot be read. */
function* linesOf(path: string): Generator<string> {
  const c = libc();
  const fd = c.open(new TextEncoder().encode(`${path}\0`), O_RDONLY);
  if (fd < 0) return;
  try {
    const bytes = new Uint8Array(CHUNK);
    const decoder = new TextDecoder();
    let rest = "";
    for (let n; (n = c.read(fd, bytes, BigInt(CHUNK))) > 0;) {
      const text = rest + decoder.decode(bytes.subarray(0, n));
      const end = text.lastIndexOf("\n") + 1;
      rest = text.slice(end);
      yield text.slice(0, end);
    }
  } finally {
    c.close(fd);
  }
}
