/** Checks of what public functions are given: wrong arguments are told by name, value and range before anything is opened. */

import { checkInteger, show } from "../../ffi/codec.ts";

/** What an argument must be: throws what is allowed. */
export type Check = (value: unknown) => void;

/** A whole number in a range. */
export function wholeNumber(low: number, high: number): Check {
  return (value) => checkInteger(value, low, high);
}

/** A number of seconds; `Infinity` is for ever. */
export function seconds(value: unknown): void {
  if (typeof value !== "number") {
    throw new TypeError(`expected a number of seconds, got ${show(value)}`);
  }
  if (!(value > 0)) throw new RangeError(`expected a number of seconds above 0, got ${value}`);
}

/** A value of one of JavaScript's types. */
export function type(name: "boolean" | "function" | "object" | "string"): Check {
  return (value) => {
    if (typeof value === name && value !== null) return;
    throw new TypeError(`expected a${name === "object" ? "n" : ""} ${name}, got ${show(value)}`);
  };
}

/**
 * Checks what a function is asked for.
 *
 * @param caller The function's name.
 * @param options What it is given.
 * @param checks What each option must be, if it is there.
 * @throws {TypeError} for a value of the wrong kind, and for what is no option.
 * @throws {RangeError} for a value out of range.
 */
export function checkOptions(
  caller: string,
  options: unknown,
  checks: Readonly<Record<string, Check>>,
): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`${caller}() expects an object of options, got ${show(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined) throw new TypeError(`${caller}() has no option ${show(name)}`);
    if (value === undefined) continue;
    try {
      check(value);
    } catch (error) {
      const Kind = error instanceof RangeError ? RangeError : TypeError;
      throw new Kind(`${caller}(): ${name}: ${(error as Error).message}`, { cause: error });
    }
  }
}
