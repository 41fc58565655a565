/**
 * The permission for the network. FFI goes past Deno's own checks, so they are made here; and Deno would ask on a terminal
 * for one that is missing, so it is queried before.
 *
 * @module
 */

import { showAddr } from "../../ffi/sockaddr.ts";

function stateOf(addr: Deno.NetAddr): Deno.PermissionState {
  return Deno.permissions.querySync({ name: "net", host: showAddr(addr) }).state;
}

/** Whether the program may use an address or a name. */
export function mayUse(addr: Deno.NetAddr): boolean {
  return stateOf(addr) === "granted";
}

/** Whether the program may not use an address, even under a name that it may use: `--deny-net`. */
export function isDenied(addr: Deno.NetAddr): boolean {
  return stateOf(addr) === "denied";
}
