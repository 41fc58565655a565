/**
 * Deno's inspector, which would let any user of the machine run code in the server.
 *
 * @module
 */

import { ignoreSigusr1 } from "../../ffi/signal.ts";

/**
 * Keeps the inspector shut, which Deno opens on 127.0.0.1:9229 at a SIGUSR1: the kernel drops the signal. `--inspect`
 * opens it all the same.
 *
 * @throws {Deno.errors.NotCapable} without the permission to open libc.
 */
export function keepInspectorShut(): void {
  // Deno begins to handle the signal half a second after the start, which would undo the next line, unless it does now
  Deno.addSignalListener("SIGUSR1", () => {});
  ignoreSigusr1();
}
