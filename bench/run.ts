/**
 * The same load against this package's server and every peer that this machine has, round by round: `deno task bench`.
 *
 * Compared is the CPU time of the server, user's and system's of all its threads: that is what can be compared on a
 * machine that does other things as well. Ratios are taken within a round, since machines change their speed, and the
 * servers take turns at being first.
 *
 * `--help` tells its flags. A whole run, without --only and --workload, also writes results.json and the charts.
 */

import denoJson from "../deno.json" with { type: "json" };
import { chart } from "./chart.ts";
import { countOf, parseFlags, wrong } from "./flags.ts";
import { freePort, Load, Process, type Run, spread } from "./measure.ts";
import { Progress } from "./progress.ts";
import type { Cost, Result, Results } from "./results.ts";
import { sizesChart } from "./sizes_chart.ts";
import { type Mode, output, type Server, SERVERS, serversHere } from "./servers.ts";

const FLAGS = {
  rounds: { type: "string", default: "11" },
  seconds: { type: "string", default: "1" },
  only: { type: "string" },
  workload: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

const HELP =
  `CPU time, memory and start-up of this package's server and of every peer that this machine has.

Usage: deno task bench [FLAG]...

  --rounds N              rounds of each workload (${FLAGS.rounds.default})
  --seconds S             of load for each server in each round (${FLAGS.seconds.default})
  --only NAME,...         of ${SERVERS.join(", ")}
  --workload NAME,...     of oneshot, stream, sizes, bulk, idle, startup
  -h, --help              print this help`;

const values = parseFlags(FLAGS);
if (values.help) {
  console.log(HELP);
  Deno.exit();
}
const ROUNDS = countOf("rounds", values.rounds);
const SECONDS = Number(values.seconds);
if (!(SECONDS > 0)) wrong(`--seconds ${values.seconds}: expected a number above 0`);

/** Some names of those that there are, or all. */
function chosen(flag: "only" | "workload", names: string[]): string[] {
  const list = values[flag]?.split(",") ?? names;
  for (const name of list) {
    if (!names.includes(name)) wrong(`--${flag} ${name}: expected one of ${names.join(", ")}`);
  }
  return list;
}

/** The folder of the project. */
const ROOT = new URL("..", import.meta.url).pathname;
const CLIENTS = 64;
const folder = await Deno.makeTempDir({ prefix: "sockopt-bench-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
Deno.addSignalListener("SIGINT", () => Deno.exit(130));
const progress = new Progress();

/** The load, and the servers that this machine has: main() makes them ready. */
let load: Load;
let servers: Server[];

/** What is idle or starts does not check connections. */
const withoutVariants = () => servers.filter(({ name }) => name !== "sockopt unchecked");

/** Columns of costs, a row for each round. */
type Rounds = Record<string, number[]>;

/** Each server's ratio to another one, round by round. */
function ratio(rounds: Rounds, name: string, to: string): number | undefined {
  const base = rounds[to];
  if (base === undefined) return undefined;
  return Number(spread(rounds[name]!.map((cost, i) => cost / base[i]!)).median.toFixed(2));
}

const costs = (rounds: Rounds): Record<string, Cost> =>
  Object.fromEntries(
    Object.entries(rounds).map(([name, costs]) => [name, {
      ...spread(costs),
      toC: ratio(rounds, name, "C epoll"),
      toBare: ratio(rounds, name, "bare Deno"),
    }]),
  );

/** The servers of a round: each comes first in turn. */
function inTurn<T>(list: T[], round: number): T[] {
  const first = round % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}

/** Seconds of load before the first round. */
const WARM_UP = Math.min(2, 4 * SECONDS);

/** CPU time of each exchange. */
async function exchanges(title: string, mode: Mode, size: number): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const running: { name: string; server: Process; runs: Run[] }[] = [];
  const kind = mode === "once" ? "oneshot" : "stream";
  for (const { name, command } of servers) {
    const port = freePort();
    const server = stack.use(await Process.start(command(mode, port), port));
    running.push({ name, server, runs: [] });
    progress.next(WARM_UP, `${title}: ${name}, until its code is compiled`);
    await load.run(kind, port, CLIENTS, WARM_UP, size);
  }
  const rounds: Rounds = Object.fromEntries(running.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, server, runs } of inTurn(running, round)) {
      progress.next(SECONDS, `${title}: round ${round + 1} of ${ROUNDS}, ${name}`);
      const before = server.cpu();
      const run = await load.run(kind, server.port, CLIENTS, SECONDS, size);
      rounds[name]!.push((server.cpu() - before) / run.done * 1e6);
      runs.push(run);
    }
  }
  const found = costs(rounds);
  for (const { name, runs } of running) {
    const middle = (key: keyof Run): number => spread(runs.map((run) => run[key])).median;
    Object.assign(found[name]!, {
      rate: middle("rate"),
      p50: middle("p50"),
      p99: middle("p99"),
      errors: runs.reduce((sum, { bad, failed, unfinished }) => sum + bad + failed + unfinished, 0),
      load: middle("cpu"),
    });
  }
  return { title, unit: "µs of CPU", base: "C epoll", size, servers: found };
}

const IDLE_ROUNDS = 3;
const IDLE_SECONDS = 1.5; // about, with the start of the server

/** Memory that an idle connection takes. */
async function idle(connections: number): Promise<Result> {
  const title = `memory of an idle connection, of ${connections}`;
  const rounds: Rounds = {};
  for (const { name, command } of withoutVariants()) {
    rounds[name] = [];
    for (let round = 0; round < IDLE_ROUNDS; round++) {
      progress.next(IDLE_SECONDS, `${title}: round ${round + 1} of ${IDLE_ROUNDS}, ${name}`);
      const port = freePort();
      await using server = await Process.start(command("stream", port), port);
      await load.run("stream", port, CLIENTS, 1, 64); // what a server at work has anyway
      const before = server.memory();
      const grown = await load.whileIdle(port, connections, () => server.memory() - before);
      rounds[name].push(grown / connections / 1024);
    }
  }
  return { title, unit: "KiB", servers: costs(rounds) };
}

/** Where server.ts listens if nothing else is said. */
const DEFAULT_PORT = 8888;

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch {
    return false;
  }
}

/** Runs a command of `deno compile`, or what DENO_COMPILE names in its place: the program that it makes. */
async function compile(command: string): Promise<string | undefined> {
  const compiler = (Deno.env.get("DENO_COMPILE") ?? `${Deno.execPath()} compile`).split(" ");
  const [_deno, _compile, ...flags] = command.split(" ");
  const at = flags.indexOf("--output") + 1;
  const name = flags[at];
  const program = flags[at] = `${folder}/${name}`;
  if (await output([...compiler, ...flags], ROOT) !== undefined) return program;
  console.error(`${name} is left out: it cannot be compiled here`);
  return undefined;
}

const STARTS = 4 * ROUNDS;
const START_SECONDS = 0.1; // about

/** How long it takes from the start of a process until a client can connect. */
async function startup(): Promise<Result> {
  const program = [Deno.execPath(), "run", "--allow-net", "--allow-ffi", `${ROOT}server.ts`];
  const starts: Record<string, (port: number) => string[]> = {
    "server.ts --port": (port) => [...program, "--port", `${port}`],
  };
  if (isFree(DEFAULT_PORT)) starts["server.ts"] = () => program;
  else console.error(`server.ts without a flag is left out: port ${DEFAULT_PORT} is in use`);
  const executable = await compile(denoJson.tasks.compile.command);
  if (executable !== undefined) {
    starts["the executable"] = (port) => [executable, "--port", `${port}`];
  }
  const bare = await compile("deno compile --allow-net --output bare bench/peers/deno_bare.ts");
  if (bare !== undefined) starts["bare, compiled"] = (port) => [bare, "once", `${port}`];
  for (const { name, command } of withoutVariants()) {
    starts[name === "sockopt" ? "serve()" : name] = (port) => command("once", port);
  }
  const title = "start until a client can connect";
  const rounds: Rounds = Object.fromEntries(Object.keys(starts).map((name) => [name, []]));
  for (let round = 0; round <= STARTS; round++) {
    for (const [name, command] of inTurn(Object.entries(starts), round)) {
      progress.next(START_SECONDS, `${title}: round ${round} of ${STARTS}, ${name}`);
      const port = name === "server.ts" ? DEFAULT_PORT : freePort();
      await using server = await Process.start(command(port), port);
      if (round > 0) rounds[name]!.push(server.startup); // the first fills the caches
    }
  }
  return { title, unit: "ms", base: "bare Deno", servers: costs(rounds) };
}

/** Sizes of messages between the small ones of `stream` and the large ones of `bulk`: two points are no curve. */
const SIZES = [256, 1024, 4096, 16_384, 65_536];

/** What is measured, and about how many seconds it takes with so many servers. */
const WORKLOADS: Record<string, { run(): Promise<Result[]>; seconds(servers: number): number }> = {
  oneshot: {
    run: async () => [await exchanges("connect, 64 bytes, echo, close", "once", 64)],
    seconds: exchangeSeconds,
  },
  stream: {
    run: async () => [await exchanges("64-byte messages", "stream", 64)],
    seconds: exchangeSeconds,
  },
  sizes: {
    run: () => Array.fromAsync(SIZES, (size) => exchanges(`${size}-byte messages`, "stream", size)),
    seconds: (servers) => SIZES.length * exchangeSeconds(servers),
  },
  bulk: {
    run: async () => [await exchanges("1 MiB messages", "stream", 1 << 20)],
    seconds: exchangeSeconds,
  },
  idle: {
    run: async () => [await idle(1000), await idle(9000)],
    seconds: (servers) => 2 * servers * IDLE_ROUNDS * IDLE_SECONDS,
  },
  startup: {
    run: async () => [await startup()],
    seconds: (servers) => servers * (1 + STARTS) * START_SECONDS,
  },
};

function exchangeSeconds(servers: number): number {
  return servers * (WARM_UP + ROUNDS * SECONDS);
}

function print({ title, unit, servers }: Result): void {
  console.log(`\n${title}: ${unit}`);
  const byCost = Object.entries(servers).sort(([, a], [, b]) => a.median - b.median);
  console.table(Object.fromEntries(byCost.map(([name, cost]) => {
    const { median, min, max, toC, toBare, load, ...seen } = cost;
    const row = { median, "from - to": `${min} - ${max}`, "x C": toC, "x bare": toBare, ...seen };
    return [
      name,
      load === undefined ? row : { ...row, "load's CPU": `${Math.round(100 * load)} %` },
    ];
  })));
  const busy = byCost.filter(([, { load = 0 }]) => load > 0.95).map(([name]) => name);
  if (busy.length > 0) {
    const whose = "there the rate and the times are its own, not the CPU time of the servers";
    console.log(`the load takes a whole CPU with ${busy.join(", ")}: ${whose}`);
  }
}

/** What the machine is called, and how many CPUs it has. */
function machine(): string {
  const model = /^model name\s*:\s*(.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  return `${model ?? Deno.build.arch}, ${navigator.hardwareConcurrency} CPUs`;
}

async function main(): Promise<void> {
  const workloads = chosen("workload", Object.keys(WORKLOADS)).map((name) =>
    [name, WORKLOADS[name]!] as const
  );
  const names = chosen("only", SERVERS);
  load = await Load.build(folder);
  servers = await serversHere(names, folder);
  progress.plan(workloads.reduce((sum, [, { seconds }]) => sum + seconds(servers.length), 0));
  const results: Record<string, Result> = {};
  for (const [name, { run }] of workloads) {
    for (const [i, result] of (await run()).entries()) {
      progress.clear();
      print(result);
      results[i === 0 ? name : `${name}-${i + 1}`] = result;
    }
  }
  if (values.only !== undefined || values.workload !== undefined) return;
  const run: Results = {
    date: new Date().toISOString().slice(0, 10),
    kernel: `Linux ${/^[\d.]+/.exec(Deno.osRelease())}`,
    machine: machine(),
    versions: Object.fromEntries(servers.map(({ name, version }) => [name, version])),
    results,
  };
  const write = (name: string, text: string) =>
    Deno.writeTextFile(new URL(name, import.meta.url), text);
  await write("results.json", `${JSON.stringify(run, null, 2)}\n`);
  const bars = Object.keys(results).filter((name) => !name.startsWith("sizes"));
  await write("results.svg", chart(run, bars));
  await write("oneshot.svg", chart(run, ["oneshot"]));
  await write("sizes.svg", sizesChart(run));
  console.log("\nbench/results.json, results.svg, oneshot.svg and sizes.svg are written");
}

try {
  await main();
} catch (error) {
  progress.clear();
  console.error((error as Error).message);
  Deno.exit(1);
}
