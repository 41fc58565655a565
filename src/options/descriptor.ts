/** A socket's file descriptor, with what proves that the number still is this socket's. */

import { lastCookie, readCookie } from "../../ffi/cookie.ts";

/**
 * Owns a file descriptor. The kernel gives its number to the next socket as soon as it is closed, so whoever uses it
 * asks for it again after anything that may close the socket: an `await`, a callback, a call of the user's code.
 * Within one synchronous stretch once is enough: a thread's sockets are closed by that thread alone.
 */
export class Descriptor {
  readonly #fd: number;
  /** The cookie, in two halves; without meaning where there is none. */
  readonly #low: number;
  readonly #high: number;
  /** Whether the kernel gave the socket a cookie, without which nothing is proven. */
  readonly isProvable: boolean;

  /** @param fd The descriptor of a socket that is open now. */
  constructor(fd: number) {
    this.#fd = fd;
    this.isProvable = readCookie(fd);
    this.#low = lastCookie[0]!;
    this.#high = lastCookie[1]!;
  }

  /** The number, if it still is this socket's; -1 where the socket is closed, or nothing can be proven. */
  prove(): number {
    const isSame = this.isProvable && readCookie(this.#fd) && lastCookie[0] === this.#low &&
      lastCookie[1] === this.#high;
    return isSame ? this.#fd : -1;
  }

  /** The number, unproven: for the stretch in which it was found, and where to look first on a kernel without cookies. */
  get unproven(): number {
    return this.#fd;
  }
}
