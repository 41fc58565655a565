/** docs/inspect.md: its commands are taken as they stand, and its tables have the heads that are printed. */

import { assert, assertEquals } from "@std/assert";
import { COLUMN_NAMES } from "../../src/inspect/columns.ts";
import { parseCommandLine } from "../../src/inspect/command_line.ts";
import { ROOT } from "../helpers.ts";

const text = await Deno.readTextFile(`${ROOT}docs/inspect.md`);

Deno.test("the commands of docs/inspect.md are taken", () => {
  const commands = [...text.matchAll(/^\$ inspect (.*)$/gm)].map(([, args]) => args!.split(" "));
  assert(commands.length >= 10);
  for (const args of commands) parseCommandLine(args);
  for (const [, args] of text.matchAll(/`inspect PID ?([^`]*)`/g)) {
    parseCommandLine(`7 ${args}`.replace(/\bPID\b/, "8").replace(/\bFD\b/g, "9").trim().split(" "));
  }
});

Deno.test("docs/inspect.md shows the live view as it is, and explains its columns", () => {
  for (const [head] of text.matchAll(/^ *fd peer .*limit$/gm)) {
    assertEquals(head.trim().split(/ +/), [...COLUMN_NAMES]);
  }
  for (const name of COLUMN_NAMES.filter((name) => !["fd", "peer", "state"].includes(name))) {
    assert(new RegExp(`^\\| (\\w+, )?${name}\\b`, "m").test(text), name);
  }
});
