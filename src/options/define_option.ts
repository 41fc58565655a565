import { checkInteger, type Codec, LONGEST_VALUE, show } from "../../ffi/codec.ts";
import {
  type DefinedOption,
  levelNumber,
  type OptionAccess,
  type OptionLevel,
} from "../../ffi/socket_option.ts";
import { type Check, checkNamed, optionsOf, type, wholeNumber } from "./check_arguments.ts";

/**
 * An option of one's own, for {@linkcode defineOption}.
 *
 * @category Any option
 */
export interface OptionDefinition<T, Access extends OptionAccess> {
  /** How messages call it. */
  readonly name: string;
  /** Its level: one of the table's by name, or a number such as 132 for SCTP. */
  readonly level: OptionLevel | number;
  /** Its number. */
  readonly optname: number;
  /** What its bytes mean: one of {@linkcode codecs}, or another one. */
  readonly codec: Codec<T>;
  /** Whether it can be read, written or both. */
  readonly access: Access;
}

const ACCESS: readonly OptionAccess[] = ["read-only", "read-write", "write-only"];

const anyInt = wholeNumber(-(2 ** 31), 2 ** 31 - 1);

/** What a definition must be. */
const DEFINITION_CHECKS: Record<keyof OptionDefinition<unknown, OptionAccess>, Check> = {
  name: type("string"),
  level: (value) => {
    if (typeof value === "number") anyInt(value);
    else levelNumber(value as OptionLevel);
  },
  optname: anyInt,
  codec: (value) => {
    const { encode, decode } = Object(value);
    if (typeof encode === "function" && typeof decode === "function") return;
    throw new TypeError(`expected a codec, with encode() and decode(), got ${show(value)}`);
  },
  access: (value) => {
    if (ACCESS.includes(value as OptionAccess)) return;
    throw new TypeError(`expected one of ${ACCESS.join(", ")}, got ${show(value)}`);
  },
};

/**
 * Defines an option that the table does not have: a driver's, or one of a newer kernel. It works with
 * every function of this package, and in `settings`.
 *
 * @category Any option
 *
 * @example
 * ```ts
 * import { codecs, defineOption, getOption, SocketError } from "@sockopt/tcp";
 * import { assertMatch, assertThrows } from "@std/assert";
 *
 * const MPTCP_ENABLED = defineOption({
 *   name: "MPTCP_ENABLED",
 *   level: 284,
 *   optname: 42,
 *   codec: codecs.bool,
 *   access: "read-only",
 * });
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * assertMatch(
 *   assertThrows(() => getOption(listener, MPTCP_ENABLED), SocketError).code,
 *   /EOPNOTSUPP|ENOPROTOOPT/,
 * );
 * ```
 *
 * @typeParam T The type of its value.
 * @typeParam Access Whether it can be read, written or both.
 * @param definition What it is.
 * @returns The option.
 * @throws {TypeError} when a part of it is of the wrong kind, or not there.
 * @throws {RangeError} when a number, or the size of its codec, is out of range.
 */
export function defineOption<T, Access extends OptionAccess>(
  definition: OptionDefinition<T, Access>,
): DefinedOption<T, Access> {
  checkNamed("defineOption()", definition, optionsOf(DEFINITION_CHECKS));
  for (const part of Object.keys(DEFINITION_CHECKS) as (keyof typeof definition)[]) {
    if (definition[part] === undefined) throw new TypeError(`defineOption(): ${part} is missing`);
  }
  const { name, level, optname, codec, access } = definition;
  for (const size of [codec.size, ...codec.exactSizes ?? []]) {
    checkInteger(size, 0, LONGEST_VALUE, `the codec of ${name} to have a size`);
  }
  return {
    name,
    level: typeof level === "number" ? level : levelNumber(level),
    optname,
    codec,
    access,
    defined: true,
  };
}
