/**
 * @module
 */

import type { Transport } from "./transport.ts";

/** What asyncio's two kinds of protocol have in common. */
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
   * The client sends no more.
   *
   * @returns `true` keeps the transport open for writing; otherwise it is closed.
   */
  eofReceived?(): boolean | void;
  /** The write buffer has grown beyond its high-water mark: stop writing for now. */
  pauseWriting?(): void;
  /** The write buffer has shrunk to its low-water mark: write on. */
  resumeWriting?(): void;
}

/** A protocol that is given its data, as asyncio's `Protocol`. */
export interface Protocol extends BaseProtocol {
  /** Data has arrived. It is the protocol's own, to keep and to change. */
  dataReceived?(data: Uint8Array<ArrayBuffer>): void;
}

/** A protocol that provides the memory for its data, as asyncio's `BufferedProtocol`. */
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
}
