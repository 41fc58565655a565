/** What every program does: results go to standard output, what is wrong is one line, and the exit code tells which. */

import { standardError, standardOutput } from "./line_writer.ts";
import { printable } from "./printable.ts";
import { isWrongUsage } from "./usage_error.ts";

/** How many milliseconds a result may take to be read. */
const RESULT_TIME = 5000;

/** Whoever read standard output has seen enough, as `head` has after its lines. */
class ReaderGone extends Error {}

/** As a shell tells it of a program that SIGPIPE has ended, which Deno ignores. */
const ENDED_BY_SIGPIPE = 128 + 13;

/**
 * Runs a program.
 *
 * @param main The program: it returns its exit code.
 * @returns The exit code: 1 for a failure, 2 for wrong usage, 141 where nobody reads on.
 */
export async function runProgram(main: () => Promise<number>): Promise<number> {
  try {
    return await main();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof ReaderGone) return ENDED_BY_SIGPIPE;
    standardError.write(printable(error.message));
    await standardError.flush(RESULT_TIME);
    return isWrongUsage(error) ? 2 : 1;
  }
}

/**
 * Prints a result.
 *
 * @throws {Error} when standard output does not take it.
 */
export async function print(text: string): Promise<void> {
  standardOutput.write(text);
  const failure = await standardOutput.flush(RESULT_TIME);
  if (failure === undefined) return;
  if (failure instanceof Deno.errors.BrokenPipe) throw new ReaderGone();
  throw new Error(`cannot write to standard output: ${failure.message}`, { cause: failure });
}

/**
 * The name that a program was started by.
 *
 * @param module The address of its module.
 */
export function programName(module: string): string {
  const path = Deno.build.standalone ? Deno.execPath() : new URL(module).pathname;
  return path.slice(path.lastIndexOf("/") + 1);
}
