/**
 * The same load against this package's server and its peers, round by round: `deno task bench`.
 *
 * Printed is the CPU time of the server per exchange, user and system of all its threads, since that is what can
 * be compared on a machine that does other things as well.
 *
 * Usage: run.ts [--rounds N] [--seconds S] [--only NAME,...] [--workload NAME,...]
 */

import { parseArgs } from "node:util";

const HERE = new URL(".", import.meta.url).pathname;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    only: { type: "string", default: "" },
    workload: { type: "string", default: "" },
  },
});

/** What is loaded how: 64 clients at once. */
const WORKLOADS = {
  oneshot: { mode: "once", load: "oneshot", size: 64, what: "connect, 64 bytes, echo, close" },
  stream: { mode: "stream", load: "stream", size: 64, what: "64-byte messages" },
  bulk: { mode: "stream", load: "stream", size: 1 << 20, what: "1 MiB messages" },
} as const;

const CLIENTS = 64;

const deno = [Deno.execPath(), "run", "--quiet", "--allow-net", "--allow-ffi", "--unstable-net"];

/** The servers, by name: how each is started in a mode on a port. */
const SERVERS: Record<string, (mode: string, port: number) => string[]> = {
  "sockopt": (mode, port) => [...deno, `${HERE}peers/ours.ts`, mode, `${port}`, "checked"],
  "sockopt unchecked": (
    mode,
    port,
  ) => [...deno, `${HERE}peers/ours.ts`, mode, `${port}`, "unchecked"],
  "sockopt quickAck": (
    mode,
    port,
  ) => [...deno, `${HERE}peers/ours.ts`, mode, `${port}`, "quickack"],
  "bare Deno.listen": (mode, port) => [...deno, `${HERE}peers/deno_bare.ts`, mode, `${port}`],
};

/** What one run of the load found. */
interface Run {
  done: number;
  rate: number;
  p50: number;
  p99: number;
  bad: number;
  failed: number;
  unfinished: number;
  cpu: number;
}

interface Running {
  readonly name: string;
  readonly port: number;
  readonly process: Deno.ChildProcess;
  /** Microseconds of CPU per exchange, a round each. */
  readonly costs: number[];
  readonly runs: Run[];
}

async function build(): Promise<string> {
  const program = await Deno.makeTempFile({ prefix: "load-" });
  const { success } = await new Deno.Command("cc", {
    args: ["-O2", "-o", program, `${HERE}load.c`],
  }).output();
  if (!success) throw new Error("bench/load.c takes a C compiler");
  return program;
}

/** CPU time of a process with all its threads, in seconds. */
async function cpuTime(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

const TICKS = 100; // sysconf(_SC_CLK_TCK), on every Linux

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  throw new Error(`nobody listens on port ${port}`);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

const median = (numbers: number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

const program = await build();
const names = (list: string, all: string[]): string[] => list === "" ? all : list.split(",");

async function load(kind: string, port: number, seconds: string, size: number): Promise<Run> {
  const { stdout } = await new Deno.Command(program, {
    args: [kind, `${port}`, `${CLIENTS}`, seconds, `${size}`],
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function measure(workload: keyof typeof WORKLOADS): Promise<void> {
  const { mode, load: kind, size, what } = WORKLOADS[workload];
  console.log(`\n${workload}: ${what}, ${CLIENTS} clients`);
  const servers: Running[] = [];
  try {
    for (const name of names(values.only, Object.keys(SERVERS))) {
      const port = freePort();
      const [command, ...args] = SERVERS[name]!(mode, port);
      const process = new Deno.Command(command!, { args, stdout: "null", stderr: "null" }).spawn();
      servers.push({ name, port, process, costs: [], runs: [] });
      await listening(port);
      await load(kind, port, "1", size); // until the code is compiled
    }
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const { port, process, costs, runs } of servers) {
        const before = await cpuTime(process.pid);
        const run = await load(kind, port, values.seconds, size);
        costs.push((await cpuTime(process.pid) - before) / run.done * 1e6);
        runs.push(run);
      }
    }
    print(servers);
  } finally {
    for (const { process } of servers) process.kill("SIGKILL");
    await Promise.all(servers.map(({ process }) => process.status));
  }
}

function print(servers: Running[]): void {
  const base = servers.find(({ name }) => name === "bare Deno.listen");
  console.log(
    "server               µs/exchange  (from - to)        x bare   rate/s   p99 µs  bad  load's CPU",
  );
  for (const { name, costs, runs } of servers) {
    const cost = median(costs);
    const ratio = base === undefined ? "" : (cost / median(base.costs)).toFixed(2);
    console.log(
      name.padEnd(20),
      cost.toFixed(1).padStart(11),
      ` (${Math.min(...costs).toFixed(1)} - ${Math.max(...costs).toFixed(1)})`.padEnd(19),
      ratio.padStart(5),
      median(runs.map(({ rate }) => rate)).toFixed(0).padStart(8),
      median(runs.map(({ p99 }) => p99)).toFixed(0).padStart(8),
      `${runs.reduce((sum, { bad, failed, unfinished }) => sum + bad + failed + unfinished, 0)}`
        .padStart(4),
      `${Math.round(100 * median(runs.map(({ cpu }) => cpu)))} %`.padStart(8),
    );
  }
}

for (const workload of names(values.workload, Object.keys(WORKLOADS))) {
  await measure(workload as keyof typeof WORKLOADS);
}
await Deno.remove(program);
