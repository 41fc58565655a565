import assert from "node:assert/strict";
import { ROOT, run, testWith } from "./helpers.ts";

testWith(
  "cc",
  "deno task bench compares servers in a table, and all exchanges are right",
  async () => {
    const script = `${ROOT}bench/run.ts`;
    const flags = ["--rounds", "1", "--seconds", "0.1", "--only", "sockopt,C epoll"];
    const deno = ["run", "--allow-all", script, ...flags, "--workload", "oneshot,bulk"];
    const { code, stdout } = await run(Deno.execPath(), deno);
    assert.equal(code, 0);
    assert.match(stdout, /^connect, 64 bytes, echo, close: µs of CPU$/m);
    assert.match(stdout, /^1 MiB messages: µs of CPU$/m);
    for (const name of ["sockopt", "C epoll"]) {
      const rows = stdout.split("\n").filter((line) => line.startsWith(`│ ${name} `));
      assert.equal(rows.length, 2);
      // the column of errors is the last but one
      for (const row of rows) assert.equal(row.split("│").at(-3)!.trim(), "0");
    }
  },
);
