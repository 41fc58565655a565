/**
 * Small files of /proc.
 *
 * @module
 */

import { libc } from "./libc.ts";

const O_RDONLY = 0;

/** More than any sysctl has to say. */
const LONGEST = 4096;

/**
 * Reads a file of /proc by libc. Deno refuses the whole of /proc to a program that may read just a part of it, even if
 * its user has allowed that part: so ask Deno for the permission first, and then read it here.
 *
 * @returns Its text; `undefined` where it cannot be read.
 */
export function readProc(path: string): string | undefined {
  const c = libc();
  const fd = c.open(new TextEncoder().encode(`${path}\0`), O_RDONLY);
  if (fd < 0) return undefined;
  const bytes = new Uint8Array(LONGEST);
  const n = c.read(fd, bytes, BigInt(bytes.length));
  c.close(fd);
  return n < 0 ? undefined : new TextDecoder().decode(bytes.subarray(0, n));
}
