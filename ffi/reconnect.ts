/**
 * Connecting a socket of Deno's again. Deno makes a socket and connects it in one go, and some options must be set before:
 * so it is sent to a port of this machine where nobody listens, found by that port, taken back, and connected to where it
 * is meant to go. Deno waits for it as if it had connected it itself.
 *
 * @module
 */

import { libc } from "./libc.ts";
import { newSocket, SOCK_STREAM } from "./new_socket.ts";
import { freeFds } from "./open_fds.ts";
import { SO_ERROR, SO_PEERNAME } from "./options/socket.ts";
import { familyOf, isIpv6, loopback, PORT, SOCKADDR_STORAGE, sockaddrOf } from "./sockaddr.ts";
import { tryReadOption } from "./socket.ts";
import { errnoNumber, lastErrno, SocketError } from "./socket_error.ts";

const length = new Uint32Array(1);
const lengthBytes = new Uint8Array(length.buffer);
const found = new Uint8Array(SOCKADDR_STORAGE);

/**
 * A port of the loopback interface that is nobody else's as long as it is held. What is sent there is refused, without a
 * packet leaving the machine; and as no other socket is sent there, a socket is known by it.
 */
export class Waypoint implements Disposable {
  readonly hostname: string;
  readonly port: number;
  /** It is no object of Deno's: nobody else closes it. */
  readonly #fd: number;
  readonly #sockaddr: Uint8Array<ArrayBuffer>;

  /**
   * @param like An address of the family that it shall have.
   * @throws {SocketError} EMFILE and the like; EADDRNOTAVAIL where the loopback interface does not have the family.
   */
  constructor(like: string) {
    const family = familyOf(like);
    const sockaddr = loopback(family);
    const c = libc();
    this.hostname = isIpv6(like) ? "::1" : "127.0.0.1";
    this.#sockaddr = sockaddr;
    this.#fd = newSocket(family, SOCK_STREAM);
    if (this.#fd < 0) throw failed("socket");
    length[0] = sockaddr.length;
    const call = c.bind(this.#fd, sockaddr, sockaddr.length) !== 0
      ? "bind"
      : c.getsockname(this.#fd, this.#sockaddr, lengthBytes) !== 0
      ? "getsockname"
      : undefined;
    if (call !== undefined) {
      const error = failed(call);
      this[Symbol.dispose]();
      throw error;
    }
    this.port = new DataView(this.#sockaddr.buffer).getUint16(PORT);
  }

  /** From now on what is sent here is connected. */
  listen(): void {
    if (libc().listen(this.#fd, 1) !== 0) throw failed("listen");
  }

  /**
   * Has a socket made and sent here, and finds it: it has a descriptor that was free, and nobody else is sent here now. A
   * descriptor that was in use is not looked at, as a connection that is left of old times may have had this port's last
   * owner as its peer.
   *
   * @param send Makes the socket, and sends it here.
   * @returns Its descriptor; `undefined` where it is none of those that were free, since another thread has closed or opened
   *   one meanwhile, and where the kernel does not tell (gVisor).
   */
  find(send: () => void): number | undefined {
    const free = freeFds();
    send();
    return free.find((fd) => this.#wasSent(fd));
  }

  /** Whether a socket was sent here: unlike getpeername(2), SO_PEERNAME tells of one that was refused, too. */
  #wasSent(fd: number): boolean {
    const here = this.#sockaddr;
    length[0] = here.length; // no more than the address takes: the kernel refuses it
    const { level, optname } = SO_PEERNAME;
    if (libc().getsockopt(fd, level, optname, found, lengthBytes) !== 0) return false;
    return here.every((byte, i) => byte === found[i]);
  }

  [Symbol.dispose](): void {
    libc().close(this.#fd);
  }
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
