/**
 * Restarts under load: 500 connections a second, while processes are replaced. As a program it does so with processes that
 * share a port, and prints what became of the connections: `restarts.ts PROCESSES TIMES MIGRATE [FLAG]...` (net.ipv4.tcp_migrate_req).
 */

import { bytes, delay, readAll, ServerProcess } from "./helpers.ts";

/** What became of connections. */
export interface Outcome {
  readonly connections: number;
  readonly failures: Record<string, number>;
}

/** Connections that are opened at a steady rate: each sends a message and reads its echo. */
export class Load {
  readonly #port: number;
  readonly #hostname: string;
  readonly #open = new Set<Promise<void>>();
  readonly #failures: Record<string, number> = {};
  readonly #running: Promise<void>;
  #count = 0;
  #stopping = false;

  /** @param to Where to connect. */
  constructor(to: { hostname: string; port: number }, perSecond = 500) {
    this.#hostname = to.hostname;
    this.#port = to.port;
    this.#running = this.#run(perSecond);
  }

  async #run(perSecond: number): Promise<void> {
    const start = performance.now();
    while (!this.#stopping) {
      // what a timer is late, it makes good
      const due = (performance.now() - start) * perSecond / 1000;
      while (this.#count < due) {
        const one = this.#exchange(this.#count++);
        this.#open.add(one);
        one.finally(() => this.#open.delete(one));
      }
      await delay(1);
    }
  }

  async #exchange(number: number): Promise<void> {
    try {
      const conn = await Deno.connect({ hostname: this.#hostname, port: this.#port });
      const message = `message ${number}`;
      await conn.write(bytes(message));
      const answer = new TextDecoder().decode(await readAll(conn));
      if (answer !== message) throw new Error(`answered ${JSON.stringify(answer)}`);
    } catch (error) {
      const { message } = error as Error;
      this.#failures[message] = (this.#failures[message] ?? 0) + 1;
    }
  }

  /** Stops, and waits for what is under way. */
  async stop(): Promise<Outcome> {
    this.#stopping = true;
    await this.#running;
    await Promise.all(this.#open);
    return { connections: this.#count, failures: this.#failures };
  }
}

if (import.meta.main) {
  const [processes, times, migrate] = Deno.args.slice(0, 3).map(Number);
  const more = Deno.args.slice(3);
  await Deno.writeTextFile("/proc/sys/net/ipv4/tcp_migrate_req", `${migrate}\n`);
  const first = await ServerProcess.start(more);
  const flags = ["--port", `${first.port}`, ...more];
  const servers = [first];
  while (servers.length < processes!) servers.push(await ServerProcess.start(flags));
  const load = new Load({ hostname: "127.0.0.1", port: first.port });
  for (let i = 0; i < processes! * times!; i++) {
    // the new one listens before the old one is told to stop
    const old = servers.shift()!;
    servers.push(await ServerProcess.start(flags));
    const { code } = await old.stop();
    if (code !== 0) throw new Error(`a process ended with ${code}`);
  }
  console.log(JSON.stringify(await load.stop()));
  for (const server of servers) await server.stop();
  Deno.exit(0); // what was imported from the tests' helpers has nothing to keep it
}
