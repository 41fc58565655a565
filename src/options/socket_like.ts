/** What counts as a socket. */

import type * as dgram from "node:dgram";
import type * as net from "node:net";
import type { PlainState } from "../../ffi/describe_socket.ts";
import type { TcpState } from "../../ffi/tcp_info.ts";

/**
 * A `Deno.DatagramConn`, which is declared with Deno's unstable types alone.
 *
 * @category Any option
 */
export interface DatagramSocket {
  /** Its address. */
  readonly addr: Deno.Addr;
  /** Waits for a message. */
  receive(buffer?: Uint8Array): Promise<[Uint8Array, Deno.Addr]>;
  /** Closes it. */
  close(): void;
}

/**
 * The two addresses of a connection: behind a request of `Deno.serve()`, or a protocol's transport.
 *
 * @category Any option
 */
export interface AddressPair {
  /** Its own address; that of its listener will do, also one that stands for all: `server.addr`. */
  readonly localAddr: Deno.Addr;
  /** Its peer's address: `info.remoteAddr`. */
  readonly remoteAddr: Deno.Addr;
}

/**
 * What `Deno.serve()` returns: its listener is meant.
 *
 * @category Any option
 */
export interface HttpServer {
  /** The address that it listens on. */
  readonly addr: Deno.Addr;
  /** Stops it. */
  shutdown(): Promise<void>;
}

/**
 * A socket of this process, as `openSockets()` found it.
 *
 * @category Any option
 */
export interface OpenSocket {
  /** Its file descriptor: good until it is closed, which the entry's functions notice and a bare number does not. */
  readonly fd: number;
  /** The kernel's own number for it, SO_COOKIE, which no other socket ever has; `undefined` where there is none (macOS, gVisor). */
  readonly cookie: bigint | undefined;
  /**
   * Its protocol: "tcp", "mptcp", "udp", "unix", "unixpacket" (datagrams, as Deno calls them), "unixseqpacket", "vsock", or
   * another one by the kernel's name for it, such as "icmp" or "netlink".
   */
  readonly kind: string;
  /** The state of TCP, such as "listen", "syn-sent", "established" or "close"; of others whether it listens, or has a peer. */
  readonly state: TcpState | PlainState;
  /** Its own address, where Deno has addresses of that kind. */
  readonly localAddr: Deno.Addr | undefined;
  /** Its peer's address, where it has a peer, or is connecting to one. */
  readonly remoteAddr: Deno.Addr | undefined;
}

/**
 * Any socket that the functions of this package take: a connection, listener or datagram socket of Deno, a
 * `Deno.HttpServer` (its listener), the two addresses of a connection, a socket or server of Node.js's `net`, `tls`, `http`
 * or `dgram`, an entry of `openSockets()`, or a file descriptor's number.
 *
 * A number is taken as it is: the caller answers for it. All others are verified at every call.
 *
 * @category Any option
 */
export type SocketLike =
  | Deno.Conn
  | AddressPair
  | Deno.Listener
  | Deno.TlsListener
  | DatagramSocket
  | HttpServer
  | AddressPair
  | OpenSocket
  | net.Socket
  | net.Server
  | dgram.Socket
  | number;
