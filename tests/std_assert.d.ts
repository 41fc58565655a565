/**
 * The types of what the tests and the examples in docstrings use of `@std/assert`: the npm package that
 * deno.json maps it to has none. With JSR's package this file is not needed.
 */
declare module "@std/assert" {
  /** An error's class. */
  type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

  /** Asserts that a value is truthy. */
  export function assert(expr: unknown, msg?: string): asserts expr;

  /** Asserts that two values are deeply equal. */
  export function assertEquals<T>(actual: T, expected: T, msg?: string): void;

  /** Asserts that two values are not deeply equal. */
  export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void;

  /** Asserts that two values are the same by Object.is(). */
  export function assertStrictEquals<T>(
    actual: unknown,
    expected: T,
    msg?: string,
  ): asserts actual is T;

  /** Asserts that a text matches. */
  export function assertMatch(actual: string, expected: RegExp, msg?: string): void;

  /** Asserts that a text does not match. */
  export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void;

  /** Asserts that an object has what is expected; it may have more. */
  export function assertObjectMatch(
    actual: object,
    expected: Record<PropertyKey, unknown>,
    msg?: string,
  ): void;

  /** Asserts that a function throws, and gives the error. */
  export function assertThrows(fn: () => unknown, msg?: string): unknown;
  export function assertThrows<E extends Error>(
    fn: () => unknown,
    errorClass: ErrorClass<E>,
    msgIncludes?: string,
    msg?: string,
  ): E;

  /** Asserts that a promise is rejected, and gives the error. */
  export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
  export function assertRejects<E extends Error>(
    fn: () => PromiseLike<unknown>,
    errorClass: ErrorClass<E>,
    msgIncludes?: string,
    msg?: string,
  ): Promise<E>;

  /** Fails. */
  export function fail(msg?: string): never;
}
