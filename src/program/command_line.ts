/**
 * The command line of server.ts: one table of flags, from which it is parsed and its help is made.
 *
 * @module
 */

import { isLinux } from "../../ffi/platform.ts";
import type { KeepAlive, OptionValue } from "../options/settings.ts";
import { LOG_LEVELS } from "../net/logger.ts";

/** Wrong usage: one line for the user, and exit code 2. */
export class UsageError extends Error {
  /** Always "UsageError". */
  override readonly name = "UsageError";
}

/** A flag whose value is a `T`. */
interface Flag<T> {
  /** What it does, with its unit. */
  readonly help: string;
  /** What holds when it is not given. */
  readonly default: T;
  /** How the help names its value; absent for a flag that is on or, with `--no-`, off. */
  readonly value?: string;
  /** Makes a value of its text, given what was made of it before; throws what is allowed. */
  parse?(text: string, before: T | undefined): T | Promise<T>;
  /** The value where none is given, if it may be left out. */
  readonly bare?: T;
  /** Whether it has a `--no-` form. */
  readonly negatable?: boolean;
}

/** A flag that is off until given. */
function on(help: string): Flag<boolean> {
  return { help, default: false };
}

/** A flag that can be switched off with `--no-`. */
function toggle(help: string, initial: boolean): Flag<boolean> {
  return { help, default: initial, negatable: true };
}

function one<T>(
  value: string,
  help: string,
  parse: (text: string) => T,
  initial: NoInfer<T>,
): Flag<T> {
  return { help, default: initial, value, parse };
}

const number = (low: number, high: number, unit = "") => (text: string): number => {
  const n = Number(text);
  // only digits come out as they went in
  if (Number.isInteger(n) && `${n}` === text && n >= low && n <= high) return n;
  const range = high === INT_MAX ? `of at least ${low}` : `from ${low} to ${high}`;
  throw new RangeError(`a whole number ${unit === "" ? "" : `of ${unit} `}${range}`);
};

const INT_MAX = 2 ** 31 - 1;

const seconds = (text: string): number => {
  const n = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (n > 0 && n <= INT_MAX / 1000) return n;
  throw new RangeError("a number of seconds above 0");
};

const UNITS: Record<string, number> = { "": 1, k: 2 ** 10, m: 2 ** 20 };

const bytes = (text: string): number => {
  const match = /^(\d+)(?:([km])(?:i?b)?)?$/i.exec(text);
  const n = match === null ? NaN : Number(match[1]) * UNITS[(match[2] ?? "").toLowerCase()]!;
  if (n >= 1 && n <= INT_MAX) return n;
  throw new RangeError("a number of bytes such as 65536, 64k or 4m");
};

const choice = <const T extends string>(names: readonly T[]) => (text: string): T => {
  const name = names.find((name) => name === text);
  if (name !== undefined) return name;
  throw new RangeError(`one of ${names.join(", ")}`);
};

const some = (what: string) => (text: string): string => {
  if (text !== "") return text;
  throw new RangeError(what);
};

const keepAlive = (text: string): KeepAlive => {
  const parts = text.split(",");
  if (parts.length === 3) {
    const [idle, interval, count] = parts.map(number(1, 32767));
    return { idle: idle!, interval: interval!, count: count! };
  }
  throw new RangeError("IDLE,INTERVAL,COUNT in seconds, seconds and probes, such as 60,10,5");
};

/** A flag that may be given several times. */
function many<T>(
  value: string,
  help: string,
  parse: (text: string) => T | Promise<T>,
  initial: T[],
): Flag<T[]> {
  return {
    help,
    default: initial,
    value,
    parse: async (text, before = []) => [...before, await parse(text)],
  };
}

/** The table of all options is loaded only for this flag. */
async function option(text: string): Promise<OptionValue> {
  const { parseOptionArgument } = await import("./option_argument.ts");
  return parseOptionArgument(text);
}

// elsewhere Deno does not set SO_REUSEPORT, and the kernel has no TCP_QUICKACK

/** Every flag, in the groups of the help. */
const GROUPS = {
  "Where to listen": {
    "host": many("ADDR", "address, may be repeated (127.0.0.1)", some("an address"), ["127.0.0.1"]),
    "port": one("N", "port, 0 takes any that is free (8888)", number(0, 65535), 8888),
    "backlog": one("N", "length of the accept queue (100)", number(1, INT_MAX), 100),
    "reuse-port": toggle("share the port with other processes (on)", isLinux),
    "cert": one<string | undefined>(
      "FILE",
      "serve TLS: certificate, PEM",
      some("a file"),
      undefined,
    ),
    "key": one<string | undefined>("FILE", "serve TLS: its key, PEM", some("a file"), undefined),
  },
  "Socket options": {
    "recv-buffer": one<number | undefined>("BYTES", "SO_RCVBUF, such as 64k", bytes, undefined),
    "send-buffer": one<number | undefined>("BYTES", "SO_SNDBUF, such as 1m", bytes, undefined),
    "quick-ack": toggle("TCP_QUICKACK: acknowledge at once (on)", isLinux),
    "no-delay": on("TCP_NODELAY: send small writes at once"),
    "keep-alive": {
      value: "[=IDLE,INTERVAL,COUNT]",
      help: "SO_KEEPALIVE (s, s, probes)",
      default: undefined,
      bare: true,
      parse: keepAlive,
    } satisfies Flag<KeepAlive | true | undefined> as Flag<KeepAlive | true | undefined>,
    "user-timeout": one<number | undefined>(
      "MS",
      "TCP_USER_TIMEOUT in milliseconds",
      number(0, INT_MAX, "milliseconds"),
      undefined,
    ),
    "congestion": one<string | undefined>(
      "NAME",
      "TCP_CONGESTION, such as cubic",
      some("the name of a congestion control"),
      undefined,
    ),
    "option": many<OptionValue>(
      "NAME=VALUE",
      "any other, may be repeated",
      option,
      [],
    ),
    "strict": on("what the kernel changes is an error"),
  },
  "Serving": {
    "mode": one(
      "MODE",
      "once: echo one read; stream: all (once)",
      choice(["once", "stream"]),
      "once",
    ),
    "workers": one("N", "threads on the port, 0: one a core (1)", number(0, 1024), 1),
    "max-connections": one(
      "N",
      "open at once, the others wait (no limit)",
      number(1, INT_MAX),
      Infinity,
    ),
    "idle-timeout": one("SECONDS", "close idle connections (never)", seconds, Infinity),
  },
  "Output": {
    "log-level": one(
      "LEVEL",
      "debug, info, warn or error (info)",
      choice(LOG_LEVELS),
      "info",
    ),
    "log-format": one("FORMAT", "text or json (text)", choice(["text", "json"]), "text"),
    "check": on("show what the kernel makes of the options"),
    "json": on("with --check: as JSON"),
    "version": on("print the version"),
    "help": on("print this help"),
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

const FLAGS = Object.assign({}, ...Object.values(GROUPS)) as Record<keyof Flags, Flag<unknown>>;

/**
 * Parses a command line.
 *
 * @throws {UsageError} One line that names what is wrong and what is allowed.
 */
export async function parseCommandLine(args: readonly string[]): Promise<CommandLine> {
  const given: Record<string, unknown> = {};
  const rest = args.values();
  for (const arg of rest) {
    const [name, value] = await interpret(arg, rest);
    given[name] = await readValue(name, value, given[name]);
  }
  for (const [one, other] of [["cert", "key"], ["key", "cert"], ["json", "check"]] as const) {
    if (given[one] !== undefined && given[other] === undefined) {
      throw new UsageError(`--${one} goes with --${other}`);
    }
  }
  const options: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(FLAGS)) options[name] = given[name] ?? flag.default;
  options.asksForOptions = OPTION_FLAGS.some((name) => name in given);
  return options as CommandLine;
}

/**
 * What an argument says: the flag's own name, and `true` or `false` or the text of its value. Not by parseArgs() of
 * node:util, which takes a third as long to load as Deno takes to start.
 *
 * @param rest The arguments after it, of which the first is taken where it is the value.
 */
async function interpret(
  arg: string,
  rest: Iterator<string>,
): Promise<[name: keyof Flags, value: string | boolean]> {
  const equals = arg.indexOf("=");
  const typed = equals < 0 ? arg : arg.slice(0, equals);
  const joined = equals < 0 ? undefined : arg.slice(equals + 1);
  const name = typed === "-h" ? "help" : typed.startsWith("--") ? typed.slice(2) : "";
  const isOff = !isFlag(name) && name.startsWith("no-");
  const own = isOff ? name.slice(3) : name;
  if (!isFlag(own) || (isOff && FLAGS[own].negatable !== true)) {
    throw await unknownArgument(arg, typed);
  }
  const { parse, bare, value } = FLAGS[own];
  if (parse === undefined) {
    if (joined !== undefined) throw new UsageError(`${typed} takes no value, got ${joined}`);
    return [own, !isOff];
  }
  if (joined !== undefined) return [own, joined];
  if (bare !== undefined) return [own, true];
  const next = rest.next();
  // what follows may be the next flag
  if (next.done || next.value.startsWith("--")) {
    throw new UsageError(`${typed} needs a value: ${typed} ${value}`);
  }
  return [own, next.value];
}

/** What to say of an argument that is no flag. */
async function unknownArgument(arg: string, typed: string): Promise<UsageError> {
  if (!arg.startsWith("-")) {
    return new UsageError(`unexpected argument ${JSON.stringify(arg)}; see --help`);
  }
  const { nearest } = await import("./nearest.ts");
  const flags = Object.entries(FLAGS).flatMap(([name, { negatable }]) =>
    negatable ? [`--${name}`, `--no-${name}`] : [`--${name}`]
  );
  const near = nearest(typed, flags);
  const advice = near === undefined ? "see --help" : `did you mean ${near}?`;
  return new UsageError(`unknown flag ${typed}; ${advice}`);
}

function isFlag(name: string): name is keyof Flags {
  return Object.hasOwn(FLAGS, name);
}

async function readValue(
  name: keyof Flags,
  value: string | boolean,
  before: unknown,
): Promise<unknown> {
  if (typeof value === "boolean") return value;
  try {
    return await FLAGS[name].parse!(value, before);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`--${name} ${JSON.stringify(value)}: expected ${error.message}`);
  }
}

/** The help: a line for each flag. */
export function helpText(): string {
  const lines = [
    "A TCP echo server that applies and asserts socket options on every connection.",
    "",
    "Usage: server.ts [FLAG]...",
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
