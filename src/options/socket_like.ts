/** What counts as a socket. */

import type * as dgram from "node:dgram";
import type * as net from "node:net";

/** A `Deno.DatagramConn`, which is declared with Deno's unstable types alone. */
export interface DatagramSocket {
  /** Its address. */
  readonly addr: Deno.Addr;
  /** Waits for a message. */
  receive(buffer?: Uint8Array): Promise<[Uint8Array, Deno.Addr]>;
  /** Closes it. */
  close(): void;
}

/** A connection by its two addresses, as a protocol's transport gives it. */
export interface AddressPair {
  /** Its own address. */
  readonly localAddr: Deno.Addr;
  /** The address of its peer. */
  readonly remoteAddr: Deno.Addr;
}

/**
 * Any socket that the functions of this package take: a connection, listener or datagram socket of Deno,
 * the addresses of a connection, a socket or server of Node.js's `net`, `tls` or `dgram`, or a file descriptor's number.
 *
 * A number is taken as it is: the caller answers for it. All others are verified at every call.
 */
export type SocketLike =
  | Deno.Conn
  | AddressPair
  | Deno.Listener
  | Deno.TlsListener
  | DatagramSocket
  | net.Socket
  | net.Server
  | dgram.Socket
  | number;
