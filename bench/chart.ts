/** The results as a picture: a panel for each workload, a bar for each server. */

import type { Cost, Result, Results } from "./results.ts";

const WIDTH = 860;
const PADDING = 24;
const NAME = 150;
const VALUE = 170;
const BAR = 16;
const GAP = 6;
const HEAD = 64;
const TITLE = 34;

const OURS = "#0f766e";
const OTHERS = "#94a3b8";

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A text of a picture. */
export const text = (x: number, y: number, content: string, attributes = ""): string =>
  `<text x="${x}" y="${y}" ${attributes}>${escape(content)}</text>`;

/**
 * Draws results as SVG.
 *
 * @param names The results that are drawn, or all.
 */
export function chart(
  { date, kernel, machine, results }: Results,
  names: string[] = Object.keys(results),
): string {
  const parts: string[] = [];
  let y = HEAD;
  for (const name of names) {
    const panel = drawPanel(results[name]!, y);
    parts.push(...panel.parts);
    y = panel.end;
  }
  const height = y + PADDING / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"` +
    ` font-family="system-ui, sans-serif" font-size="13" fill="#1e293b">`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>`,
    text(PADDING, 30, "What a server costs: less is better", 'font-size="17" font-weight="600"'),
    text(PADDING, 50, `${date}, ${kernel}, ${machine}`, 'fill="#64748b"'),
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function drawPanel(
  { title, unit, base, servers }: Result,
  top: number,
): { parts: string[]; end: number } {
  const short = base === "C epoll" ? "C" : "bare Deno";
  // ratios are of one round each, and so steadier than what was measured
  const length = ({ median, toC, toBare }: Cost): number =>
    (base === undefined ? undefined : base === "C epoll" ? toC : toBare) ?? median;
  const rows = Object.entries(servers).sort(([, a], [, b]) => length(a) - length(b));
  const most = Math.max(...rows.map(([, cost]) => length(cost)));
  const room = WIDTH - 2 * PADDING - NAME - VALUE;
  const parts = [text(PADDING, top + 22, `${title} (${unit})`, 'font-weight="600"')];
  let y = top + TITLE;
  for (const [name, cost] of rows) {
    const isOurs = /sockopt|server\.ts|serve\(\)|executable/.test(name);
    const width = Math.max(length(cost) / most * room, 1).toFixed(1);
    const x = PADDING + NAME;
    const { median } = cost;
    const value = base === undefined ? `${median}` : `${length(cost)} × ${short} (${median})`;
    parts.push(
      text(x - 8, y + BAR - 4, name, `text-anchor="end"${isOurs ? ' font-weight="600"' : ""}`),
      `<rect x="${x}" y="${y}" width="${width}" height="${BAR}" rx="2" fill="${
        isOurs ? OURS : OTHERS
      }"/>`,
      text(x + Number(width) + 8, y + BAR - 4, value, 'fill="#475569"'),
    );
    y += BAR + GAP;
  }
  return { parts, end: y + GAP };
}
