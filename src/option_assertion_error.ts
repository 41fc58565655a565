/**
 * @module
 */

/**
 * An option, or another property of a socket, is not as it was expected. Test runners show the
 * difference between `expected` and `actual`.
 *
 * @example
 * ```ts
 * import { assertOption, OptionAssertionError, SO_KEEPALIVE } from "@sockopt/tcp";
 * import assert from "node:assert/strict";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * assert.throws(
 *   () => assertOption(listener, SO_KEEPALIVE, true),
 *   new OptionAssertionError("SO_KEEPALIVE", true, false),
 * );
 * ```
 */
export class OptionAssertionError extends Error {
  /** Always "OptionAssertionError". */
  override readonly name = "OptionAssertionError";
  /** The option's name, or the name of the call that told, such as "getpeername". */
  readonly option: string;
  /** What it should be. */
  readonly expected: unknown;
  /** What it is. */
  readonly actual: unknown;

  /**
   * Makes the error of one assertion.
   *
   * @param option The option's name.
   * @param expected What it should be.
   * @param actual What it is.
   * @param note More about it, such as the limit that made the difference.
   */
  constructor(option: string, expected: unknown, actual: unknown, note?: string) {
    super(
      `${option}: expected ${show(expected)}, got ${show(actual)}${
        note === undefined ? "" : ` (${note})`
      }`,
    );
    this.option = option;
    this.expected = expected;
    this.actual = actual;
  }
}

/** A value for a message of one line. */
function show(value: unknown): string {
  return typeof value === "string" ? value : Deno.inspect(value, { breakLength: Infinity });
}
