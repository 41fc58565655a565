import { assert, assertEquals, assertMatch } from "@std/assert";
import { output, ROOT, run, testInNamespace } from "./helpers.ts";

const readme = await Deno.readTextFile(`${ROOT}README.md`);
const { exclude, publish, tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));

/** The README's blocks of code in a language. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))]
    .map(([, text]) => text!);
}

/** What the README's console blocks show: a command, and what it prints. */
const SHOWN = blocks("console").flatMap((block) => block.split(/^\$ /m).slice(1)).map((entry) => {
  const [command, ...lines] = entry.trimEnd().split("\n");
  return { command: command!, lines };
});
const SERVERS = SHOWN.filter(({ command }) => /\.ts\b/.test(command));
const [client] = SHOWN.filter(({ command }) => /\bnc\b/.test(command));
const CHECKS = SHOWN.filter(({ command }) => command.startsWith("tcp-echo --check"));

/** The folder of a user: echo.ts of the README and the package, `deno` and `tcp-echo` on the path. */
async function userFolder(): Promise<AsyncDisposable & { path: string; env: string[] }> {
  const path = await Deno.makeTempDir();
  await Deno.writeTextFile(`${path}/echo.ts`, blocks("ts")[0]!);
  const imports = { "@sockopt/tcp": `${ROOT}mod.ts` };
  await Deno.writeTextFile(`${path}/deno.json`, JSON.stringify({ imports }));
  await Deno.symlink(`${ROOT}server.ts`, `${path}/server.ts`);
  await Deno.symlink(Deno.execPath(), `${path}/deno`);
  const permissions = tasks.compile.command.match(/--allow-\S+/g).join(" ");
  const program = `#!/bin/sh\nexec deno run ${permissions} ${ROOT}server.ts "$@"\n`;
  await Deno.writeTextFile(`${path}/tcp-echo`, program, { mode: 0o755 });
  const env = ["env", `PATH=${path}:${Deno.env.get("PATH")}`, "NO_COLOR=1"];
  return { path, env, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** What was printed begins as the README shows it: but for numbers and room, and to the end of a line with "…". */
function assertShown(printed: string, { command, lines }: typeof SHOWN[number]): void {
  const plain = (line: string): string => line.replaceAll(/\d+/g, "0").replaceAll(/ +/g, " ");
  const begins = lines.map((line) => plain(line).split("…")[0]!);
  const actual = printed.split("\n").map(plain)
    .slice(0, lines.length)
    .map((line, i) => lines[i]!.endsWith("…") ? line.slice(0, begins[i]!.length) : line);
  assertEquals(actual, begins, `${command}\n${printed}`);
}

Deno.test("the README shows servers, a client and --check", () => {
  assertEquals(SERVERS.length, 2);
  assertEquals(SHOWN.length, SERVERS.length + [client].length + CHECKS.length);
});

for (const server of SERVERS) {
  testInNamespace(`the README's server answers its client: ${server.command}`, async (inside) => {
    await using folder = await userFolder();
    const [program, ...args] = [...inside, ...folder.env, "sh", "-c"];
    // as README.md says for echo.ts, and server.ts is started in the folder of the package
    const cwd = server.command.includes("server.ts") ? ROOT : folder.path;
    const process = new Deno.Command(program!, {
      args: [...args, `exec ${server.command} 2>&1`],
      cwd,
      stdout: "piped",
    }).spawn();
    const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let printed = (await reader.read()).value ?? "";
    assertMatch(printed, /Serving on 127\.0\.0\.1:8888/);
    assertShown(await output(program!, ...args, client!.command), client!);
    process.kill("SIGINT");
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      printed += next.value;
    }
    assertEquals((await process.status).code, server.command.includes("server.ts") ? 0 : 130);
    assertShown(printed, server);
  }, ["nc", "env"]);
}

for (const check of CHECKS) {
  Deno.test(`the README shows what it prints: ${check.command}`, async () => {
    await using folder = await userFolder();
    const [program, ...args] = [...folder.env, "sh", "-c", `${check.command} --port 0`];
    assertShown((await run(program!, args)).stdout, check);
  });
}

Deno.test("the README's snippets pass deno check and deno lint", async () => {
  await using folder = await userFolder();
  const files = await Promise.all(
    blocks("ts").map(async (text, i) => {
      const file = `${folder.path}/snippet_${i}.ts`;
      await Deno.writeTextFile(file, text);
      return file;
    }),
  );
  for (const command of ["check", "lint"]) {
    const config = `--config=${folder.path}/deno.json`;
    const { code, stderr } = await run(Deno.execPath(), [command, config, "--quiet", ...files]);
    assertEquals(code, 0, stderr);
  }
});

Deno.test("the README links to files of the package that are published, and to no others", () => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, path]) => path!);
  assert(links.length > 10);
  for (const link of links) {
    assert(Deno.statSync(`${ROOT}${link}`).isFile, link);
    assert(
      publish.include.some((path: string) => link.startsWith(path)),
      `${link} is not published`,
    );
    assert(!exclude.includes(link), `${link} is not published`);
  }
});
