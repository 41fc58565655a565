/** A server under mixed load: what small clients wait beside fast streams and new connections. */

import {
  type Bench,
  CLIENTS,
  costs,
  inMode,
  inTurn,
  leaveOut,
  type Rounds,
  warmUp,
  withoutVariants,
  type Workload,
} from "../bench.ts";
import { freePort, Process, type Spread, spread } from "../measure.ts";
import type { Result } from "../results.ts";

const STREAMS = 8;
const STREAM_SIZE = 1 << 20;
const SMALL = 200;
/** Messages a second of all small clients together. */
const RATE = 4000;
/** How much longer than the small clients the streams run: before, and after. */
const AROUND = 0.3;
const times = ({ rounds, seconds }: Bench) => ({
  rounds: Math.ceil(rounds / 3),
  seconds: 4 * seconds,
});

async function run(bench: Bench): Promise<Result[]> {
  const { load, progress } = bench;
  const { rounds, seconds } = times(bench);
  const title = `${SMALL} small clients beside ${STREAMS} streams`;
  const p999: Rounds = {};
  const longest: Rounds = {};
  const seen: Record<string, Record<"p50" | "p99" | "new99" | "streams" | "errors", number[]>> = {};
  await using stack = new AsyncDisposableStack();
  const running = new Map<string, Process>();
  for (const { name, command } of inMode(withoutVariants(bench), "stream")) {
    progress.next(0.3 + warmUp(bench), `${title}: ${name}, until its code is compiled`);
    try {
      const port = freePort();
      const server = stack.use(await Process.start(command(port), port));
      await load.run("stream", port, CLIENTS, warmUp(bench) / 2, 64);
      await load.run("stream", port, STREAMS, warmUp(bench) / 2, STREAM_SIZE);
      running.set(name, server);
      [p999[name], longest[name]] = [[], []];
      seen[name] = { p50: [], p99: [], new99: [], streams: [], errors: [] };
    } catch (error) {
      leaveOut(bench, name, title, error);
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const [name, { port }] of inTurn([...running], round)) {
      progress.next(seconds + 2 * AROUND, `${title}: round ${round + 1} of ${rounds}, ${name}`);
      try {
        const streaming = load.run("stream", port, STREAMS, seconds + 2 * AROUND, STREAM_SIZE);
        await new Promise((resolve) => setTimeout(resolve, AROUND * 1000));
        const small = await load.paced(port, SMALL, seconds, RATE);
        const streams = await streaming;
        const { p50, p99, new99 } = seen[name]!;
        p999[name]!.push(small.p999 / 1000);
        longest[name]!.push(small.longest / 1000);
        p50.push(small.p50 / 1000);
        p99.push(small.p99 / 1000);
        new99.push(small.new99 / 1000);
        seen[name]!.streams.push(streams.rate * STREAM_SIZE / 2 ** 20);
        seen[name]!.errors.push(
          small.bad + small.failed + small.unfinished + streams.bad + streams.failed,
        );
      } catch (error) {
        leaveOut(bench, name, title, error);
        running.delete(name);
        delete p999[name];
        delete longest[name];
      }
    }
  }
  const withSeen = (rounds: Rounds): Result["servers"] =>
    Object.fromEntries(
      Object.entries(costs(rounds)).map(([name, { median, min, max }]) => {
        const { errors, ...other } = seen[name]!;
        const middle = Object.entries(other).map(([key, values]) => [key, spread(values).median]);
        const sum = errors.reduce((sum, n) => sum + n, 0);
        const cost: Spread = { median, min, max };
        return [name, { ...cost, ...Object.fromEntries(middle), errors: sum }];
      }),
    );
  return [
    { title: `${title}: 999 in 1000 wait at most`, unit: "ms", servers: withSeen(p999) },
    { title: `${title}: the longest wait`, unit: "ms", servers: withSeen(longest) },
  ];
}

export const mixed: Workload = {
  seconds(bench) {
    const { rounds, seconds } = times(bench);
    return withoutVariants(bench).length * (0.3 + warmUp(bench) + rounds * (seconds + 2 * AROUND));
  },
  run,
};
