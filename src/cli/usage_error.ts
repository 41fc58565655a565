/** Wrong usage of the program, which ends it with one line and exit code 2. */

/** Wrong usage: one line for the user, and exit code 2. */
export class UsageError extends Error {
  /** Always "UsageError". */
  override readonly name = "UsageError";
}

/** Whether an error is the user's to mend: on the command line, or in the permissions that Deno is given. */
export function isWrongUsage(error: unknown): boolean {
  return error instanceof UsageError || error instanceof Deno.errors.NotCapable;
}
