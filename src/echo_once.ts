/**
 * @module
 */

import { fdHint } from "../ffi/find_fd.ts";
import { hasArrived, sendNow } from "../ffi/socket.ts";
import type { ConnHandler } from "./conn_handler.ts";
import { logMessage } from "./logger.ts";
import { giveBuffer, SMALL, takeArrived, takeBuffer, TLS_RECORD } from "./read_buffers.ts";
import { socketFd } from "./socket_fd.ts";

/**
 * A handler that echoes the first read and closes: the asyncio recipe's protocol.
 *
 * The first read is all that has arrived by then, up to 64 KiB, or with TLS one record of up to 16 KiB.
 * A connection that ends without data is closed without an error. A client that is still sending when
 * it gets its echo is not reset: what it sends on is read and dropped for a while. For one that is by its
 * first read: it was of 1 KiB or more, or more has arrived by the time that the echo is out.
 *
 * Under Linux the echo goes out with the end of the connection, in one segment, as the server closes right after; a
 * handler that calls this one and then goes on delays it by up to 0.2 seconds.
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
      const message = !isTls && n === buffer.length
        ? takeArrived(socketFd(conn), buffer, FIRST_READ)
        : buffer.subarray(0, n);
      info.bytesIn = message.length;
      logMessage(info, "received", message);
      const fd = isTls || info.closed ? undefined : fdHint(conn);
      // what comes next is the end of the connection, which goes into the same segment
      let sent = fd === undefined ? 0 : sendNow(fd, message, true);
      while (sent < message.length) sent += await conn.write(message.subarray(sent));
      info.bytesOut = message.length;
      logMessage(info, "sent", message);
      // to wait for every client would cost as much again as all the checks do
      info.linger = n >= SMALL || (fd !== undefined && !info.closed && hasArrived(fd));
    } finally {
      if (!isTls) giveBuffer(buffer);
    }
  };
}

/** How much is echoed at most. */
const FIRST_READ = 64 * 1024;
