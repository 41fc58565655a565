/**
 * @module
 */

/** A value as one line of JSON: large numbers as text where a number would not be exact, bytes as a list. */
export function asJson(value: unknown): string {
  return JSON.stringify(value, (_, each) => {
    if (typeof each === "bigint") {
      return Number.isSafeInteger(Number(each)) ? Number(each) : `${each}`;
    }
    return each instanceof Uint8Array ? [...each] : each;
  });
}
