/** What all workloads have in common: who takes part, for how long, and how their rounds are compared. */

import { freePort, type Load, Process, type Run, spread } from "./measure.ts";
import type { Progress } from "./progress.ts";
import type { Base, Cost, Result } from "./results.ts";
import type { Server } from "./servers.ts";

/** A run of the benchmarks. */
export interface Bench {
  readonly load: Load;
  /** The servers that this machine has. */
  readonly servers: readonly Server[];
  /** How many rounds, and how many seconds of load each server gets in each. */
  readonly rounds: number;
  readonly seconds: number;
  readonly progress: Progress;
  /** A folder for what is built. */
  readonly folder: string;
}

/** One of the things that are measured. */
export interface Workload {
  /** About how many seconds it takes. */
  seconds(bench: Bench): number;
  run(bench: Bench): Promise<Result[]>;
}

/** How many clients are at work at once. */
export const CLIENTS = 64;

/** The folder of the project. */
export const ROOT = new URL("..", import.meta.url).pathname;

/** Somebody who takes part in a workload. */
export interface Contender {
  readonly name: string;
  command(port: number): string[];
}

/** Columns of costs, a row for each round. */
export type Rounds = Record<string, number[]>;

/** The costs of the rounds, with each one's ratios to those that others are compared with. */
export function costs(rounds: Rounds): Record<string, Cost> {
  const ratio = (own: number[], to: Base) => {
    const base = rounds[to];
    return base && spread(own.map((cost, i) => cost / base[i]!), 3);
  };
  return Object.fromEntries(
    Object.entries(rounds).map(([name, own]) => [name, {
      ...spread(own),
      toC: ratio(own, "C epoll"),
      toBare: ratio(own, "bare Deno"),
    }]),
  );
}

/** Those of a round: each comes first in turn. */
export function inTurn<T>(list: readonly T[], round: number): T[] {
  const first = round % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}

/** Says who does not take part any further, and why. */
export function leaveOut({ progress }: Bench, name: string, where: string, error: unknown): void {
  progress.clear();
  console.error(`${where}: ${name} is left out: ${(error as Error).message}`);
}

/** Seconds of load before the first round, until the code is compiled. */
export function warmUp({ seconds }: Bench): number {
  return Math.min(1.5, 3 * seconds);
}

/** How a workload of exchanges is measured. */
export interface ExchangePlan extends Omit<Result, "unit" | "servers"> {
  readonly contenders: readonly Contender[];
  readonly rounds?: number;
  /** Load for so many seconds: what came of it. */
  run(
    port: number,
    seconds: number,
  ): Promise<Pick<Run, "done" | "bad" | "failed" | "unfinished"> & Partial<Run>>;
}

/** About how many seconds that takes. */
export function exchangeSeconds(bench: Bench, contenders: number, rounds = bench.rounds): number {
  return contenders * (0.3 + warmUp(bench) + rounds * bench.seconds);
}

/** CPU time of each exchange, round by round. */
export async function exchanges(
  bench: Bench,
  { contenders, rounds = bench.rounds, run, ...result }: ExchangePlan,
): Promise<Result> {
  const { load, progress, seconds } = bench;
  const { title } = result;
  type Running = {
    name: string;
    server: Process;
    cpu: number[];
    runs: Awaited<ReturnType<typeof run>>[];
  };
  const running = new Set<Running>();
  await using stack = new AsyncDisposableStack();
  /** Whatever goes wrong with one, the others go on. */
  const attempt = async (name: string, what: () => Promise<void>, failed?: () => void) => {
    try {
      await what();
    } catch (error) {
      leaveOut(bench, name, title, error);
      failed?.();
    }
  };
  for (const { name, command } of contenders) {
    progress.next(0.3 + warmUp(bench), `${title}: ${name}, until its code is compiled`);
    await attempt(name, async () => {
      const port = freePort();
      const server = stack.use(await Process.start(command(port), port));
      await run(port, warmUp(bench));
      running.add({ name, server, cpu: [], runs: [] });
    });
  }
  for (let round = 0; round < rounds; round++) {
    for (const each of inTurn([...running], round)) {
      const { name, server, cpu, runs } = each;
      progress.next(seconds, `${title}: round ${round + 1} of ${rounds}, ${name}`);
      await attempt(name, async () => {
        const before = await load.cpuOf(server.process.pid);
        const found = await run(server.port, seconds);
        if (found.done === 0) throw new Error("it does not answer");
        cpu.push((await load.cpuOf(server.process.pid) - before) / found.done * 1e6);
        runs.push(found);
      }, () => running.delete(each));
    }
  }
  const servers = costs(Object.fromEntries([...running].map(({ name, cpu }) => [name, cpu])));
  for (const { name, runs } of running) {
    const middle = (key: "rate" | "p50" | "p99" | "cpu"): number | undefined =>
      runs[0]?.[key] === undefined ? undefined : spread(runs.map((run) => run[key]!)).median;
    Object.assign(servers[name]!, {
      rate: middle("rate"),
      p50: middle("p50"),
      p99: middle("p99"),
      errors: runs.reduce((sum, { bad, failed, unfinished }) => sum + bad + failed + unfinished, 0),
      load: middle("cpu"),
    });
  }
  return { ...result, unit: "µs of CPU", servers };
}

/** Servers as they take part in a mode. */
export function inMode(servers: readonly Server[], mode: "once" | "stream"): Contender[] {
  return servers.map(({ name, command }) => ({ name, command: (port) => command(mode, port) }));
}

/** Those servers that are no variant of another one. */
export function withoutVariants({ servers }: Bench): Server[] {
  return servers.filter(({ isVariant }) => !isVariant);
}
