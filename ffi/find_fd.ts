/**
 * Finding the file descriptor behind a socket, of which only the addresses are known.
 *
 * A number alone proves nothing: the kernel gives it to the next socket as soon as it is closed. So
 * what is found is compared with the socket's kind and addresses, and the kernel's cookie, which no two
 * sockets share, tells afterwards whether the number still means the same socket.
 *
 * @module
 */

import { openFds } from "./open_fds.ts";
import { SO_ACCEPTCONN, SO_COOKIE, SO_TYPE } from "./options/socket.ts";
import { compareName, isLinkLocal, isUnspecified } from "./sockaddr.ts";
import { tryReadOption } from "./socket.ts";
import { errnoNumber, lastErrno } from "./socket_error.ts";

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
  // a server that listens everywhere knows of its connections no more than that
  const isAnywhere = kind === "connection" && isUnspecified(local);
  if (compareName(fd, "getsockname", local, isAnywhere) !== "same") return "other";
  // another thread may close it meanwhile: then it is none of these
  const type = tryReadOption(fd, SO_TYPE);
  if (type !== (kind === "datagram" ? "dgram" : "stream")) return "other";
  const listens = tryReadOption(fd, SO_ACCEPTCONN);
  if (listens !== (kind === "listener")) return "other";
  if (listens) return "same";
  if (remote === undefined) return "same";
  const peer = compareName(fd, "getpeername", remote);
  if (peer !== "failed") return peer;
  if (lastErrno() !== errnoNumber("ENOTCONN")) return "other";
  return "gone";
}

/**
 * Whether no two sockets have the addresses in common: those of a connection over IP with its peer still there. One client
 * may have connections to several addresses of a server that listens everywhere, from one port, as behind a NAT; and several
 * links may have hosts of one address that is good for its link alone, of which Deno does not tell the link.
 */
export function isUnique({ local, remote }: SocketIdentity): boolean {
  return remote !== undefined && "port" in remote && !isUnspecified(local) && !isLinkLocal(remote);
}

/**
 * Every descriptor that fits: those with the peer still there, or, where there are none, the others.
 *
 * @param identity What is known of the socket.
 * @param guesses Where to look first.
 * @param onlyOne Whether the first one with the peer still there is it.
 */
export function candidateFds(
  identity: SocketIdentity,
  guesses: Iterable<number>,
  onlyOne: boolean = isUnique(identity),
): number[] {
  if (onlyOne) {
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
    if (match === "same" && onlyOne) break;
  }
  return same.length > 0 ? same : gone;
}

/** The kernel's own number for a socket, or `undefined` where the kernel gives none (macOS, gVisor). */
export function socketCookie(fd: number): bigint | undefined {
  return tryReadOption(fd, SO_COOKIE);
}

/** Which sockets of this process listen: their cookies, or their descriptors where there are none. */
export function listeningSockets(): Set<bigint | number> {
  const sockets = new Set<bigint | number>();
  for (const fd of openFds()) {
    // what is no socket, or is closed meanwhile, does not listen
    if (tryReadOption(fd, SO_ACCEPTCONN)) sockets.add(socketCookie(fd) ?? fd);
  }
  return sockets;
}
