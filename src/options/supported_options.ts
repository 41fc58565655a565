/**
 * @module
 */

import { OPTION_TABLE } from "../../ffi/option_table.ts";
import type { AnySocketOption } from "../../ffi/socket_option.ts";

/**
 * Every option of the table that this platform has. The running kernel may be too old for some of them,
 * and each kind of socket has only some.
 *
 * @example
 * ```ts
 * import { supportedOptions } from "@sockopt/tcp";
 * import assert from "node:assert/strict";
 *
 * const names = supportedOptions().map(({ name }) => name);
 * assert(names.includes("TCP_NODELAY"));
 * ```
 *
 * @returns The options, level by level and by name.
 */
export function supportedOptions(): AnySocketOption[] {
  return OPTION_TABLE.filter(({ optname }) => optname >= 0);
}

/** Whether this platform has an option. The running kernel may still be too old for it. */
export function isSupported({ optname }: AnySocketOption): boolean {
  return optname >= 0;
}
