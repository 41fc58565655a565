/** Tests of `deno task soak`, with few clients. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Ended, ROOT, run, testWith } from "./helpers.ts";

function soak(...flags: string[]): Promise<Ended> {
  return run(Deno.execPath(), ["run", "--allow-all", `${ROOT}bench/soak.ts`, ...flags]);
}

testWith(
  ["Linux", "cc"],
  "deno task soak: good, rude and TLS clients leave no wrong byte, no descriptor and no error",
  async () => {
    const { code, stdout, stderr } = await soak(
      ...["--one-shot", "2000", "--rude", "1000", "--tls", "100"],
    );
    assertEquals(code, 0, stdout + stderr);
    const rows: Record<string, string[]> = Object.fromEntries(
      stdout.split("\n").filter((line) => line.startsWith("│")).map((line) => {
        const [, name, ...cells] = line.split("│").map((cell) => cell.trim().replaceAll('"', ""));
        return [name, cells.slice(0, 2)];
      }),
    );
    // a good client after every six rude ones
    assertEquals(rows["good connections"], [`${2000 + Math.floor(1000 / 6)}`, "100"]);
    assertEquals(rows["rude clients"], ["1000", "0"]);
    for (
      const name of [
        "with wrong or missing bytes",
        "failed",
        "assertion failures",
        "error lines",
        "exit code after SIGTERM",
      ]
    ) assertEquals(rows[name], ["0", "0"], name);
    for (const cell of rows["descriptors before, after"]!) {
      const [before, after] = cell.split(", ");
      assertEquals(after, before);
      assert(Number(before) > 0);
    }
    for (const cell of rows["RSS before, at most, after (MiB)"]!) {
      const [before, most, after] = cell.split(", ").map(Number) as [number, number, number];
      assert(before > 0 && after > 0 && most >= before && most >= after, cell);
    }
  },
);

/** A server that the load must not be content with: it changes the last byte of one echo in 100. */
const WRONG_SERVER = `
let count = 0;
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(listener.addr.port);
for await (const conn of listener) {
  (async () => {
    const buffer = new Uint8Array(64);
    const n = await conn.read(buffer) ?? 0;
    count++;
    if (count % 100 === 0) buffer[n - 1] ^= 1;
    if (count % 100 !== 50) await conn.write(buffer.subarray(0, n));
    conn.close();
  })().catch(() => {});
}
`;

testWith("cc", "the load of the soak finds wrong and missing bytes", async () => {
  const folder = await Deno.makeTempDir();
  const args = ["eval", WRONG_SERVER];
  const server = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
  const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { Load } = await import("../bench/measure.ts");
    const load = await Load.build(folder);
    const port = Number((await reader.read()).value);
    const { done, bad, failed } = await load.count(port, 16, 1000, 64);
    // ten changed and ten left out
    assertEquals({ done, bad, failed }, { done: 1000, bad: 20, failed: 0 });
  } finally {
    server.kill();
    await reader.cancel();
    await server.status;
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("deno task soak says in one line what is wrong with a flag, and what --help is", async () => {
  for (
    const [flags, line] of [
      [["--foo"], "Unknown option '--foo'"],
      [["--rude", "x"], "--rude x: expected a whole number above 0"],
      [["--tls", "0"], "--tls 0: expected a whole number above 0"],
      [["--one-shot", "1.5"], "--one-shot 1.5: expected a whole number above 0"],
    ] as const
  ) {
    assertEquals(await soak(...flags), { code: 2, stdout: "", stderr: `${line}\n` });
  }
  const { code, stdout, stderr } = await soak("--help");
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  for (const flag of ["--one-shot", "--rude", "--tls"]) {
    assertMatch(stdout, new RegExp(`^  ${flag} `, "m"));
  }
});
