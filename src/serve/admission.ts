/** What a connection goes through before it is served: its checks, a TLS handshake, a balancer's header, its client's share. */

import { OptionAssertionError } from "../options/assert_option.ts";
import { type KernelLimits, kernelLimits } from "../options/kernel_limits.ts";
import { socketDescriptor } from "../options/socket_fd.ts";
import { ClientLimit } from "./client_limit.ts";
import { type Connection, isTls } from "./connection.ts";
import { describeOptions } from "./connection_check.ts";
import { errorCode, isPeerGone } from "./errors.ts";
import type { Port } from "./port.ts";
import { ProxyProtocolError } from "./proxy_protocol.ts";
import { allowedPeers, readProxyHeader } from "./read_proxy_header.ts";
import type { ServeOptions } from "./serve_options.ts";
import type { ServerLog } from "./server_log.ts";
import type { Account } from "./stats.ts";
import { after } from "../net/timer.ts";

/** Whether a connection's client has sent nothing yet, as far as the kernel tells: those that browsers keep in store. */
function isUnused(connection: Connection): boolean {
  const { segsIn = 0, bytesReceived } = connection.tcpInfo() ?? {};
  return segsIn > 0 && bytesReceived === 0n; // gVisor counts neither
}

/** Decides which connections are served. */
export class Admission {
  readonly #account: Account;
  readonly #log: ServerLog;
  readonly #end: (connection: Connection) => void;
  readonly #clients: ClientLimit;
  /** Whether a peer may send the header that each connection begins with; absent where none does. */
  readonly #mayTell: ((hostname: string) => boolean) | undefined;
  /** How many seconds a handshake or a header may take. */
  readonly #patience: number;
  /** For the lines of level debug. */
  readonly #limits: KernelLimits | undefined;

  /**
   * @param options What the server is asked for.
   * @param account Where it is counted what is not served.
   * @param log Where it is told.
   * @param end Ends a connection that takes too long.
   */
  constructor(
    options: ServeOptions,
    account: Account,
    log: ServerLog,
    end: (connection: Connection) => void,
  ) {
    const { proxyProtocol, maxConnectionsPerClient = Infinity, handshakeTimeout = 10 } = options;
    this.#account = account;
    this.#log = log;
    this.#end = end;
    this.#clients = new ClientLimit(maxConnectionsPerClient);
    this.#mayTell = proxyProtocol ? allowedPeers(proxyProtocol) : undefined;
    this.#patience = handshakeTimeout;
    this.#limits = log.debugging ? kernelLimits() : undefined;
  }

  /** Whether a connection is to be served: without a promise, where nothing has to be waited for. */
  admit(connection: Connection, port: Port): boolean | Promise<boolean> {
    // a balancer's is one client's once its header is read
    if (this.#mayTell === undefined && !this.#takeShare(connection)) return false;
    // one of TLS that was not found at once is checked after its handshake
    if (connection.descriptor !== undefined && !this.#check(connection, port)) return false;
    if (!isTls(connection.conn) && this.#mayTell === undefined) return true;
    return this.#admitAfterwards(connection, port);
  }

  /** A connection has ended. */
  forget(connection: Connection): void {
    this.#clients.delete(connection);
  }

  async #admitAfterwards(connection: Connection, port: Port): Promise<boolean> {
    const { conn } = connection;
    let cancel = (): void => {};
    connection.onEnding = () => {
      cancel = after(connection.firstMoment, () => {
        if (isUnused(connection)) this.#end(connection);
      });
    };
    try {
      if (isTls(conn) && !(await this.#handshake(connection, conn, port))) return false;
      return this.#mayTell === undefined || await this.#readHeader(connection, this.#mayTell);
    } finally {
      cancel();
      connection.onEnding = undefined;
    }
  }

  /** Whether a connection's client may have one more. */
  #takeShare(connection: Connection): boolean {
    const { isAdmitted, isNews } = this.#clients.add(connection);
    if (isAdmitted) return true;
    this.#account.refused++;
    if (isNews) this.#log.refused(connection, this.#clients.most);
    return false;
  }

  /** Asserts that a connection is as configured; `false` where it is not, or where its client has gone already. */
  #check(connection: Connection, { check }: Port): boolean {
    const fd = connection.descriptor!.unproven;
    try {
      if (check !== undefined && !check.run(fd, connection.conn)) return false;
      if (this.#mayTell === undefined) this.#describe(connection, fd);
      return true;
    } catch (error) {
      if (error instanceof OptionAssertionError) {
        this.#account.assertionFailures++;
        this.#log.assertionFailed(connection, error);
      } else {
        this.#account.count(errorCode(error));
        this.#log.cannotCheck(connection, error as Error);
      }
      return false;
    }
  }

  #describe(connection: Connection, fd: number): void {
    if (this.#limits === undefined) return;
    this.#log.connected(connection, describeOptions(fd, this.#limits, connection.settings));
  }

  /** Finishes the TLS handshake; `false` where the connection is not to be served. */
  async #handshake(connection: Connection, conn: Deno.TlsConn, port: Port): Promise<boolean> {
    const cancel = after(this.#patience * 1000, () => {
      this.#account.timedOut++;
      this.#end(connection);
    });
    try {
      await conn.handshake();
    } catch (error) {
      if (connection.closed) return false;
      this.#account.count(errorCode(error));
      this.#log.handshakeFailed(connection, error);
      return false;
    } finally {
      cancel();
    }
    if (connection.descriptor !== undefined) return true;
    connection.descriptor = socketDescriptor(conn);
    return connection.descriptor !== undefined && this.#check(connection, port);
  }

  /** Reads what a balancer says of a connection; `false` where it is not to be served. */
  async #readHeader(
    connection: Connection,
    mayTell: (hostname: string) => boolean,
  ): Promise<boolean> {
    const fail = (error: unknown): void => {
      this.#account.count(errorCode(error));
      this.#log.noProxyHeader(connection, error);
    };
    const cancel = after(this.#patience * 1000, () => {
      fail(new ProxyProtocolError("PROXY_TOO_SLOW", `none in ${this.#patience} seconds`));
      this.#end(connection);
    });
    try {
      if (!mayTell(connection.remoteAddr.hostname)) {
        throw new ProxyProtocolError("PROXY_NOT_ALLOWED", "it is no balancer's");
      }
      const found = await readProxyHeader(connection);
      if (found === undefined || connection.closed) return false;
      connection.proxy = found.header;
      connection.headerSize = found.size;
      const fd = connection.descriptor?.prove() ?? -1;
      if (fd >= 0) this.#describe(connection, fd);
      // the balancer's own checks are no client's
      return found.header.source === undefined || this.#takeShare(connection);
    } catch (error) {
      if (!connection.closed && !isPeerGone(error)) fail(error);
      return false;
    } finally {
      cancel();
    }
  }
}
