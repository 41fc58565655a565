/**
 * @module
 */

import { errnoMeaning, errnoName } from "./errno.ts";

/** What {@linkcode SocketError} is made of beside the call and its errno. */
export interface SocketErrorDetails {
  /** The option that was read or set. */
  option?: string;
  /** What was done, or what to do, in place of the errno's general meaning. */
  reason?: string;
}

/**
 * A socket call that the kernel refused, in the manner of Node.js system errors.
 *
 * @example An option that this kind of socket does not have
 * ```ts
 * import { getOption, SocketError, TCP_NODELAY } from "@sockopt/tcp";
 * import assert from "node:assert/strict";
 *
 * using listener = Deno.listen({ transport: "unix", path: Deno.makeTempDirSync() + "/socket" });
 * try {
 *   getOption(listener, TCP_NODELAY);
 *   assert.fail("a Unix socket has no TCP options");
 * } catch (error) {
 *   assert(error instanceof SocketError);
 *   assert.equal(error.code, "EOPNOTSUPP");
 *   assert.equal(error.syscall, "getsockopt");
 *   assert.equal(error.option, "TCP_NODELAY");
 * }
 * ```
 */
export class SocketError extends Error {
  /** Always "SocketError". */
  override readonly name = "SocketError";
  /** The error's name, such as "ENOPROTOOPT". */
  readonly code: string;
  /** The error's number on this platform, such as 92. */
  readonly errno: number;
  /** The call that failed, such as "setsockopt". */
  readonly syscall: string;
  /** The option that was read or set, such as "TCP_CONGESTION", where there was one. */
  readonly option?: string;

  /**
   * Makes the error of one failed call.
   *
   * @param syscall The call that failed.
   * @param errno What it left in errno.
   * @param details The option, and a better reason than the errno's general meaning.
   */
  constructor(syscall: string, errno: number, details: SocketErrorDetails = {}) {
    const code = errnoName(errno);
    const { option, reason = errnoMeaning(errno) } = details;
    super(`${syscall}${option === undefined ? "" : ` ${option}`}: ${reason} (${code})`);
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
    if (option !== undefined) this.option = option;
  }
}
