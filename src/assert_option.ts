/**
 * @module
 */

import { readOption } from "../ffi/socket.ts";
import type { ReadableOption } from "../ffi/socket_option.ts";
import { OptionAssertionError } from "./option_assertion_error.ts";
import { socketFd } from "./socket_fd.ts";
import type { SocketLike } from "./socket_like.ts";

/**
 * Asserts that a socket option has a value. Structures are compared field by field. Of an option whose
 * value the kernel doubles (SO_RCVBUF and SO_SNDBUF under Linux) the value may be given as it was asked
 * for or as it reads back.
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
 */
export function assertOption<T>(
  socket: SocketLike,
  option: ReadableOption<T>,
  expected: NoInfer<T>,
): void {
  const actual = readOption(socketFd(socket), option);
  if (!isAsExpected(option, expected, actual)) {
    throw new OptionAssertionError(option.name, expected, actual);
  }
}

/** Whether a value that was read is the one that was set. */
export function isAsExpected<T>(option: ReadableOption<T>, expected: T, actual: T): boolean {
  if (isEqual(actual, expected)) return true;
  return option.doubles === true && typeof expected === "number" && actual === 2 * expected;
}

/** Deep equality of what codecs decode: primitives, plain objects, bytes, and lists in any order. */
function isEqual(a: unknown, b: unknown): boolean {
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
