/** What a server logs: each event in one place, with its line and its fields. */

import type { OptionAssertionError } from "../options/assert_option.ts";
import { showAddr } from "../../ffi/sockaddr.ts";
import { ERRORS_ALONE, type Logger, type ReadyLogger, readyLogger } from "../net/logger.ts";
import { clientOf } from "../net/subnet.ts";
import type { ConnInfo } from "./conn_handler.ts";
import type { ServerStats } from "./stats.ts";
import { errorCode, errorText, isPeerGone, stackOf } from "./errors.ts";

/** The log of a server. */
export class ServerLog {
  readonly logger: ReadyLogger;
  readonly #handlerErrors: ReadyLogger;

  constructor(logger: Logger | undefined) {
    this.logger = readyLogger(logger);
    this.#handlerErrors = logger === undefined ? readyLogger(ERRORS_ALONE) : this.logger;
  }

  /** Whether the lines on single connections are worth making. */
  get debugging(): boolean {
    return this.logger.debugging;
  }

  listening(addr: Deno.NetAddr): void {
    const { hostname, port } = addr;
    this.logger.info(`Serving on ${showAddr(addr)}`, { event: "listening", hostname, port });
  }

  /** It stops, and waits for connections. */
  stopping(active: number, seconds: number): void {
    const connections = active === 1 ? "1 connection is" : `${active} connections are`;
    this.logger.info(`Stopping: ${connections} open, for up to ${seconds} s`, {
      event: "stopping",
      active,
      gracePeriod: seconds,
    });
  }

  stopped(stats: ServerStats): void {
    this.logger.info("Stopped", { event: "stopped", ...stats });
  }

  /** A connection with its options, as the asyncio recipe shows them. */
  connected({ remoteAddr }: ConnInfo, options: readonly string[]): void {
    const remote = showAddr(remoteAddr);
    this.logger.debug(`connected from ${remote}`, { event: "connected", remote });
    for (const line of options) this.logger.debug(line, { event: "options", remote });
  }

  closed({ remoteAddr }: ConnInfo): void {
    const remote = showAddr(remoteAddr);
    this.logger.debug(`closed ${remote}`, { event: "closed", remote });
  }

  /** Something is not as configured. */
  assertionFailed({ remoteAddr }: ConnInfo, failure: OptionAssertionError): void {
    const remote = showAddr(remoteAddr);
    const { message, option, expected, actual } = failure;
    this.logger.error(`Connection from ${remote} is not as configured: ${message}`, {
      event: "assertion_failed",
      remote,
      option,
      expected,
      actual,
    });
  }

  /** The kernel does not tell what is to be asserted. */
  cannotCheck({ remoteAddr }: ConnInfo, { message }: Error): void {
    const remote = showAddr(remoteAddr);
    this.logger.error(`Connection from ${remote} cannot be checked: ${message}`, {
      event: "error",
      remote,
      error: message,
    });
  }

  /** A handler has failed. That its client has gone is no error of its own. */
  failed({ remoteAddr }: ConnInfo, error: unknown): void {
    const remote = showAddr(remoteAddr);
    const level = isPeerGone(error) ? "debug" : "error";
    const text = errorText(error);
    this.#handlerErrors[level](`Connection from ${remote} failed: ${text}`, {
      event: "error",
      remote,
      code: errorCode(error),
      error: text,
      ...level === "error" && { stack: stackOf(error) },
    });
  }

  /** A client has not finished its handshake, as those who look for open ports do not. */
  handshakeFailed({ remoteAddr }: ConnInfo, error: unknown): void {
    const remote = showAddr(remoteAddr);
    this.logger.debug(`TLS handshake with ${remote} failed: ${error}`, {
      event: "error",
      remote,
      code: errorCode(error),
      error: `${error}`,
    });
  }

  /** A connection has no PROXY header that counts. */
  noProxyHeader({ remoteAddr }: ConnInfo, error: unknown): void {
    const remote = showAddr(remoteAddr);
    const { message } = error as Error;
    this.logger.warn(`Connection from ${remote} has no PROXY header that counts: ${message}`, {
      event: "error",
      remote,
      code: errorCode(error),
      error: message,
    });
  }

  /** A client has as many connections open as it may. */
  refused({ remoteAddr }: ConnInfo, most: number): void {
    const client = clientOf(remoteAddr.hostname);
    this.logger.warn(
      `${client} has ${most} connections open, as many as one client may: more are refused`,
      { event: "refused", client },
    );
  }

  /** A callback of the user's has thrown, or its promise was rejected. */
  callbackFailed(name: string, error: unknown): void {
    const text = errorText(error);
    const stack = stackOf(error);
    this.#handlerErrors.error(`${name} threw: ${text}`, { event: "error", error: text, stack });
  }

  cannotAccept(addr: Deno.NetAddr, message: string, code: string): void {
    this.logger.error(`Cannot accept on ${showAddr(addr)}: ${message}; trying on`, {
      event: "accept_failed",
      code,
    });
  }

  /** Something that was asked for that this kernel cannot do. */
  cannotDo(what: string): void {
    this.logger.warn(what, { event: "not_supported" });
  }
}
