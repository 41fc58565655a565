/** The flags of a program: one table, from which the command line is parsed and the help is made. */

// @ts-types="./parse_args.d.ts"
import { parseArgs } from "@std/cli/parse-args";
import { nearest } from "./nearest.ts";
import { UsageError } from "./usage_error.ts";

/** A flag whose value is a `T`. */
export interface Flag<T> {
  /** What it does, with its unit. */
  readonly help: string;
  /** What holds when it is not given. */
  readonly default: T;
  /** Another name for it. */
  readonly alias?: string;
  /** How the help names its value; absent for a flag that is on or, with `--no-`, off. */
  readonly value?: string;
  /** Makes a value of its text; throws a RangeError that says what is allowed. */
  readonly parse?: (text: string) => unknown;
  /** The text that stands for no value, if it may be left out. */
  readonly bare?: string;
  /** Whether it may be given several times, so that its value is a list. */
  readonly repeatable?: boolean;
  /** Whether an empty text is a value. */
  readonly mayBeEmpty?: boolean;
  /** Whether it has a `--no-` form. */
  readonly negatable?: boolean;
}

/** A flag that is off until given. */
export function on(help: string, alias?: string): Flag<boolean> {
  return { help, default: false, alias };
}

/** A flag that can be switched off with `--no-`. */
export function toggle(help: string, initial: boolean, alias?: string): Flag<boolean> {
  return { help, default: initial, negatable: true, alias };
}

/** A flag with a value. */
export function one<T>(
  value: string,
  help: string,
  parse: (text: string) => T,
  initial: NoInfer<T>,
): Flag<T>;
/** A flag with a value that nothing stands for when it is not given. */
export function one<T>(
  value: string,
  help: string,
  parse: (text: string) => T,
): Flag<T | undefined>;
export function one<T>(
  value: string,
  help: string,
  parse: (text: string) => T,
  initial?: T,
): Flag<T | undefined> {
  return { help, default: initial, value, parse };
}

/** A flag that may be given several times. */
export function many<T>(
  value: string,
  help: string,
  parse: (text: string) => T,
  initial: T[],
): Flag<T[]> {
  return { help, default: initial, value, parse, repeatable: true };
}

/** Any text. */
export const text = (text: string): string => text;

/** Flags by their names. */
type Flags = Readonly<Record<string, Flag<unknown>>>;

/** The flags of all groups together. */
type FlagsOf<Groups> = Groups[keyof Groups] extends infer Group
  ? (Group extends unknown ? (group: Group) => void : never) extends (group: infer All) => void
    ? All
  : never
  : never;

/** The value of every flag, by its name. */
export type FlagValues<Groups> = {
  [Name in keyof FlagsOf<Groups>]: FlagsOf<Groups>[Name] extends Flag<infer T> ? T : never;
};

/** What a command line says. */
export interface Parsed<Groups> {
  /** The value of every flag, given or not. */
  readonly values: FlagValues<Groups>;
  /** Which flags were given. */
  readonly given: readonly string[];
  /** The arguments that are no flags. */
  readonly positional: readonly string[];
}

/** The flags of a program, in the groups of its help. */
export class FlagTable<Groups extends Readonly<Record<string, Flags>>> {
  readonly #groups: Groups;
  readonly #flags: Flags;

  /** @param groups The flags, by the titles of their groups. */
  constructor(groups: Groups) {
    this.#groups = groups;
    this.#flags = Object.assign({}, ...Object.values(groups));
  }

  /**
   * Parses a command line.
   *
   * @param args The command line.
   * @param mostPositional How many arguments may be no flags.
   * @throws {UsageError} One line that names what is wrong and what is allowed.
   */
  parse(args: readonly string[], mostPositional = 0): Parsed<Groups> {
    const names = Object.keys(this.#flags);
    const alias: Record<string, string> = {};
    for (const name of names) {
      const other = this.#flags[name]!.alias;
      if (other !== undefined) alias[other] = name;
    }
    const positional: string[] = [];
    const { _: rest, ...texts } = parseArgs(this.#joinValues(args, mostPositional), {
      // a flag without a value is a text too, so that one that is given all the same is seen
      string: names,
      collect: [...names, ...Object.keys(alias)],
      negatable: names.filter((name) => this.#flags[name]!.negatable),
      alias,
      unknown: (arg) => {
        if (isFlag(arg) || positional.length === mostPositional) {
          throw new UsageError(this.#whatIsWrong(arg, args));
        }
        positional.push(arg);
        return false;
      },
    });
    if (rest.length > 0) throw new UsageError(this.#whatIsWrong(`${rest[0]}`, args));
    const given = names.filter((name) => texts[name] === false || texts[name]!.length > 0);
    const values: Record<string, unknown> = {};
    for (const name of names) values[name] = this.#flags[name]!.default;
    for (const name of given) values[name] = this.#readValue(name, texts[name]!, args);
    return { values: values as FlagValues<Groups>, given, positional };
  }

  /** The lines of the help: one for each flag, after the title of its group. */
  help(): string[] {
    const lines: string[] = [];
    for (const [title, flags] of Object.entries(this.#groups)) {
      lines.push("", `${title}:`);
      for (const [name, { value, help, negatable }] of Object.entries(flags)) {
        const form = value === undefined ? "" : value.startsWith("[") ? value : ` ${value}`;
        lines.push(`  ${`--${negatable ? "[no-]" : ""}${name}${form}`.padEnd(36)}${help}`);
      }
    }
    return lines;
  }

  /**
   * Joins to a flag what parseArgs() would not take for its value: a number below 0, an empty text, and the text that
   * stands for no value. Where an argument may be no flag, a flag that is on or off does not take it for a value.
   */
  #joinValues(args: readonly string[], mostPositional: number): string[] {
    const joined: string[] = [];
    for (const arg of args) {
      const before = joined.at(-1);
      const bare = mostPositional > 0 && this.#isOnOrOff(arg) ? "" : this.#bareText(arg);
      if (before !== undefined && /^--[^=]+$/.test(before) && /^(-\d.*)?$/.test(arg)) {
        joined[joined.length - 1] = `${before}=${arg}`;
      } else {
        joined.push(bare === undefined ? arg : `${arg}=${bare}`);
      }
    }
    return joined;
  }

  /** The text that stands for no value of a flag, where its value may be left out. */
  #bareText(arg: string | undefined): string | undefined {
    return arg?.startsWith("--") ? this.#flags[arg.slice(2)]?.bare : undefined;
  }

  #isOnOrOff(arg: string): boolean {
    const name = arg.replace(/^--?/, "");
    const isFlag = ([own, { alias, parse }]: [string, Flag<unknown>]): boolean =>
      parse === undefined && (own === name || alias === name);
    return arg !== name && Object.entries(this.#flags).some(isFlag);
  }

  /** What to say of an argument that is not taken. */
  #whatIsWrong(arg: string, args: readonly string[]): string {
    if (!isFlag(arg)) {
      const before = args[args.indexOf(arg) - 1];
      const advice = this.#bareText(before) === undefined
        ? "see --help"
        : `the value of ${before} goes after a =, as in ${before}=${arg}`;
      return `unexpected argument ${JSON.stringify(arg)}; ${advice}`;
    }
    const typed = arg.split("=", 1)[0]!;
    const flags = Object.entries(this.#flags).flatMap(([name, { negatable }]) =>
      negatable ? [`--${name}`, `--no-${name}`] : [`--${name}`]
    );
    if (flags.includes(typed)) return `unexpected argument ${JSON.stringify(arg)} after --`;
    const near = nearest(typed, flags);
    return `unknown flag ${typed}; ${near === undefined ? "see --help" : `did you mean ${near}?`}`;
  }

  /** The value of a flag: `false` for its `--no-` form, otherwise made of the texts that it was given. */
  #readValue(name: string, texts: string[] | false, args: readonly string[]): unknown {
    const { parse, value, repeatable, mayBeEmpty } = this.#flags[name]!;
    if (texts === false) return false;
    if (parse === undefined) {
      const superfluous = texts.find((text) => text !== "");
      if (superfluous === undefined) return true;
      const typed = args.find((arg) => arg.endsWith(`=${superfluous}`))?.split("=", 1)[0];
      throw new UsageError(`${typed ?? `--${name}`} takes no value, got ${superfluous}`);
    }
    const values = texts.map((text) => {
      if (text === "" && !(mayBeEmpty && isGivenEmpty(name, args))) {
        const form = value!.startsWith("[") ? value! : ` ${value}`;
        throw new UsageError(`--${name} needs a value: --${name}${form}`);
      }
      try {
        return parse(text);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new UsageError(`--${name} ${JSON.stringify(text)}: expected ${error.message}`);
      }
    });
    return repeatable ? values : values.at(-1);
  }
}

/** Whether a flag is given an empty text, and not just left without a value. */
function isGivenEmpty(name: string, args: readonly string[]): boolean {
  return args.some((arg, i) => arg === `--${name}=` || arg === `--${name}` && args[i + 1] === "");
}

/** Whether an argument is a flag by its look; "-" is none. */
function isFlag(arg: string): boolean {
  return arg.startsWith("-") && arg !== "-";
}
