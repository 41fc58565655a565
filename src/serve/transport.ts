/**
 * @module
 */

import { fdHint } from "../../ffi/find_fd.ts";
import { sendNow } from "../../ffi/socket.ts";
import type { ConnInfo } from "./conn_handler.ts";
import type { BufferedProtocol, Protocol } from "./protocol.ts";
import { giveBuffer, SMALL, takeArrived, takeBuffer, TLS_RECORD } from "./read_buffers.ts";
import { socketFd } from "../options/socket_fd.ts";

/** The water marks of a transport's write buffer, in bytes. */
export interface WriteBufferLimits {
  /**
   * Above this `pauseWriting()` is called.
   *
   * @default {4 * low, or 65536}
   */
  high?: number;
  /**
   * At this or below `resumeWriting()` is called.
   *
   * @default {high / 4}
   */
  low?: number;
}

/** What a transport can be asked for by name. */
export interface ExtraInfo {
  /** The client's address. */
  peername: Deno.NetAddr;
  /** The server's address. */
  sockname: Deno.NetAddr;
  /** The connection itself, for socket options. */
  socket: Deno.Conn<Deno.NetAddr>;
}

const HIGH_WATER = 64 * 1024;

type AnyProtocol = Protocol | BufferedProtocol;

/** A connection as its protocol sees it: asyncio's `Transport`. */
export interface Transport {
  /**
   * Writes without waiting: what the socket does not take at once is kept, and sent in order.
   *
   * @throws {TypeError} when the data is not bytes.
   * @throws {Error} after `writeEof()`.
   */
  write(data: Uint8Array): void;
  /** Writes several pieces as one: asyncio's `writelines()`. */
  writeMany(list: Iterable<Uint8Array>): void;
  /** Ends the own side once what was written is sent. Reading goes on. */
  writeEof(): void;
  /** Whether `writeEof()` is possible: it is, but for TLS. */
  canWriteEof(): boolean;
  /** Sends what was written, reads no more, and closes. */
  close(): void;
  /** Closes at once; what was written and not sent is lost. */
  abort(): void;
  /** Whether it is closed, or about to be. */
  isClosing(): boolean;
  /** Delivers no data until `resumeReading()`. */
  pauseReading(): void;
  /** Delivers data again. */
  resumeReading(): void;
  /** Whether data is delivered. */
  isReading(): boolean;
  /**
   * Sets the water marks of the write buffer.
   *
   * @throws {RangeError} unless high >= low >= 0.
   */
  setWriteBufferLimits(limits?: WriteBufferLimits): void;
  /** The water marks of the write buffer. */
  getWriteBufferLimits(): Required<WriteBufferLimits>;
  /** How many bytes were written and not sent yet. */
  getWriteBufferSize(): number;
  /** What is known of the connection, by name; `undefined` for other names. */
  getExtraInfo<Name extends keyof ExtraInfo>(name: Name): ExtraInfo[Name];
  /** What is known of the connection, by name; the second argument for other names. */
  getExtraInfo<T>(name: string, otherwise?: T): T | undefined;
  /** Lets another protocol take over, as when a protocol switches to another one. */
  setProtocol(protocol: Protocol | BufferedProtocol): void;
  /** The protocol that is called. */
  getProtocol(): Protocol | BufferedProtocol;
}

/** The transport of one connection of a server. */
export class ConnTransport implements Transport {
  readonly #conn: Deno.Conn<Deno.NetAddr>;
  readonly #info: ConnInfo;
  readonly #isTls: boolean;
  /** Good as long as nobody has closed the connection; -1 with TLS. */
  readonly #fd: number;
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
    this.#isTls = "handshake" in conn;
    this.#fd = this.#isTls ? -1 : fdHint(conn) ?? socketFd(conn);
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
    const buffer = this.#isTls ? new Uint8Array(TLS_RECORD) : takeBuffer();
    try {
      while (!this.#closing) {
        if (this.#resumed !== undefined) await this.#resumed.promise;
        if (this.#closing) return;
        if (!await this.#readOnce(buffer)) return;
      }
    } catch (error) {
      // what was pending when the connection was closed from this side fails as well
      if (!this.#info.closed) this.#fail(error);
    } finally {
      if (!this.#isTls) giveBuffer(buffer);
    }
  }

  /** Reads and delivers what has arrived; `false` when there will be no more. */
  async #readOnce(buffer: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const n = await this.#conn.read(buffer);
    // a read cannot be taken back: what it brings waits until reading goes on
    while (this.#resumed !== undefined && !this.#closing) await this.#resumed.promise;
    if (this.#closing || this.#info.closed) return false;
    if (n === null) return this.#endOfFile();
    this.#info.linger = n >= SMALL;
    const isFull = !this.#isTls && n === buffer.length;
    this.#deliver(isFull ? takeArrived(this.#fd, buffer) : buffer.slice(0, n));
    return true;
  }

  #endOfFile(): false {
    this.#info.linger = false;
    let keepOpen: unknown;
    const called = this.#try(() => keepOpen = this.#protocol.eofReceived?.());
    if (called && keepOpen !== true) this.close();
    return false;
  }

  #deliver(data: Uint8Array<ArrayBuffer>): void {
    this.#info.bytesIn += data.length;
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
    let sent = 0;
    if (this.#queued === 0 && !this.#isTls && !this.#info.closed) {
      sent = sendNow(this.#fd, data as Uint8Array<ArrayBuffer>);
      this.#info.bytesOut += sent;
    }
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
        const n = await this.#conn.write(first);
        if (this.#lost) return;
        this.#info.bytesOut += n;
        this.#queued -= n;
        if (n === first.length) this.#queue.shift();
        else this.#queue[0] = first.subarray(n);
        this.#maybeResume();
      }
      if (this.#closing) this.#lose(null);
      else if (this.#eofWritten) await this.#conn.closeWrite();
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
    if (this.#isTls) throw new Error("writeEof() is not possible with TLS");
    this.#eofWritten = true;
    if (this.#queued === 0) this.#conn.closeWrite().catch((error) => this.#fail(error));
  }

  canWriteEof(): boolean {
    return !this.#isTls;
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
