/** The live view as lines of text: what a terminal of some size shows. */

import { type ColumnName, columnOf, COLUMNS } from "./columns.ts";
import type { Flow } from "./flows.ts";
import { addressText, type Paint } from "./text.ts";

/** What is shown, and how. */
export interface View {
  /** What stands in front of the heading. */
  readonly title: string;
  readonly sort: ColumnName;
  /** Whether the smallest comes first. */
  readonly reverse: boolean;
  /** What a peer's address or the state must contain. */
  readonly filter: string;
  /** How many connections above are not shown. */
  readonly scroll: number;
}

/** The connections that pass the filter, sorted. */
export function arrange(flows: readonly Flow[], { sort, reverse, filter }: View): Flow[] {
  const { key } = columnOf(sort);
  const sign = reverse ? -1 : 1;
  return flows
    .filter(({ socket }) => `${addressText(socket.remote)} ${socket.state}`.includes(filter))
    .map((flow) => ({ flow, key: key(flow) }))
    .sort((a, b) => sign * compare(a.key, b.key) || a.flow.socket.fd - b.flow.socket.fd)
    .map(({ flow }) => flow);
}

/** Numbers from the largest, text by the alphabet. */
function compare(a: number | string, b: number | string): number {
  if (typeof a === "number" && typeof b === "number") return b - a;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The longest address of IPv6 with its port. */
const LONGEST_ADDRESS = 47;
const LONGEST_CURVE = 16;

/** How wide each column is, so that all of them fit. */
function widthsOf(flows: readonly Flow[], width: number): number[] {
  const longest = (name: ColumnName): number =>
    flows.reduce(
      (most, flow) => Math.max(most, columnOf(name).text(flow, LONGEST_ADDRESS).length),
      name.length,
    );
  const fd = longest("fd");
  const fixed = COLUMNS.reduce(
    (sum, { name, ...column }) => sum + ("width" in column ? column.width : name === "fd" ? fd : 0),
    COLUMNS.length - 1,
  );
  const left = Math.max(width - fixed, "peer".length);
  const peer = Math.min(longest("peer"), left);
  const more = Math.min(left - peer, LONGEST_CURVE - columnOf("curve").width!);
  return COLUMNS.map(({ name, ...column }) => {
    if (name === "fd") return fd;
    if (name === "peer") return peer;
    return name === "curve" ? columnOf(name).width! + more : (column as { width: number }).width;
  });
}

/** The heading and a line for each connection. */
export function tableLines(
  flows: readonly Flow[],
  sort: ColumnName,
  width: number,
  paint: Paint,
): string[] {
  const widths = widthsOf(flows, width);
  const align = (text: string, i: number, left: boolean): string =>
    left ? text.padEnd(widths[i]!) : text.padStart(widths[i]!);
  const heads = COLUMNS.map(({ name }, i) => align(name, i, columnOf(name).left === true));
  const head = heads.map((text, i) => COLUMNS[i]!.name === sort ? paint("bold", text) : text);
  return [
    head.join(" ").trimEnd(),
    ...flows.map((flow) =>
      COLUMNS.map(({ name }, i) => {
        const column = columnOf(name);
        const text = align(column.text(flow, widths[i]!), i, column.left === true);
        const isHeldUp = name === "limit" && (flow.limit === "rwnd" || flow.limit === "sbuf");
        const isLossy = name === "retr" && flow.retransmitted > 0;
        return isHeldUp || isLossy ? paint("yellow", text) : text;
      }).join(" ").trimEnd()
    ),
  ];
}

/** What the keys do. */
const KEYS = "q quit  p pause  left right sort  r reverse  / filter  up down scroll";

/** All lines of a screen; the last one says what the keys do, or what is typed. */
export function screenLines(
  flows: readonly Flow[],
  view: View,
  { columns, rows }: { columns: number; rows: number },
  prompt: string | undefined,
  paint: Paint,
): string[] {
  const arranged = arrange(flows, view);
  const room = Math.max(rows - 3, 1);
  const first = Math.min(view.scroll, Math.max(arranged.length - room, 0));
  const shown = arranged.slice(first, first + room);
  const { sort, reverse, filter, title } = view;
  const facts = [
    title,
    `${connections(arranged.length)}${first > 0 ? ` from the ${first + 1}.` : ""}`,
    `by ${sort}${reverse ? " reversed" : ""}`,
    ...filter === "" ? [] : [`filter ${filter}`],
  ];
  const lines = [
    paint("bold", cut(facts.join(", "), columns)),
    ...tableLines(shown, sort, columns, paint),
  ];
  while (lines.length < rows - 1) lines.push("");
  return [...lines.slice(0, rows - 1), paint("dim", cut(prompt ?? KEYS, columns))];
}

/** How many connections there are, in words. */
export function connections(count: number): string {
  return count === 1 ? "1 connection" : `${count} connections`;
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(width - 1, 0))}…` : text;
}
