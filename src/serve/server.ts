/** A server: it accepts, checks, serves and stops. */

import { OptionAssertionError } from "../options/assert_option.ts";
import { acceptedDescriptor } from "../options/socket_fd.ts";
import { AcceptFailures } from "./accept_errors.ts";
import { Admission } from "./admission.ts";
import { type ConnHandler, countsBytes } from "./conn_handler.ts";
import { type AnyConn, close, Connection, isTls } from "./connection.ts";
import { Connections } from "./connections.ts";
import { callUser, errorCode, isClosedHere, isOf, isPeerGone } from "./errors.ts";
import { IdleSweep } from "./idle_sweep.ts";
import { describeConnection, type OpenConnection } from "./open_connection.ts";
import { openPorts, type Port } from "./port.ts";
import type { ServeOptions, ServeTlsOptions, TcpServer } from "./serve_options.ts";
import { ServerLog } from "./server_log.ts";
import { Account, type ServerStats } from "./stats.ts";
import { lingeringClose } from "./stream.ts";
import { after } from "../net/timer.ts";

/** Why connections end, as their signals say. */
const STOPPING = new DOMException("the server is stopping", "AbortError");
const IDLE = new DOMException("no byte came or went within the idle time-out", "TimeoutError");

/** What `serve()` starts. */
export class Server implements TcpServer {
  readonly finished: Promise<void>;
  readonly #options: ServeOptions;
  readonly #handler: ConnHandler<AnyConn>;
  readonly #handlerCounts: boolean;
  readonly #log: ServerLog;
  readonly #ports: readonly Port[];
  readonly #active = new Connections();
  readonly #account = new Account();
  readonly #admission: Admission;
  #stopping = false;
  /** Whether what is left is closed at once. */
  #closing = false;
  /** Cancel what is to be asked of connections that came out of the queue at the stop. */
  readonly #moments: (() => void)[] = [];
  /** Resolved at the next end of a connection, or when the server is to stop. */
  #change: PromiseWithResolvers<void> | undefined;

  constructor(options: ServeOptions | ServeTlsOptions, handler: ConnHandler<AnyConn>) {
    this.#options = options;
    this.#handler = handler;
    this.#handlerCounts = countsBytes(handler);
    this.#log = new ServerLog(options.logger);
    this.#admission = new Admission(
      options,
      this.#account,
      this.#log,
      (connection) => this.#end(connection),
    );
    options.signal?.throwIfAborted();
    this.#ports = openPorts(options);
    if (this.#idleTimeout !== Infinity && !this.#ports[0]!.tellsIdleTime()) {
      this.#log.cannotDo(
        "This kernel does not tell for how long a connection is idle: idleTimeout holds for handlers of this package only",
      );
    }
    options.signal?.addEventListener("abort", this.#onAbort);
    // there before anybody is called who may stop the server
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.finished = promise;
    this.#run().then(resolve, reject);
  }

  get addr(): Deno.NetAddr {
    return this.#ports[0]!.addr;
  }

  get addrs(): readonly Deno.NetAddr[] {
    return this.#ports.map(({ addr }) => addr);
  }

  /** In milliseconds. */
  get #idleTimeout(): number {
    return (this.#options.idleTimeout ?? Infinity) * 1000;
  }

  readonly #onAbort = (): void => void this.shutdown();

  async #run(): Promise<void> {
    for (const { addr } of this.#ports) this.#announce(addr);
    const sweep = new IdleSweep(
      this.#active,
      this.#idleTimeout,
      (connection) => this.#timeOut(connection),
    );
    await Promise.all(this.#ports.map((port) => this.#accept(port)));
    while (this.#active.size > 0) await this.#nextChange();
    sweep.stop();
    for (const cancel of this.#moments) cancel();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#log.stopped(this.stats());
  }

  #announce(addr: Deno.NetAddr): void {
    const { onListen } = this.#options;
    if (onListen === undefined) return this.#log.listening(addr);
    callUser(() => onListen(addr), (error) => this.#log.callbackFailed("onListen", error));
  }

  /** Accepts until the server stops: a failure ends the iteration, but not the server. */
  async #accept(port: Port): Promise<void> {
    const failures = new AcceptFailures();
    for (;;) {
      // where accept(2) was interrupted, Deno ends the iteration without an error
      let failure: unknown = new Deno.errors.Interrupted("accept was interrupted");
      try {
        for await (const conn of port.listener) {
          failures.end();
          while (this.#isFull) await this.#nextChange(); // by another listener's
          this.#begin(conn, port);
          while (this.#isFull) await this.#nextChange();
          if (this.#stopping && port.stopIfDrained()) return;
        }
      } catch (error) {
        failure = error;
      }
      if (port.isStopped) return;
      const code = errorCode(failure);
      this.#account.count(code);
      const { pause, isNews } = failures.add(code);
      if (isNews) this.#log.cannotAccept(port.addr, (failure as Error).message, code);
      if (this.#stopping) {
        // one client's failure must not cost those behind it in the queue
        if (pause > 0) port.stop();
        if (port.isStopped || port.stopIfDrained()) return;
      }
      if (pause === 0) continue;
      this.#account.acceptPauses++;
      await this.#nextChange(pause);
    }
  }

  /** Whether as many connections are open as may be. */
  get #isFull(): boolean {
    return this.#active.size >= (this.#options.maxConnections ?? Infinity);
  }

  #begin(conn: AnyConn, port: Port): void {
    if (this.#closing) return close(conn);
    const descriptor = acceptedDescriptor(conn);
    const number = ++this.#account.accepted;
    const { settings = {} } = this.#options;
    const { logger } = this.#log;
    const connection = new Connection(conn, descriptor, number, logger, settings, this.#report);
    connection.isDeferred = port.isDeferred;
    this.#active.add(connection);
    try {
      const admitted = this.#admission.admit(connection, port);
      if (admitted === false) this.#finish(connection);
      else this.#serve(connection, admitted);
    } catch (error) {
      // thrown into the accept loop, it would close the listener
      this.#report(error, connection);
      this.#finish(connection);
    }
    if (this.#stopping && !connection.closed) {
      this.#moments.push(after(connection.firstMoment, () => this.#askToEnd(connection)));
    }
  }

  /** Serves a connection, if it is admitted: without a promise, where its handler needs none. */
  #serve(connection: Connection, admitted: true | Promise<boolean>): void {
    let handled: void | Promise<unknown> = undefined;
    try {
      handled = admitted === true ? this.#handle(connection) : this.#handleIf(admitted, connection);
    } catch (error) {
      connection.failed(error);
      this.#failed(error, connection);
    }
    if (handled === undefined && !connection.linger) this.#finish(connection);
    else this.#finishAfter(handled, connection);
  }

  async #handleIf(admitted: Promise<boolean>, connection: Connection): Promise<void> {
    if (await admitted) await this.#handle(connection);
  }

  #handle(connection: Connection): void | Promise<unknown> {
    if (!this.#handlerCounts) connection.countBeforeClose();
    return this.#handler(connection.conn, connection);
  }

  /** Closes a connection when its handler is through, and its client as well where it asks for that. */
  async #finishAfter(handled: void | Promise<unknown>, connection: Connection): Promise<void> {
    try {
      await handled;
    } catch (error) {
      connection.failed(error);
      this.#failed(error, connection);
    }
    if (connection.linger && !connection.closed) await lingeringClose(connection.conn);
    this.#finish(connection);
  }

  #failed(error: unknown, connection: Connection): void {
    // what was under way when the server, or the handler itself, closed the connection
    if (connection.closed || connection.hasEndedAsAsked(error)) return;
    if (isClosedHere(error) && connection.isGone()) return;
    // a balancer's own check, which ends as it likes
    if (connection.proxy?.source === undefined && connection.proxy && isPeerGone(error)) return;
    this.#report(error, connection);
  }

  readonly #report = (error: unknown, connection: Connection): void => {
    const isAssertion = isOf(error, OptionAssertionError);
    if (isAssertion) this.#account.assertionFailures++;
    else this.#account.count(errorCode(error));
    const { onError } = this.#options;
    if (onError !== undefined) {
      callUser(
        () => onError(error, connection),
        (thrown) => this.#log.callbackFailed("onError", thrown),
      );
    } else if (isAssertion) this.#log.assertionFailed(connection, error);
    else this.#log.failed(connection, error);
  };

  /** Closes a connection, if it is not closed yet, and takes account of it. */
  #finish(connection: Connection): void {
    if (!this.#active.delete(connection)) return;
    this.#account.add(connection.bytes());
    connection.close();
    this.#admission.forget(connection);
    if (this.#log.debugging) this.#log.closed(connection);
    this.#changed();
  }

  #askToEnd(connection: Connection, reason: DOMException = STOPPING): void {
    if (connection.closed) return;
    callUser(
      () => connection.askToEnd(reason),
      (error) => this.#log.callbackFailed("onEnding", error),
    );
  }

  /** Ends a connection whatever its handler does. */
  #end(connection: Connection, reason?: DOMException): void {
    this.#askToEnd(connection, reason);
    if (isTls(connection.conn)) connection.endHandshake();
    this.#finish(connection);
    callUser(
      () => connection.onClosed?.(),
      (error) => this.#log.callbackFailed("onClosed", error),
    );
  }

  #timeOut(connection: Connection): void {
    this.#account.timedOut++;
    this.#end(connection, IDLE);
  }

  #changed(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }

  /** Waits for the next change, or for so many milliseconds. */
  async #nextChange(most = Infinity): Promise<void> {
    this.#change ??= Promise.withResolvers();
    const cancel = after(most, () => this.#changed());
    await this.#change.promise;
    cancel();
  }

  shutdown(): Promise<void> {
    if (this.#stopping) {
      this.#closeAll();
      return this.finished;
    }
    this.#stopping = true;
    // what is in the queue is connected as far as the client knows; the accept loop closes after it
    for (const port of this.#ports) port.drain();
    for (const connection of this.#active.toArray()) this.#askToEnd(connection);
    this.#changed();
    const { gracePeriod = 10 } = this.#options;
    if (this.#active.size > 0) this.#log.stopping(this.#active.size, gracePeriod);
    const cancel = after(gracePeriod * 1000, () => this.#closeAll());
    return this.finished.finally(cancel);
  }

  #closeAll(): void {
    this.#closing = true;
    for (const port of this.#ports) port.stop();
    for (const connection of this.#active.toArray()) this.#end(connection);
    this.#changed();
  }

  stats(): ServerStats {
    return this.#account.stats(
      this.#active.size,
      this.#stopping ? [] : this.#ports.map((port) => port.acceptQueue()),
    );
  }

  connections(): OpenConnection[] {
    const now = performance.now();
    return this.#active.toArray().map((connection) => describeConnection(connection, now));
  }

  ref(): void {
    for (const { listener } of this.#ports) listener.ref();
  }

  unref(): void {
    for (const { listener } of this.#ports) listener.unref();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}
