/** Timers of any length. */

/** The longest that setTimeout() waits: what is longer, it takes for nothing. */
const LONGEST = 2 ** 31 - 1;

/**
 * Calls a function once, later.
 *
 * @param milliseconds When; never where it is `Infinity`.
 * @returns Cancels it.
 */
export function after(milliseconds: number, callback: () => void): () => void {
  if (milliseconds === Infinity) return () => {};
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number): void => {
    timer = setTimeout(
      () => left > LONGEST ? wait(left - LONGEST) : callback(),
      Math.min(left, LONGEST),
    );
  };
  wait(milliseconds);
  return () => clearTimeout(timer);
}
