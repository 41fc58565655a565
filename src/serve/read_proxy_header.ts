/** Reads the PROXY header of a connection, and not one byte beyond it. */

import { peekArrived, receiveArrived } from "../../ffi/socket.ts";
import { Subnet } from "../net/subnet.ts";
import type { Connection } from "./connection.ts";
import {
  headerSize,
  parseProxyHeader,
  type ProxyHeader,
  ProxyProtocolError,
} from "./proxy_protocol.ts";
import type { ProxyProtocolOptions } from "./serve_options.ts";

/** Room for a header as most are; a longer one gets more. */
const ROOM = 256;

/**
 * Reads a header. What follows it stays in the kernel, for whatever reads the connection next.
 *
 * @returns The header and its size; `undefined` where the connection ends without a byte, as those of health checks do.
 * @throws {ProxyProtocolError} where there is none that counts.
 */
export async function readProxyHeader(
  connection: Connection,
): Promise<{ header: ProxyHeader; size: number } | undefined> {
  let bytes = new Uint8Array(ROOM);
  let read = 0;
  for (let size; (size = headerSize(bytes.subarray(0, read))) > read;) {
    if (size > bytes.length) {
      const more = new Uint8Array(size);
      more.set(bytes);
      bytes = more;
    }
    const n = takeArrived(connection, bytes, read) ||
      await connection.conn.read(bytes.subarray(read, size));
    if (n === null && read === 0) return undefined;
    if (n === null) throw new ProxyProtocolError("PROXY_MISSING", "the connection ends within it");
    read += n;
  }
  return { header: parseProxyHeader(bytes.slice(0, read)), size: read };
}

/**
 * Takes what has arrived of the header: how much. To know where it ends it is looked at before, as a line does not tell its
 * length; where the descriptor is not proven, the header is read piece by piece instead.
 */
function takeArrived(
  { descriptor }: Connection,
  bytes: Uint8Array<ArrayBuffer>,
  read: number,
): number {
  const fd = descriptor?.prove() ?? -1;
  const arrived = fd < 0 ? 0 : peekArrived(fd, bytes.subarray(read));
  if (arrived <= 0) return 0;
  const size = Math.min(headerSize(bytes.subarray(0, read + arrived)), read + arrived);
  return Math.max(receiveArrived(fd, bytes.subarray(read, size)), 0);
}

/** Who may send headers: a function that tells it of an address. */
export function allowedPeers(
  options: boolean | ProxyProtocolOptions | undefined,
): (hostname: string) => boolean {
  const from = typeof options === "object" ? options.from : undefined;
  if (from === undefined) return () => true;
  const subnets = from.map((text) => new Subnet(text));
  return (hostname) => subnets.some((subnet) => subnet.has(hostname));
}
