/** The findings of `--check` for people: two tables, no wider than a terminal. */

import type { Findings, Row } from "./check.ts";

/** How wide a line may be. */
const WIDTH = 80;
/** What stands between two columns, and before the lines of a note. */
const GAP = "  ";
const INDENT = "    ";

/** The findings as two tables. */
export function findingsAsText({ listener, connection }: Findings, colors: boolean): string {
  const paint = (style: string, text: string): string =>
    colors ? `\x1b[${style}m${text}\x1b[0m` : text;
  const parts = [
    [paint(BOLD, "listener"), ...table(listener, paint)].join("\n"),
    [paint(BOLD, "connection"), ...table(connection, paint)].join("\n"),
  ];
  if ([...listener, ...connection].some(({ limit }) => limit === "unknown")) {
    parts.push("unknown limits: reading them takes --allow-read=/proc/sys");
  }
  return parts.join("\n\n");
}

const BOLD = "1";
const RED = "31";

/** The lines of a table: for each row one, and its note below. */
function table(rows: readonly Row[], paint: (style: string, text: string) => string): string[] {
  const heads = ["option", "requested", "effective", "limit", "ok"];
  const cells = [
    heads,
    ...rows.map((row) => [
      row.option,
      "requested" in row ? showValue(row.requested) : "",
      showValue(row.effective),
      row.limit === undefined ? "" : `${row.limit}`,
      row.ok ? "yes" : "NO",
    ]),
  ];
  const widths = columnWidths(cells);
  let host: string | undefined;
  return cells.flatMap((row, i) => {
    const line = row.map((cell, column) => cut(cell, widths[column]!).padEnd(widths[column]!))
      .join(GAP).trimEnd();
    if (i === 0) return [paint(BOLD, line)];
    const { ok, note, host: ownHost } = rows[i - 1]!;
    const lines = [ok ? line : paint(RED, line), ...note === undefined ? [] : wrap(note)];
    if (ownHost === host) return lines;
    host = ownHost;
    return [`on ${host}`, ...lines];
  });
}

/** As wide as the longest cell; the values share what is left of the line. */
function columnWidths(cells: readonly string[][]): number[] {
  const longest = cells[0]!.map((_, column) =>
    Math.max(...cells.map((row) => row[column]!.length))
  );
  const [option, requested, effective, limit, ok] = longest as [
    number,
    number,
    number,
    number,
    number,
  ];
  const left = WIDTH - option - limit - ok - 4 * GAP.length;
  const half = Math.floor(left / 2);
  const shortRequested = Math.min(requested, Math.max(half, left - effective));
  return [option, shortRequested, Math.min(effective, left - shortRequested), limit, ok];
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** A note in lines, broken where it has a semicolon and where a line would be too long. */
function wrap(note: string): string[] {
  const lines: string[] = [];
  for (const part of note.split(/(?<=;) /)) {
    let line = INDENT;
    for (const word of part.split(" ")) {
      if (line !== INDENT && line.length + 1 + word.length > WIDTH) {
        lines.push(line);
        line = INDENT;
      }
      line += line === INDENT ? word : ` ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

function showValue(value: unknown): string {
  if (value === undefined) return "-";
  return typeof value === "string" && value !== ""
    ? value
    : Deno.inspect(value, { compact: true, breakLength: Infinity });
}
