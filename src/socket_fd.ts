/**
 * @module
 */

import type * as dgram from "node:dgram";
import type * as net from "node:net";
import { errnoNumber } from "../ffi/errno.ts";
import {
  candidateFds,
  fdHint,
  matchFd,
  socketCookie,
  type SocketIdentity,
} from "../ffi/find_fd.ts";
import { SocketError } from "../ffi/socket_error.ts";
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
  const fd = hint !== undefined && matchFd(hint, identity) !== "other"
    ? hint
    : theOneOf(candidateFds(identity), identity);
  remember(socket, fd, identity);
  return fd;
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
        `be told apart; open listeners with listen() of this package, or pass the file descriptor`,
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

/** The same for a socket of Node.js, which throws or answers nothing once it is closed. */
function identifyNode(socket: net.Socket | net.Server | dgram.Socket): SocketIdentity {
  if ("remotePort" in socket) {
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    if (localAddress === undefined || remoteAddress === undefined) throw closed();
    return {
      kind: "connection",
      local: netAddr("tcp", localAddress, localPort),
      remote: netAddr("tcp", remoteAddress, remotePort),
    };
  }
  if (!("address" in socket)) throw new TypeError("expected a socket");
  const address = socket.address() as net.AddressInfo | string | null;
  if (address === null) throw closed();
  if (typeof address === "string") {
    return { kind: "listener", local: { transport: "unix", path: address } };
  }
  return "listening" in socket
    ? { kind: "listener", local: netAddr("tcp", address.address, address.port) }
    : { kind: "datagram", local: netAddr("udp", address.address, address.port) };
}

function netAddr(transport: "tcp" | "udp", hostname: string, port: number = 0): Deno.NetAddr {
  return { transport, hostname, port };
}
