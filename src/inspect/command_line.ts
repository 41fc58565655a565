/** The command line of inspect.ts. */

import { FlagTable, type FlagValues, many, on, one } from "../cli/flags.ts";
import { INT_MAX, oneOf, seconds, wholeNumber } from "../cli/flag_values.ts";
import { nearest } from "../cli/nearest.ts";
import { parseOptionArgument } from "../cli/option_argument.ts";
import { UsageError } from "../cli/usage_error.ts";
import { Subnet } from "../net/subnet.ts";
import { READABLE_OPTIONS } from "../options/read_options.ts";
import type { OptionValue } from "../options/settings.ts";
import { COLUMN_NAMES } from "./columns.ts";

/** Every state that a socket may be said to be in. */
const STATES = [
  "listen",
  "established",
  "syn-sent",
  "syn-recv",
  "fin-wait-1",
  "fin-wait-2",
  "time-wait",
  "close",
  "close-wait",
  "last-ack",
  "closing",
  "connected",
  "unconnected",
] as const;

const GROUPS = {
  "Which sockets": {
    "port": one("N", "of this port, its own or its peer's", wholeNumber(0, 65535)),
    "peer": one("ADDR", "whose peer is there, or in 10.0.0.0/8", subnet),
    "state": one("STATE", "such as listen or established", oneOf(STATES)),
    "tree": on("of the children of the process as well"),
  },
  "What of them": {
    "option": many("NAME,...", "these options; with FD all of them", optionNames, []),
    "changed": on("the options that the program has set"),
    "diff": one("PID[/FD]", "what differs there, /FD: in this process", target),
    "json": on("as JSON"),
  },
  "Setting": {
    "set": many<OptionValue>(
      "NAME=VALUE",
      "set it on them, may be repeated",
      (text) => parseOptionArgument(text, "--set"),
      [],
    ),
    "yes": on("do not ask"),
  },
  "A live view of connections": {
    "watch": on("one line a connection, until q"),
    "interval": one("SECONDS", "between two looks (1)", seconds, 1),
    "count": one("N", "how many looks (no limit)", wholeNumber(1, INT_MAX), Infinity),
    "sort": one("COLUMN", "by this column (rate)", oneOf(COLUMN_NAMES), "rate"),
  },
  "This program": {
    "version": on("print the version"),
    "help": on("print this help", "h"),
  },
} as const;

const TABLE = new FlagTable(GROUPS);

/** A process, and one socket of it, where one is meant. */
export interface Target {
  readonly pid: number;
  readonly fd: number | undefined;
}

/** What the command line asks for. */
export interface CommandLine extends Omit<FlagValues<typeof GROUPS>, "option" | "diff"> {
  /** The process that is looked at. */
  readonly target: Target;
  /** The names of the options that are asked for. */
  readonly options: ReadonlySet<string>;
  /** What it is compared with. */
  readonly diff: Target | undefined;
}

/** Flags that do not go together: each does something of its own. */
const ALONE = ["set", "watch", "diff", "changed"] as const;

/** Flags that say more of another one. */
const COMPANIONS = { yes: "set", interval: "watch", count: "watch", sort: "watch" } as const;

/**
 * Parses a command line.
 *
 * @throws {UsageError} One line that names what is wrong and what is allowed.
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, given, positional } = TABLE.parse(args, 2);
  for (const [one, other] of Object.entries(COMPANIONS)) {
    if (given.includes(one) && !given.includes(other)) {
      throw new UsageError(`--${one} goes with --${other}`);
    }
  }
  const [first, second] = ALONE.filter((name) => given.includes(name));
  if (second !== undefined) throw new UsageError(`--${first} does not go with --${second}`);
  const [pid, fd] = positional;
  const isAsking = values.help || values.version;
  if (pid === undefined && !isAsking) {
    throw new UsageError("which process? Usage: inspect PID [FD] [FLAG]...; see --help");
  }
  const own: Target = isAsking ? { pid: Deno.pid, fd: undefined } : {
    pid: processId(pid!, "PID"),
    fd: fd === undefined ? undefined : descriptor(fd, "FD"),
  };
  return {
    ...values,
    target: own,
    options: new Set(values.option.flat()),
    diff: values.diff && { pid: values.diff.pid ?? own.pid, fd: values.diff.fd },
  };
}

/** The help: a line for each flag. */
export function helpText(program: string): string {
  return [
    "The sockets of a running process: what they are set to, and how they fare.",
    "",
    `Usage: ${program} PID [FD] [FLAG]...     (PID may be self)`,
    ...TABLE.help(),
  ].join("\n");
}

function processId(text: string, what: string): number {
  return text === "self" ? Deno.pid : number(text, 1, what);
}

function descriptor(text: string, what: string): number {
  return number(text, 0, what);
}

function number(text: string, low: number, what: string): number {
  try {
    return wholeNumber(low, INT_MAX)(text);
  } catch (error) {
    throw new UsageError(`${what} ${JSON.stringify(text)}: expected ${(error as Error).message}`);
  }
}

/** A process, a socket of it, or after a slash alone a socket of the process that is looked at. */
function target(text: string): { pid: number | undefined; fd: number | undefined } {
  const [pid = "", fd, ...more] = text.split("/");
  if (more.length > 0 || text === "/" || text === "") {
    throw new RangeError("PID, PID/FD or /FD");
  }
  return {
    pid: pid === "" ? undefined : processId(pid, "--diff"),
    fd: fd === undefined ? undefined : descriptor(fd, "--diff"),
  };
}

function subnet(text: string): Subnet {
  try {
    return new Subnet(text);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new RangeError("an address, or a subnet such as 10.0.0.0/8");
  }
}

/** Names of options with commas between them; upper case or not. */
function optionNames(text: string): string[] {
  const known = READABLE_OPTIONS.map(({ name }) => name);
  return text.split(",").map((typed) => {
    const name = typed.trim().toUpperCase();
    if (known.includes(name)) return name;
    const near = nearest(name, known);
    const advice = near === undefined ? "" : `; did you mean ${near}?`;
    throw new UsageError(`--option ${typed}: there is no such option that can be read${advice}`);
  });
}
