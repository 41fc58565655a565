/** The socket of a transport: for options, not for bytes. */

import type { Descriptor } from "../options/descriptor.ts";
import { knowDescriptor } from "../options/socket_fd.ts";
import type { AddressPair } from "../options/socket_like.ts";

/**
 * The socket of a connection as its protocol sees it, as asyncio's `TransportSocket`: every function for options takes it,
 * and nothing else can be done with it. Whoever closed the connection itself, or read from it, would pull it from under the
 * transport.
 *
 * @category Protocols
 */
export interface TransportSocket extends AddressPair {
  /** The socket's own address. */
  readonly localAddr: Deno.NetAddr;
  /** The address of its peer. */
  readonly remoteAddr: Deno.NetAddr;
}

/** Makes one of a connection. */
export function transportSocket(
  { localAddr, remoteAddr }: Deno.Conn<Deno.NetAddr>,
  descriptor: Descriptor | undefined,
): TransportSocket {
  const socket = Object.freeze({ localAddr, remoteAddr });
  if (descriptor !== undefined) knowDescriptor(socket, descriptor);
  return socket;
}
