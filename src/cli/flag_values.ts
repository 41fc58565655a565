/** Parsers of the flags' values: each makes a value of its text, or throws a RangeError that says what is allowed. */

import type { KeepAlive } from "../options/settings.ts";

/** The largest C `int`. */
export const INT_MAX = 2 ** 31 - 1;

/** A whole number in a range. */
export function wholeNumber(low: number, high: number, unit = ""): (text: string) => number {
  return (text) => {
    const n = /^\d+$/.test(text) ? Number(text) : NaN;
    if (n >= low && n <= high) return n;
    const range = high === INT_MAX ? `of at least ${low}` : `from ${low} to ${high}`;
    throw new RangeError(`a whole number ${unit === "" ? "" : `of ${unit} `}${range}`);
  };
}

/** The longest time that a timer takes, in seconds. */
const LONGEST_TIME = Math.floor(INT_MAX / 1000);

/** A time in seconds, which may have a fraction. */
export function seconds(text: string): number {
  const n = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (n > 0 && n <= LONGEST_TIME) return n;
  throw new RangeError(`a number of seconds above 0 and up to ${LONGEST_TIME}`);
}

const UNITS: Record<string, number> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** A size in bytes, which may have a unit. */
export function byteSize(text: string): number {
  const match = /^(\d+)(?:([kmg])(?:i?b)?)?$/i.exec(text);
  const n = match === null ? NaN : Number(match[1]) * UNITS[(match[2] ?? "").toLowerCase()]!;
  if (n >= 1 && n <= INT_MAX) return n;
  throw new RangeError(
    `a number of bytes from 1 to ${INT_MAX}, with k, m or g for KiB, MiB or GiB, such as 64k`,
  );
}

/** One of a few names. */
export function oneOf<const T extends string>(names: readonly T[]): (text: string) => T {
  return (text) => {
    const name = names.find((name) => name === text);
    if (name !== undefined) return name;
    throw new RangeError(`one of ${names.join(", ")}`);
  };
}

/** The longest time between keep-alive probes, and how many there may be: MAX_TCP_KEEPIDLE and _KEEPCNT of Linux. */
const LONGEST_KEEP_ALIVE = 32_767;
const MOST_PROBES = 127;

/** When keep-alive probes are sent: what is left out is as the kernel has it. */
export function keepAlive(text: string): KeepAlive {
  const [idle, interval, count, ...more] = text.split(",");
  const time = wholeNumber(1, LONGEST_KEEP_ALIVE);
  try {
    if (more.length > 0) throw new RangeError();
    return {
      idle: time(idle!),
      ...(interval !== undefined && { interval: time(interval) }),
      ...(count !== undefined && { count: wholeNumber(1, MOST_PROBES)(count) }),
    };
  } catch {
    throw new RangeError(
      `IDLE[,INTERVAL[,COUNT]] in seconds, seconds and probes, up to ${LONGEST_KEEP_ALIVE}, ${LONGEST_KEEP_ALIVE} and ${MOST_PROBES}, such as 60,10,5`,
    );
  }
}
