/** inspect.ts as one executable. */

import { assertEquals, assertMatch } from "@std/assert";
import { ROOT, run } from "../helpers.ts";

const [compiler, ...itsFlags] = Deno.env.get("DENO_COMPILE")?.split(" ") ?? [];
const mayCompile = compiler !== undefined;

Deno.test({
  name: "the executable looks at a process, from an empty folder" +
    (mayCompile ? "" : " [ignored: DENO_COMPILE names no command that can build one]"),
  ignore: !mayCompile,
  async fn() {
    const folder = await Deno.makeTempDir();
    const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
    const flags: string[] = tasks["compile:inspect"].command.split(" ").slice(2);
    const program = flags[flags.indexOf("--output") + 1] = `${folder}/sockopt-inspect`;
    const built = await run(compiler!, [...itsFlags, ...flags]);
    assertEquals(built.code, 0, built.stderr);
    const help = await run(program, ["--help"]);
    assertMatch(help.stdout, /^Usage: sockopt-inspect PID /m);
    const { code, stdout, stderr } = await run("env", ["-C", folder, program, `${Deno.pid}`]);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^ *fd +kind +state/);
    await Deno.remove(folder, { recursive: true });
  },
});
