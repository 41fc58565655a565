import { readOption } from "../../ffi/socket.ts";
import { checkOption, type ReadableOption } from "../../ffi/socket_option.ts";
import { socketFd } from "./socket_fd.ts";
import type { SocketLike } from "./socket_like.ts";

/**
 * Asserts that a socket option has a value. Structures are compared field by field. Of an option whose
 * value the kernel doubles (SO_RCVBUF and SO_SNDBUF under Linux) the value is the one that was asked for: half of what
 * {@linkcode getOption} reads.
 *
 * @category Any option
 *
 * @example
 * ```ts
 * import { assertOption, SO_RCVBUF, SO_REUSEADDR, setOption } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * assertOption(listener, SO_REUSEADDR, true);
 *
 * setOption(listener, SO_RCVBUF, 65536);
 * assertOption(listener, SO_RCVBUF, 65536);
 * ```
 *
 * @typeParam T The type of the option's value.
 * @param socket The socket.
 * @param option The option.
 * @param expected The value it should have.
 * @throws {OptionAssertionError} when it has another value.
 * @throws {SocketError} when the kernel refuses to tell, or the socket is closed.
 * @throws {TypeError} when it is no socket, or no option.
 */
export function assertOption<T>(
  socket: SocketLike,
  option: ReadableOption<T>,
  expected: NoInfer<T>,
): void {
  checkOption(option);
  const actual = readOption(socketFd(socket), option);
  if (!isAsExpected(option, expected, actual)) {
    throw new OptionAssertionError(option.name, expected, actual);
  }
}

/** Whether a value that was read is the one that was set. */
export function isAsExpected<T>(option: ReadableOption<T>, expected: T, actual: T): boolean {
  // of a doubled value one that equals what was asked for was capped at half of that
  return option.doubles === true && typeof expected === "number"
    ? actual === 2 * expected
    : isEqual(actual, expected);
}

/** Deep equality of what codecs decode: primitives, plain objects, bytes, and lists in any order. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((x) => b.some((y) => isEqual(x, y)));
  }
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) =>
      Object.hasOwn(b, key) &&
      isEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])
    );
}

/**
 * An option, or another property of a socket, is not as it was expected. Test runners show the
 * difference between `expected` and `actual`.
 *
 * @category Errors
 *
 * @example
 * ```ts
 * import { assertOption, OptionAssertionError, SO_KEEPALIVE } from "@sockopt/tcp";
 * import { assertObjectMatch, assertThrows } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * assertObjectMatch(
 *   assertThrows(() => assertOption(listener, SO_KEEPALIVE, true), OptionAssertionError),
 *   {
 *     option: "SO_KEEPALIVE",
 *     expected: true,
 *     actual: false,
 *     message: "SO_KEEPALIVE: expected true, got false",
 *   },
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
