/**
 * Memory to read into. A read that is pending holds its buffer, so those of connections are small, and what is larger goes
 * through one that all share.
 *
 * @module
 */

/**
 * The size of a connection's own buffer. A message that fills it costs a look for more, so it is no size that messages
 * often have.
 */
export const SMALL = 1152;
/** The size for a TLS connection: the longest record, since no more can be had without waiting. */
export const TLS_RECORD = 16 * 1024;
/** The size of the shared buffer, and so of a turn: less takes more calls, more lets small clients wait. */
export const LARGE = 256 * 1024;

/** Small buffers that are not in use. Kept, as making one costs more than a read. */
const free: Uint8Array<ArrayBuffer>[] = [];

/** How many are kept: what is in use at once in a burst, not what was once. */
const KEPT = 256;

/** Takes a small buffer. */
export function takeBuffer(): Uint8Array<ArrayBuffer> {
  return free.pop() ?? cutBuffer();
}

/** How many small buffers are cut from one piece of memory. */
const PER_SLAB = 256;

let slab = new ArrayBuffer(0);
let cut = 0;

/** Makes a small buffer of a larger piece: the kernel gives memory for it when something is first read into it. */
function cutBuffer(): Uint8Array<ArrayBuffer> {
  if (cut === slab.byteLength) {
    slab = new ArrayBuffer(PER_SLAB * SMALL);
    cut = 0;
  }
  const buffer = new Uint8Array(slab, cut, SMALL);
  cut += SMALL;
  return buffer;
}

/** Gives a small buffer back. Nothing may refer to it any more. */
export function giveBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  if (free.length < KEPT) free.push(buffer);
}

let large: Uint8Array<ArrayBuffer> | undefined;

const PAGE = 4096;

/**
 * The shared buffer. What is in it is gone at the next `await`.
 *
 * What comes after the content of a small buffer begins a page: to receive into the middle of one takes up to twice the time.
 */
export function sharedBuffer(): Uint8Array<ArrayBuffer> {
  return large ??= new Uint8Array(new ArrayBuffer(PAGE + LARGE), PAGE - SMALL, LARGE);
}
