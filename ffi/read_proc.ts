/**
 * Files and links of /proc.
 *
 * @module
 */

import { libc } from "./libc.ts";

const O_RDONLY = 0;

/** How much is read at once. */
const CHUNK = 4096;

/**
 * Reads a file of /proc by libc. Deno refuses the whole of /proc to a program that may read just a part of it, even if
 * its user has allowed that part: so ask Deno for the permission first, and then read it here. What a process may know
 * of itself takes none.
 *
 * @returns Its text; `undefined` where it cannot be read.
 */
export function readProc(path: string): string | undefined {
  const c = libc();
  const fd = c.open(new TextEncoder().encode(`${path}\0`), O_RDONLY);
  if (fd < 0) return undefined;
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(CHUNK);
  let text = "";
  let n = c.read(fd, bytes, BigInt(CHUNK));
  for (; n > 0; n = c.read(fd, bytes, BigInt(CHUNK))) {
    text += decoder.decode(bytes.subarray(0, n), { stream: true });
  }
  c.close(fd);
  return n < 0 ? undefined : text;
}

/** Where a link of /proc points; `undefined` where it is none. */
export function readProcLink(path: string): string | undefined {
  const bytes = new Uint8Array(CHUNK);
  const n = libc().readlink(new TextEncoder().encode(`${path}\0`), bytes, BigInt(CHUNK));
  return n < 0 ? undefined : new TextDecoder().decode(bytes.subarray(0, n));
}
