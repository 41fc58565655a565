/**
 * What becomes of a signal that is sent to this process: signal(2).
 *
 * @module
 */

import { libc } from "./libc.ts";

const SIGUSR1 = Deno.build.os === "darwin" ? 30 : 10;
const SIG_IGN = 1n;

/** From now on the kernel drops every SIGUSR1, in all threads. */
export function ignoreSigusr1(): void {
  libc().signal(SIGUSR1, SIG_IGN);
}
