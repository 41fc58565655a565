/** `connectProtocol()`: a connection of a client, served by a protocol. */

import { withoutBrackets } from "../net/addresses.ts";
import { connect, CONNECT_CHECKS, type ConnectOptions } from "../net/connect.ts";
import { type Check, checkNamed, optionsOf, seconds, type } from "../options/check_arguments.ts";
import { socketDescriptor } from "../options/socket_fd.ts";
import { close, Connection, isTls } from "./connection.ts";
import { callUser } from "./errors.ts";
import type { BufferedProtocol, Protocol, Transport } from "./protocol.ts";
import { ServerLog } from "./server_log.ts";
import { lingeringClose } from "./stream.ts";
import { after } from "../net/timer.ts";
import { ConnTransport } from "./transport.ts";

/**
 * What {@linkcode connectProtocol} is asked for.
 *
 * @category Protocols
 */
export interface ConnectProtocolOptions extends ConnectOptions {
  /**
   * Whether the connection is one of TLS, and how: what `Deno.startTls()` takes. Its `hostname`, which the certificate must
   * be for, is the one to connect to unless it says otherwise.
   *
   * @default {false}
   */
  tls?: boolean | Deno.StartTlsOptions;
  /**
   * How many seconds the TLS handshake may take.
   *
   * @default {10}
   */
  handshakeTimeout?: number;
  /** Called with what a callback of the protocol throws, or its promise rejects with. By default a line is logged. */
  onError?: (error: unknown) => void;
}

/** What the options of {@linkcode connectProtocol} must be. */
const CHECKS: Record<keyof ConnectProtocolOptions, Check> = {
  ...CONNECT_CHECKS,
  tls(value) {
    if (typeof value !== "boolean") type("object")(value);
  },
  handshakeTimeout: seconds,
  onError: type("function"),
};

/**
 * Connects, and serves the connection with a protocol: asyncio's `loop.create_connection()`.
 *
 * The callbacks are as with {@linkcode protocolHandler}: `connectionMade()` was called when the promise resolves. What a
 * callback throws closes the transport at once and goes to `connectionLost()` and `onError`; that the connection itself has
 * failed is told to `connectionLost()` alone. TCP_NODELAY is on unless the settings say something of it.
 *
 * Like {@linkcode connect} it is for Linux.
 *
 * @category Protocols
 *
 * @example
 * ```ts
 * import { connectProtocol, echo, serve } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = serve({ hostname: "127.0.0.1", port: 0 }, echo());
 *
 * const answer = Promise.withResolvers<string>();
 * const [transport] = await connectProtocol({ port: server.addr.port }, () => ({
 *   connectionMade(transport) {
 *     transport.write(new TextEncoder().encode("hello"));
 *   },
 *   dataReceived(data) {
 *     answer.resolve(new TextDecoder().decode(data));
 *   },
 * }));
 * assertEquals(await answer.promise, "hello");
 * transport.close();
 * ```
 *
 * @typeParam P The kind of protocol.
 * @param options Where to, and how.
 * @param factory Makes the protocol, once the connection is there.
 * @returns The transport and the protocol.
 * @throws What {@linkcode connect} throws, what `Deno.startTls()` and the handshake throw, and what the factory throws.
 */
export async function connectProtocol<P extends Protocol | BufferedProtocol>(
  options: ConnectProtocolOptions,
  factory: () => P,
): Promise<[transport: Transport, protocol: P]> {
  checkNamed("connectProtocol()", options, optionsOf(CHECKS));
  checkNamed("connectProtocol()", factory, type("function"));
  const connection = await open(options);
  try {
    const protocol = factory();
    const transport = new ConnTransport(connection.conn, connection, protocol);
    runToEnd(transport, connection);
    return [transport, protocol];
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Connects, with TLS where that is asked for. */
async function open(
  { tls = false, handshakeTimeout = 10, onError, ...options }: ConnectProtocolOptions,
): Promise<Connection> {
  const { logger, settings = {}, signal } = options;
  const connected = await connect(options);
  const conn = tls === false ? connected : await startTls(connected, {
    hostname: certified(options),
    ...typeof tls === "object" && tls,
  });
  const log = new ServerLog(logger);
  const report = (error: unknown): void =>
    callUser(
      () => onError ? onError(error) : log.callbackFailed("A callback of a protocol", error),
      (thrown) => log.callbackFailed("onError", thrown),
    );
  const descriptor = socketDescriptor(conn);
  const connection = new Connection(conn, descriptor, 1, log.logger, settings, report);
  if (isTls(conn)) await shakeHands(connection, conn, handshakeTimeout, signal);
  return connection;
}

/** The name that a certificate is for, which has neither the brackets of an IPv6 address nor its zone. */
function certified({ hostname }: ConnectOptions): string | undefined {
  return hostname && withoutBrackets(hostname).replace(/%.*/, "");
}

async function startTls(conn: Deno.TcpConn, options: Deno.StartTlsOptions): Promise<Deno.TlsConn> {
  const { localAddr, remoteAddr } = conn;
  try {
    // Deno leaves out their transport
    return Object.defineProperties(await Deno.startTls(conn, options), {
      localAddr: { value: localAddr },
      remoteAddr: { value: remoteAddr },
    });
  } catch (error) {
    close(conn);
    throw error;
  }
}

/** Finishes the handshake, within a time and until the signal fires. */
async function shakeHands(
  connection: Connection,
  conn: Deno.TlsConn,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  let stopped: { reason: unknown } | undefined; // which may be null, or nothing
  const stop = (reason: unknown): void => {
    stopped ??= { reason };
    connection.endHandshake();
  };
  const onAbort = (): void => stop(signal!.reason);
  const cancel = after(
    timeout * 1000,
    () => stop(new Deno.errors.TimedOut(`the TLS handshake has taken more than ${timeout} s`)),
  );
  signal?.addEventListener("abort", onAbort);
  try {
    signal?.throwIfAborted();
    await conn.handshake();
  } catch (error) {
    connection.close();
    throw stopped === undefined ? error : stopped.reason;
  } finally {
    cancel();
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Lets a transport run to its end, and closes the connection. */
async function runToEnd(transport: ConnTransport, connection: Connection): Promise<void> {
  try {
    await transport.run();
  } catch {
    // connectionLost() was told
  }
  if (connection.linger) await lingeringClose(connection.conn);
  connection.close();
}
