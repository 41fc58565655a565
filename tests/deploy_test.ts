import assert from "node:assert/strict";
import { parseCommandLine } from "../src/program/command_line.ts";
import { ROOT, run, testWith } from "./helpers.ts";

const unit = await Deno.readTextFile(`${ROOT}deploy/tcp-echo.service`);
const manifest = await Deno.readTextFile(`${ROOT}deploy/kubernetes.yaml`);

Deno.test("the systemd unit and the Kubernetes manifest use flags that exist", async () => {
  const start = /^ExecStart=\S+ (.*)$/m.exec(unit)![1]!;
  assert.equal((await parseCommandLine(start.split(" "))).port, 8888);
  const args = /args: \[(.*)\]/.exec(manifest)![1]!.replaceAll('"', "").split(", ");
  assert.deepEqual((await parseCommandLine(args)).host, ["::"]);
});

testWith("systemd-analyze", "systemd-analyze finds nothing wrong with the unit", async () => {
  // the executable is not installed here
  const folder = await Deno.makeTempDir();
  const file = `${folder}/tcp-echo.service`;
  await Deno.writeTextFile(file, unit.replace("/usr/local/bin/tcp-echo", Deno.execPath()));
  const { code, stdout, stderr } = await run("systemd-analyze", ["verify", file]);
  await Deno.remove(folder, { recursive: true });
  assert.equal(code, 0, stdout + stderr);
  assert(!stderr.includes("tcp-echo.service"), stderr);
});
