/**
 * @module
 */

/** Wrong usage: one line for the user, and exit code 2. */
export class UsageError extends Error {
  /** Always "UsageError". */
  override readonly name = "UsageError";
}
