/**
 * The same load against this package's server and every peer that this machine has, round by round: `deno task bench`.
 *
 * Compared is the CPU time of the server, user's and system's of all its threads: that is what can be compared on a
 * machine that does other things as well. Ratios are taken within a round, since machines change their speed, and the
 * servers take turns at being first.
 *
 * `--help` tells its flags. A whole run, without --only and --workload, also writes results.json and the charts.
 */

import type { Bench, Workload } from "./bench.ts";
import { writeCharts } from "./charts.ts";
import { countOf, parseFlags, wrong } from "./flags.ts";
import { Load } from "./measure.ts";
import { Progress } from "./progress.ts";
import type { Cost, Result, Results } from "./results.ts";
import { SERVERS, serversHere } from "./servers.ts";
import { connect } from "./workloads/connect.ts";
import { cores } from "./workloads/cores.ts";
import { bulk, oneshot, sizes, stream } from "./workloads/exchanges.ts";
import { idle } from "./workloads/idle.ts";
import { mixed } from "./workloads/mixed.ts";
import { startup } from "./workloads/startup.ts";
import { tls } from "./workloads/tls.ts";

const WORKLOADS: Record<string, Workload> = {
  oneshot,
  stream,
  sizes,
  bulk,
  mixed,
  tls,
  cores,
  connect,
  idle,
  startup,
};

const FLAGS = {
  rounds: { type: "string", default: "9" },
  seconds: { type: "string", default: "0.6" },
  only: { type: "string" },
  workload: { type: "string" },
  charts: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

const HELP =
  `CPU time, waiting, memory and start-up of this package's server and of every peer that this machine has.

Usage: deno task bench [FLAG]...

  --rounds N              rounds of each workload (${FLAGS.rounds.default})
  --seconds S             of load for each server in each round (${FLAGS.seconds.default})
  --only NAME,...         of the servers below
  --workload NAME,...     of ${Object.keys(WORKLOADS).join(", ")}
  --charts                draw results.json again, and measure nothing
  -h, --help              print this help

Servers: ${SERVERS.join(", ")}`;

const values = parseFlags(FLAGS);
if (values.help) {
  console.log(HELP);
  Deno.exit();
}
const rounds = countOf("rounds", values.rounds);
const seconds = Number(values.seconds);
if (!(seconds > 0)) wrong(`--seconds ${values.seconds}: expected a number above 0`);

/** Some names of those that there are, or all. */
function chosen(flag: "only" | "workload", names: string[]): string[] {
  const list = values[flag]?.split(",") ?? names;
  for (const name of list) {
    if (!names.includes(name)) wrong(`--${flag} ${name}: expected one of ${names.join(", ")}`);
  }
  return list;
}

const progress = new Progress();

function print({ title, unit, servers }: Result): void {
  progress.clear();
  console.log(`\n${title}: ${unit}`);
  const byCost = Object.entries(servers).sort(([, a], [, b]) => a.median - b.median);
  console.table(Object.fromEntries(byCost.map(([name, cost]) => [name, rowOf(cost)])));
  const busy = byCost.filter(([, { load = 0 }]) => load > 0.95).map(([name]) => name);
  if (busy.length > 0) {
    const whose = "there the rate and the times are its own, not the CPU time of the servers";
    console.log(`the load takes a whole CPU with ${busy.join(", ")}: ${whose}`);
  }
}

/** What a table shows of a server: what was not measured has no column. */
function rowOf({ median, min, max, toC, toBare, load, ...seen }: Cost): Record<string, unknown> {
  const row = {
    median,
    "from - to": `${min} - ${max}`,
    "x C": toC?.median,
    "x bare": toBare?.median,
    ...seen,
    "load's CPU": load === undefined ? undefined : `${Math.round(100 * load)} %`,
  };
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

/** What the machine is called, and how many CPUs it has. */
function machine(): string {
  const model = /^model name\s*:\s*(.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  return `${model ?? Deno.build.arch}, ${navigator.hardwareConcurrency} CPUs`;
}

const RESULTS = new URL("results.json", import.meta.url);

/** Measures, prints, and after a whole run writes what was found. */
async function measure(folder: string): Promise<void> {
  const workloads = chosen("workload", Object.keys(WORKLOADS)).map((name) =>
    [name, WORKLOADS[name]!] as const
  );
  const names = chosen("only", SERVERS);
  const load = await Load.build(folder);
  const servers = await serversHere(names, folder);
  const bench: Bench = { load, servers, rounds, seconds, progress, folder };
  progress.plan(workloads.reduce((sum, [, workload]) => sum + workload.seconds(bench), 0));
  const results: Record<string, Result> = {};
  for (const [name, workload] of workloads) {
    try {
      for (const [i, result] of (await workload.run(bench)).entries()) {
        print(result);
        results[i === 0 ? name : `${name}-${i + 1}`] = result;
      }
    } catch (error) {
      progress.clear();
      console.error(`${name} has failed: ${(error as Error).message}`);
      Deno.exitCode = 1;
    }
  }
  if (values.only !== undefined || values.workload !== undefined || Deno.exitCode !== 0) return;
  const run: Results = {
    date: new Date().toISOString().slice(0, 10),
    kernel: `Linux ${/^[\d.]+/.exec(Deno.osRelease())}`,
    machine: machine(),
    versions: Object.fromEntries(servers.map(({ name, version }) => [name, version])),
    results,
  };
  await Deno.writeTextFile(RESULTS, `${JSON.stringify(run, null, 2)}\n`);
  await draw();
}

/** Draws what was found last. */
async function draw(): Promise<void> {
  const written = await writeCharts(JSON.parse(await Deno.readTextFile(RESULTS)));
  console.log(`\nbench/results.json is drawn: ${written.join(", ")}`);
}

const folder = await Deno.makeTempDir({ prefix: "sockopt-bench-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
Deno.addSignalListener("SIGINT", () => Deno.exit(130));
try {
  await (values.charts ? draw() : measure(folder));
} catch (error) {
  progress.clear();
  console.error((error as Error).message);
  Deno.exit(1);
}
Deno.exit();
