/** What a message costs over its size, beside a bare loop: a line for each server. */

import type { Result, Results } from "./results.ts";
import { HEAD, OTHERS, OURS, PADDING, picture, text, WIDTH } from "./svg.ts";

const LEFT = PADDING + 34;
const RIGHT = PADDING + 10;
const TOP = HEAD + 36;
const PLOT = 260;
const LEGEND_ROW = 22;

const showSize = (size: number): string =>
  size >= 1 << 20 ? `${size >> 20} M` : size >= 1 << 10 ? `${size >> 10} K` : `${size}`;

/** Draws the messages of all sizes: what each costs as a multiple of the bare loop's. */
export function sizesChart(run: Results): string {
  const points = Object.entries(run.results)
    .filter(([name]) => /^(stream|sizes|bulk)/.test(name))
    .map(([, result]) => result as Result & { size: number })
    .sort((a, b) => a.size - b.size);
  const first = points[0]?.servers ?? {};
  const ratio = (name: string, { servers }: Result): number => servers[name]?.toBare?.median ?? NaN;
  const names = Object.keys(first).sort((a, b) => ratio(a, points[0]!) - ratio(b, points[0]!));
  const all = points.flatMap((point) => names.map((name) => ratio(name, point))).filter((n) =>
    n > 0
  );
  const most = Math.max(...all, 1);
  const low = Math.log(points[0]?.size ?? 1);
  const high = Math.log(points.at(-1)?.size ?? 2);
  const x = (size: number): number =>
    LEFT + (Math.log(size) - low) / (high - low || 1) * (WIDTH - LEFT - RIGHT);
  const y = (n: number): number => TOP + PLOT - n / most * PLOT;
  const parts = [
    text(PADDING, HEAD + 16, "CPU time of a message, as a multiple of bare Deno's", "bold"),
  ];
  for (let n = 0; n <= most; n += most > 4 ? 1 : 0.5) {
    parts.push(
      `<path d="M${LEFT} ${y(n).toFixed(1)}H${WIDTH - RIGHT}" class="grid"/>`,
      text(LEFT - 6, y(n) + 4, `${n}`, "end muted small"),
    );
  }
  for (const { size } of points) {
    parts.push(text(x(size), TOP + PLOT + 18, showSize(size), "middle muted small"));
  }
  parts.push(text(WIDTH - RIGHT, TOP + PLOT + 36, "bytes of a message", "end muted small"));
  let legend = TOP + PLOT + 58;
  // this package's line lies above the others
  const order = names.map((name, i) => ({ name, color: OTHERS[i % OTHERS.length]! }));
  for (const each of order) if (each.name.startsWith("sockopt")) each.color = OURS;
  for (const { name, color } of order.toSorted((a) => a.name.startsWith("sockopt") ? 1 : -1)) {
    const isOurs = name.startsWith("sockopt");
    const line = points.filter((point) => ratio(name, point) > 0)
      .map((point) => `${x(point.size).toFixed(1)},${y(ratio(name, point)).toFixed(1)}`);
    parts.push(
      `<polyline points="${line.join(" ")}" fill="none" stroke="${color}" stroke-width="${
        isOurs ? 3.5 : 2
      }" stroke-linejoin="round"/>`,
    );
  }
  for (const { name, color } of order) {
    const figures = points.map((point) => ratio(name, point)).map((n) =>
      n > 0 ? n.toFixed(2) : "-"
    );
    parts.push(
      `<rect x="${PADDING}" y="${legend - 9}" width="14" height="8" rx="2" fill="${color}"/>`,
      text(PADDING + 22, legend, name, name.startsWith("sockopt") ? "bold" : ""),
      ...figures.map((figure, i) =>
        text(PADDING + 178 + i * 44.5, legend, figure, "end small muted")
      ),
    );
    legend += LEGEND_ROW;
  }
  return picture("What a message costs, by its size", run, legend + 4, parts);
}
