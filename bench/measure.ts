/** Measuring a server as a process: the CPU time it takes, the memory, and how long it takes to start. */

const PAGE = 4096;

/** The middle of what was measured, and how far it is spread. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** The middle of some numbers, and how far they are spread, with so many digits. */
export function spread(numbers: number[], digits = 4): Spread {
  const sorted = numbers.toSorted((a, b) => a - b);
  const round = (n: number | undefined): number => Number((n ?? NaN).toPrecision(digits));
  return {
    median: round(sorted[sorted.length >> 1]),
    min: round(sorted[0]),
    max: round(sorted.at(-1)),
  };
}

/** A port that nobody listens on. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A server that was started and listens. */
export class Process implements AsyncDisposable {
  private constructor(
    readonly port: number,
    readonly process: Deno.ChildProcess,
    /** Milliseconds from its start until a client could connect. */
    readonly startup: number,
  ) {}

  /**
   * Starts a server and waits until a client can connect.
   *
   * @param stderr Where what it says on standard error goes.
   */
  static async start(
    command: string[],
    port: number,
    stderr: "null" | "piped" = "null",
  ): Promise<Process> {
    const [program, ...args] = command;
    const start = performance.now();
    const process = new Deno.Command(program!, { args, stdout: "null", stderr }).spawn();
    for (let tries = 0; tries < 20_000; tries++) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        return new Process(port, process, performance.now() - start);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 0.5));
      }
    }
    process.kill("SIGKILL");
    throw new Error(`${command.join(" ")} does not listen on port ${port}`);
  }

  /** Resident memory in bytes. */
  memory(): number {
    const [, resident] = Deno.readTextFileSync(`/proc/${this.process.pid}/statm`).split(" ");
    return Number(resident) * PAGE;
  }

  /** How many descriptors are open. */
  descriptors(): number {
    return [...Deno.readDirSync(`/proc/${this.process.pid}/fd`)].length;
  }

  /** Tells it to stop, gently, so that Deno leaves its caches in order: its exit code. */
  async stop(): Promise<number> {
    this.#kill("SIGTERM");
    const timer = setTimeout(() => this.#kill("SIGKILL"), 2000);
    const { code } = await this.process.status;
    clearTimeout(timer);
    return code;
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.process.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** What one run of the load has found. */
export interface Run {
  done: number;
  rate: number;
  p50: number;
  p99: number;
  bad: number;
  failed: number;
  unfinished: number;
  /** CPU seconds per second of the load itself. */
  cpu: number;
}

/** What came of clients that send at fixed times: what they waited, in microseconds. */
export type Paced = Pick<Run, "done" | "p50" | "p99" | "bad" | "failed" | "unfinished"> & {
  p999: number;
  longest: number;
  /** Of those that connected anew, 99 in 100 waited at most so long for their echo. */
  new99: number;
};

/** What came of so many clients, one after the other. */
export type Count = Pick<Run, "done" | "bad" | "failed">;

/** What a program prints as JSON. */
async function outputOf<T>(program: string, args: string[]): Promise<T> {
  const { success, stdout } = await new Deno.Command(program, { args, stderr: "inherit" }).output();
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  throw new Error(`the load fails: ${program} ${args.join(" ")}`);
}

/** The load of load.c. */
export class Load {
  private constructor(readonly program: string) {}

  static async build(folder: string): Promise<Load> {
    const program = `${folder}/load`;
    const source = new URL("load.c", import.meta.url).pathname;
    const compiler = new Deno.Command("cc", { args: ["-O2", "-o", program, source] });
    try {
      const { success, stderr } = await compiler.output();
      if (success) return new Load(program);
      throw new Error(`cc bench/load.c: ${new TextDecoder().decode(stderr)}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Error("the load is a program in C, and cc is missing");
    }
  }

  /** So many clients at once for so many seconds. */
  async run(
    kind: "oneshot" | "stream",
    port: number,
    clients: number,
    seconds: number,
    size: number,
  ): Promise<Run> {
    return await this.#result<Run>(kind, port, clients, seconds, size);
  }

  /** So many clients at once, until so many one-shot connections are done. */
  count(port: number, clients: number, count: number, size: number): Promise<Count> {
    return this.#result("count", port, clients, count, size);
  }

  /** So many clients with bad manners: what came of the good ones among them. */
  rude(port: number, count: number): Promise<Count & { rude: number }> {
    return this.#result("rude", port, count);
  }

  /** So many clients that send at fixed times, so many messages a second in all, and others that connect anew. */
  paced(port: number, clients: number, seconds: number, rate: number): Promise<Paced> {
    return this.#result("paced", port, clients, seconds, rate);
  }

  /** The same with TLS, by tls_load.ts. */
  tls(
    kind: "oneshot" | "stream",
    port: number,
    clients: number,
    seconds: number,
    ca: string,
  ): Promise<Pick<Run, "done" | "bad" | "failed" | "unfinished">> {
    const script = new URL("tls_load.ts", import.meta.url).pathname;
    const permissions = ["--allow-net", `--allow-read=${ca}`];
    const args = [kind, port, clients, seconds, ca].map(String);
    return outputOf(Deno.execPath(), ["run", "--quiet", ...permissions, script, ...args]);
  }

  /** CPU seconds of a process so far, user's and system's, of all its threads. */
  async cpuOf(pid: number): Promise<number> {
    return (await this.#result<{ cpu: number }>("cpu", pid)).cpu;
  }

  #result<T>(...args: (string | number)[]): Promise<T> {
    return outputOf(this.program, args.map(String));
  }

  /** Calls a function while so many idle connections are open. */
  async whileIdle<T>(port: number, clients: number, fn: () => T): Promise<T> {
    const process = new Deno.Command(this.program, {
      args: ["idle", `${port}`, `${clients}`],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = process.stdout.getReader();
    const { done } = await reader.read();
    try {
      if (done) throw new Error(`the server has not taken ${clients} connections`);
      return fn();
    } finally {
      await reader.cancel();
      await process.stdin.close();
      await process.status;
    }
  }
}
