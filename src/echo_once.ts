/**
 * @module
 */

import { fdHint } from "../ffi/find_fd.ts";
import { hasArrived, receiveArrived } from "../ffi/socket.ts";
import type { ConnHandler, ConnInfo } from "./conn_handler.ts";
import { giveBuffer, sharedBuffer, SMALL, takeBuffer, TLS_RECORD } from "./read_buffers.ts";
import { showAddr, showBytes } from "./show.ts";
import { socketFd } from "./socket_fd.ts";

/**
 * A handler that echoes the first read and closes: the asyncio recipe's protocol.
 *
 * The first read is all that has arrived by then, up to 64 KiB, or with TLS one record of up to 16 KiB.
 * A connection that ends without data is closed without an error. A client that is still sending when
 * it gets its echo is not reset: what it sends on is read and dropped for a while.
 *
 * @example
 * ```ts
 * import { echoOnce, serve } from "@sockopt/tcp";
 *
 * await using server = serve({ hostname: "127.0.0.1", port: 0 }, echoOnce());
 * ```
 *
 * @returns The handler.
 */
export function echoOnce(): ConnHandler<Deno.Conn<Deno.NetAddr>> {
  return async (conn, info) => {
    const isTls = "handshake" in conn;
    const buffer = isTls ? new Uint8Array(TLS_RECORD) : takeBuffer();
    try {
      const n = await conn.read(buffer);
      if (n === null) return;
      const message = n === SMALL ? takeRest(conn, buffer) : buffer.subarray(0, n);
      info.bytesIn = message.length;
      if (info.logger.debugging) log(info, "recv", "received", message);
      for (let sent = 0; sent < message.length;) sent += await conn.write(message.subarray(sent));
      info.bytesOut = message.length;
      if (info.logger.debugging) log(info, "sent", "sent", message);
      info.linger = n >= SMALL || isSending(conn, info);
    } finally {
      if (!isTls) giveBuffer(buffer);
    }
  };
}

/** How much is echoed at most. */
const FIRST_READ = 64 * 1024;

/** The whole first read, where it does not fit the connection's own buffer. */
function takeRest(conn: Deno.Conn<Deno.NetAddr>, start: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = sharedBuffer();
  whole.set(start);
  let length = start.length;
  const fd = socketFd(conn);
  while (length < FIRST_READ) {
    const n = receiveArrived(fd, whole.subarray(length, FIRST_READ));
    if (n <= 0) break;
    length += n;
  }
  return whole.slice(0, length);
}

/** Whether the client has sent more than was read; at no more cost than one call. */
function isSending(conn: Deno.Conn<Deno.NetAddr>, info: ConnInfo): boolean {
  // the hint is good as long as nobody has closed the connection
  const fd = info.closed ? undefined : fdHint(conn);
  return fd !== undefined && hasArrived(fd);
}

function log(info: ConnInfo, verb: string, event: string, message: Uint8Array): void {
  info.logger.debug(`${verb}: ${showBytes(message)}`, {
    event,
    remote: showAddr(info.remoteAddr),
    bytes: message.length,
  });
}
