/** What Deno throws where the network fails: its own classes, with the error's code and the address. */

import { SocketError } from "../../ffi/socket_error.ts";

type ErrorClass = new (message: string, options?: ErrorOptions) => Error;

/** Deno's class for each error of the system; those that are not here are a plain `Error` there. */
const CLASSES: Readonly<Record<string, ErrorClass>> = {
  EACCES: Deno.errors.PermissionDenied,
  EADDRINUSE: Deno.errors.AddrInUse,
  EADDRNOTAVAIL: Deno.errors.AddrNotAvailable,
  EAI_NODATA: Deno.errors.NotFound,
  EAI_NONAME: Deno.errors.NotFound,
  ECONNABORTED: Deno.errors.ConnectionAborted,
  ECONNREFUSED: Deno.errors.ConnectionRefused,
  ECONNRESET: Deno.errors.ConnectionReset,
  ENETUNREACH: Deno.errors.NetworkUnreachable,
  EPERM: Deno.errors.PermissionDenied,
  EPIPE: Deno.errors.BrokenPipe,
  ETIMEDOUT: Deno.errors.TimedOut,
};

/** An error of the network. */
export type NetworkError = Error & { readonly code: string };

/**
 * Makes an error as Deno has it.
 *
 * @param code The error's name, such as "ECONNREFUSED".
 * @param message What failed, with the address.
 * @param cause What was thrown.
 */
export function networkError(code: string, message: string, cause?: unknown): NetworkError {
  const Kind = CLASSES[code] ?? Error;
  return Object.assign(new Kind(message, { cause }), { code });
}

/** Whether an error says what the network or the system has refused, and not an option or what the caller has given. */
export function isNetworkError(error: unknown): error is NetworkError {
  if (error instanceof SocketError) return error.option === undefined;
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

/**
 * Says of an error of the network what failed. Any other stays as it is.
 *
 * @param doing What failed, with the address, such as "cannot connect to 127.0.0.1:8888".
 */
export function naming(doing: string, error: unknown): unknown {
  if (!isNetworkError(error)) return error;
  return networkError(error.code, `${doing}: ${error.message}`, error);
}
