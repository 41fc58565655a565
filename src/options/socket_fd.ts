/**
 * Which file descriptor a socket has: Deno tells it of few, so it is found by the addresses, and proven.
 *
 * @module
 */

import type * as dgram from "node:dgram";
import type * as net from "node:net";
import {
  candidateFds,
  isUnique,
  matchFd,
  socketCookie,
  type SocketIdentity,
} from "../../ffi/find_fd.ts";
import { checkInteger, show } from "../../ffi/codec.ts";
import { describeSocket } from "../../ffi/describe_socket.ts";
import { likelyFds } from "../../ffi/open_fds.ts";
import { TCP_NODELAY } from "../../ffi/options/tcp.ts";
import { showAddr } from "../../ffi/sockaddr.ts";
import { tryReadOption } from "../../ffi/socket.ts";
import { errnoNumber, SocketError } from "../../ffi/socket_error.ts";
import { isAddressPair, knownBetween, rememberBetween } from "./address_pairs.ts";
import { isKnown, isOpen, notedFd, resourceId } from "./deno_internals.ts";
import { Descriptor } from "./descriptor.ts";
import type { AddressPair, OpenSocket, SocketLike } from "./socket_like.ts";

/** A descriptor is a C `int`. */
const MOST_FD = 2 ** 31 - 1;

/** The descriptors of the sockets that were asked for. */
const found = new WeakMap<object, Descriptor>();

/** Whose socket a cookie is, so that of two sockets with one address the other one can be told. */
const owners = new Map<bigint, WeakRef<object>>();
const forget = new FinalizationRegistry<bigint>((cookie) => owners.delete(cookie));

/**
 * The file descriptor of a socket, verified to be this socket's and no other's.
 *
 * The number is good until the socket closes, and the kernel then gives it to the next one: use it at
 * once, and ask again after waiting for anything.
 *
 * A socket that is closed is told from a later one that has its address or its number: by the kernel's cookie, once it was
 * asked for, and before by asking Deno whether it is open. Deno does not tell that of datagram sockets and HTTP servers: ask
 * for those once while they are open. Two addresses mean the connection that has them now. Of a server that listens on every
 * interface one client may have two from one port, to two addresses of the machine: then it is EEXIST, and all descriptors are
 * looked through for each call.
 *
 * @category Any option
 *
 * @example
 * ```ts
 * import { SocketError, socketFd } from "@sockopt/tcp";
 * import { assert, assertEquals, assertThrows } from "@std/assert";
 *
 * const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * assert(socketFd(listener) > 2);
 *
 * listener.close();
 * assertEquals(assertThrows(() => socketFd(listener), SocketError).code, "EBADF");
 * ```
 *
 * @param socket The socket.
 * @returns Its file descriptor.
 * @throws {SocketError} EBADF when the socket is closed; EEXIST when several sockets of this process fit
 *   and cannot be told apart from outside.
 * @throws {TypeError} when it is not a socket.
 * @throws {RangeError} when it is a number that no descriptor has.
 */
export function socketFd(socket: SocketLike): number {
  if (typeof socket === "number") {
    checkInteger(socket, 0, MOST_FD, "a file descriptor");
    return socket;
  }
  if (typeof socket !== "object" || socket === null) {
    throw new TypeError(`expected a socket, got ${show(socket)}`);
  }
  if (isEntry(socket)) return fdOfEntry(socket);
  if (isAddressPair(socket)) return fdBetween(socket);
  const known = found.get(socket);
  if (known?.isProvable !== true) return find(socket, known?.unproven);
  const fd = known.prove();
  if (fd < 0) throw closed();
  return fd;
}

function isEntry(socket: object): socket is OpenSocket {
  return "fd" in socket && "cookie" in socket;
}

/** The descriptor of an entry of openSockets(), which says itself what proves it. */
function fdOfEntry({ fd, cookie, kind, localAddr, remoteAddr }: OpenSocket): number {
  const isSame = cookie === undefined
    ? isDescribed(fd, kind, localAddr, remoteAddr)
    : socketCookie(fd) === cookie;
  if (isSame) return fd;
  throw closed();
}

/** Whether a socket looks the same still, on a kernel that gives no cookies. */
function isDescribed(fd: number, kind: string, ...addresses: (Deno.Addr | undefined)[]): boolean {
  const now = describeSocket(fd);
  return now?.kind === kind && [now.local, now.remote].every((addr, i) => {
    const then = addresses[i];
    return then === undefined || addr === undefined
      ? then === addr
      : showAddr(then) === showAddr(addr);
  });
}

/** What owns the descriptor of a connection; `undefined` where it is closed, or cannot be told from others. */
export function socketDescriptor(socket: Deno.Conn<Deno.NetAddr>): Descriptor | undefined {
  try {
    socketFd(socket);
  } catch (error) {
    if (error instanceof SocketError) return undefined;
    throw error;
  }
  return found.get(socket);
}

/**
 * The descriptor of a connection that was accepted just now, for which Deno's own note is taken: the caller asserts that its
 * addresses are the connection's. It is not searched for among all that are open: `undefined` where it is not found at once.
 */
export function acceptedDescriptor(conn: Deno.Conn<Deno.NetAddr>): Descriptor | undefined {
  const noted = notedFd(conn);
  if (noted !== undefined) return new Descriptor(noted);
  const identity: SocketIdentity = {
    kind: "connection",
    local: conn.localAddr,
    remote: conn.remoteAddr,
  };
  for (const fd of likelyFds(resourceId(conn))) {
    if (matchFd(fd, identity) !== "same") continue;
    rememberFd(conn, fd, identity);
    return found.get(conn);
  }
  return undefined;
}

/** Finds the descriptor of a socket, of which there is no proof yet. */
function find(
  socket: Exclude<SocketLike, number | OpenSocket | AddressPair>,
  guess: number | undefined,
): number {
  const identity = identify(socket);
  const open = isOpen(socket);
  if (open === false) throw closed();
  const noted = notedFd(socket);
  // Deno's own note is right as long as the socket is open, also when its peer has gone
  const isNoted = noted !== undefined && matchFd(noted, identity) !== "other";
  const fd = isNoted ? noted : theOneOf(candidateFds(identity, guesses(socket, guess)), identity);
  if (open === undefined && isTcpConn(socket)) proveOpen(socket, fd);
  rememberFd(socket, fd, identity);
  return fd;
}

/**
 * The descriptor of the connection that has these addresses now. Where another one may have them as well, all are looked
 * through each time.
 */
function fdBetween(pair: AddressPair): number {
  const identity = identify(pair);
  const isKept = isUnique(identity);
  const known = isKept ? knownBetween(pair) : undefined;
  if (known !== undefined) return known.unproven; // it was proven just now
  // of one whose peer has gone nothing says that it is this one
  const candidates = candidateFds(identity, likelyFds(undefined)).filter((fd) =>
    matchFd(fd, identity) === "same"
  );
  const sockets = byCookie(candidates);
  if (sockets.size > 1) throw ambiguous(sockets.size, identity);
  const [fd] = sockets.values();
  if (fd === undefined) throw closed();
  if (isKept) rememberBetween(pair, new Descriptor(fd));
  return fd;
}

function* guesses(socket: object, guess: number | undefined): Generator<number> {
  if (guess !== undefined) yield guess;
  yield* likelyFds(resourceId(socket));
}

function isTcpConn(socket: object): socket is Deno.TcpConn {
  return "setNoDelay" in socket && "remoteAddr" in socket;
}

/**
 * Where Deno's internals do not tell whether a connection is open: it is asked for what is already so. Another socket may
 * have the addresses of one that is closed.
 */
function proveOpen(conn: Deno.TcpConn, fd: number): void {
  const noDelay = tryReadOption(fd, TCP_NODELAY);
  if (noDelay === undefined || !isKnown(() => conn.setNoDelay(noDelay))) throw closed();
}

/** Notes the descriptor of what stands for a socket, beside Deno's own object. */
export function knowDescriptor(socket: object, descriptor: Descriptor): void {
  found.set(socket, descriptor);
}

/** Notes the descriptor of a socket that is open now. */
export function rememberFd(socket: object, fd: number, identity: SocketIdentity): void {
  found.set(socket, new Descriptor(fd));
  if (isUnique(identity)) return;
  const cookie = socketCookie(fd);
  if (cookie === undefined) return;
  owners.set(cookie, new WeakRef(socket));
  forget.register(socket, cookie);
}

/** A descriptor of each socket: several with one cookie are copies of one socket, and any of them will do. */
function byCookie(fds: readonly number[]): Map<bigint, number> {
  return new Map(fds.map((fd) => [socketCookie(fd) ?? BigInt(-fd), fd]));
}

/** The one candidate that is no other object's socket. */
function theOneOf(candidates: number[], identity: SocketIdentity): number {
  const cookies = byCookie(candidates);
  const free = cookies.size === 1
    ? [...cookies.values()]
    : [...cookies].filter(([cookie]) => owners.get(cookie)?.deref() === undefined).map(([, fd]) =>
      fd
    );
  if (free.length === 0) throw closed();
  if (free.length > 1) throw ambiguous(free.length, identity);
  return free[0]!;
}

function ambiguous(count: number, identity: SocketIdentity): SocketError {
  return new SocketError("getsockname", errnoNumber("EEXIST"), {
    reason:
      `${count} sockets of this process have the address ${showAddresses(identity)} and cannot ` +
      "be told apart; ask for each as soon as it is made, open listeners with listen() of this " +
      "package, or take it from openSockets()",
  });
}

function showAddresses({ local, remote }: SocketIdentity): string {
  const addresses = remote === undefined ? [local] : [local, remote];
  return addresses.map((addr) =>
    "hostname" in addr ? `${addr.hostname}:${addr.port}` : "path" in addr ? addr.path : ""
  ).join(" -> ");
}

function closed(): SocketError {
  return new SocketError("getsockname", errnoNumber("EBADF"), { reason: "the socket is closed" });
}

/** What can be seen of a socket from outside. */
function identify(socket: Exclude<SocketLike, number | OpenSocket>): SocketIdentity {
  if ("addr" in socket) {
    const { addr } = socket;
    const kind = "accept" in socket || "shutdown" in socket ? "listener" : "datagram";
    return { kind, local: addr };
  }
  if ("remoteAddr" in socket) {
    const { localAddr: local, remoteAddr: remote } = socket;
    if (!isAddr(local) || !isAddr(remote)) {
      throw new TypeError("expected a connection or its two addresses, localAddr and remoteAddr");
    }
    return { kind: "connection", local, remote };
  }
  return identifyNode(socket);
}

function isAddr(addr: unknown): boolean {
  return typeof addr === "object" && addr !== null;
}

/** The same for a socket of Node.js, which answers nothing once it is closed. */
function identifyNode(socket: net.Socket | net.Server | dgram.Socket): SocketIdentity {
  if ("remotePort" in socket) return identifyNodeConnection(socket);
  if (!("address" in socket)) throw new TypeError(`expected a socket, got ${show(socket)}`);
  const isServer = "listening" in socket;
  const address = nodeAddress(socket, isServer);
  if (typeof address === "string") {
    return { kind: "listener", local: { transport: "unix", path: address } };
  }
  return {
    kind: isServer ? "listener" : "datagram",
    local: netAddr(isServer ? "tcp" : "udp", address.address, address.port),
  };
}

function identifyNodeConnection(socket: net.Socket): SocketIdentity {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (socket.destroyed) throw closed();
  if (localAddress === undefined || remoteAddress === undefined) {
    throw new SocketError("getsockname", errnoNumber("ENOTCONN"), {
      reason: socket.connecting
        ? 'the socket is connecting, and node:net does not tell where: wait for its event "connect"'
        : socket.pending
        ? "the socket of node:net is not connected, and has no descriptor before it is"
        : "a Unix socket of node:net does not tell its path; take it from openSockets()",
    });
  }
  return {
    kind: "connection",
    local: netAddr("tcp", localAddress, localPort),
    remote: netAddr("tcp", remoteAddress, remotePort),
  };
}

/** What `address()` says of a socket that has an address. */
function nodeAddress(
  socket: { address(): unknown },
  isServer: boolean,
): net.AddressInfo | string {
  try {
    const address = socket.address() as net.AddressInfo | string | null;
    if (address !== null) return address;
  } catch (error) {
    // a socket of dgram throws, for two reasons
    if ((error as { code?: string }).code === "ERR_SOCKET_DGRAM_NOT_RUNNING") throw closed();
  }
  throw new SocketError("getsockname", errnoNumber("EBADF"), {
    reason: isServer
      ? 'the server does not listen: it has a descriptor from its event "listening" until close()'
      : "the socket of node:dgram is not bound, and has no descriptor before it is",
  });
}

function netAddr(transport: "tcp" | "udp", hostname: string, port: number = 0): Deno.NetAddr {
  return { transport, hostname, port };
}
