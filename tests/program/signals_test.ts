import assert from "node:assert/strict";
import { bytes, exchange, PERMISSIONS, ROOT, ServerProcess } from "../helpers.ts";

const WORKER_PERMISSIONS = [...PERMISSIONS, `--allow-read=${ROOT}`];

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} while workers start stops those that serve, and no more start`, async () => {
    // start() waits for the first of them alone
    await using server = await ServerProcess.start(["--workers", "16"], [], WORKER_PERMISSIONS);
    const { code } = await server.stop(signal);
    assert.equal(code, 0);
    const listening = server.events("listening").length;
    assert(listening < 16, `${listening} have started`);
    assert.equal(server.events("stopped").length, listening);
  });
}

for (const workers of [1, 3]) {
  Deno.test(`two signals for statistics are two lines with ${workers} workers`, async () => {
    const flags = ["--workers", `${workers}`];
    await using server = await ServerProcess.start(flags, [], WORKER_PERMISSIONS);
    while (server.events("listening").length < workers) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (let i = 0; i < 10; i++) {
      server.process.kill("SIGUSR2");
      // the kernel keeps one signal of a kind that was not handled yet
      await new Promise((resolve) => setTimeout(resolve, 1));
      server.process.kill("SIGUSR2");
      await exchange(
        await server.connect(),
        bytes("the answer comes after the signals were seen to"),
      );
    }
    const { code, stdout } = await server.stop();
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.equal(lines.length, 20);
    for (const { queues } of lines) assert.equal(queues.length, workers);
  });
}
