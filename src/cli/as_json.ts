/** JSON of what JSON has no form for. */

/** A value as one line of JSON: numbers of 64 bits as text, since not all are exact as numbers, and bytes as a list. */
export function asJson(value: unknown): string {
  return JSON.stringify(value, (_, each) => {
    if (typeof each === "bigint") return `${each}`;
    return each instanceof Uint8Array ? [...each] : each;
  });
}
