/** A connection of a server that is open, as others may look at it. */

import type { TcpInfo } from "../../ffi/tcp_info.ts";
import { countOf } from "./byte_count.ts";
import { type Connection, isTls } from "./connection.ts";

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
  const { number, remoteAddr, localAddr, acceptedAt, headerSize } = connection;
  let bytes: { bytesIn?: number; bytesOut?: number } = {};
  if (connection.isCounted || connection.bytesIn !== 0 || connection.bytesOut !== 0) {
    bytes = connection;
  } else if (!isTls(connection.conn)) {
    const info = connection.tcpInfo();
    const counted = info && countOf(info);
    if (counted) bytes = { ...counted, bytesIn: counted.bytesIn - headerSize };
  }
  return {
    number,
    remoteAddr,
    localAddr,
    age: (now - acceptedAt) / 1000,
    bytesIn: bytes.bytesIn,
    bytesOut: bytes.bytesOut,
    tcpInfo: () => connection.tcpInfo(),
  };
}
