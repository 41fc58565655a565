/**
 * @module
 */

import type * as dgram from "node:dgram";
import type * as net from "node:net";
import {
  candidateFds,
  fdHint,
  likelyFds,
  matchFd,
  socketCookie,
  type SocketIdentity,
} from "../../ffi/find_fd.ts";
import { TCP_NODELAY } from "../../ffi/options/tcp.ts";
import { readOption } from "../../ffi/socket.ts";
import { errnoNumber, SocketError } from "../../ffi/socket_error.ts";
import type { SocketLike } from "./socket_like.ts";

/** A socket that was found: its descriptor, and the kernel's cookie that proves it still is. */
interface Found {
  readonly fd: number;
  readonly cookie: bigint | undefined;
}

const found = new WeakMap<object, Found>();

/** Whose socket a cookie is, so that of two sockets with one address the other one can be told. */
const owners = new Map<bigint, WeakRef<object>>();
const forget = new FinalizationRegistry<bigint>((cookie) => owners.delete(cookie));

/**
 * The file descriptor of a socket, verified to be this socket's and no other's.
 *
 * The number is good until the socket closes, and the kernel then gives it to the next one: use it at
 * once, and ask again after waiting for anything.
 *
 * @example
 * ```ts
 * import { socketFd } from "@sockopt/tcp";
 * import assert from "node:assert/strict";
 *
 * const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * assert(socketFd(listener) > 2);
 *
 * listener.close();
 * assert.throws(() => socketFd(listener), { code: "EBADF" });
 * ```
 *
 * @param socket The socket.
 * @returns Its file descriptor.
 * @throws {SocketError} EBADF when the socket is closed; EEXIST when several sockets of this process fit
 *   and cannot be told apart from outside.
 * @throws {TypeError} when it is not a socket.
 */
export function socketFd(socket: SocketLike): number {
  if (typeof socket === "number") return socket;
  const known = found.get(socket);
  if (known !== undefined && known.cookie !== undefined) {
    // a cookie is never given twice, so one call proves it
    if (socketCookie(known.fd) === known.cookie) return known.fd;
    throw closed();
  }
  const identity = identify(socket);
  const hint = known?.fd ?? fdHint(socket);
  const fd = hint !== undefined && matchFd(hint, identity) === "same"
    ? hint
    : theOneOf(candidateFds(identity, likelyFds(socket)), identity);
  if (isTcpConn(socket)) proveOpen(socket, fd);
  remember(socket, fd, identity);
  return fd;
}

function isTcpConn(socket: object): socket is Deno.TcpConn {
  return "setNoDelay" in socket && "remoteAddr" in socket;
}

/**
 * Addresses prove a connection only as long as it is open: afterwards another one may have both. Deno
 * tells when it is asked to do something with it, so it is asked for what is already so.
 */
function proveOpen(conn: Deno.TcpConn, fd: number): void {
  const noDelay = readOption(fd, TCP_NODELAY);
  try {
    conn.setNoDelay(noDelay);
  } catch (error) {
    throw error instanceof Deno.errors.BadResource ? closed() : error;
  }
}

/** Notes that this is the descriptor of a socket, where its maker knows. */
export function rememberListener(listener: Deno.Listener, fd: number): void {
  remember(listener, fd, { kind: "listener", local: listener.addr });
}

function remember(socket: object, fd: number, identity: SocketIdentity): void {
  const cookie = socketCookie(fd);
  found.set(socket, { fd, cookie });
  // a connection over IP is known by its addresses; others may share theirs
  if (cookie !== undefined && !(identity.kind === "connection" && "port" in identity.local)) {
    owners.set(cookie, new WeakRef(socket));
    forget.register(socket, cookie);
  }
}

/** The one candidate that is no other object's socket. */
function theOneOf(candidates: number[], identity: SocketIdentity): number {
  const cookies = new Map(candidates.map((fd) => [socketCookie(fd) ?? BigInt(-fd), fd]));
  // several descriptors with one cookie are copies of one socket, and any of them will do
  const free = cookies.size === 1
    ? [...cookies.values()]
    : [...cookies].filter(([cookie]) => owners.get(cookie)?.deref() === undefined).map(([, fd]) =>
      fd
    );
  if (free.length === 0) throw closed();
  if (free.length > 1) {
    throw new SocketError("getsockname", errnoNumber("EEXIST"), {
      reason:
        `${free.length} sockets of this process have the address ${show(identity)} and cannot ` +
        "be told apart; ask for each as soon as it is made, open listeners with listen() of this " +
        "package, or pass the file descriptor",
    });
  }
  return free[0]!;
}

function show({ local, remote }: SocketIdentity): string {
  const addresses = remote === undefined ? [local] : [local, remote];
  return addresses.map((addr) =>
    "hostname" in addr ? `${addr.hostname}:${addr.port}` : "path" in addr ? addr.path : ""
  ).join(" -> ");
}

function closed(): SocketError {
  return new SocketError("getsockname", errnoNumber("EBADF"), { reason: "the socket is closed" });
}

/** What can be seen of a socket from outside. */
function identify(socket: Exclude<SocketLike, number>): SocketIdentity {
  if ("addr" in socket) {
    const { addr } = socket;
    const kind = "accept" in socket ? "listener" : "datagram";
    return { kind, local: addr };
  }
  if ("remoteAddr" in socket) {
    return { kind: "connection", local: socket.localAddr, remote: socket.remoteAddr };
  }
  return identifyNode(socket);
}

/** The same for a socket of Node.js, which answers nothing once it is closed. */
function identifyNode(socket: net.Socket | net.Server | dgram.Socket): SocketIdentity {
  if ("remotePort" in socket) return identifyNodeConnection(socket);
  if (!("address" in socket)) throw new TypeError("expected a socket");
  const isServer = "listening" in socket;
  const address = nodeAddress(socket);
  if (address === null) throw closed();
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
    const reason = socket.connecting
      ? "the socket is not connected yet"
      : "a Unix socket of node:net does not tell its path; pass the file descriptor";
    throw new SocketError("getsockname", errnoNumber("ENOTCONN"), { reason });
  }
  return {
    kind: "connection",
    local: netAddr("tcp", localAddress, localPort),
    remote: netAddr("tcp", remoteAddress, remotePort),
  };
}

/** What `address()` says; `null` where the socket is closed or not bound. */
function nodeAddress(socket: { address(): unknown }): net.AddressInfo | string | null {
  try {
    return socket.address() as net.AddressInfo | string | null;
  } catch {
    return null; // as dgram says it
  }
}

function netAddr(transport: "tcp" | "udp", hostname: string, port: number = 0): Deno.NetAddr {
  return { transport, hostname, port };
}
