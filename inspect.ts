/**
 * What the sockets of a running process are set to, and how they fare: any program's on Linux, whatever it is written in.
 *
 * ```sh
 * deno run --allow-ffi --allow-read=/proc inspect.ts --help
 * ```
 *
 * @module
 */

import config from "./deno.json" with { type: "json" };
import { asJson } from "./src/cli/as_json.ts";
import { print, programName, runProgram } from "./src/cli/run_program.ts";
import { changeSockets } from "./src/inspect/change.ts";
import { helpText, parseCommandLine } from "./src/inspect/command_line.ts";
import { requireProc } from "./src/inspect/process.ts";
import { dataOf, linesOf } from "./src/inspect/show.ts";
import { painter } from "./src/inspect/text.ts";
import { watch } from "./src/inspect/watch.ts";

/**
 * Runs the program.
 *
 * @param args The command line.
 * @returns The exit code: 0, or 1 where something is not set as it was asked for.
 */
async function main(args: string[]): Promise<number> {
  const command = parseCommandLine(args);
  const paint = painter(Deno.stdout.isTerminal() && !Deno.noColor);
  if (command.help) await print(helpText(programName(import.meta.url)));
  else if (command.version) await print(config.version);
  else {
    requireProc();
    if (command.set.length > 0) return await changeSockets(command, paint);
    if (command.watch) return await watch(command, paint);
    await print(command.json ? asJson(dataOf(command)) : linesOf(command, paint).join("\n"));
  }
  return 0;
}

if (import.meta.main) Deno.exit(await runProgram(() => main(Deno.args)));
