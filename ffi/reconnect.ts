/**
 * Connecting a socket of Deno's again. Deno makes a socket and connects it in one go, and some options must be set before:
 * so it is sent to a port of this machine where nobody listens, found by that port, taken back, and connected to where it
 * is meant to go. Deno waits for it as if it had connected it itself.
 *
 * @module
 */

import { libc } from "./libc.ts";
import { likelyFds, openFds } from "./open_fds.ts";
import { SO_ERROR, SO_PEERNAME } from "./options/socket.ts";
import { sockaddrOf, socketName } from "./sockaddr.ts";
import { tryReadOption } from "./socket.ts";
import { errnoNumber, lastErrno, SocketError } from "./socket_error.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;

/**
 * A port of the loopback interface that is nobody else's as long as it is held. What is sent there is refused, without a
 * packet leaving the machine; and as no other socket is sent there, a socket is known by it.
 */
export class Waypoint implements Disposable {
  /** Where it is: an address of IPv4 or of IPv6. */
  readonly addr: Deno.NetAddr;
  readonly #fd: number;

  /**
   * @param like An address of the family that it shall have.
   * @throws {SocketError} EMFILE and the like; EADDRNOTAVAIL where the loopback interface does not have the family.
   */
  constructor(like: string) {
    const c = libc();
    const isIpv6 = like.includes(":");
    this.#fd = c.socket(isIpv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (this.#fd < 0) throw failed("socket");
    const any = loopback(isIpv6);
    try {
      bind(this.#fd, any);
      this.addr = socketName(this.#fd, "getsockname", "tcp") as Deno.NetAddr;
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** From now on what is sent here is connected. */
  listen(): void {
    if (libc().listen(this.#fd, 1) !== 0) throw failed("listen");
  }

  /**
   * Finds the socket of this process that was sent here.
   *
   * @returns Its descriptor; `undefined` where there is none, or the kernel does not tell (gVisor).
   */
  find(): number | undefined {
    const isSentHere = (fd: number): boolean => {
      // unlike getpeername(2) it tells of a socket that was refused, too
      const peer = tryReadOption(fd, SO_PEERNAME) as Deno.NetAddr | undefined;
      return peer?.port === this.addr.port && peer.hostname === this.addr.hostname;
    };
    for (const fd of likelyFds(undefined)) {
      if (isSentHere(fd)) return fd;
    }
    for (const fd of openFds()) {
      if (isSentHere(fd)) return fd;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    libc().close(this.#fd);
  }
}

function loopback(isIpv6: boolean): Deno.NetAddr {
  return { transport: "tcp", hostname: isIpv6 ? "::1" : "127.0.0.1", port: 0 };
}

/** Any address of the family AF_UNSPEC. */
const NOWHERE = new Uint8Array(16);

/**
 * Takes a socket of TCP back from where it is connected, or is connecting to: connect(2) to no address. A peer is sent a
 * RST.
 *
 * @throws {SocketError} EAFNOSUPPORT on a kernel that does not have it (gVisor, macOS).
 */
export function disconnect(fd: number): void {
  if (libc().connect(fd, NOWHERE, NOWHERE.length) !== 0) throw failed("connect");
}

/** How a socket is connected. */
export interface Connecting {
  /** Where to. */
  readonly remote: Deno.NetAddr;
  /** Where from, if that matters. */
  readonly local: Deno.NetAddr | undefined;
  /** Sets the options. */
  prepare(fd: number): void;
}

/**
 * Connects a socket again, without waiting.
 *
 * @returns "connecting"; "deferred" where the kernel waits for the first data, to send it with the SYN.
 * @throws {SocketError} what bind(2) and connect(2) refuse: the socket is then connected to nobody.
 */
export function reconnect(
  fd: number,
  { remote, local, prepare }: Connecting,
): "connecting" | "deferred" {
  disconnect(fd);
  tryReadOption(fd, SO_ERROR); // that it was refused is no news: reading it clears it
  prepare(fd);
  if (local !== undefined) bind(fd, local);
  const to = sockaddrOf(remote);
  if (libc().connect(fd, to, to.length) === 0) return "deferred";
  const errno = lastErrno();
  if (errno === errnoNumber("EINPROGRESS")) return "connecting";
  throw new SocketError("connect", errno);
}

function bind(fd: number, addr: Deno.NetAddr): void {
  const bytes = sockaddrOf(addr);
  if (libc().bind(fd, bytes, bytes.length) !== 0) throw failed("bind");
}

function failed(syscall: string): SocketError {
  return new SocketError(syscall, lastErrno());
}
