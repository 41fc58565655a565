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

/** An AbortSignal. */
export function abortSignal(value: unknown): void {
  if (!(value instanceof AbortSignal)) {
    throw new TypeError(`expected an AbortSignal, got ${show(value)}`);
  }
}

/**
 * An object of options.
 *
 * @param checks What each must be, if it is there.
 */
export function optionsOf(checks: Readonly<Record<string, Check>>): Check {
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new TypeError(`expected an object of options, got ${show(value)}`);
    }
    for (const [name, each] of Object.entries(value)) {
      const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
      if (check === undefined) throw new TypeError(`there is no option ${show(name)}`);
      if (each !== undefined) checkNamed(name, each, check);
    }
  };
}

/**
 * Checks one value.
 *
 * @param name What messages call it: a function such as "listen()", an argument, an option.
 * @throws {TypeError} for a value of the wrong kind, and for what is no option.
 * @throws {RangeError} for a value out of range.
 */
export function checkNamed(name: string, value: unknown, check: Check): void {
  try {
    check(value);
  } catch (error) {
    const Kind = [RangeError, TypeError].find((each) => error instanceof each);
    if (Kind === undefined) throw error; // such as a permission that is missing
    throw new Kind(`${name}: ${(error as Error).message}`, { cause: error });
  }
}
