/** Ending this process without asking anybody: _exit(2). */

import { libc } from "./libc.ts";

/** Ends the process, whatever its threads are at. */
export function exitAtOnce(code: number): never {
  libc()._exit(code);
  throw new Error("_exit(2) has returned");
}
