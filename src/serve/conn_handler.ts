/** A handler of connections, and what it is told. */

import type { SocketSettings } from "../options/settings.ts";
import type { ReadyLogger } from "../net/logger.ts";
import type { ProxyHeader } from "./proxy_protocol.ts";

/**
 * What a handler is told about its connection, and what it may tell the server.
 *
 * @category Serving
 */
export interface ConnInfo {
  /** The client's address: with `proxyProtocol` the one that the header names. The connection itself has its peer's. */
  readonly remoteAddr: Deno.NetAddr;
  /** The server's address, as the client sees it: with `proxyProtocol` the one that the header names. */
  readonly localAddr: Deno.NetAddr;
  /** What the header says, with `proxyProtocol`. */
  readonly proxy?: ProxyHeader;
  /** Which connection of the server it is, counted from 1. */
  readonly number: number;
  /**
   * Fires when the server wants the connection to end: it is stopping, and the reason an "AbortError", or a time-out has
   * passed, and it is a "TimeoutError".
   */
  readonly signal: AbortSignal;
  /** Whether the server itself has closed the connection. */
  readonly closed: boolean;
  /** The settings that are in force on the connection. */
  readonly settings: SocketSettings;
  /** The server's logger. Its `debugging` says whether lines of level debug are worth making. */
  readonly logger: ReadyLogger;
  /**
   * Bytes received, for `stats()`. A handler that counts itself saves the server asking the kernel when the connection
   * ends, and is counted where the kernel does not tell.
   */
  bytesIn: number;
  /** Bytes sent, for `stats()`. */
  bytesOut: number;
  /**
   * Set it when the client may still be sending. The server then ends its own side, reads on and drops
   * what comes, for up to 5 seconds and 64 MiB, before it closes: closing at once would make the kernel
   * reset the connection, and the client might lose the end of what it was sent.
   *
   * @default {false}
   */
  linger: boolean;
  /**
   * Tells of an error that does not end the handler, such as one of a callback: it is counted and goes to `onError`, as one
   * that the handler throws.
   */
  report(error: unknown): void;
  /**
   * Called when the server wants the connection to end, right after `signal` has fired: at once, where it has fired already.
   * It takes no signal to be made.
   */
  onEnding?: () => void;
  /** Called when the server closes the connection before its handler is through: a time-out, or its own end. */
  onClosed?: () => void;
}

/**
 * Handles one connection. The server closes it when the handler returns, or when its promise settles.
 *
 * @category Serving
 * @typeParam C The kind of connection: `Deno.TcpConn`, or `Deno.TlsConn` where the server has a certificate.
 */
export type ConnHandler<C extends Deno.Conn<Deno.NetAddr> = Deno.TcpConn> = (
  conn: C,
  info: ConnInfo,
) => void | Promise<unknown>;

/** The handlers that count bytes as they come and go. */
const counting = new WeakSet<object>();

/** Marks a handler as one that counts all bytes of its connections. */
export function countingBytes<H extends object>(handler: H): H {
  counting.add(handler);
  return handler;
}

/** Whether a handler counts all bytes of its connections. */
export function countsBytes(handler: object): boolean {
  return counting.has(handler);
}
