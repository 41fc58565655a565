import { assertEquals, assertMatch } from "@std/assert";
import { ROOT, run, testWith } from "./helpers.ts";

testWith(
  "cc",
  "deno task bench compares servers in a table, and all exchanges are right",
  async () => {
    const script = `${ROOT}bench/run.ts`;
    const flags = ["--rounds", "1", "--seconds", "0.1", "--only", "sockopt,C epoll"];
    const deno = ["run", "--allow-all", script, ...flags, "--workload", "oneshot,bulk"];
    const { code, stdout, stderr } = await run(Deno.execPath(), deno);
    assertEquals(code, 0);
    assertMatch(stdout, /^connect, 64 bytes, echo, close: µs of CPU$/m);
    assertMatch(stdout, /^1 MiB messages: µs of CPU$/m);
    // the progress
    assertMatch(stderr, /^1 MiB messages: round 1 of 1, C epoll \(\d+ s left\)$/m);
    for (const name of ["sockopt", "C epoll"]) {
      const rows = stdout.split("\n").filter((line) => line.startsWith(`│ ${name} `));
      assertEquals(rows.length, 2);
      // the column of errors is the last but one
      for (const row of rows) assertEquals(row.split("│").at(-3)!.trim(), "0");
    }
  },
);

Deno.test("deno task bench says in one line what is wrong with a flag, and what --help is", async () => {
  const bench = (...flags: string[]) =>
    run(Deno.execPath(), ["run", "--allow-all", `${ROOT}bench/run.ts`, ...flags]);
  for (
    const [flags, line] of [
      [["--foo"], "Unknown option '--foo'"],
      [["--rounds", "0"], "--rounds 0: expected a whole number above 0"],
      [["--rounds", "--seconds"], "Option '--rounds' argument is ambiguous"],
      [
        ["--workload", "x"],
        "--workload x: expected one of oneshot, stream, sizes, bulk, idle, startup",
      ],
    ] as const
  ) {
    const { code, stdout, stderr } = await bench(...flags);
    assertEquals({ code, stdout, stderr }, { code: 2, stdout: "", stderr: `${line}\n` });
  }
  const { code, stdout, stderr } = await bench("--help");
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  for (const flag of ["--rounds", "--seconds", "--only", "--workload"]) {
    assertMatch(stdout, new RegExp(`^  ${flag} `, "m"));
  }
});

Deno.test("deno task bench without cc is one line", async () => {
  const { code, stdout, stderr } = await run("env", [
    ...["PATH=/nonexistent", Deno.execPath(), "run", "--allow-all", `${ROOT}bench/run.ts`],
  ]);
  const line = "the load is a program in C, and cc is missing\n";
  assertEquals({ code, stdout, stderr }, { code: 1, stdout: "", stderr: line });
});
