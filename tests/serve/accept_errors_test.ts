/** Whatever accept(2) says, the server goes on, takes no more of the CPU than it must, and says so. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { AcceptFailures } from "../../src/serve/accept_errors.ts";
import { bytes, exchange, ServerProcess, Strace, testWith } from "../helpers.ts";

/** Errors that accept(2) gives at every call: a sandbox's, the kernel's, and those that Deno gives no code. */
const ERRORS = [
  "EPERM",
  "ECONNABORTED",
  "ENOTCONN",
  "EPROTO",
  "ENETDOWN",
  "ENFILE",
  "EMFILE",
  "EINTR",
];

for (const error of ERRORS) {
  testWith(
    "strace",
    `accept(2) that always fails with ${error} is one line, and no busy loop`,
    async () => {
      using strace = new Strace("accept4", ["-e", `inject=accept4:error=${error}`]);
      await using server = await ServerProcess.start(["--mode", "once"], strace.command);
      // it waits in the queue: accept(2) takes nothing from there
      using _client = await server.connect();
      const { code, message } = await server.event("accept_failed");
      assertEquals(code, error === "EINTR" ? "Interrupted" : error);
      assertMatch(message, /^Cannot accept on 127\.0\.0\.1:\d+: .*; trying on$/);
      const before = (await strace.lines()).length;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const calls = (await strace.lines()).length - before;
      assert(calls < 1000, `${calls} calls a second`);
      assertEquals(server.events("accept_failed").length, 1);
      server.process.kill("SIGTERM");
      assertEquals((await server.end()).code, 0);
    },
  );

  testWith(
    "strace",
    `accept(2) that fails with ${error} three times costs no client its echo`,
    async () => {
      using strace = new Strace("accept4", ["-e", `inject=accept4:error=${error}:when=1..3`]);
      await using server = await ServerProcess.start([], strace.command);
      for (let i = 0; i < 3; i++) {
        assertEquals(await exchange(await server.connect(), bytes("hello")), bytes("hello"));
      }
      const { code } = await server.stop();
      assertEquals(code, 0);
      const [stopped] = server.events("stopped");
      const errors = stopped!.errors as Record<string, number>;
      assertEquals(Object.values(errors).reduce((a, b) => a + b, 0), 3);
    },
  );
}

Deno.test("failures of single connections are waited after once they come in bursts", () => {
  const failures = new AcceptFailures();
  const pauses = (code: string, count: number): number[] =>
    Array.from({ length: count }, () => failures.add(code, 0).pause).filter((pause) => pause > 0);
  assertEquals(pauses("ECONNABORTED", 99), []);
  failures.end();
  assertEquals(pauses("ECONNABORTED", 1000), [10, 20, 40, 80, 160, 320, 500, 500, 500, 500]);
  failures.end();
  assertEquals(pauses("EMFILE", 2), [500, 500]);
});

Deno.test("failures that come one by one are no burst", () => {
  const failures = new AcceptFailures();
  for (let i = 0; i < 1000; i++) assertEquals(failures.add("ENOTCONN", 20 * i).pause, 0);
});
