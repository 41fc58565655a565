/**
 * Finding the file descriptor behind a socket, of which only the addresses are known.
 *
 * A number alone proves nothing: the kernel gives it to the next socket as soon as it is closed. So
 * what is found is compared with the socket's kind and addresses, and the kernel's cookie, which no two
 * sockets share, tells afterwards whether the number still means the same socket.
 *
 * @module
 */

import { libc } from "./libc.ts";
import { SO_ACCEPTCONN, SO_COOKIE, SO_TYPE } from "./options/socket.ts";
import { compareName } from "./sockaddr.ts";
import { readOption } from "./socket.ts";
import { errnoNumber, lastErrno, SocketError } from "./socket_error.ts";

/** What is known of a socket from outside. */
export interface SocketIdentity {
  /** What it does: a connection has a peer, a listener accepts, a datagram socket may have either. */
  readonly kind: "connection" | "listener" | "datagram";
  /** Its own address. */
  readonly local: Deno.Addr;
  /** Its peer's address, where it has one. */
  readonly remote?: Deno.Addr;
}

/**
 * Whether a descriptor is the socket: "gone" means that all fits but that the peer has gone already, and
 * with it its address.
 */
export function matchFd(fd: number, identity: SocketIdentity): "same" | "gone" | "other" {
  const { kind, local, remote } = identity;
  if (compareName(fd, "getsockname", local) !== "same") return "other";
  if (kind === "listener") return readOption(fd, SO_ACCEPTCONN) ? "same" : "other";
  const isDatagram = readOption(fd, SO_TYPE) === "dgram";
  if (isDatagram !== (kind === "datagram")) return "other";
  if (remote === undefined) return "same";
  const peer = compareName(fd, "getpeername", remote);
  if (peer !== "failed") return peer;
  if (lastErrno() !== errnoNumber("ENOTCONN")) return "other";
  return readOption(fd, SO_ACCEPTCONN) ? "other" : "gone";
}

/**
 * Every descriptor that fits: those with the peer still there, or, where there are none, the others. Of
 * a connection over IP there is one at most, since no two have both addresses in common.
 *
 * @param identity What is known of the socket.
 * @param guesses Where to look first.
 */
export function candidateFds(identity: SocketIdentity, guesses: Iterable<number>): number[] {
  const isUnique = identity.remote !== undefined && "port" in identity.remote;
  if (isUnique) {
    for (const fd of guesses) {
      if (matchFd(fd, identity) === "same") return [fd];
    }
  }
  const same: number[] = [];
  const gone: number[] = [];
  for (const fd of openFds()) {
    const match = matchFd(fd, identity);
    if (match === "other") continue;
    (match === "same" ? same : gone).push(fd);
    if (match === "same" && isUnique) break;
  }
  return same.length > 0 ? same : gone;
}

/** How many descriptors are looked at around a guess. */
const WINDOW = 32;

/** The lowest free descriptor when it was last asked for: the next socket then got it. */
let lastFree = 0;

/**
 * Where a connection's descriptor most likely is, as the kernel always gives out the lowest free one: below
 * the lowest that is free now, from the lowest that was free before, and near the number that Deno
 * itself has given to the connection, since in a young process both count upwards together.
 */
export function* likelyFds(socket: object): Generator<number> {
  const free = lowestFreeFd();
  yield* descending(free - 1);
  yield* descending(lastFree + WINDOW - 1);
  lastFree = free;
  const resource = internal(socket, "rid");
  if (resource !== undefined) yield* descending(resource + WINDOW - 1);
}

function* descending(last: number): Generator<number> {
  for (let fd = last; fd >= 0 && fd > last - WINDOW; fd--) yield fd;
}

/** The kernel's own number for a socket, or `undefined` where the kernel gives none (macOS, gVisor). */
export function socketCookie(fd: number): bigint | undefined {
  try {
    return readOption(fd, SO_COOKIE);
  } catch (error) {
    if (error instanceof SocketError) return undefined;
    throw error;
  }
}

/**
 * The descriptor of a listener that was just opened; `undefined` where more than one listener of this process has its
 * address, as with SO_REUSEPORT.
 */
export function newListenerFd(identity: SocketIdentity): number | undefined {
  let found: number | undefined;
  for (const fd of openFds(NEAR)) {
    if (matchFd(fd, identity) !== "same") continue;
    if (found !== undefined) return undefined;
    found = fd;
  }
  return found;
}

/** A new socket gets the lowest free descriptor, so it is not behind as many that are closed. */
const NEAR = 256;

/** Which sockets of this process listen: their cookies, or their descriptors where there are none. */
export function listeningSockets(): Set<bigint | number> {
  const sockets = new Set<bigint | number>();
  for (const fd of openFds()) {
    if (isListening(fd)) sockets.add(socketCookie(fd) ?? fd);
  }
  return sockets;
}

function isListening(fd: number): boolean {
  try {
    return readOption(fd, SO_ACCEPTCONN);
  } catch (error) {
    if (error instanceof SocketError) return false; // not a socket, or closed meanwhile
    throw error;
  }
}

/**
 * The descriptor that Deno itself notes on a connection that was accepted. It is internal to Deno and
 * may be missing: a hint that saves the search, to be verified.
 */
export function fdHint(socket: object): number | undefined {
  return internal(socket, "fd");
}

/** The symbols under which Deno keeps its own properties, by their name. */
const symbols: { fd?: symbol; rid?: symbol } = {};

function internal(socket: object, name: "fd" | "rid"): number | undefined {
  const symbol = symbols[name] ??= Object.getOwnPropertySymbols(socket).find(({ description }) =>
    description === `Deno.internal.${name}`
  );
  if (symbol === undefined) return undefined;
  return (socket as Record<symbol, number | undefined>)[symbol];
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
function* openFds(longestGap = LONGEST_GAP): Generator<number> {
  const limit = libc().getdtablesize();
  let last = 0;
  for (let first = 0; first < limit && first - last < longestGap; first += CHUNK) {
    const count = Math.min(CHUNK, limit - first);
    for (let i = 0; i < count; i++) {
      pollfds[2 * i] = first + i;
      pollfds[2 * i + 1] = 0;
    }
    libc().poll(pollfdBytes, BigInt(count), 0);
    // copied out before the caller may ask poll again
    const open: number[] = [];
    for (let i = 0; i < count; i++) {
      if ((results[4 * i + 3]! & POLLNVAL) === 0) open.push(first + i);
    }
    last = open.at(-1) ?? last;
    yield* open;
  }
}

/** The lowest free descriptor; 0 where none can be had. */
function lowestFreeFd(): number {
  const c = libc();
  for (let open = 0; open <= 2; open++) {
    const free = c.dup(open);
    if (free < 0) continue; // that one is closed, or none is free
    c.close(free);
    return free;
  }
  return 0;
}
