/** Which kernel is running: uname(2). */

import { libc } from "./libc.ts";

/** More than `sizeof(struct utsname)`: 390 bytes under Linux, 1280 under macOS. */
const UTSNAME_ROOM = 2048;

/** Under Linux each of the names takes so many bytes. */
const NAME = 65;

let release: readonly [major: number, minor: number] | undefined;

/** The version of a Linux kernel, such as 6.18, as it says itself; 0.0 where it does not tell. */
export function linuxRelease(): readonly [major: number, minor: number] {
  return release ??= read();
}

function read(): [major: number, minor: number] {
  const names = new Uint8Array(UTSNAME_ROOM);
  if (libc().uname(names) !== 0) return [0, 0];
  const text = new TextDecoder().decode(names.subarray(2 * NAME, 3 * NAME)); // release
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return [Number(major ?? 0), Number(minor ?? 0)];
}
