/**
 * @module
 */

import { fdHint } from "../../ffi/find_fd.ts";
import { TCP_INFO } from "../../ffi/options/tcp.ts";
import { showAddr } from "../../ffi/sockaddr.ts";
import { readOption, shutdown } from "../../ffi/socket.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import { isSupported } from "../../ffi/socket_option.ts";
import type { TcpInfo, TcpState } from "../../ffi/tcp_info.ts";
import { settingOptions, type SocketSettings } from "../options/settings.ts";
import { OptionAssertionError } from "../options/assert_option.ts";
import type { ConnHandler, ConnInfo } from "./conn_handler.ts";
import { type AnyConn, close, Connection, Connections, lingeringClose } from "./connection.ts";
import { ConnectionCheck, describeOptions } from "./connection_check.ts";
import type { KernelLimits } from "../options/kernel_limits.ts";
import { type ListenOptions, type OpenListener, openListener } from "../net/listen.ts";
import { type ReadyLogger, readyLogger } from "../net/logger.ts";
import type { AcceptQueue, ServerStats } from "./stats.ts";
import { socketFd } from "../options/socket_fd.ts";

/** What {@linkcode serve} is asked for. */
export interface ServeOptions extends Omit<ListenOptions, "hostname"> {
  /**
   * The address to listen on, or several. "::" takes IPv6 and IPv4 connections.
   *
   * @default {"0.0.0.0"}
   */
  hostname?: string | readonly string[];
  /** Stops the server when it fires, as `shutdown()` does. */
  signal?: AbortSignal;
  /** Called once for each listener, when it listens. By default a line is logged. */
  onListen?: (addr: Deno.NetAddr) => void;
  /**
   * Called when a handler throws or rejects. Its connection is closed in any case. By default a line is
   * logged: at level debug if the client has gone, otherwise at level error.
   */
  onError?: (error: unknown, info: ConnInfo) => void;
  /**
   * How many connections may be open at once. At the limit the server stops accepting, and the next ones
   * wait in the accept queue until one ends.
   *
   * @default {Infinity}
   */
  maxConnections?: number;
  /**
   * After how many seconds without a byte either way a connection is closed. The kernel's own clock is
   * asked, so it costs nothing per message. Linux only.
   *
   * @default {Infinity}
   */
  idleTimeout?: number;
  /**
   * How many seconds a TLS handshake may take.
   *
   * @default {10}
   */
  handshakeTimeout?: number;
  /**
   * How many seconds connections may take to end once the server is told to stop.
   *
   * @default {10}
   */
  gracePeriod?: number;
  /**
   * Whether the options and addresses of every connection are asserted. Settings are put in force on the
   * listener in any case.
   *
   * @default {true}
   */
  assertions?: boolean;
}

/** {@linkcode ServeOptions} with what TLS takes. */
export interface ServeTlsOptions extends ServeOptions {
  /** The certificate chain in PEM. */
  cert: string;
  /** The private key in PEM. */
  key: string;
}

/** A running server. */
export interface TcpServer extends AsyncDisposable {
  /** The address of the first listener. */
  readonly addr: Deno.NetAddr;
  /** The addresses of all listeners. */
  readonly addrs: readonly Deno.NetAddr[];
  /** Resolves when the server has stopped and its last connection has ended. */
  readonly finished: Promise<void>;
  /**
   * Stops gracefully: serves what the kernel has accepted already, closes the listeners, lets handlers
   * finish, and after the grace period closes what is left. A second call closes it at once.
   */
  shutdown(): Promise<void>;
  /** What the server has done so far. */
  stats(): ServerStats;
  /** Keeps the process running while the server listens; it does so from the start. */
  ref(): void;
  /** Lets the process end although the server listens. */
  unref(): void;
}

/**
 * Serves TCP, in the manner of `Deno.serve()`.
 *
 * Connections inherit the settings from the listener, and on every one of them, through the kernel's own
 * calls, is asserted that it is a non-blocking stream socket, that its addresses are those that Deno
 * says, that SO_REUSEADDR and SO_REUSEPORT are as configured, and each setting. A connection on which
 * that fails is closed, an error line names the option, and the server goes on.
 *
 * A failure to accept never ends the server: at the limit of file descriptors it waits until there are
 * some again.
 *
 * @example
 * ```ts
 * import { echoOnce, serve } from "@sockopt/tcp";
 * import assert from "node:assert/strict";
 *
 * await using server = serve(
 *   { hostname: "127.0.0.1", port: 0, settings: { quickAck: true, receiveBufferSize: 65536 } },
 *   echoOnce(),
 * );
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
 * await conn.write(new TextEncoder().encode("hello"));
 * const reply = new Uint8Array(5);
 * await conn.read(reply);
 * assert.equal(new TextDecoder().decode(reply), "hello");
 * ```
 *
 * @param options Where and how.
 * @param handler What to do with each connection.
 * @returns The server, which listens already.
 * @throws What {@linkcode listen} throws.
 */
export function serve(options: ServeOptions, handler: ConnHandler): TcpServer;
/**
 * Serves TCP with TLS.
 *
 * @param options Where and how, with the certificate and its key.
 * @param handler What to do with each connection, once its handshake is done.
 * @returns The server, which listens already.
 * @throws What {@linkcode listen} throws.
 */
export function serve(options: ServeTlsOptions, handler: ConnHandler<Deno.TlsConn>): TcpServer;
export function serve(
  options: ServeOptions | ServeTlsOptions,
  handler: ConnHandler | ConnHandler<Deno.TlsConn>,
): TcpServer {
  return new Server(options, handler as ConnHandler<AnyConn>);
}

/** A listener of the server with what belongs to it. */
interface Port {
  readonly addr: Deno.NetAddr;
  readonly opened: OpenListener<Deno.Listener<AnyConn>>;
  readonly check: ConnectionCheck | undefined;
}

/** How long to wait after a failure to accept, unless a connection ends before. */
const ACCEPT_PAUSE = 500;
/** Failures to accept that are no further apart than this are one episode, and one line in the log. */
const EPISODE = 10_000;
/** Errors of accept(2) and of Deno's own calls after it that concern one connection alone. */
const CONNECTION_ERRORS: ReadonlySet<string> = new Set([
  "ECONNABORTED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "EINTR",
  "ENETDOWN",
  "ENETUNREACH",
  "ENONET",
  "ENOTCONN",
  "EPERM",
  "EPROTO",
  "ETIMEDOUT",
]);
/** The least time between two looks for idle connections. */
const LEAST_SWEEP = 50;
/** How many connections are asked for in one look. */
const SWEEP_SIZE = 256;

class Server implements TcpServer {
  readonly finished: Promise<void>;
  readonly #handler: ConnHandler<AnyConn>;
  readonly #options: ServeOptions;
  readonly #logger: ReadyLogger;
  readonly #ports: Port[] = [];
  readonly #active = new Connections();
  readonly #settings: SocketSettings;
  readonly #maxConnections: number;
  readonly #idleTimeout: number;
  readonly #startedAt = performance.now();
  #stopping = false;
  /** Resolved at the next end of a connection, or when the server is to stop. */
  #change: PromiseWithResolvers<void> | undefined;
  #accepted = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #assertionFailures = 0;
  #timedOut = 0;
  readonly #errors: Record<string, number> = {};
  /** For the lines of level debug. */
  #limits: KernelLimits | undefined;

  constructor(options: ServeOptions | ServeTlsOptions, handler: ConnHandler<AnyConn>) {
    this.#handler = handler;
    this.#options = options;
    this.#logger = readyLogger(options.logger);
    this.#settings = options.settings ?? {};
    this.#maxConnections = options.maxConnections ?? Infinity;
    this.#idleTimeout = (options.idleTimeout ?? Infinity) * 1000;
    if (this.#idleTimeout !== Infinity && !isSupported(TCP_INFO)) {
      throw new Deno.errors.NotSupported("idleTimeout takes TCP_INFO, which macOS does not have");
    }
    options.signal?.throwIfAborted();
    this.#listen(options);
    options.signal?.addEventListener("abort", this.#onAbort);
    this.finished = this.#run();
  }

  get addr(): Deno.NetAddr {
    return this.#ports[0]!.addr;
  }

  get addrs(): readonly Deno.NetAddr[] {
    return this.#ports.map(({ addr }) => addr);
  }

  #listen(options: ServeOptions | ServeTlsOptions): void {
    const { hostname, reusePort = false, assertions = true } = options;
    const hostnames = typeof hostname === "object" ? hostname : [hostname ?? "0.0.0.0"];
    const open = (to: Deno.ListenOptions & { port: number }): Deno.Listener<AnyConn> =>
      "cert" in options
        ? Deno.listenTls({ ...to, cert: options.cert, key: options.key })
        : Deno.listen(to);
    let { port } = options;
    try {
      for (const hostname of hostnames) {
        const opened = openListener({ ...options, hostname, port: port ?? 0, reusePort }, open);
        const addr = opened.listener.addr as Deno.NetAddr;
        // several addresses share the port that was picked for the first
        port ||= addr.port;
        const check = assertions
          ? new ConnectionCheck(opened.fd, settingOptions(this.#settings))
          : undefined;
        this.#ports.push({ addr, opened, check });
      }
    } catch (error) {
      for (const { opened } of this.#ports) opened.listener.close();
      throw error;
    }
  }

  readonly #onAbort = (): void => void this.shutdown();

  async #run(): Promise<void> {
    for (const port of this.#ports) this.#announce(port.addr);
    if (this.#logger.debugging) {
      const { kernelLimits } = await import("../options/kernel_limits.ts"); // no other line takes it
      this.#limits = kernelLimits();
    }
    const stopSweeping = this.#sweepIdle();
    await Promise.all(this.#ports.map((port) => this.#accept(port)));
    while (this.#active.size > 0) await this.#nextChange();
    stopSweeping();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#logger.info("Stopped", { event: "stopped", ...this.stats() });
  }

  #announce(addr: Deno.NetAddr): void {
    if (this.#options.onListen !== undefined) return this.#options.onListen(addr);
    const { hostname, port } = addr;
    this.#logger.info(`Serving on ${showAddr(addr)}`, { event: "listening", hostname, port });
  }

  /** The accept loop: a failure to accept ends the iteration, but not the server. */
  async #accept(port: Port): Promise<void> {
    const { listener } = port.opened;
    let failedAt = -Infinity;
    for (;;) {
      try {
        for await (const conn of listener) {
          this.#begin(conn, port);
          while (this.#active.size >= this.#maxConnections) await this.#nextChange();
          if (this.#stopping && queueLength(port) === 0) return stopListening(port);
        }
        return;
      } catch (error) {
        if (this.#stopping) return close(listener);
        const code = errorName(error);
        this.#count(code);
        // the next one may do better at once
        if (CONNECTION_ERRORS.has(code)) continue;
        const now = performance.now();
        if (now - failedAt > EPISODE) this.#cannotAccept(port, error as Error, code);
        failedAt = now;
        await this.#changeOrPause();
      }
    }
  }

  #cannotAccept({ addr }: Port, { message }: Error, code: string): void {
    this.#logger.error(`Cannot accept on ${showAddr(addr)}: ${message}; trying on`, {
      event: "accept_failed",
      code,
    });
  }

  #begin(conn: AnyConn, { check }: Port): void {
    const number = ++this.#accepted;
    const idleAt = this.#idleTimeout === Infinity ? 0 : performance.now() + this.#idleTimeout;
    const connection = new Connection(conn, number, this.#logger, this.#settings, idleAt);
    this.#active.add(connection);
    try {
      const fd = fdHint(conn) ?? socketFd(conn);
      if (check !== undefined && !check.run(fd, conn)) return this.#finish(connection);
      if (this.#limits !== undefined) this.#describe(connection, fd, this.#limits);
    } catch (error) {
      this.#reject(error, connection);
      return this.#finish(connection);
    }
    this.#handle(connection);
  }

  /** A check has failed: one line, and the connection is not served. */
  #reject(error: unknown, { remoteAddr }: Connection): void {
    const remote = showAddr(remoteAddr);
    const { message } = error as Error;
    if (error instanceof OptionAssertionError) {
      const { option, expected, actual } = error;
      this.#assertionFailures++;
      this.#logger.error(`Connection from ${remote} is not as configured: ${message}`, {
        event: "assertion_failed",
        remote,
        option,
        expected,
        actual,
      });
    } else {
      this.#count(errorName(error));
      this.#logger.error(`Connection from ${remote} cannot be checked: ${message}`, {
        event: "error",
        remote,
        error: message,
      });
    }
  }

  #describe({ remoteAddr }: Connection, fd: number, limits: KernelLimits): void {
    const remote = showAddr(remoteAddr);
    this.#logger.debug(`connected from ${remote}`, { event: "connected", remote });
    for (const line of describeOptions(fd, limits)) {
      this.#logger.debug(line, { event: "options", remote });
    }
  }

  async #handle(connection: Connection): Promise<void> {
    const { conn } = connection;
    try {
      if ("handshake" in conn) await this.#handshake(connection, conn);
      await this.#handler(conn, connection);
    } catch (error) {
      if (!connection.closed) this.#failed(error, connection);
    }
    if (connection.linger && !connection.closed) await lingeringClose(conn);
    this.#finish(connection);
  }

  async #handshake(connection: Connection, conn: Deno.TlsConn): Promise<void> {
    const seconds = this.#options.handshakeTimeout ?? 10;
    const timer = setTimeout(() => this.#timeOut(connection), seconds * 1000);
    try {
      await conn.handshake();
    } finally {
      clearTimeout(timer);
    }
  }

  #failed(error: unknown, connection: Connection): void {
    const code = errorName(error);
    this.#count(code);
    const remote = showAddr(connection.remoteAddr);
    try {
      if (this.#options.onError !== undefined) return this.#options.onError(error, connection);
    } catch (thrown) {
      this.#logger.error(`onError threw: ${thrown}`, {
        event: "error",
        remote,
        error: `${thrown}`,
      });
      return;
    }
    const level = isPeerGone(error) ? "debug" : "error";
    this.#logger[level](`Connection from ${remote} failed: ${error}`, {
      event: "error",
      remote,
      code,
      error: `${error}`,
    });
  }

  /** Closes a connection, if it is not closed yet, and takes account of it. */
  #finish(connection: Connection): void {
    if (!this.#active.delete(connection)) return;
    const { conn } = connection;
    if (connection.bytesIn === 0 && connection.bytesOut === 0) countBytes(connection);
    connection.closed = true;
    close(conn);
    this.#bytesIn += connection.bytesIn;
    this.#bytesOut += connection.bytesOut;
    if (this.#logger.debugging) {
      const remote = showAddr(conn.remoteAddr);
      this.#logger.debug(`closed ${remote}`, { event: "closed", remote });
    }
    this.#changed();
  }

  /** Ends a connection whatever its handler does. */
  #end(connection: Connection): void {
    connection.end();
    if ("handshake" in connection.conn) endTls(connection.conn);
    this.#finish(connection);
    connection.onClosed?.();
  }

  #timeOut(connection: Connection): void {
    this.#timedOut++;
    this.#end(connection);
  }

  #count(code: string): void {
    this.#errors[code] = (this.#errors[code] ?? 0) + 1;
  }

  #changed(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }

  #nextChange(): Promise<void> {
    return (this.#change ??= Promise.withResolvers()).promise;
  }

  async #changeOrPause(): Promise<void> {
    const timer = setTimeout(() => this.#changed(), ACCEPT_PAUSE);
    await this.#nextChange();
    clearTimeout(timer);
  }

  /**
   * Looks for idle connections from time to time, a few at a time so that thousands of them hold nobody
   * up, until the function that it returns is called.
   */
  #sweepIdle(): () => void {
    if (this.#idleTimeout === Infinity) return () => {};
    const pause = Math.min(Math.max(this.#idleTimeout / 4, LEAST_SWEEP), 1000);
    let timer: ReturnType<typeof setTimeout>;
    const sweep = (): void => {
      timer = setTimeout(sweep, this.#closeIdle() ? pause : 0);
      Deno.unrefTimer(timer);
    };
    sweep();
    return () => clearTimeout(timer);
  }

  /** Closes connections that are idle; `false` where there may be more. */
  #closeIdle(): boolean {
    const now = performance.now();
    let asked = 0;
    for (const connection of this.#active.toArray()) {
      if (connection.idleAt > now) continue;
      if (++asked > SWEEP_SIZE) return false;
      const left = this.#idleTimeout - idleTime(connection.conn);
      if (left > 0) connection.idleAt = now + left;
      else this.#timeOut(connection);
    }
    return true;
  }

  shutdown(): Promise<void> {
    if (this.#stopping) {
      this.#closeAll();
      return this.finished;
    }
    this.#stopping = true;
    for (const port of this.#ports) {
      // what is in the queue is connected as far as the client knows; the accept loop closes after it
      if (queueLength(port) === 0) stopListening(port);
    }
    for (const connection of this.#active.toArray()) connection.end();
    this.#changed();
    const seconds = this.#options.gracePeriod ?? 10;
    const timer = setTimeout(() => this.#closeAll(), seconds * 1000);
    return this.finished.finally(() => clearTimeout(timer));
  }

  #closeAll(): void {
    for (const { opened } of this.#ports) close(opened.listener);
    for (const connection of this.#active.toArray()) this.#end(connection);
    this.#changed();
  }

  stats(): ServerStats {
    return {
      accepted: this.#accepted,
      active: this.#active.size,
      closed: this.#accepted - this.#active.size,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      errors: { ...this.#errors },
      assertionFailures: this.#assertionFailures,
      timedOut: this.#timedOut,
      queues: this.#stopping ? [] : this.#ports.map(acceptQueue),
      uptime: (performance.now() - this.#startedAt) / 1000,
    };
  }

  ref(): void {
    for (const { opened } of this.#ports) opened.listener.ref();
  }

  unref(): void {
    for (const { opened } of this.#ports) opened.listener.unref();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

/** TCP_INFO of a listener has its accept queue: the length and the limit. */
function acceptQueue({ addr, opened }: Port): AcceptQueue {
  if (!isSupported(TCP_INFO)) return { addr, length: undefined, limit: undefined };
  const { unacked, sacked } = readOption(opened.fd, TCP_INFO);
  return { addr, length: unacked, limit: sacked };
}

/** How many connections wait to be accepted, as far as the kernel tells. */
function queueLength(port: Port): number {
  return acceptQueue(port).length ?? 0;
}

/**
 * Closes a listener. Deno keeps its socket open for a moment while it waits to accept, and what came then
 * would be lost: so the kernel is told first.
 */
function stopListening({ opened: { listener, fd } }: Port): void {
  shutdown(fd);
  close(listener);
}

/** For how many milliseconds no data has come or gone. */
function idleTime(conn: AnyConn): number {
  const info = tcpInfo(conn);
  return info === undefined ? 0 : Math.min(info.lastDataRecv, info.lastDataSent);
}

/** TCP_INFO of a connection; `undefined` where its handler has closed it. */
function tcpInfo(conn: AnyConn): TcpInfo | undefined {
  try {
    return readOption(socketFd(conn), TCP_INFO);
  } catch (error) {
    if (error instanceof SocketError) return undefined;
    throw error;
  }
}

/**
 * Counts what a handler has not: by what the kernel says of the connection. Not with TLS, where the
 * kernel sees what is encrypted, nor where the handler has closed the connection.
 */
function countBytes(connection: Connection): void {
  const { conn } = connection;
  if (!isSupported(TCP_INFO) || "handshake" in conn) return;
  const info = tcpInfo(conn);
  if (info === undefined) return;
  const { bytesReceived = 0n, bytesSent = 0n, bytesRetrans = 0n, notsentBytes = 0 } = info;
  connection.bytesIn = Number(bytesReceived) - (FIN_RECEIVED.has(info.state) ? 1 : 0);
  connection.bytesOut = Number(bytesSent - bytesRetrans) + notsentBytes;
}

/** The states after the peer's FIN, which the kernel counts as a byte received. */
const FIN_RECEIVED: ReadonlySet<TcpState> = new Set([
  "close-wait",
  "last-ack",
  "closing",
  "time-wait",
]);

/** Deno closes no socket on which a TLS handshake is under way, so the kernel is asked to end it. */
function endTls(conn: Deno.TlsConn): void {
  try {
    shutdown(socketFd(conn));
  } catch (error) {
    if (!(error instanceof SocketError)) throw error; // closed by its handler
  }
}

/** Under which name an error is counted: its code, where it has one, such as "EMFILE". */
function errorName(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** Whether an error only says that the client has gone, as clients do. */
function isPeerGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.UnexpectedEof ||
    error instanceof Deno.errors.TimedOut;
}
