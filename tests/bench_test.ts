import { assert, assertEquals, assertMatch } from "@std/assert";
import { chart } from "../bench/chart.ts";
import type { Result, Results } from "../bench/results.ts";
import { sizesChart } from "../bench/sizes_chart.ts";
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
        "--workload x: expected one of oneshot, stream, sizes, bulk, mixed, tls, cores, connect, idle, startup",
      ],
    ] as const
  ) {
    const { code, stdout, stderr } = await bench(...flags);
    assertEquals({ code, stdout, stderr }, { code: 2, stdout: "", stderr: `${line}\n` });
  }
  const { code, stdout, stderr } = await bench("--help");
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  for (const flag of ["--rounds", "--seconds", "--only", "--workload", "--charts"]) {
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

testWith(
  "cc",
  "every workload measures this package and finds nothing wrong",
  async () => {
    const script = `${ROOT}bench/run.ts`;
    const flags = ["--rounds", "1", "--seconds", "0.1", "--only", "sockopt,bare Deno,C epoll"];
    const deno = ["run", "--allow-all", script, ...flags];
    const { code, stdout, stderr } = await run(Deno.execPath(), [
      ...[...deno, "--workload", "mixed,tls,cores,connect"],
    ]);
    assertEquals(code, 0, stderr);
    for (
      const title of [
        "200 small clients beside 8 streams: 999 in 1000 wait at most: ms",
        "200 small clients beside 8 streams: the longest wait: ms",
        "TLS: handshake, 64 bytes, echo, close: µs of CPU",
        "TLS: 64-byte messages: µs of CPU",
        "one-shot connections of a server with several threads: µs of CPU",
        "a client: connect, 64 bytes, echo, close: µs of CPU",
      ]
    ) {
      const table = stdout.split("\n\n").find((part) => part.trimStart().startsWith(title));
      assert(table !== undefined, `${title}\n${stdout}${stderr}`);
      const [head, ...rows] = table.split("\n").filter((line) => line.startsWith("│"))
        .map((line) => line.split("│").map((cell) => cell.trim()));
      assert(rows.some(([, name]) => name!.startsWith("sockopt")), table);
      const errors = head!.indexOf("errors");
      for (const row of rows) if (errors > 0) assertEquals(row[errors], "0", table);
    }
  },
);

const cost = (median: number, min = median, max = median) => ({ median, min, max });
const RESULT: Result = {
  title: "connect, 64 bytes, echo, close",
  unit: "µs of CPU",
  base: "C epoll",
  notes: ["unchecked: no assertions on each connection"],
  servers: {
    // what was measured may say the opposite of the ratios of the rounds
    "sockopt": { ...cost(40), toC: cost(1.4, 1.3, 1.6) },
    "C epoll": { ...cost(31), toC: cost(1) },
    "Bun": { ...cost(45), toC: cost(1.2, 1.1, 1.25) },
    "slow": { ...cost(9000), toC: cost(300, 290, 310) },
  },
};
const RUN: Results = {
  date: "2026-01-01",
  kernel: "Linux",
  machine: "any",
  versions: {},
  results: { oneshot: RESULT },
};

Deno.test("the bars of a chart are as long as the figures beside them, with the range of the rounds", () => {
  const svg = chart("Costs", [RESULT], RUN);
  const figures = [...svg.matchAll(/>([\d.]+) × C</g)].map(([, figure]) => Number(figure));
  assertEquals(figures, [1, 1.2, 1.4, 300]);
  const widths = [...svg.matchAll(/<rect [^>]* width="([\d.]+)" height="9"/g)]
    .map(([, width]) => Number(width));
  for (const i of [1, 2]) {
    const relation = widths[i]! / widths[0]! / figures[i]!;
    assert(relation > 0.99 && relation < 1.01, `${widths}`);
  }
  // who is far away is cut, and it is said
  assertEquals(svg.match(/ gap"/g)!.length, 1);
  assertMatch(svg, /a bar with a gap is longer than drawn/);
  assertMatch(svg, /unchecked: no assertions/);
  const [, from, to] = /d="M([\d.]+) \S+H([\d.]+)" class="range"/.exec(
    svg.slice(svg.indexOf("Bun")),
  )!;
  const inner = widths[1]!;
  assert(Number(from) < 16 + inner && Number(to) > 16 + inner, "the range is around the bar's end");
});

Deno.test("charts are no wider than a phone shows readably, and have a dark mode", () => {
  const sizes = Object.fromEntries(
    [64, 1024, 1 << 20].map((size, i) => [`sizes-${i}`, {
      ...RESULT,
      size,
      servers: {
        "sockopt": { ...cost(10), toBare: cost(1.1) },
        "bare Deno": { ...cost(9), toBare: cost(1) },
      },
    }]),
  );
  for (const svg of [chart("Costs", [RESULT], RUN), sizesChart({ ...RUN, results: sizes })]) {
    assertMatch(svg, /^<svg [^>]*viewBox="0 0 480 \d/);
    assertMatch(svg, /prefers-color-scheme: dark/);
    assert(!svg.includes("NaN"));
    // no text is longer than the picture is wide: at most 8.5 pixels a letter
    for (const [, text] of svg.matchAll(/<text [^>]*>([^<]*)</g)) assert(text!.length <= 70, text);
  }
});
