/**
 * errno: its value after a call that failed, the names and meanings of the errors of sockets, and the error that is made
 * of them.
 *
 * @module
 */

import { libc } from "./libc.ts";

/** Each error that a socket call can give: its number under Linux and under macOS, and what it says. */
const ERRORS: Record<string, readonly [linux: number, darwin: number, meaning: string]> = {
  EPERM: [1, 1, "not permitted"],
  ENOENT: [2, 2, "no such name"],
  EINTR: [4, 4, "interrupted by a signal"],
  EIO: [5, 5, "input/output error"],
  ENXIO: [6, 6, "no such device or address"],
  EBADF: [9, 9, "not an open file descriptor"],
  EAGAIN: [11, 35, "not ready, or a table of the kernel is full"],
  ENOMEM: [12, 12, "the kernel has no memory for it"],
  EACCES: [13, 13, "permission denied"],
  EFAULT: [14, 14, "bad address"],
  EBUSY: [16, 16, "in use"],
  EEXIST: [17, 17, "exists already"],
  ENODEV: [19, 19, "no such network interface"],
  EINVAL: [22, 22, "the value is not valid, or not in this state of the socket"],
  ENFILE: [23, 23, "too many open files in the system"],
  EMFILE: [24, 24, "too many open files in the process"],
  ENOSPC: [28, 28, "no space left"],
  EPIPE: [32, 32, "the connection is closed for writing"],
  EDOM: [33, 33, "the value is out of range"],
  ERANGE: [34, 34, "the value is out of range"],
  ENOSYS: [38, 78, "the kernel does not have this call"],
  EPROTO: [71, 100, "protocol error"],
  EOVERFLOW: [75, 84, "the value is too large"],
  ENOTSOCK: [88, 38, "not a socket"],
  EDESTADDRREQ: [89, 39, "an address is needed"],
  EMSGSIZE: [90, 40, "the message is too long"],
  EPROTOTYPE: [91, 41, "wrong protocol for this kind of socket"],
  ENOPROTOOPT: [92, 42, "this kind of socket does not have the option"],
  EPROTONOSUPPORT: [93, 43, "protocol not supported"],
  ESOCKTNOSUPPORT: [94, 44, "kind of socket not supported"],
  EOPNOTSUPP: [95, 102, "not supported on this socket"],
  EAFNOSUPPORT: [97, 47, "address family not supported"],
  EADDRINUSE: [98, 48, "the address is in use"],
  EADDRNOTAVAIL: [99, 49, "the address is not one of this machine"],
  ENETDOWN: [100, 50, "the network is down"],
  ENETUNREACH: [101, 51, "the network cannot be reached"],
  ECONNABORTED: [103, 53, "the connection was aborted"],
  ECONNRESET: [104, 54, "the peer reset the connection"],
  ENOBUFS: [105, 55, "the kernel has no buffer space for it"],
  EISCONN: [106, 56, "the socket is connected already"],
  ENOTCONN: [107, 57, "the socket is not connected"],
  ETIMEDOUT: [110, 60, "timed out"],
  ECONNREFUSED: [111, 61, "the connection was refused"],
  EHOSTUNREACH: [113, 65, "the host cannot be reached"],
  EALREADY: [114, 37, "under way already"],
  EINPROGRESS: [115, 36, "under way"],
};

const COLUMN = Deno.build.os === "darwin" ? 1 : 0;

/** The names by their numbers, made for the first error. */
let names: Map<number, string> | undefined;

/** The name of an error, such as "ENOPROTOOPT"; "ERRNO_524" for a number without a well-known name. */
export function errnoName(errno: number): string {
  names ??= new Map(Object.entries(ERRORS).map(([name, entry]) => [entry[COLUMN], name]));
  return names.get(errno) ?? `ERRNO_${errno}`;
}

/** What an error means, in a few words. */
function errnoMeaning(errno: number): string {
  return ERRORS[errnoName(errno)]?.[2] ?? `error number ${errno}`;
}

/** The number that this platform gives to an error's name. */
export function errnoNumber(name: string): number {
  const entry = ERRORS[name];
  if (entry === undefined) throw new RangeError(`no error is named ${name}`);
  return entry[COLUMN];
}

const value = new Int32Array(1);
const valueBytes = new Uint8Array(value.buffer);
let location: Deno.PointerValue | undefined;

/** errno as the last call of this thread left it. Call it right after the call that failed. */
export function lastErrno(): number {
  const c = libc();
  // the address is the thread's own, and a JavaScript realm stays on one thread
  location ??= c.__errno_location?.() ?? c.__error?.();
  c.memcpy(valueBytes, location!, 4n);
  return value[0]!;
}

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
