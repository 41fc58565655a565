import { assert, assertEquals } from "@std/assert";
import { readyLogger } from "../../src/net/logger.ts";
import { WorkerPool } from "../../src/program/worker_pool.ts";
import { bytes, connectTo, exchange } from "../helpers.ts";

/** Connects again and again until told to stop, and counts what fails. */
class Clients {
  failures: unknown[] = [];
  done = 0;
  #stopping = false;
  readonly #running: Promise<void[]>;

  constructor(server: { addr: Deno.NetAddr }, count: number) {
    this.#running = Promise.all(Array.from({ length: count }, async () => {
      while (!this.#stopping) {
        try {
          const conn = await connectTo(server);
          assertEquals(await exchange(conn, bytes("hello")), bytes("hello"));
          this.done++;
        } catch (error) {
          this.failures.push(error);
        }
      }
    }));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }
}

Deno.test("40 pools start and stop under load: no start fails, and nobody else's client is harmed", async () => {
  const args = ["--log-level", "error"];
  const logger = readyLogger();
  using bystander = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = await connectTo(bystander);
  const conn = await bystander.accept();
  let done = 0;
  for (let round = 0; round < 40; round++) {
    const first = await WorkerPool.start({ count: 1, args, port: 0, logger });
    const { port } = first;
    const clients = new Clients(
      { addr: { transport: "tcp", hostname: "127.0.0.1", port } },
      8,
    );
    // nothing stops while these start, so that no client of theirs or of the first one is reset
    const pools = await Promise.all([
      WorkerPool.start({ count: 2, args, port, logger }),
      WorkerPool.start({ count: 1, args, port, logger }),
    ]);
    await clients.stop();
    assertEquals(clients.failures, []);
    done += clients.done;
    await Promise.all([first, ...pools].map((pool) => pool.shutdown()));

    await client.write(bytes("still"));
    const buffer = new Uint8Array(5);
    assertEquals(await conn.read(buffer), 5);
  }
  assert(done > 1000, `${done} exchanges`);
  client.close();
  conn.close();
});
