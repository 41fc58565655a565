/** The command line of inspect.ts. */

import { assert, assertEquals, assertMatch, fail } from "@std/assert";
import { helpText, parseCommandLine } from "../../src/inspect/command_line.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import "../helpers.ts";

/** The line that a command line is refused with. */
function refusal(...args: string[]): string {
  try {
    parseCommandLine(args);
  } catch (error) {
    assert(error instanceof UsageError, `${error}`);
    assert(!error.message.includes("\n"));
    return error.message;
  }
  fail(`${args.join(" ")} is taken`);
}

Deno.test("a process and a socket stand before, between or after flags", () => {
  for (const line of ["7 9 --tree --json", "--tree 7 --json 9", "--tree --json 7 9"]) {
    const { target, tree, json } = parseCommandLine(line.split(" "));
    assertEquals([target, tree, json], [{ pid: 7, fd: 9 }, true, true]);
  }
  assertEquals(parseCommandLine(["self"]).target, { pid: Deno.pid, fd: undefined });
});

Deno.test("options are named with commas, more than once, in any letters", () => {
  const { options } = parseCommandLine([
    "7",
    "--option",
    "so_keepalive,TCP_INFO",
    "--option=IP_TTL",
  ]);
  assertEquals([...options], ["SO_KEEPALIVE", "TCP_INFO", "IP_TTL"]);
});

Deno.test("--diff takes a process, a socket of it, or a socket of the same process", () => {
  const diff = (text: string) => parseCommandLine(["7", "--diff", text]).diff;
  assertEquals(diff("8"), { pid: 8, fd: undefined });
  assertEquals(diff("8/9"), { pid: 8, fd: 9 });
  assertEquals(diff("/9"), { pid: 7, fd: 9 });
});

/** Command lines, and what is said of them. */
const REFUSED: [args: string[], line: RegExp][] = [
  [[], /^which process\? Usage: inspect PID/],
  [["x"], /^PID "x": expected a whole number of at least 1$/],
  [["0"], /^PID "0": expected/],
  [["7", "-1"], /^unknown flag -1/],
  [["7", "x"], /^FD "x": expected a whole number of at least 0$/],
  [["7", "8", "9"], /^unexpected argument "9"/],
  [["7", "--diff", "/"], /^--diff "\/": expected PID, PID\/FD or \/FD$/],
  [["7", "--diff", "8/x"], /^--diff "x": expected a whole number/],
  [["7", "--port", "65536"], /^--port "65536": expected a whole number from 0 to 65535$/],
  [["7", "--peer", "nowhere"], /^--peer "nowhere": expected an address, or a subnet/],
  [["7", "--state", "open"], /^--state "open": expected one of listen, established/],
  [["7", "--sort", "rtt"], /^--sort goes with --watch$/],
  [["7", "--watch", "--sort", "speed"], /^--sort "speed": expected one of fd, peer/],
  [["7", "--watch", "--changed"], /^--watch does not go with --changed$/],
  [
    ["7", "--option", "SO_KEEPALVE"],
    /no such option that can be read; did you mean SO_KEEPALIVE\?$/,
  ],
  [["7", "--option", "SO_ATTACH_FILTER"], /no such option that can be read/],
  [["7", "--wach"], /^unknown flag --wach; did you mean --watch\?$/],
];

for (const [args, line] of REFUSED) {
  Deno.test(`inspect ${args.join(" ")} is refused`, () => assertMatch(refusal(...args), line));
}

Deno.test("the help fits a screen of 80 columns", () => {
  for (const line of helpText("inspect.ts").split("\n")) assert(line.length <= 80, line);
  assertEquals(parseCommandLine(["-h"]).help, true);
});
