/** One connection of a server: what its handler is told, and what the server asks of its socket. */

import { TCP_INFO } from "../../ffi/options/tcp.ts";
import { shutdown, tryReadOption } from "../../ffi/socket.ts";
import type { TcpInfo } from "../../ffi/tcp_info.ts";
import type { Descriptor } from "../options/descriptor.ts";
import { socketDescriptor } from "../options/socket_fd.ts";
import type { SocketSettings } from "../options/settings.ts";
import { BEFORE_RESET } from "../net/reset.ts";
import type { ReadyLogger } from "../net/logger.ts";
import { beforeClose, type Bytes, countOf, kernelCount } from "./byte_count.ts";
import type { ConnInfo } from "./conn_handler.ts";
import { errorCode } from "./errors.ts";
import type { ProxyHeader } from "./proxy_protocol.ts";

/** What a server accepts. */
export type AnyConn = Deno.TcpConn | Deno.TlsConn;

/** Whether a connection is one of TLS. */
export function isTls(conn: Deno.Conn<Deno.NetAddr>): conn is Deno.TlsConn {
  return "handshake" in conn;
}

/**
 * How many milliseconds a connection has for its first data before a stop ends it: its client has found a server, as far as it
 * knows, and may be sending already.
 */
const FIRST_MOMENT = 250;

const NOTHING: Bytes = { bytesIn: 0, bytesOut: 0 };

/** A connection that was accepted. */
export class Connection implements ConnInfo {
  bytesIn = 0;
  bytesOut = 0;
  linger = false;
  closed = false;
  /** Whether its listener hands connections out with their first data, so that it is worth looking for at once. */
  isDeferred = false;
  onClosed: (() => void) | undefined = undefined;
  /** When it was accepted: in milliseconds, as `performance.now()` has them. */
  readonly acceptedAt: number = performance.now();
  /** When to ask again whether it is idle: in milliseconds, as `performance.now()` has them. */
  idleAt = 0;
  /** What its header says, where there is one, and how many bytes that took. */
  proxy: ProxyHeader | undefined = undefined;
  headerSize = 0;
  /** Under which name its client is counted, where it is. */
  client: string | undefined = undefined;
  /** Whether its handler counts bytes as they come and go. */
  isCounted = false;
  /** How many there were when it was last asked whether it is idle; -1 before. */
  bytesSeen = -1;
  /** Its neighbours among the {@linkcode Connections}, which alone change them. */
  previous: Connection | undefined = undefined;
  next: Connection | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  /** Why it is to end; absent as long as it is not. */
  #endReason: DOMException | undefined = undefined;
  #onEnding: (() => void) | undefined = undefined;
  #failure: string | undefined = undefined;
  /** What the kernel has counted: nothing that a handler would know of, as long as none is called. */
  #counted: Bytes | undefined = NOTHING;

  /**
   * @param conn What was accepted.
   * @param descriptor Its descriptor; `undefined` where it is not found yet.
   * @param number Which connection of the server it is.
   * @param logger Where its handler logs to.
   * @param settings What is in force on it.
   * @param onReport Is told what its handler reports.
   */
  constructor(
    readonly conn: AnyConn,
    public descriptor: Descriptor | undefined,
    readonly number: number,
    readonly logger: ReadyLogger,
    readonly settings: SocketSettings,
    readonly onReport: (error: unknown, connection: Connection) => void,
  ) {}

  get remoteAddr(): Deno.NetAddr {
    return this.proxy?.source ?? this.conn.remoteAddr;
  }

  get localAddr(): Deno.NetAddr {
    return this.proxy?.destination ?? this.conn.localAddr;
  }

  /** Made when somebody asks, as most handlers do not. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#endReason !== undefined) this.#controller.abort(this.#endReason);
    }
    return this.#controller.signal;
  }

  /** How many milliseconds it still has for its first data. */
  get firstMoment(): number {
    return Math.max(this.acceptedAt + FIRST_MOMENT - performance.now(), 0);
  }

  /** Whether a handler has ended with what its signal has told it. */
  hasEndedAsAsked(error: unknown): boolean {
    return error !== undefined && error === this.#endReason;
  }

  /** Tells the handler that the connection should end. */
  askToEnd(reason: DOMException): void {
    if (this.#endReason !== undefined) return;
    this.#endReason = reason;
    this.#controller?.abort(reason);
    this.#onEnding?.();
  }

  /** Called at once where it has been asked to end already, as during its handshake. */
  set onEnding(callback: (() => void) | undefined) {
    this.#onEnding = callback;
    if (this.#endReason !== undefined) callback?.();
  }

  report(error: unknown): void {
    this.onReport(error, this);
  }

  /** What the kernel says of it; `undefined` where it is closed, or where that cannot be told. */
  tcpInfo(): TcpInfo | undefined {
    const fd = this.descriptor?.prove() ?? -1;
    return fd < 0 ? undefined : tryReadOption(fd, TCP_INFO);
  }

  /** Whether its handler has closed it, as far as that can be told. */
  isGone(): boolean {
    return (this.descriptor?.prove() ?? -1) < 0;
  }

  /** What a handler has ended with that throws. */
  failed(error: unknown): void {
    this.#failure = errorCode(error);
  }

  /** Takes a handler for one that may not count, and may close the connection itself. */
  countBeforeClose(): void {
    this.#counted = undefined;
    if (isTls(this.conn)) return;
    const call = (): void => this.#askKernel();
    beforeClose(this.conn, call);
    Object.defineProperty(this.conn, BEFORE_RESET, { configurable: true, value: call });
  }

  /** The bytes that came and went, when it ends; `undefined` where that cannot be told. */
  bytes(): Bytes | undefined {
    if (this.#isCountedHere) return this;
    if (this.#counted !== NOTHING) this.#askKernel();
    return this.#counted;
  }

  /** The same while it is open. */
  bytesSoFar(): Bytes | undefined {
    if (this.#isCountedHere) return this;
    const info = isTls(this.conn) ? undefined : this.tcpInfo();
    const bytes = info && countOf(info);
    return bytes && this.#withoutHeader(bytes);
  }

  /** Keeps what the kernel says. With TLS it has counted what is encrypted. */
  #askKernel(): void {
    const fd = isTls(this.conn) ? -1 : this.descriptor?.prove() ?? -1;
    const bytes = fd < 0 ? undefined : kernelCount(fd, this.#failure);
    if (bytes !== undefined) this.#counted = this.#withoutHeader(bytes);
  }

  /** Whether its handler has counted, so that nobody else is asked. */
  get #isCountedHere(): boolean {
    return this.isCounted || this.bytesIn !== 0 || this.bytesOut !== 0;
  }

  #withoutHeader({ bytesIn, bytesOut }: Bytes): Bytes {
    return { bytesIn: bytesIn - this.headerSize, bytesOut };
  }

  /** Closes it, if nobody has. */
  close(): void {
    this.closed = true;
    close(this.conn);
  }

  /** Ends a handshake that is under way: Deno closes no such socket, so the kernel is asked to. */
  endHandshake(): void {
    // one that was not found at once is searched for
    this.descriptor ??= socketDescriptor(this.conn);
    const fd = this.descriptor?.prove() ?? -1;
    if (fd >= 0) shutdown(fd);
  }
}

/** Closes what may be closed already. */
export function close(socket: { close(): void }): void {
  try {
    socket.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
