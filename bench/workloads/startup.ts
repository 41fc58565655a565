/** How long it takes from the start of a process until a client can connect. */

import denoJson from "../../deno.json" with { type: "json" };
import {
  type Bench,
  type Contender,
  costs,
  inMode,
  inTurn,
  leaveOut,
  ROOT,
  type Rounds,
  withoutVariants,
  type Workload,
} from "../bench.ts";
import { freePort, Process } from "../measure.ts";
import type { Result } from "../results.ts";
import { output } from "../servers.ts";

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
async function compile({ folder, progress }: Bench, command: string): Promise<string | undefined> {
  const compiler = (Deno.env.get("DENO_COMPILE") ?? `${Deno.execPath()} compile`).split(" ");
  const [_deno, _compile, ...flags] = command.split(" ");
  const at = flags.indexOf("--output") + 1;
  const name = flags[at];
  const program = flags[at] = `${folder}/${name}`;
  if (await output([...compiler, ...flags], ROOT) !== undefined) return program;
  progress.clear();
  console.error(`${name} is left out: it cannot be compiled here`);
  return undefined;
}

const starts = ({ rounds }: Bench): number => 2 * rounds;
const SECONDS = 0.12; // about

async function contendersOf(bench: Bench): Promise<Contender[]> {
  const program = [Deno.execPath(), "run", "--allow-net", "--allow-ffi", `${ROOT}server.ts`];
  const contenders: Contender[] = [
    { name: "server.ts --port", command: (port) => [...program, "--port", `${port}`] },
  ];
  if (isFree(DEFAULT_PORT)) contenders.push({ name: "server.ts", command: () => program });
  else console.error(`server.ts without a flag is left out: port ${DEFAULT_PORT} is in use`);
  const executable = await compile(bench, denoJson.tasks.compile.command);
  if (executable !== undefined) {
    contenders.push({
      name: "the executable",
      command: (port) => [executable, "--port", `${port}`],
    });
  }
  const bare = await compile(
    bench,
    "deno compile --allow-net --allow-read --output bare bench/peers/deno_bare.ts",
  );
  if (bare !== undefined) {
    contenders.push({ name: "bare, compiled", command: (port) => [bare, "once", `${port}`] });
  }
  return [
    ...contenders,
    ...inMode(withoutVariants(bench), "once").map(({ name, command }) => ({
      name: name === "sockopt" ? "serve()" : name,
      command,
    })),
  ];
}

async function run(bench: Bench): Promise<Result[]> {
  const title = "start until a client can connect";
  const contenders = new Set(await contendersOf(bench));
  const rounds: Rounds = Object.fromEntries([...contenders].map(({ name }) => [name, []]));
  for (let round = 0; round <= starts(bench); round++) {
    for (const each of inTurn([...contenders], round)) {
      const { name, command } = each;
      bench.progress.next(SECONDS, `${title}: round ${round} of ${starts(bench)}, ${name}`);
      const port = name === "server.ts" ? DEFAULT_PORT : freePort();
      try {
        await using server = await Process.start(command(port), port);
        if (round > 0) rounds[name]!.push(server.startup); // the first fills the caches
      } catch (error) {
        leaveOut(bench, name, title, error);
        contenders.delete(each);
        delete rounds[name];
      }
    }
  }
  return [{ title, unit: "ms", base: "bare Deno", servers: costs(rounds) }];
}

export const startup: Workload = {
  seconds: (bench) => (withoutVariants(bench).length + 4) * (1 + starts(bench)) * SECONDS + 20,
  run,
};
