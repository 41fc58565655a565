/** A connection of a server that is open, as others may look at it. */

import type { TcpInfo } from "../../ffi/tcp_info.ts";
import type { Connection } from "./connection.ts";

/**
 * What `server.connections()` tells of a connection, as it was when it was asked.
 *
 * @category Serving
 */
export interface OpenConnection {
  /** Which connection of the server it is, counted from 1. */
  readonly number: number;
  /** The client's address. */
  readonly remoteAddr: Deno.NetAddr;
  /** The server's address, as the client sees it. */
  readonly localAddr: Deno.NetAddr;
  /** Seconds since it was accepted. */
  readonly age: number;
  /**
   * Bytes received so far. The handlers of this package count them; of others the kernel is asked, and it is `undefined`
   * where it does not tell: with TLS, on macOS, under gVisor.
   */
  readonly bytesIn: number | undefined;
  /** Bytes sent so far, as far as that can be told: see `bytesIn`. */
  readonly bytesOut: number | undefined;
  /**
   * What the kernel knows of it now: TCP_INFO. `undefined` once it is closed, and where there is no telling (macOS).
   */
  tcpInfo(): TcpInfo | undefined;
}

/** Describes a connection. */
export function describeConnection(connection: Connection, now: number): OpenConnection {
  const { number, remoteAddr, localAddr, acceptedAt } = connection;
  const bytes = connection.bytesSoFar();
  return {
    number,
    remoteAddr,
    localAddr,
    age: (now - acceptedAt) / 1000,
    bytesIn: bytes?.bytesIn,
    bytesOut: bytes?.bytesOut,
    tcpInfo: () => connection.tcpInfo(),
  };
}
