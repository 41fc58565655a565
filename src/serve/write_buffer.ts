/** What a transport has to send. */

import { show } from "../../ffi/codec.ts";
import type { WriteBufferLimits } from "./protocol.ts";

/** Up to how many bytes small pieces are sent as one, since each takes a call of its own. */
const JOINED = 64 * 1024;

const HIGH_WATER = 64 * 1024;

/** Bytes that were written and not sent, in order, with the water marks of asyncio. */
export class WriteBuffer {
  /** How many bytes there are. */
  size = 0;
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  #high = HIGH_WATER;
  #low = HIGH_WATER / 4;

  get limits(): Required<WriteBufferLimits> {
    return { high: this.#high, low: this.#low };
  }

  /** @throws {RangeError} unless high >= low >= 0. */
  setLimits({ high, low }: WriteBufferLimits): void {
    const top = high ?? (low === undefined ? HIGH_WATER : 4 * low);
    const bottom = low ?? Math.floor(top / 4);
    const areNumbers = typeof top === "number" && typeof bottom === "number";
    if (!(areNumbers && top >= bottom && bottom >= 0)) {
      throw new RangeError(
        `expected high >= low >= 0, got high ${show(top)} and low ${show(bottom)}`,
      );
    }
    this.#high = top;
    this.#low = bottom;
  }

  /** Whether there is more than the high-water mark. */
  get isHigh(): boolean {
    return this.size > this.#high;
  }

  /** Whether there is no more than the low-water mark. */
  get isLow(): boolean {
    return this.size <= this.#low;
  }

  /** Adds what is the buffer's own from now on. */
  add(data: Uint8Array<ArrayBuffer>): void {
    this.#pieces.push(data);
    this.size += data.length;
  }

  /** The next bytes to send. There must be some. */
  next(): Uint8Array<ArrayBuffer> {
    let count = 0;
    for (let size = 0; count < this.#pieces.length && size < JOINED; count++) {
      size += this.#pieces[count]!.length;
    }
    if (count > 1) this.#pieces.unshift(concat(this.#pieces.splice(0, count)));
    return this.#pieces[0]!;
  }

  /** Takes out so many of the {@linkcode next} bytes. */
  drop(n: number): void {
    const first = this.#pieces[0]!;
    if (n === first.length) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(n);
    this.size -= n;
  }

  /** Takes out all. */
  clear(): void {
    this.#pieces = [];
    this.size = 0;
  }
}

/** Several pieces as one. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
