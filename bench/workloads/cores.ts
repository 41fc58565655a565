/** The program with several threads, while its clients have the rest of the machine. */

import {
  type Bench,
  CLIENTS,
  type Contender,
  exchanges,
  exchangeSeconds,
  inMode,
  ROOT,
  type Workload,
} from "../bench.ts";
import type { Run } from "../measure.ts";

const PROGRAM = [
  ...[Deno.execPath(), "run", "--quiet", "--allow-net", "--allow-ffi", `--allow-read=${ROOT}`],
  `${ROOT}server.ts`,
];

/** One thread, two, and one for each CPU. */
const THREADS = [...new Set([1, 2, navigator.hardwareConcurrency])];

function contenders({ servers }: Bench): Contender[] {
  return [
    ...THREADS.map((n): Contender => ({
      name: `sockopt, ${n} thread${n === 1 ? "" : "s"}`,
      command: (port) => [...PROGRAM, "--port", `${port}`, "--backlog", "511", "--workers", `${n}`],
    })),
    ...inMode(servers.filter(({ name }) => ["bare Deno", "C epoll", "Go"].includes(name)), "once"),
  ];
}

/** Clients of several processes, as one of them would be what is measured. */
async function manyClients({ load }: Bench, port: number, seconds: number): Promise<Run> {
  const runs = await Promise.all(
    Array.from({ length: 2 }, () => load.run("oneshot", port, CLIENTS, seconds, 64)),
  );
  const sum = (key: keyof Run): number => runs.reduce((sum, run) => sum + run[key], 0);
  const keys = ["done", "rate", "bad", "failed", "unfinished"] as const;
  return Object.fromEntries(keys.map((key) => [key, sum(key)])) as unknown as Run;
}

export const cores: Workload = {
  seconds: (bench) => exchangeSeconds(bench, contenders(bench).length),
  async run(bench) {
    const result = await exchanges(bench, {
      title: "one-shot connections of a server with several threads",
      base: "bare Deno",
      contenders: contenders(bench),
      run: (port, seconds) => manyClients(bench, port, seconds),
    });
    for (const cost of Object.values(result.servers)) {
      cost.perCpuSecond = Math.round(1e6 / cost.median);
    }
    return [result];
  },
};
