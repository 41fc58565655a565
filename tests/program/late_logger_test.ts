import assert from "node:assert/strict";
import { LateLogger } from "../../src/program/late_logger.ts";
import { readyLogger } from "../../src/net/logger.ts";
import { runServer } from "../helpers.ts";

Deno.test("LateLogger keeps lines in their order until its logger is loaded, and loads it once", async () => {
  const lines: unknown[][] = [];
  const take = (level: string) => (...line: unknown[]) => void lines.push([level, ...line]);
  let loaded = 0;
  const late = new LateLogger("debug", () => {
    loaded++;
    return Promise.resolve({
      debug: take("debug"),
      info: take("info"),
      warn: take("warn"),
      error: take("error"),
    });
  });
  late.info("one", { n: 1 });
  late.error("two");
  assert.deepEqual(lines, []);
  await Promise.all([late.load(), late.load()]);
  late.debug("three");
  late.warn("four");
  assert.equal(loaded, 1);
  assert.deepEqual(lines, [
    ["info", "one", { n: 1 }],
    ["error", "two", undefined],
    ["debug", "three", undefined],
    ["warn", "four", undefined],
  ]);
});

Deno.test("LateLogger says from the start whether lines of level debug are worth making", () => {
  const ready = (level: "debug" | "info") =>
    readyLogger(new LateLogger(level, () => Promise.reject(new Error("not loaded"))));
  assert.equal(ready("debug").debugging, true);
  assert.equal(ready("info").debugging, false);
});

Deno.test("a start that fails still writes what was logged before", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.2", port: 0 });
  const port = `${taken.addr.port}`;
  const hosts = ["--host", "127.0.0.1", "--host", "127.0.0.2"];
  const { code, stderr } = await runServer([...hosts, "--port", port, "--recv-buffer", "1000m"]);
  assert.equal(code, 1);
  assert.match(stderr, /warn .*SO_RCVBUF: expected 1048576000/);
  assert.match(stderr, /cannot listen on 127\.0\.0\.2/);
});
