import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { SILENT } from "../../src/net/logger.ts";
import { WorkerPool } from "../../src/program/worker_pool.ts";
import { bytes, connectTo, exchange, PERMISSIONS, ROOT, ServerProcess } from "../helpers.ts";

const WORKER_PERMISSIONS = [...PERMISSIONS, `--allow-read=${ROOT}`];

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} while workers start stops those that serve, and no more start`, async () => {
    // start() waits for the first of them alone
    await using server = await ServerProcess.start(["--workers", "16"], [], WORKER_PERMISSIONS);
    const { code } = await server.stop(signal);
    assertEquals(code, 0);
    const listening = server.events("listening").length;
    assert(listening < 16, `${listening} have started`);
    // each says what it has done, and the last line is the sum
    assertEquals(server.events("stopped").length, listening + 1);
  });
}

Deno.test("statistics that are asked for twice at once are told twice, also while workers stop", async () => {
  const args = ["--log-level", "error"];
  const pool = new WorkerPool({ count: 2, args, port: 0, logger: SILENT });
  await pool.started;
  const asked = [pool.stats(), pool.stats(), pool.stats()];
  for (const { queues } of await Promise.all(asked)) assertEquals(queues.length, 2);
  const late = [pool.stats(), pool.shutdown().then(() => pool.stats())];
  for (const { accepted } of await Promise.all(late)) assertEquals(accepted, 0);
});

Deno.test("a worker that cannot listen ends the others and is told", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const args = ["--log-level", "error", "--port", `${port}`];
  const pool = new WorkerPool({ count: 2, args, port, logger: SILENT });
  assertMatch(String(await assertRejects(() => pool.finished)), /cannot listen on 127\.0\.0\.1/);
});

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
  const logger = SILENT;
  using bystander = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = await connectTo(bystander);
  const conn = await bystander.accept();
  let done = 0;
  for (let round = 0; round < 40; round++) {
    const first = new WorkerPool({ count: 1, args, port: 0, logger });
    await first.started;
    const { port } = first;
    const clients = new Clients(
      { addr: { transport: "tcp", hostname: "127.0.0.1", port } },
      8,
    );
    // nothing stops while these start, so that no client of theirs or of the first one is reset
    const pools = [2, 1].map((count) => new WorkerPool({ count, args, port, logger }));
    await Promise.all(pools.map(({ started }) => started));
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
