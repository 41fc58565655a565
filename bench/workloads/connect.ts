/** Clients: what a connection costs whoever opens it. */

import {
  type Bench,
  costs,
  inTurn,
  leaveOut,
  ROOT,
  type Rounds,
  warmUp,
  type Workload,
} from "../bench.ts";
import { freePort, Process } from "../measure.ts";
import type { Result } from "../results.ts";
import { output } from "../servers.ts";

const HERE = `${ROOT}bench/clients`;
const DENO = [
  Deno.execPath(),
  "run",
  "--quiet",
  "--allow-net",
  "--allow-ffi",
  `${HERE}/connect.ts`,
];

/** Every client, by the command that starts it; none where the machine does not have what it takes. */
const CLIENTS: Record<string, (folder: string) => Promise<string[] | undefined>> = {
  "sockopt": () => Promise.resolve([...DENO, "sockopt"]),
  "bare Deno": () => Promise.resolve([...DENO, "deno"]),
  "Node": async () => {
    const version = await output(["node", "--version"]);
    return version === undefined ? undefined : ["node", `${HERE}/connect.mjs`];
  },
  "Go": async (folder) => {
    const program = `${folder}/connect`;
    const built = await output(["go", "build", "-o", program, `${HERE}/connect.go`]);
    return built === undefined ? undefined : [program];
  },
};

/** A client that makes as many connections as it is told. */
class Client implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor([program, ...args]: string[], port: number) {
    const options = { args: [...args, `${port}`], stdin: "piped", stdout: "piped", stderr: "null" };
    this.#process = new Deno.Command(program!, options as Deno.CommandOptions).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#reader = this.#process.stdout.getReader();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Makes so many connections: in how many seconds. */
  async make(count: number): Promise<number> {
    const start = performance.now();
    await this.#writer.write(new TextEncoder().encode(`${count}\n`));
    const { done } = await this.#reader.read();
    if (done) throw new Error("it has ended");
    return (performance.now() - start) / 1000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel();
    await this.#process.status;
  }
}

async function run(bench: Bench): Promise<Result[]> {
  const { load, progress, rounds, seconds, servers, folder } = bench;
  const title = "a client: connect, 64 bytes, echo, close";
  const server = servers.find(({ name }) => name === "C epoll") ?? servers[0]!;
  const port = freePort();
  await using _server = await Process.start(server.command("once", port), port);
  await using stack = new AsyncDisposableStack();
  const running = new Map<string, { client: Client; count: number }>();
  const cpu: Rounds = {};
  for (const [name, make] of Object.entries(CLIENTS)) {
    progress.next(0.3 + warmUp(bench), `${title}: ${name}, until its code is compiled`);
    try {
      const command = await make(folder);
      if (command === undefined) throw new Error("it is not on this machine");
      const client = stack.use(new Client(command, port));
      await client.make(200);
      const pace = 1000 / await client.make(1000);
      await client.make(Math.ceil(pace * warmUp(bench)));
      running.set(name, { client, count: Math.ceil(pace * seconds) });
      cpu[name] = [];
    } catch (error) {
      leaveOut(bench, name, title, error);
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const [name, { client, count }] of inTurn([...running], round)) {
      progress.next(seconds, `${title}: round ${round + 1} of ${rounds}, ${name}`);
      try {
        const before = await load.cpuOf(client.pid);
        await client.make(count);
        cpu[name]!.push((await load.cpuOf(client.pid) - before) / count * 1e6);
      } catch (error) {
        leaveOut(bench, name, title, error);
        running.delete(name);
        delete cpu[name];
      }
    }
  }
  return [{ title, unit: "µs of CPU", base: "bare Deno", servers: costs(cpu) }];
}

export const connect: Workload = {
  seconds: (bench) =>
    Object.keys(CLIENTS).length * (0.5 + warmUp(bench) + bench.rounds * bench.seconds),
  run,
};
