/**
 * @module
 */

import { readProc } from "../ffi/read_proc.ts";

/** Limits that the kernel sets to sockets. What may not be read, or is not there, is `undefined`. */
export interface KernelLimits {
  /** The longest accept queue: net.core.somaxconn. */
  somaxconn: number | undefined;
  /** The largest SO_RCVBUF that may be asked for, in bytes: net.core.rmem_max. */
  rmemMax: number | undefined;
  /** The largest SO_SNDBUF that may be asked for, in bytes: net.core.wmem_max. */
  wmemMax: number | undefined;
}

/** The sysctl of each limit, by which messages name it. */
export const SYSCTLS: Record<keyof KernelLimits, string> = {
  somaxconn: "net.core.somaxconn",
  rmemMax: "net.core.rmem_max",
  wmemMax: "net.core.wmem_max",
};

/**
 * The kernel's limits, as far as they may be read: that takes `--allow-read=/proc/sys`. It never prompts.
 *
 * @example
 * ```ts
 * import { kernelLimits } from "@sockopt/tcp";
 *
 * const { rmemMax } = kernelLimits();
 * console.log(rmemMax === undefined ? "unknown" : `${rmemMax} bytes`);
 * ```
 *
 * @returns The limits.
 */
export function kernelLimits(): KernelLimits {
  return {
    somaxconn: readSysctl(SYSCTLS.somaxconn),
    rmemMax: readSysctl(SYSCTLS.rmemMax),
    wmemMax: readSysctl(SYSCTLS.wmemMax),
  };
}

function readSysctl(name: string): number | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const path = `/proc/sys/${name.replaceAll(".", "/")}`;
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return undefined;
  const text = readProc(path);
  return text === undefined ? undefined : Number(text);
}
