/** The types of `@std/cli/parse-args` as far as it is used here; its npm package has none. */

/** What the command line may have. */
export interface ParseOptions {
  /** Flags with a text for their value, "" where none is given. */
  string: readonly string[];
  /** Flags whose values are collected, in the order in which they are given. */
  collect: readonly string[];
  /** Flags that have a `--no-` form, whose value is `false`. */
  negatable: readonly string[];
  /** Other names of flags. */
  alias: Readonly<Record<string, string>>;
  /** Called for an argument that is none of these flags: with `false` it is left out. */
  unknown(arg: string): unknown;
}

/** Parses arguments when all flags are strings and collected: the list of one that is not given is empty. */
export function parseArgs(
  args: readonly string[],
  options: ParseOptions,
): { [flag: string]: string[] | false; _: string[] };
