/** What a message costs over its size, as a picture: a line for each server. */

import { text } from "./chart.ts";
import type { Results } from "./results.ts";

const WIDTH = 860;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 170;
const TOP = 74;
const BOTTOM = 50;

const OURS = "#0f766e";
const OTHERS = ["#94a3b8", "#b45309", "#6d28d9", "#0369a1", "#be123c", "#4d7c0f", "#525252"];

const showSize = (size: number): string =>
  size >= 1 << 20 ? `${size >> 20} MiB` : size >= 1 << 10 ? `${size >> 10} KiB` : `${size} B`;

/** Draws the messages of all sizes, both axes by powers. */
export function sizesChart({ date, kernel, machine, results }: Results): string {
  // one exchange a connection is another thing
  const points = Object.entries(results)
    .flatMap(([name, { size, servers }]) =>
      size === undefined || name === "oneshot" ? [] : [{ size, servers }]
    )
    .sort((a, b) => a.size - b.size);
  const names = Object.keys(points[0]?.servers ?? {});
  const costs = points.flatMap(({ servers }) => Object.values(servers).map(({ median }) => median));
  const scale = (values: number[], from: number, to: number) => {
    const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
    return (value: number): number =>
      from + (Math.log(value) - low) / (high - low || 1) * (to - from);
  };
  const x = scale(points.map(({ size }) => size), LEFT, WIDTH - RIGHT);
  const y = scale(costs, HEIGHT - BOTTOM, TOP);
  const parts: string[] = [];
  for (const { size } of points) {
    parts.push(
      `<path d="M${x(size)} ${TOP}V${HEIGHT - BOTTOM}" stroke="#e2e8f0"/>`,
      text(x(size), HEIGHT - BOTTOM + 20, showSize(size), 'text-anchor="middle" fill="#64748b"'),
    );
  }
  // names that would lie over each other are moved down
  let last = -Infinity;
  const end = (name: string): number => points.at(-1)!.servers[name]?.median ?? NaN;
  let other = 0;
  for (const name of names.toSorted((a, b) => end(b) - end(a))) {
    const color = name.startsWith("sockopt") ? OURS : OTHERS[other++ % OTHERS.length]!;
    const line = points.map(({ size, servers }) => {
      const { median } = servers[name]!;
      return `${x(size).toFixed(1)},${y(median).toFixed(1)}`;
    });
    last = Math.max(y(end(name)) + 4, last + 16);
    parts.push(
      `<polyline points="${line.join(" ")}" fill="none" stroke="${color}" stroke-width="2"/>`,
      text(WIDTH - RIGHT + 8, last, `${name} (${end(name)} µs)`, `fill="${color}"`),
    );
  }
  const first = points[0];
  if (first !== undefined) {
    const ours = first.servers[names[0]!]!.median;
    parts.push(text(LEFT - 8, y(ours) + 4, `${ours} µs`, 'text-anchor="end" fill="#64748b"'));
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"` +
    ` font-family="system-ui, sans-serif" font-size="13" fill="#1e293b">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="8" fill="#ffffff"/>`,
    text(
      24,
      30,
      "What a message costs, by its size: less is better",
      'font-size="17" font-weight="600"',
    ),
    text(
      24,
      50,
      `µs of CPU, both axes by powers; ${date}, ${kernel}, ${machine}`,
      'fill="#64748b"',
    ),
    ...parts,
    "</svg>\n",
  ].join("\n");
}
