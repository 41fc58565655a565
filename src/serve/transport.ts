/** The transport of a connection: it calls the protocol, and the protocol writes to it. */

import { show } from "../../ffi/codec.ts";
import { TCP_NODELAY } from "../../ffi/options/tcp.ts";
import { OptionBytes } from "../../ffi/socket.ts";
import type { SocketSettings } from "../options/settings.ts";
import type { ConnInfo } from "./conn_handler.ts";
import { asError, errorCode } from "./errors.ts";
import type {
  BufferedProtocol,
  ExtraInfo,
  Protocol,
  Transport,
  WriteBufferLimits,
} from "./protocol.ts";
import { SMALL } from "./read_buffers.ts";
import { Stream } from "./stream.ts";
import { type TransportSocket, transportSocket } from "./transport_socket.ts";
import { concat, WriteBuffer } from "./write_buffer.ts";

const NO_DELAY = OptionBytes.from(TCP_NODELAY, true);

/** Whether settings say anything of TCP_NODELAY. */
function saysNoDelay({ noDelay, options = [] }: SocketSettings): boolean {
  return noDelay !== undefined || options.some(([option]) => option === TCP_NODELAY);
}

/** How much is delivered at once at most, as asyncio has it: it is copied. */
const MOST_DELIVERED = 256 * 1024;

/** The transport of one connection. */
export class ConnTransport implements Transport {
  readonly #conn: Deno.Conn<Deno.NetAddr>;
  readonly #info: ConnInfo;
  readonly #stream: Stream;
  readonly #ended = Promise.withResolvers<void>();
  readonly #unsent = new WriteBuffer();
  #protocol: Protocol | BufferedProtocol;
  #isFlushing = false;
  /** Whether the protocol was told to stop writing. */
  #isWritingPaused = false;
  #isClosing = false;
  #isLost = false;
  #isEofWritten = false;
  /** Resolved when reading goes on; absent while it does. */
  #resumed: PromiseWithResolvers<void> | undefined = undefined;
  /** The read that is under way, or was last. */
  #reading: Promise<number | null> | undefined = undefined;
  /** What it has failed with: told when reading goes on, and before that to who writes. */
  #readError: unknown = undefined;
  /** Whether something was read that the protocol was not given. */
  #isUnread = false;
  /** What the connection itself has failed with. */
  #failure: Error | undefined = undefined;
  #socket: TransportSocket | undefined = undefined;

  constructor(
    conn: Deno.Conn<Deno.NetAddr>,
    info: ConnInfo,
    protocol: Protocol | BufferedProtocol,
  ) {
    this.#conn = conn;
    this.#info = info;
    this.#protocol = checked(protocol);
    this.#stream = new Stream(conn, info);
    if (!saysNoDelay(info.settings)) this.#stream.set(NO_DELAY);
  }

  /**
   * Serves the connection, and leaves the closing to the caller.
   *
   * @returns Resolves when `connectionLost()` was called.
   * @throws The error by which the connection was lost, unless a callback has thrown it.
   */
  run(): Promise<void> {
    this.#info.onClosed = (): void => this.#lose(null);
    // whoever hears of the signal writes before
    this.#info.onEnding = (): void => queueMicrotask(() => this.close());
    if (this.#call(() => this.#protocol.connectionMade(this))) this.#read();
    return this.#ended.promise;
  }

  /** Calls the protocol: an error of its own closes the transport. */
  #call(callback: () => unknown): boolean {
    try {
      const result = callback();
      if (result instanceof Promise) result.catch((error) => this.#thrown(error));
      return true;
    } catch (error) {
      this.#thrown(error);
      return false;
    }
  }

  #thrown(error: unknown): void {
    this.#info.report(error);
    this.#lose(asError(error), true);
  }

  // reading

  async #read(): Promise<void> {
    try {
      const first = this.isReading() ? this.#stream.takeFirst(MOST_DELIVERED) : undefined;
      if (first !== undefined) await this.#receive(first);
      while (await this.#readOnce()) await this.#stream.turn();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#stream.release();
    }
  }

  /** Reads and delivers what has arrived; `false` when there will be no more. */
  async #readOnce(): Promise<boolean> {
    if (this.#resumed !== undefined) await this.#untilResumed();
    if (this.#isClosing) return false;
    // a read cannot be taken back: what it brings waits until reading goes on
    const n = await this.#arrival();
    if (this.#resumed !== undefined) await this.#untilResumed();
    if (this.#readError !== undefined) throw this.#readError;
    if (this.#isClosing) return false;
    if (n === null) return this.#endOfFile();
    await this.#receive(this.#stream.take(n, MOST_DELIVERED));
    return true;
  }

  async #untilResumed(): Promise<void> {
    while (this.#resumed !== undefined && !this.#isClosing) await this.#resumed.promise;
  }

  async #arrival(): Promise<number | null> {
    try {
      this.#reading = this.#stream.wait();
      const n = await this.#reading;
      this.#isUnread = n !== null;
      return n;
    } catch (error) {
      // with TLS: the peer has ended without saying that this was all
      if (!(error instanceof Deno.errors.UnexpectedEof)) this.#readError = error;
      return null;
    }
  }

  /** Delivers data; what is left when the protocol pauses in the middle waits. */
  #receive(data: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    this.#info.linger = data.length >= SMALL;
    const rest = this.#deliver(data);
    return rest.length === 0 ? undefined : this.#deliverLater(rest.slice());
  }

  async #deliverLater(rest: Uint8Array<ArrayBuffer>): Promise<void> {
    while (rest.length > 0 && !this.#isClosing) {
      await this.#untilResumed();
      rest = this.#deliver(rest);
    }
  }

  /** Delivers data until the protocol pauses or ends: what is left. */
  #deliver(data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    while (data.length > 0 && this.isReading()) data = data.subarray(this.#deliverOnce(data));
    this.#isUnread = data.length > 0;
    return data;
  }

  /** Calls the protocol with data: how much it has taken. */
  #deliverOnce(data: Uint8Array<ArrayBuffer>): number {
    let n = 0;
    this.#call(() => {
      const protocol = this.#protocol;
      if (!isBuffered(protocol)) {
        n = data.length;
        return protocol.dataReceived?.(data.slice());
      }
      const memory = protocol.getBuffer(data.length);
      if (!(memory instanceof Uint8Array) || memory.length === 0) {
        dropPromise(memory);
        throw new RangeError(
          `getBuffer() must return memory that is not empty, got ${show(memory)}`,
        );
      }
      n = Math.min(memory.length, data.length);
      memory.set(data.subarray(0, n));
      return protocol.bufferUpdated(n);
    });
    return n;
  }

  #endOfFile(): false {
    this.#info.linger = false;
    this.#call(() => {
      const keepOpen = this.#protocol.eofReceived?.();
      return keepOpen instanceof Promise
        ? keepOpen.then((value) => this.#closeUnless(value))
        : this.#closeUnless(keepOpen);
    });
    return false;
  }

  #closeUnless(keepOpen: boolean | void): void {
    if (!keepOpen || this.#stream.isTls) this.close();
  }

  pauseReading(): void {
    if (!this.#isClosing) this.#resumed ??= Promise.withResolvers();
  }

  resumeReading(): void {
    this.#resumed?.resolve();
    this.#resumed = undefined;
  }

  isReading(): boolean {
    return !this.#isClosing && this.#resumed === undefined;
  }

  // writing

  write(data: Uint8Array): void {
    checkBytes("write() takes bytes, a Uint8Array", data);
    if (this.#isEofWritten) throw new Error("write() after writeEof()");
    if (this.#isLost || data.length === 0) return;
    try {
      const isFirst = this.#unsent.size === 0;
      const sent = isFirst ? this.#stream.sendNow(data as Uint8Array<ArrayBuffer>) : 0;
      if (sent < data.length) this.#enqueue(copyFrom(data, sent));
    } catch (error) {
      this.#fail(this.#readError ?? error);
    }
  }

  #enqueue(data: Uint8Array<ArrayBuffer>): void {
    this.#unsent.add(data);
    this.#maybePause();
    if (!this.#isFlushing) this.#flush();
  }

  #maybePause(): void {
    if (!this.#unsent.isHigh || this.#isWritingPaused) return;
    this.#isWritingPaused = true;
    this.#call(() => this.#protocol.pauseWriting?.());
  }

  #maybeResume(): void {
    if (!this.#unsent.isLow || !this.#isWritingPaused) return;
    this.#isWritingPaused = false;
    this.#call(() => this.#protocol.resumeWriting?.());
  }

  async #flush(): Promise<void> {
    this.#isFlushing = true;
    try {
      while (this.#unsent.size > 0) {
        const n = await this.#stream.write(this.#unsent.next());
        if (this.#isLost) return;
        this.#unsent.drop(n);
        this.#maybeResume();
      }
      if (this.#isClosing) this.#lose(null);
      else if (this.#isEofWritten) await this.#stream.closeWrite();
    } catch (error) {
      this.#fail(await this.#firstError(error));
    } finally {
      this.#isFlushing = false;
    }
  }

  /** Of a reset the kernel tells one call alone: a write that comes later, or at the same time, fails with EPIPE. */
  async #firstError(error: unknown): Promise<unknown> {
    if (errorCode(error) !== "EPIPE") return error;
    return await this.#reading?.then(() => error, (readError) => readError) ?? error;
  }

  writeMany(list: Iterable<Uint8Array>): void {
    const pieces = [...list];
    for (const each of pieces) checkBytes("writeMany() takes a list of bytes, Uint8Arrays", each);
    this.write(concat(pieces));
  }

  writeEof(): void {
    if (this.#isClosing || this.#isEofWritten) return;
    if (this.#stream.isTls) throw new Error("writeEof() is not possible with TLS");
    this.#isEofWritten = true;
    if (this.#unsent.size === 0) this.#stream.closeWrite().catch((error) => this.#fail(error));
  }

  canWriteEof(): boolean {
    return !this.#stream.isTls;
  }

  setWriteBufferLimits(limits: WriteBufferLimits = {}): void {
    this.#unsent.setLimits(limits);
    this.#maybePause();
  }

  getWriteBufferLimits(): Required<WriteBufferLimits> {
    return this.#unsent.limits;
  }

  getWriteBufferSize(): number {
    return this.#unsent.size;
  }

  // the end

  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#resumed?.resolve();
    if (this.#unsent.size === 0) this.#lose(null);
  }

  abort(): void {
    this.#lose(null, true);
  }

  isClosing(): boolean {
    return this.#isClosing;
  }

  /** The connection has failed. What was under way when it was closed from this side fails as well. */
  #fail(error: unknown): void {
    if (this.#isLost || this.#info.closed) return;
    this.#failure = asError(error);
    this.#lose(this.#failure, true);
  }

  /**
   * The end: once, after whatever callback runs now.
   *
   * @param error What the protocol is told.
   * @param isAbrupt Whether the connection ends at once, or as one whose work is done.
   */
  #lose(error: Error | null, isAbrupt = false): void {
    if (this.#isLost) return;
    this.#isLost = this.#isClosing = true;
    this.#unsent.clear();
    this.#resumed?.resolve();
    queueMicrotask(() => {
      this.#call(() => this.#protocol.connectionLost?.(error));
      if (isAbrupt) this.#stream.abort(this.#isUnread);
      else this.#info.linger ||= this.#isUnread || this.#stream.hasArrived();
      if (this.#failure === undefined) this.#ended.resolve();
      else this.#ended.reject(this.#failure);
    });
  }

  // what it knows

  getExtraInfo<Name extends keyof ExtraInfo>(name: Name): ExtraInfo[Name];
  getExtraInfo<T>(name: string, otherwise?: T): T | undefined;
  getExtraInfo(name: string, otherwise?: unknown): unknown {
    switch (name) {
      case "peername":
        return this.#info.remoteAddr;
      case "sockname":
        return this.#info.localAddr;
      case "socket":
        return this.#socket ??= transportSocket(this.#conn, this.#stream.descriptor);
      default:
        return otherwise;
    }
  }

  setProtocol(protocol: Protocol | BufferedProtocol): void {
    this.#protocol = checked(protocol);
  }

  getProtocol(): Protocol | BufferedProtocol {
    return this.#protocol;
  }
}

function checkBytes(expected: string, data: Uint8Array): void {
  if (!(data instanceof Uint8Array)) throw new TypeError(`${expected}, not ${show(data)}`);
}

/** A copy of some bytes. Their own `slice()` may make none: that of Node's Buffer does not. */
function copyFrom(data: Uint8Array, start: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer, data.byteOffset + start, data.length - start)
    .slice() as Uint8Array<ArrayBuffer>;
}

/** Drops what should have been there at once, where it is a promise: what that rejects with is nobody's. */
function dropPromise(value: unknown): void {
  if (value instanceof Promise) value.catch(() => {});
}

function isBuffered(protocol: Protocol | BufferedProtocol): protocol is BufferedProtocol {
  return protocol.getBuffer !== undefined;
}

/** The protocol. For those whose types were not checked: one of both kinds, or of half a kind, would lose data. */
function checked(protocol: Protocol | BufferedProtocol): Protocol | BufferedProtocol {
  dropPromise(protocol);
  if (typeof protocol?.connectionMade !== "function") {
    throw new TypeError(`expected a protocol, with connectionMade(), got ${show(protocol)}`);
  }
  const { dataReceived, getBuffer, bufferUpdated } = protocol;
  if (getBuffer === undefined && bufferUpdated === undefined) return protocol;
  if (getBuffer !== undefined && bufferUpdated !== undefined && dataReceived === undefined) {
    return protocol;
  }
  throw new TypeError(
    "expected a protocol with dataReceived(), or one with both getBuffer() and bufferUpdated()",
  );
}
