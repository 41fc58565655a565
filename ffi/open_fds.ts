/** Which file descriptors of this process are open, and where a new one is likely to be. */

import { libc } from "./libc.ts";

/** How many descriptors are looked at around a guess. */
const WINDOW = 32;

/** The lowest free descriptor when it was last asked for: the next socket then got it. */
let lastFree = 0;

/**
 * Where a socket's descriptor most likely is, as the kernel always gives out the lowest free one: below the lowest that
 * is free now, and from the lowest that was free before.
 *
 * @param near Deno's own number for the socket, since in a young process both count upwards together.
 */
export function* likelyFds(near: number | undefined): Generator<number> {
  const free = lowestFreeFd();
  yield* descending(free - 1);
  yield* descending(lastFree + WINDOW - 1);
  lastFree = free;
  if (near !== undefined) yield* descending(near + WINDOW - 1);
}

function* descending(last: number): Generator<number> {
  for (let fd = last; fd >= 0 && fd > last - WINDOW; fd--) yield fd;
}

/** How many descriptors one poll(2) is asked about. */
const CHUNK = 1024;
const POLLNVAL = 0x20;

/** After so many closed descriptors in a row there are no more: limits can be as high as 2^30. */
const LONGEST_GAP = 65_536;

// struct pollfd { int fd; short events; short revents; }: asked for no events, poll still marks with
// POLLNVAL each descriptor that is not open
const pollfds = new Int32Array(CHUNK * 2);
const pollfdBytes = new Uint8Array(pollfds.buffer);
const results = new Int16Array(pollfds.buffer);

/**
 * The open file descriptors, from the lowest up.
 *
 * @param longestGap After how many closed ones in a row to stop.
 */
export function* openFds(longestGap = LONGEST_GAP): Generator<number> {
  const limit = libc().getdtablesize();
  let last = 0;
  for (let first = 0; first < limit && first - last < longestGap; first += CHUNK) {
    const count = Math.min(CHUNK, limit - first);
    const open = among(first, count, "open");
    last = open.at(-1) ?? last;
    yield* open;
  }
}

/**
 * The lowest descriptors that are free now. The next socket gets one of them, unless another thread closes a lower one
 * meanwhile.
 */
export function freeFds(): number[] {
  const lowest = lowestFreeFd();
  return lowest < 0 ? [] : among(lowest, Math.min(WINDOW, libc().getdtablesize()), "free");
}

/** Those of some descriptors that are open, or that are free. */
function among(first: number, count: number, which: "open" | "free"): number[] {
  for (let i = 0; i < count; i++) {
    pollfds[2 * i] = first + i;
    pollfds[2 * i + 1] = 0;
  }
  libc().poll(pollfdBytes, BigInt(count), 0);
  const fds: number[] = [];
  for (let i = 0; i < count; i++) {
    const isFree = (results[4 * i + 3]! & POLLNVAL) !== 0;
    if (isFree === (which === "free")) fds.push(first + i);
  }
  return fds;
}

/** The lowest free descriptor; -1 where none can be had. */
function lowestFreeFd(): number {
  const c = libc();
  for (let open = 0; open <= 2; open++) {
    const free = c.dup(open);
    if (free < 0) continue; // that one is closed, or none is free
    c.close(free);
    return free;
  }
  return -1;
}
