/** What a protocol and its transport look like to each other: asyncio's callback API. */

import type { TransportSocket } from "./transport_socket.ts";

/**
 * The water marks of a transport's write buffer, in bytes.
 *
 * @category Protocols
 */
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

/**
 * What a transport can be asked for by name.
 *
 * @category Protocols
 */
export interface ExtraInfo {
  /** The peer's address. */
  peername: Deno.NetAddr;
  /** The own address. */
  sockname: Deno.NetAddr;
  /** The socket, for its options. */
  socket: TransportSocket;
}

/**
 * A connection as its protocol sees it: asyncio's `Transport`.
 *
 * @category Protocols
 */
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
  /**
   * Closes at once: what was written and not sent is lost. A peer whose data was not read yet is told by a reset, any other
   * one by the end; with TLS without the notice that all was sent.
   */
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

/**
 * What asyncio's two kinds of protocol have in common.
 *
 * A callback may be `async`: it is not waited for, and when its promise rejects it is as if the callback had thrown.
 *
 * @category Protocols
 */
export interface BaseProtocol {
  /** The connection is there. Called once, before everything else. */
  connectionMade(transport: Transport): void;
  /**
   * The connection is gone. Called once, after everything else.
   *
   * @param error Why, or `null` where it ended in an orderly way or was ended from this side.
   */
  connectionLost?(error: Error | null): void;
  /**
   * The peer sends no more.
   *
   * @returns `true` keeps the transport open for writing; otherwise it is closed. With TLS it is closed in any case.
   */
  eofReceived?(): boolean | void | Promise<boolean | void>;
  /** The write buffer has grown beyond its high-water mark: stop writing for now. */
  pauseWriting?(): void;
  /** The write buffer has shrunk to its low-water mark: write on. */
  resumeWriting?(): void;
}

/**
 * A protocol that is given its data, as asyncio's `Protocol`.
 *
 * @category Protocols
 */
export interface Protocol extends BaseProtocol {
  /** Data has arrived. It is the protocol's own, to keep and to change. */
  dataReceived?(data: Uint8Array<ArrayBuffer>): void;
  /** A {@linkcode BufferedProtocol} has it. */
  getBuffer?: never;
  /** A {@linkcode BufferedProtocol} has it. */
  bufferUpdated?: never;
}

/**
 * A protocol that provides the memory for its data, as asyncio's `BufferedProtocol`.
 *
 * @category Protocols
 */
export interface BufferedProtocol extends BaseProtocol {
  /**
   * Asks for memory to read into.
   *
   * @param sizeHint How much would be good; -1 where any size is as good as another.
   * @returns The memory: not empty, and left alone until `bufferUpdated()`.
   */
  getBuffer(sizeHint: number): Uint8Array<ArrayBuffer>;
  /** Data has arrived: so many bytes at the start of what `getBuffer()` gave last. */
  bufferUpdated(n: number): void;
  /** A {@linkcode Protocol} has it. */
  dataReceived?: never;
}
