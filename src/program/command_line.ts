/** The command line of server.ts: one table of flags, from which it is parsed and its help is made. */

import { isLinux } from "../../ffi/platform.ts";
// @ts-types="./parse_args.d.ts"
import { parseArgs } from "@std/cli/parse-args";
import type { KeepAlive, OptionValue } from "../options/settings.ts";
import { LOG_LEVELS } from "../net/logger.ts";
import { byteSize, INT_MAX, keepAlive, oneOf, seconds, wholeNumber } from "./flag_values.ts";
import { nearest } from "./nearest.ts";
import { parseOptionArgument } from "./option_argument.ts";
import { UsageError } from "./usage_error.ts";

/** A flag whose value is a `T`. */
interface Flag<T> {
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
  /** Whether it has a `--no-` form. */
  readonly negatable?: boolean;
}

/** A flag that is off until given. */
function on(help: string, alias?: string): Flag<boolean> {
  return { help, default: false, alias };
}

/** A flag that can be switched off with `--no-`. */
function toggle(help: string, initial: boolean, alias?: string): Flag<boolean> {
  return { help, default: initial, negatable: true, alias };
}

/** A flag with a value. */
function one<T>(
  value: string,
  help: string,
  parse: (text: string) => T,
  initial: NoInfer<T>,
): Flag<T>;
/** A flag with a value that nothing stands for when it is not given. */
function one<T>(value: string, help: string, parse: (text: string) => T): Flag<T | undefined>;
function one<T>(
  value: string,
  help: string,
  parse: (text: string) => T,
  initial?: T,
): Flag<T | undefined> {
  return { help, default: initial, value, parse };
}

/** A flag that may be given several times. */
function many<T>(
  value: string,
  help: string,
  parse: (text: string) => T,
  initial: T[],
): Flag<T[]> {
  return { help, default: initial, value, parse, repeatable: true };
}

/** Any text. */
const text = (text: string): string => text;

// elsewhere Deno does not set SO_REUSEPORT, and the kernel has no TCP_QUICKACK

/** Every flag, in the groups of the help. */
const GROUPS = {
  "Where to listen": {
    "host": many("ADDR", "address, may be repeated (127.0.0.1)", text, ["127.0.0.1"]),
    "port": one("N", "port, 0 takes any that is free (8888)", wholeNumber(0, 65535), 8888),
    "backlog": one("N", "length of the accept queue (100)", wholeNumber(1, INT_MAX), 100),
    "reuse-port": toggle("share the port with other processes (on)", isLinux),
    "cert": one("FILE", "serve TLS: certificate, PEM", text),
    "key": one("FILE", "serve TLS: its key, PEM", text),
  },
  "Socket options": {
    "recv-buffer": one("BYTES", "SO_RCVBUF, such as 65536, 64k, 4m or 1g", byteSize),
    "send-buffer": one("BYTES", "SO_SNDBUF, such as 65536, 64k, 4m or 1g", byteSize),
    "quick-ack": toggle("TCP_QUICKACK: acknowledge at once (on)", isLinux),
    "nagle": toggle("gather small writes, no TCP_NODELAY (off)", false, "delay"),
    "keep-alive": {
      value: "[=IDLE,INTERVAL,COUNT]",
      help: "SO_KEEPALIVE (s, s, probes), or IDLE alone",
      default: undefined,
      bare: "on",
      parse: (text: string): KeepAlive | true => text === "on" || keepAlive(text),
    } satisfies Flag<KeepAlive | true | undefined> as Flag<KeepAlive | true | undefined>,
    "user-timeout": one(
      "MS",
      "TCP_USER_TIMEOUT in milliseconds",
      wholeNumber(0, INT_MAX, "milliseconds"),
    ),
    "congestion": one("NAME", "TCP_CONGESTION, such as cubic", text),
    "option": many<OptionValue>(
      "NAME=VALUE",
      "any other, may be repeated",
      parseOptionArgument,
      [],
    ),
    "strict": on("what the kernel changes is an error"),
  },
  "Serving": {
    "mode": one(
      "MODE",
      "once: echo one read; stream: all (once)",
      oneOf(["once", "stream"]),
      "once",
    ),
    "workers": one("N", "threads on the port, 0: one a core (1)", wholeNumber(0, 1024), 1),
    "max-connections": one(
      "N",
      "open at once in a thread (no limit)",
      wholeNumber(1, INT_MAX),
      Infinity,
    ),
    "idle-timeout": one("SECONDS", "close idle connections (never)", seconds, Infinity),
  },
  "Output": {
    "log-level": one("LEVEL", "debug, info, warn or error (info)", oneOf(LOG_LEVELS), "info"),
    "log-format": one("FORMAT", "text or json (text)", oneOf(["text", "json"]), "text"),
    "check": on("show what the kernel makes of the options"),
    "json": on("with --check: as JSON"),
    "version": on("print the version"),
    "help": on("print this help", "h"),
  },
} as const;

type Groups = typeof GROUPS;
type Flags =
  & Groups["Where to listen"]
  & Groups["Socket options"]
  & Groups["Serving"]
  & Groups["Output"];

/** The value of every flag, by its name. */
export type CommandLine =
  & { [Name in keyof Flags]: Flags[Name] extends Flag<infer T> ? T : never }
  & {
    /** Whether it says anything of socket options. */
    asksForOptions: boolean;
  };

const OPTION_FLAGS = [...Object.keys(GROUPS["Socket options"]), "backlog", "reuse-port"];

const FLAGS: Record<string, Flag<unknown>> = Object.assign({}, ...Object.values(GROUPS));

/**
 * Parses a command line.
 *
 * @throws {UsageError} One line that names what is wrong and what is allowed.
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const names = Object.keys(FLAGS);
  const alias: Record<string, string> = {};
  for (const name of names) {
    const other = FLAGS[name]!.alias;
    if (other !== undefined) alias[other] = name;
  }
  const { _: rest, ...texts } = parseArgs(joinValues(args), {
    // a flag without a value is a text too, so that one that is given all the same is seen
    string: names,
    collect: [...names, ...Object.keys(alias)],
    negatable: names.filter((name) => FLAGS[name]!.negatable),
    alias,
    unknown(arg) {
      throw new UsageError(whatIsWrong(arg, args));
    },
  });
  if (rest.length > 0) throw new UsageError(whatIsWrong(rest[0]!, args));
  const given = names.filter((name) => texts[name] === false || texts[name]!.length > 0);
  for (const [one, other] of [["cert", "key"], ["key", "cert"], ["json", "check"]] as const) {
    if (given.includes(one) && !given.includes(other)) {
      throw new UsageError(`--${one} goes with --${other}`);
    }
  }
  const options: Record<string, unknown> = {};
  for (const name of names) options[name] = FLAGS[name]!.default;
  for (const name of given) options[name] = readValue(name, texts[name]!, args);
  options.asksForOptions = OPTION_FLAGS.some((name) => given.includes(name));
  return options as CommandLine;
}

/**
 * Joins to a flag what parseArgs() would not take for its value: a number below 0, an empty text, and the text that
 * stands for no value.
 */
function joinValues(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1);
    const bare = bareText(arg);
    if (before !== undefined && /^--[^=]+$/.test(before) && /^(-\d.*)?$/.test(arg)) {
      joined[joined.length - 1] = `${before}=${arg}`;
    } else {
      joined.push(bare === undefined ? arg : `${arg}=${bare}`);
    }
  }
  return joined;
}

/** The text that stands for no value of a flag, where its value may be left out. */
function bareText(arg: string | undefined): string | undefined {
  return arg?.startsWith("--") ? FLAGS[arg.slice(2)]?.bare : undefined;
}

/** What to say of an argument that is no flag. */
function whatIsWrong(arg: string, args: readonly string[]): string {
  if (!arg.startsWith("-") || arg === "-") {
    const before = args[args.indexOf(arg) - 1];
    const advice = bareText(before) === undefined
      ? "see --help"
      : `the value of ${before} goes after a =, as in ${before}=${arg}`;
    return `unexpected argument ${JSON.stringify(arg)}; ${advice}`;
  }
  const typed = arg.split("=", 1)[0]!;
  const flags = Object.entries(FLAGS).flatMap(([name, { negatable }]) =>
    negatable ? [`--${name}`, `--no-${name}`] : [`--${name}`]
  );
  const near = nearest(typed, flags);
  return `unknown flag ${typed}; ${near === undefined ? "see --help" : `did you mean ${near}?`}`;
}

/** The value of a flag: `false` for its `--no-` form, otherwise made of the texts that it was given. */
function readValue(name: string, texts: string[] | false, args: readonly string[]): unknown {
  const { parse, value, repeatable } = FLAGS[name]!;
  if (texts === false) return false;
  if (parse === undefined) {
    const superfluous = texts.find((text) => text !== "");
    if (superfluous === undefined) return true;
    const typed = args.find((arg) => arg.endsWith(`=${superfluous}`))?.split("=", 1)[0];
    throw new UsageError(`${typed ?? `--${name}`} takes no value, got ${superfluous}`);
  }
  const values = texts.map((text) => {
    if (text === "") {
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

/**
 * The help: a line for each flag.
 *
 * @param program The name that the program was started by.
 */
export function helpText(program: string): string {
  const lines = [
    "A TCP echo server that applies and asserts socket options on every connection.",
    "",
    `Usage: ${program} [FLAG]...`,
  ];
  for (const [title, flags] of Object.entries(GROUPS)) {
    lines.push("", `${title}:`);
    for (const [name, { value, help, negatable }] of Object.entries<Flag<unknown>>(flags)) {
      const form = value === undefined ? "" : value.startsWith("[") ? value : ` ${value}`;
      lines.push(`  ${`--${negatable ? "[no-]" : ""}${name}${form}`.padEnd(36)}${help}`);
    }
  }
  return lines.join("\n");
}
