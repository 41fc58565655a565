/** Memory of connections on which nothing happens. */

import {
  type Bench,
  CLIENTS,
  costs,
  inMode,
  inTurn,
  leaveOut,
  type Rounds,
  withoutVariants,
  type Workload,
} from "../bench.ts";
import { freePort, Process } from "../measure.ts";
import type { Result } from "../results.ts";

const COUNTS = [1000, 9000];
const ROUNDS = 3;
const SECONDS = 1.5; // about, with the start of the server

async function measure(bench: Bench, connections: number): Promise<Result> {
  const { load, progress } = bench;
  const title = `memory of an idle connection, of ${connections}`;
  const contenders = new Set(inMode(withoutVariants(bench), "stream"));
  const grown: Rounds = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const each of inTurn([...contenders], round)) {
      const { name, command } = each;
      progress.next(SECONDS, `${title}: round ${round + 1} of ${ROUNDS}, ${name}`);
      try {
        const port = freePort();
        await using server = await Process.start(command(port), port);
        await load.run("stream", port, CLIENTS, 1, 64); // what a server at work has anyway
        const before = server.memory();
        const bytes = await load.whileIdle(port, connections, () => server.memory() - before);
        (grown[name] ??= []).push(bytes / connections / 1024);
      } catch (error) {
        leaveOut(bench, name, title, error);
        contenders.delete(each);
        delete grown[name];
      }
    }
  }
  return { title, unit: "KiB", servers: costs(grown) };
}

export const idle: Workload = {
  seconds: (bench) => COUNTS.length * withoutVariants(bench).length * ROUNDS * SECONDS,
  run: (bench) => Array.fromAsync(COUNTS, (count) => measure(bench, count)),
};
