/** Sockets and their options as text for people. */

import { showAddr } from "../../ffi/sockaddr.ts";
import { printable } from "../cli/printable.ts";
import { READABLE_OPTIONS } from "../options/read_options.ts";
import type { Difference } from "./diff.ts";
import type { OptionsRead } from "./options.ts";
import type { FoundSocket, Place } from "./sockets.ts";

/** The options that tell how a socket fares, and so are no settings. */
const MEASURES: ReadonlySet<string> = new Set(
  READABLE_OPTIONS.filter(({ measures }) => measures).map(({ name }) => name),
);

/** How styles are put on text; as it is where there are to be none. */
export type Paint = (style: "bold" | "dim" | "red" | "yellow", text: string) => string;

const STYLES = { bold: 1, dim: 2, red: 31, yellow: 33 } as const;

/** Puts styles on text, or not. */
export function painter(colors: boolean): Paint {
  return (style, text) => colors ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
}

/** An address; "-" where there is none, and "@" for the NUL with which an abstract one begins. */
export function addressText(addr: Deno.Addr | undefined): string {
  return addr === undefined ? "-" : printable(showAddr(addr).replace(/^\0/, "@")) || "-";
}

/** A value on one line. */
export function valueText(value: unknown): string {
  if (value === undefined) return "-";
  return typeof value === "string" && value !== "" ? printable(value) : Deno.inspect(value, {
    compact: true,
    breakLength: Infinity,
    depth: 10,
  });
}

/** How wide a column may be for the sake of its longest text; what is longer moves those after it. */
const WIDEST = 46;
const GAP = "  ";

/** Rows with columns of one width; numbers are to be aligned at their ends. */
export function tableOf(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
  toRight: readonly string[] = [],
): string[] {
  const widths = heads.map((head, i) =>
    rows.reduce(
      (most, { [i]: cell = "" }) => cell.length > WIDEST ? most : Math.max(most, cell.length),
      head.length,
    )
  );
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) =>
      toRight.includes(heads[i]!) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)
    ).join(GAP).trimEnd();
  return [paint("bold", line(heads)), ...rows.map(line)];
}

/** Where a socket is, in few letters. */
export function placeText({ pid, fd }: Pick<Place, "pid" | "fd">): string {
  return `${pid}/${fd}`;
}

/** What a list shows of each socket. */
export type Listed = FoundSocket & Partial<OptionsRead>;

/**
 * A list of sockets, a line each.
 *
 * @param sockets The sockets.
 * @param options The options that have a column; a mark tells those that the program has set.
 * @param withPid Whether they are of several processes.
 */
export function socketList(
  sockets: readonly Listed[],
  options: readonly string[],
  withPid: boolean,
  paint: Paint,
): string[] {
  const heads = [
    ...withPid ? ["pid", "process"] : [],
    "fd",
    "kind",
    "state",
    "recv-q",
    "send-q",
    "local",
    "peer",
    ...options,
  ];
  const rows = sockets.map((socket) => [
    ...withPid ? [`${socket.pid}`, socket.process] : [],
    `${socket.fd}`,
    socket.kind,
    socket.state,
    `${socket.receive ?? "-"}`,
    `${socket.send ?? "-"}`,
    addressText(socket.local),
    addressText(socket.remote),
    ...options.map((name) => {
      const mark = socket.changed?.includes(name) ? " *" : "";
      return `${valueText(socket.options?.[name])}${mark}`;
    }),
  ]);
  const lines = tableOf(heads, rows, paint, ["pid", "fd", "recv-q", "send-q"]);
  if (options.length > 0 && sockets.some(({ changed }) => changed?.length)) {
    lines.push("", SET_MARK);
  }
  return [...lines, ...foreignNote(sockets)];
}

const SET_MARK = "* differs from a fresh socket of the kind: the program has set it";

/** A list of sockets, with what their program has set on each. */
export function changedList(sockets: readonly Listed[], withPid: boolean, paint: Paint): string[] {
  const [head, ...lines] = socketList(sockets, [], withPid, paint);
  return [
    head!,
    ...sockets.flatMap(({ changed = [], options = {} }, i) => [
      lines[i]!,
      ...wrap(changed.map((name) => `${name}=${valueText(options[name])}`)),
    ]),
    ...lines.slice(sockets.length),
  ];
}

/** How wide a line may be. */
const WIDTH = 80;
const INDENT = "      ";

/** Words in lines that begin with room. */
function wrap(words: readonly string[]): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    if (line !== "" && INDENT.length + line.length + 2 + word.length > WIDTH) {
      lines.push(INDENT + line);
      line = "";
    }
    line += line === "" ? word : `  ${word}`;
  }
  return line === "" ? lines : [...lines, INDENT + line];
}

/** Each option of one socket, with its default; those that measure the socket come last, in full. */
export function optionTable(socket: FoundSocket & OptionsRead, paint: Paint): string[] {
  const { options, defaults, changed } = socket;
  const names = Object.keys(options);
  const rows = names.filter((name) => !MEASURES.has(name)).map((name) => [
    changed.includes(name) ? "*" : "",
    name,
    valueText(options[name]),
    valueText(defaults[name]),
  ]);
  const [head, ...lines] = tableOf(["", "option", "value", "default"], rows, paint);
  const { kind, state, local, remote } = socket;
  const peer = remote === undefined ? "" : `  peer ${addressText(remote)}`;
  return [
    `${placeText(socket)}  ${kind}  ${state}  ${addressText(local)}${peer}`,
    "",
    head!,
    ...lines.map((line, i) => rows[i]![0] === "*" ? paint("bold", line) : line),
    ...changed.length === 0 ? [] : ["", SET_MARK],
    ...foreignNote([socket]),
    ...names.filter((name) => MEASURES.has(name)).flatMap((name) => [
      "",
      paint("bold", name),
      Deno.inspect(options[name], { breakLength: WIDTH, depth: 10 }),
    ]),
  ];
}

function foreignNote(sockets: readonly Partial<OptionsRead>[]): string[] {
  if (!sockets.some(({ foreignDefaults }) => foreignDefaults)) return [];
  return [
    "",
    "The defaults are those of this network namespace: those of the process's take root.",
  ];
}

/** What differs between two sockets or two processes. */
export function differenceTable(
  differences: readonly Difference[],
  [here, there]: readonly [string, string],
  paint: Paint,
): string[] {
  if (differences.length === 0) return [`no option differs between ${here} and ${there}`];
  const values = (counts: Difference["here"]): string =>
    counts.map(({ value, count }) =>
      count === 1 ? valueText(value) : `${valueText(value)} x${count}`
    )
      .join(", ") || "-";
  const rows = differences.map((each) => [
    each.kind,
    each.option,
    values(each.here),
    values(each.there),
  ]);
  return tableOf(["kind", "option", here, there], rows, paint);
}
