import { assert, assertEquals } from "@std/assert";
import { parseCommandLine } from "../src/program/command_line.ts";
import { output, ROOT, run, testWith } from "./helpers.ts";

const unit = await Deno.readTextFile(`${ROOT}deploy/tcp-echo.service`);
const dockerfile = await Deno.readTextFile(`${ROOT}deploy/Dockerfile`);
const manifest = await Deno.readTextFile(`${ROOT}deploy/kubernetes.yaml`);

Deno.test("the unit, the manifest and the image use flags that exist", async () => {
  const start = /^ExecStart=\S+ (.*)$/m.exec(unit)![1]!;
  assertEquals((await parseCommandLine(start.split(" "))).port, 8888);
  const args = /args: \[(.*)\]/.exec(manifest)![1]!.replaceAll('"', "").split(", ");
  assertEquals((await parseCommandLine(args)).host, ["::"]);
  const cmd = JSON.parse(/^CMD (.*)$/m.exec(dockerfile)![1]!);
  assertEquals((await parseCommandLine(cmd)).host, ["::"]);
});

Deno.test("the image is built of all files that the program is made of", async () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--)(.*) \S+$/gm)]
    .flatMap(([, sources]) => sources!.split(" "));
  for (const program of ["server.ts", "src/program/worker.ts"]) {
    const info = await output(Deno.execPath(), "info", "--json", `${ROOT}${program}`);
    const files: string[] = JSON.parse(info).modules
      .map(({ specifier }: { specifier: string }) => specifier)
      // types alone take no part in it
      .filter((specifier: string) => specifier.startsWith("file:") && !specifier.endsWith(".d.ts"))
      .map((specifier: string) => specifier.slice(`file://${ROOT}`.length));
    assert(files.includes(program));
    const missing = files.filter((file) =>
      !copied.some((source) => file === source || file.startsWith(`${source}/`))
    );
    assertEquals(missing, []);
  }
});

testWith("systemd-analyze", "systemd-analyze finds nothing wrong with the units", async () => {
  // the executable is not installed here
  const folder = await Deno.makeTempDir();
  const file = `${folder}/tcp-echo.service`;
  await Deno.writeTextFile(file, unit.replace("/usr/local/bin/tcp-echo", Deno.execPath()));
  await Deno.copyFile(`${ROOT}deploy/tcp-echo.socket`, `${folder}/tcp-echo.socket`);
  const files = [file, `${folder}/tcp-echo.socket`];
  const { code, stdout, stderr } = await run("systemd-analyze", ["verify", ...files]);
  await Deno.remove(folder, { recursive: true });
  assertEquals(code, 0, stdout + stderr);
  assert(!stderr.includes("tcp-echo."), stderr);
});
