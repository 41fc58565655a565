/** The pictures of a run: which there are, and what each shows. */

import { chart } from "./chart.ts";
import type { Results } from "./results.ts";
import { sizesChart } from "./sizes_chart.ts";

/** Each picture of bars: its title, and the results in it by the names that they begin with. */
const BARS: Record<string, [title: string, workload: string]> = {
  "oneshot.svg": ["What a short connection costs", "oneshot"],
  "mixed.svg": ["What small clients wait beside fast streams", "mixed"],
  "tls.svg": ["What TLS costs", "tls"],
  "cores.svg": ["What threads cost", "cores"],
  "connect.svg": ["What a client's connection costs", "connect"],
  "idle.svg": ["What an idle connection takes", "idle"],
  "startup.svg": ["How long a start takes", "startup"],
};

/**
 * Writes the pictures of what was measured, beside this file.
 *
 * @returns Their names.
 */
export async function writeCharts(run: Results): Promise<string[]> {
  const pictures: Record<string, string> = {};
  for (const [file, [title, workload]] of Object.entries(BARS)) {
    const panels = Object.entries(run.results)
      .filter(([name]) => name === workload || name.startsWith(`${workload}-`))
      .map(([, result]) => result);
    if (panels.length > 0) pictures[file] = chart(title, panels, run);
  }
  pictures["sizes.svg"] = sizesChart(run);
  for (const [file, text] of Object.entries(pictures)) {
    await Deno.writeTextFile(new URL(file, import.meta.url), text);
  }
  return Object.keys(pictures);
}
