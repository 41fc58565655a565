/** The flags of the programs in this folder. */

import { parseArgs, type ParseArgsConfig } from "node:util";

type Flags = NonNullable<ParseArgsConfig["options"]>;

/** Wrong usage: one line, and exit code 2. */
export function wrong(line: string): never {
  console.error(line);
  Deno.exit(2);
}

/** The flags that are given; what is no flag is wrong usage. */
export function parseFlags<const T extends Flags>(
  options: T,
): ReturnType<typeof parseArgs<{ options: T }>>["values"] {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return wrong((error as Error).message.split(/\.?(?:\n| To )/)[0]!);
  }
}

/** The value of a flag that says how many. */
export function countOf(flag: string, value: string): number {
  const count = Number(value);
  if (Number.isSafeInteger(count) && count > 0) return count;
  return wrong(`--${flag} ${value}: expected a whole number above 0`);
}
