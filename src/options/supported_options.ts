import { OPTION_TABLE } from "../../ffi/option_table.ts";
import { type AnySocketOption, isSupported } from "../../ffi/socket_option.ts";

/**
 * Every option of the table that this platform has. The running kernel may be too old for some of them,
 * and each kind of socket has only some.
 *
 * @category Any option
 *
 * @example
 * ```ts
 * import { supportedOptions } from "@sockopt/tcp";
 * import { assert } from "@std/assert";
 *
 * const names = supportedOptions().map(({ name }) => name);
 * assert(names.includes("TCP_NODELAY"));
 * ```
 *
 * @returns The options, level by level and by name.
 */
export function supportedOptions(): AnySocketOption[] {
  return OPTION_TABLE.filter(isSupported);
}
