/** Results as bars: a panel for each, a bar for each server, as long as the figure beside it says. */

import type { Spread } from "./measure.ts";
import type { Cost, Result, Results } from "./results.ts";
import { HEAD, INNER, PADDING, picture, text, WIDTH, wrapped } from "./svg.ts";

const ROW = 34;
const BAR = 9;
const PANEL_TITLE = 28;
const NOTE = 16;
/** How many times the middle one's cost is still drawn. */
const FAR = 5;

/**
 * Draws results as SVG.
 *
 * @param title What all of them are about.
 */
export function chart(title: string, panels: readonly Result[], run: Results): string {
  const parts: string[] = [];
  let y = HEAD;
  for (const result of panels) {
    const panel = drawPanel(result, y);
    parts.push(...panel.parts);
    y = panel.end;
  }
  return picture(title, run, y + PADDING / 2, parts);
}

/** What is drawn of a cost: as a multiple of the base's where there is one, since that is steadier than what was measured. */
function drawn({ base }: Result, cost: Cost): Spread {
  return (base === undefined ? undefined : base === "C epoll" ? cost.toC : cost.toBare) ?? cost;
}

function drawPanel(result: Result, top: number): { parts: string[]; end: number } {
  const { title, unit, base, servers, notes = [] } = result;
  const rows = Object.entries(servers)
    .map(([name, cost]) => ({ name, value: drawn(result, cost) }))
    .sort((a, b) => a.value.median - b.value.median);
  const isRatio = base !== undefined && servers[base] !== undefined;
  const short = base === "C epoll" ? "C" : "bare";
  // who is far away from all others is cut, so that these can be compared
  const limit = FAR * rows[rows.length >> 1]!.value.median;
  const most = Math.max(...rows.map(({ value }) => value.max).filter((max) => max <= limit));
  const x = (n: number): number => PADDING + Math.min(Math.max(n / most, 0), 1) * INNER;
  const parts: string[] = [];
  let y = top + PANEL_TITLE - 8;
  const heading = isRatio
    ? `${title} (${base}: ${servers[base]!.median} ${unit})`
    : `${title} (${unit})`;
  for (const line of wrapped(heading, 46)) {
    parts.push(text(PADDING, y, line, "bold"));
    y += 20;
  }
  for (const { name, value: { median, min, max } } of rows) {
    const isOurs = /^sockopt|server\.ts|serve\(\)|executable/.test(name);
    const middle = y + 16 + BAR / 2;
    const figure = isRatio ? `${median.toFixed(2)} × ${short}` : `${median} ${unit}`;
    const width = Math.max(x(median) - PADDING, 1);
    parts.push(
      text(PADDING, y + 11, name, isOurs ? "bold" : ""),
      text(WIDTH - PADDING, y + 11, figure, isOurs ? "end bold" : "end"),
      `<rect x="${PADDING}" y="${y + 16}" width="${
        width.toFixed(1)
      }" height="${BAR}" rx="2" class="${isOurs ? "ours" : "other"}"/>`,
      `<path d="M${x(min).toFixed(1)} ${middle}H${x(max).toFixed(1)}" class="range"/>`,
    );
    if (median > most) {
      const gap = WIDTH - 3 * PADDING;
      parts.push(`<path d="M${gap} ${y + 14}l8 13h7l-8 -13z" class="paper gap"/>`);
    }
    y += ROW;
  }
  const isCut = rows.some(({ value }) => value.median > most);
  const legend = [
    "bars: the middle of all rounds; lines: from the least to the most",
    ...isCut ? ["a bar with a gap is longer than drawn"] : [],
    ...notes,
  ];
  for (const line of legend.flatMap((note) => wrapped(note))) {
    parts.push(text(PADDING, y + 10, line, "muted small"));
    y += NOTE;
  }
  return { parts, end: y + 14 };
}
