/** What the errors of connections mean to a server. */

import { errnoName, SocketError } from "../../ffi/socket_error.ts";
import { networkError } from "../net/network_error.ts";

/** What the kernel says of a connection that has failed, as Deno says it; anything else stays as it is. */
export function asDeno(error: unknown): Error {
  if (!isOf(error, SocketError)) return asError(error);
  return networkError(error.code, error.message, error);
}

/** What was thrown, as an error: anything can be. */
export function asError(thrown: unknown): Error {
  return isOf(thrown, Error) ? thrown : new Error(errorText(thrown), { cause: thrown });
}

/** Whether what was thrown is of one of some classes: `instanceof`, which what was thrown may make throw as well. */
export function isOf<E extends Error>(
  thrown: unknown,
  ...classes: (abstract new (...args: never[]) => E)[]
): thrown is E {
  try {
    return classes.some((each) => thrown instanceof each);
  } catch {
    return false;
  }
}

/** The text of what was thrown, which may have none, or throw itself. */
export function errorText(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return "an error without a text";
  }
}

/** Where an error was made, if it tells. */
export function stackOf(thrown: unknown): string | undefined {
  try {
    const { stack } = thrown as Error;
    return typeof stack === "string" ? stack : undefined;
  } catch {
    return undefined;
  }
}

/** Under which name an error is counted: its code, such as "EMFILE", or else the name of its class. */
export function errorCode(error: unknown): string {
  if (!isOf(error, Error)) return UNKNOWN;
  try {
    if ("code" in error && typeof error.code === "string") return error.code;
    // Deno gives a code to the well-known ones only
    const errno = /\(os error (\d+)\)$/.exec(error.message)?.[1];
    return errno === undefined ? `${error.name}` : errnoName(Number(errno));
  } catch {
    return UNKNOWN; // one that throws when it is looked at
  }
}

const UNKNOWN = "unknown";

/** Codes that only say that the client has gone, or its network has. */
const PEER_GONE: ReadonlySet<string> = new Set([
  "ECONNABORTED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOTCONN",
  "EPIPE",
  "ETIMEDOUT",
]);

/** The same as Deno's classes. */
const PEER_GONE_ERRORS = [
  Deno.errors.ConnectionReset,
  Deno.errors.BrokenPipe,
  Deno.errors.ConnectionAborted,
  Deno.errors.UnexpectedEof,
  Deno.errors.TimedOut,
  Deno.errors.NotConnected,
];

/** Whether an error only says that the client has gone, as clients do. */
export function isPeerGone(error: unknown): boolean {
  return isOf(error, ...PEER_GONE_ERRORS) || PEER_GONE.has(errorCode(error));
}

/** Whether an error says that a call was made on what is closed, or was under way when it was closed. */
export function isClosedHere(error: unknown): boolean {
  return isOf(error, Deno.errors.BadResource, Deno.errors.Interrupted);
}

/** Calls a function of the user's: what it throws, or its promise rejects with, harms nobody else. */
export function callUser(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const result = call();
    if (result instanceof Promise) result.catch(failed);
  } catch (error) {
    failed(error);
  }
}
