/** `protocolHandler()`, and the transport that it gives to each protocol. */

import { TCP_NODELAY } from "../../ffi/options/tcp.ts";
import { OptionBytes } from "../../ffi/socket.ts";
import { checkNamed, type } from "../options/check_arguments.ts";
import type { SocketSettings } from "../options/settings.ts";
import { type ConnHandler, type ConnInfo, countingBytes } from "./conn_handler.ts";
import type {
  BufferedProtocol,
  ExtraInfo,
  Protocol,
  Transport,
  WriteBufferLimits,
} from "./protocol.ts";
import { SMALL } from "./read_buffers.ts";
import { Stream } from "./stream.ts";

/**
 * A handler that serves each connection with a protocol of its own: asyncio's callback API.
 *
 * The callbacks come in asyncio's order: `connectionMade()` once, then data, then `eofReceived()` at most once,
 * then `connectionLost()` once; never two at a time, and none after `connectionLost()`. An error that a callback
 * throws closes the transport, goes to `connectionLost()` and to the server's `onError`, and to nobody else.
 *
 * TCP_NODELAY is on, as asyncio has it for every connection, unless the server's settings say something of it.
 *
 * @example
 * ```ts
 * import { type Protocol, protocolHandler, serve, type Transport } from "@sockopt/tcp";
 *
 * class EchoProtocol implements Protocol {
 *   #transport!: Transport;
 *   connectionMade(transport: Transport): void {
 *     this.#transport = transport;
 *   }
 *   dataReceived(data: Uint8Array): void {
 *     this.#transport.write(data);
 *     this.#transport.close();
 *   }
 * }
 *
 * await using server = serve(
 *   { hostname: "127.0.0.1", port: 0 },
 *   protocolHandler(() => new EchoProtocol()),
 * );
 * ```
 *
 * @param factory Makes a protocol for each connection.
 * @returns The handler.
 */
export function protocolHandler(
  factory: () => Protocol | BufferedProtocol,
): ConnHandler<Deno.Conn<Deno.NetAddr>> {
  checkNamed("protocolHandler()", factory, type("function"));
  return countingBytes((conn, info) => new ConnTransport(conn, info, factory()).run());
}

type AnyProtocol = Protocol | BufferedProtocol;

const NO_DELAY = OptionBytes.from(TCP_NODELAY, true);

/** Whether settings say anything of TCP_NODELAY. */
function saysNoDelay({ noDelay, options = [] }: SocketSettings): boolean {
  return noDelay !== undefined || options.some(([option]) => option === TCP_NODELAY);
}

/** How much is delivered at once at most, as asyncio has it: it is copied. */
const MOST_DELIVERED = 256 * 1024;

const HIGH_WATER = 64 * 1024;

/** The transport of one connection of a server. */
export class ConnTransport implements Transport {
  readonly #conn: Deno.Conn<Deno.NetAddr>;
  readonly #info: ConnInfo;
  readonly #stream: Stream;
  readonly #ended = Promise.withResolvers<void>();
  #protocol: AnyProtocol;
  #high = HIGH_WATER;
  #low = HIGH_WATER / 4;
  /** What was written and not sent, in order. */
  #queue: Uint8Array<ArrayBuffer>[] = [];
  #queued = 0;
  #flushing = false;
  #protocolPaused = false;
  #closing = false;
  #lost = false;
  #eofWritten = false;
  /** Resolved when reading goes on; absent while it does. */
  #resumed: PromiseWithResolvers<void> | undefined;

  constructor(conn: Deno.Conn<Deno.NetAddr>, info: ConnInfo, protocol: AnyProtocol) {
    this.#conn = conn;
    this.#info = info;
    this.#protocol = protocol;
    this.#stream = new Stream(conn, info);
    if (!saysNoDelay(info.settings)) this.#stream.set(NO_DELAY);
  }

  /**
   * Serves the connection.
   *
   * @returns Resolves when `connectionLost()` was called.
   * @throws What a callback threw, or the error by which the connection was lost.
   */
  run(): Promise<void> {
    this.#info.onClosed = (): void => this.#lose(null);
    if (this.#try(() => this.#protocol.connectionMade(this))) this.#read();
    return this.#ended.promise;
  }

  /** Calls the protocol; an error of its own closes the transport. */
  #try(callback: () => void): boolean {
    try {
      callback();
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  async #read(): Promise<void> {
    try {
      const first = this.#resumed === undefined && !this.#closing
        ? this.#stream.takeFirst(MOST_DELIVERED)
        : undefined;
      if (first !== undefined) this.#receive(first);
      while (!this.#closing) {
        if (this.#resumed !== undefined) await this.#resumed.promise;
        if (this.#closing || !await this.#readOnce()) return;
        await this.#stream.turn();
      }
    } catch (error) {
      // what was pending when the connection was closed from this side fails as well
      if (!this.#info.closed) this.#fail(error);
    } finally {
      this.#stream.release();
    }
  }

  /** Reads and delivers what has arrived; `false` when there will be no more. */
  async #readOnce(): Promise<boolean> {
    const n = await this.#stream.wait();
    // a read cannot be taken back: what it brings waits until reading goes on
    while (this.#resumed !== undefined && !this.#closing) await this.#resumed.promise;
    if (this.#closing || this.#info.closed) return false;
    if (n === null) return this.#endOfFile();
    this.#receive(this.#stream.take(n, MOST_DELIVERED));
    return true;
  }

  #receive(data: Uint8Array<ArrayBuffer>): void {
    this.#info.linger = data.length >= SMALL;
    this.#deliver(data.slice());
  }

  #endOfFile(): false {
    this.#info.linger = false;
    let keepOpen: unknown;
    const called = this.#try(() => keepOpen = this.#protocol.eofReceived?.());
    if (called && keepOpen !== true) this.close();
    return false;
  }

  #deliver(data: Uint8Array<ArrayBuffer>): void {
    this.#try(() => {
      const protocol = this.#protocol;
      if ("getBuffer" in protocol) this.#fill(protocol, data);
      else protocol.dataReceived?.(data);
    });
  }

  #fill(protocol: BufferedProtocol, data: Uint8Array<ArrayBuffer>): void {
    for (let at = 0; at < data.length && !this.#closing;) {
      const memory = protocol.getBuffer(data.length - at);
      if (memory.length === 0) throw new RangeError("getBuffer() returned an empty buffer");
      const part = data.subarray(at, at + memory.length);
      memory.set(part);
      at += part.length;
      protocol.bufferUpdated(part.length);
    }
  }

  write(data: Uint8Array): void {
    if (!(data instanceof Uint8Array)) throw new TypeError("write() takes bytes, a Uint8Array");
    if (this.#eofWritten) throw new Error("write() after writeEof()");
    if (this.#lost || data.length === 0) return;
    const sent = this.#queued === 0 ? this.#stream.sendNow(data as Uint8Array<ArrayBuffer>) : 0;
    if (sent < data.length) this.#enqueue(data.slice(sent));
  }

  #enqueue(data: Uint8Array<ArrayBuffer>): void {
    this.#queue.push(data);
    this.#queued += data.length;
    this.#maybePause();
    if (!this.#flushing) this.#flush();
  }

  #maybePause(): void {
    if (this.#queued <= this.#high || this.#protocolPaused) return;
    this.#protocolPaused = true;
    this.#try(() => this.#protocol.pauseWriting?.());
  }

  #maybeResume(): void {
    if (this.#queued > this.#low || !this.#protocolPaused) return;
    this.#protocolPaused = false;
    this.#try(() => this.#protocol.resumeWriting?.());
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
    try {
      while (this.#queue.length > 0 && !this.#lost) {
        const first = this.#queue[0]!;
        const n = await this.#stream.write(first);
        if (this.#lost) return;
        this.#queued -= n;
        if (n === first.length) this.#queue.shift();
        else this.#queue[0] = first.subarray(n);
        this.#maybeResume();
      }
      if (this.#closing) this.#lose(null);
      else if (this.#eofWritten) await this.#stream.closeWrite();
    } catch (error) {
      if (!this.#info.closed) this.#fail(error);
    } finally {
      this.#flushing = false;
    }
  }

  writeMany(list: Iterable<Uint8Array>): void {
    const pieces = [...list];
    const whole = new Uint8Array(pieces.reduce((size, { length }) => size + length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.write(whole);
  }

  writeEof(): void {
    if (this.#closing || this.#eofWritten) return;
    if (this.#stream.isTls) throw new Error("writeEof() is not possible with TLS");
    this.#eofWritten = true;
    if (this.#queued === 0) this.#stream.closeWrite().catch((error) => this.#fail(error));
  }

  canWriteEof(): boolean {
    return !this.#stream.isTls;
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#resumed?.resolve();
    if (this.#queued === 0) this.#lose(null);
  }

  abort(): void {
    this.#lose(null);
  }

  #fail(error: unknown): void {
    this.#lose(error instanceof Error ? error : new Error(`${error}`));
  }

  /** The end: once, after whatever callback runs now. */
  #lose(error: Error | null): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#closing = true;
    this.#queue = [];
    this.#queued = 0;
    this.#resumed?.resolve();
    queueMicrotask(() => {
      try {
        this.#protocol.connectionLost?.(error);
      } catch (thrown) {
        error ??= thrown instanceof Error ? thrown : new Error(`${thrown}`);
      }
      if (error === null) this.#ended.resolve();
      else this.#ended.reject(error);
    });
  }

  isClosing(): boolean {
    return this.#closing;
  }

  pauseReading(): void {
    if (!this.#closing) this.#resumed ??= Promise.withResolvers();
  }

  resumeReading(): void {
    this.#resumed?.resolve();
    this.#resumed = undefined;
  }

  isReading(): boolean {
    return !this.#closing && this.#resumed === undefined;
  }

  setWriteBufferLimits({ high, low }: WriteBufferLimits = {}): void {
    const top = high ?? (low === undefined ? HIGH_WATER : 4 * low);
    const bottom = low ?? Math.floor(top / 4);
    if (!(top >= bottom && bottom >= 0)) {
      throw new RangeError(`expected high >= low >= 0, got high ${top} and low ${bottom}`);
    }
    this.#high = top;
    this.#low = bottom;
    this.#maybePause();
  }

  getWriteBufferLimits(): Required<WriteBufferLimits> {
    return { high: this.#high, low: this.#low };
  }

  getWriteBufferSize(): number {
    return this.#queued;
  }

  getExtraInfo<Name extends keyof ExtraInfo>(name: Name): ExtraInfo[Name];
  getExtraInfo<T>(name: string, otherwise?: T): T | undefined;
  getExtraInfo(name: string, otherwise?: unknown): unknown {
    switch (name) {
      case "peername":
        return this.#info.remoteAddr;
      case "sockname":
        return this.#info.localAddr;
      case "socket":
        return this.#conn;
      default:
        return otherwise;
    }
  }

  setProtocol(protocol: Protocol | BufferedProtocol): void {
    this.#protocol = protocol;
  }

  getProtocol(): Protocol | BufferedProtocol {
    return this.#protocol;
  }
}
