/** What the pictures have in common: no wider than a phone shows without making the text small, in light and in dark. */

import type { Results } from "./results.ts";

/** Width of a picture, and of what is in it. */
export const WIDTH = 480;
export const PADDING = 16;
export const INNER = WIDTH - 2 * PADDING;
/** Where what is below the title begins. */
export const HEAD = 64;

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A text, with classes of the style below. */
export const text = (x: number, y: number, content: string, classes = "", more = ""): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" class="${classes}" ${more}>${
    escape(content)
  }</text>`;

/** Colours of lines, told apart on white and on black. */
export const OURS = "#0f8f83";
export const OTHERS = [
  ...["#d97706", "#7c6df2", "#0284c7", "#e0486c", "#65a30d", "#94a3b8", "#a16207", "#c026d3"],
];

const STYLE = `
  .paper { fill: #ffffff } text { fill: #1e293b } .muted { fill: #5b6879 } .bold { font-weight: 600 }
  .end { text-anchor: end } .middle { text-anchor: middle } .small { font-size: 12px } .title { font-size: 18px; font-weight: 600 }
  .ours { fill: #0f8f83 } .other { fill: #a9b6c6 } .range { stroke: #1e293b; stroke-width: 1.5 } .grid { stroke: #e2e8f0 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 } text { fill: #e6edf3 } .muted { fill: #9aa7b5 }
    .ours { fill: #2bb3a3 } .other { fill: #4d5a6b } .range { stroke: #e6edf3 } .grid { stroke: #2a323c }
  }
`;

/** Lines of text no longer than the picture is wide. */
export function wrapped(text: string, most = 66): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > most) {
      lines.push(line);
      line = word;
    } else line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}

/** A picture with its title, and where and when it was measured. */
export function picture(
  title: string,
  { date, kernel, machine }: Results,
  height: number,
  parts: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"` +
    ` font-family="system-ui, -apple-system, sans-serif" font-size="15" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${height}" rx="8" class="paper"/>`,
    text(PADDING, 30, title, "title"),
    text(PADDING, 50, `${date}, ${kernel}, ${machine}`, "muted small"),
    ...parts,
    "</svg>\n",
  ].join("\n");
}
