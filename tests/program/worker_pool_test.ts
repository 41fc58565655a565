import assert from "node:assert/strict";
import { SILENT } from "../../src/net/logger.ts";
import { WorkerPool } from "../../src/program/worker_pool.ts";
import { PERMISSIONS, ROOT, ServerProcess } from "../helpers.ts";

const WORKER_PERMISSIONS = [...PERMISSIONS, `--allow-read=${ROOT}`];

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} while workers start stops those that serve, and no more start`, async () => {
    // start() waits for the first of them alone
    await using server = await ServerProcess.start(["--workers", "16"], [], WORKER_PERMISSIONS);
    const { code } = await server.stop(signal);
    assert.equal(code, 0);
    const listening = server.events("listening").length;
    assert(listening < 16, `${listening} have started`);
    // each says what it has done, and the last line is the sum
    assert.equal(server.events("stopped").length, listening + 1);
  });
}

Deno.test("statistics that are asked for twice at once are told twice, also while workers stop", async () => {
  const args = ["--log-level", "error"];
  const pool = new WorkerPool({ count: 2, args, port: 0, logger: SILENT });
  await pool.started;
  const asked = [pool.stats(), pool.stats(), pool.stats()];
  for (const { queues } of await Promise.all(asked)) assert.equal(queues.length, 2);
  const late = [pool.stats(), pool.shutdown().then(() => pool.stats())];
  for (const { accepted } of await Promise.all(late)) assert.equal(accepted, 0);
});

Deno.test("a worker that cannot listen ends the others and is told", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const args = ["--log-level", "error", "--port", `${port}`];
  const pool = new WorkerPool({ count: 2, args, port, logger: SILENT });
  await assert.rejects(pool.finished, /cannot listen on 127\.0\.0\.1/);
});
