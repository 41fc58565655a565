/**
 * @module
 */

import { fdHint } from "../../ffi/find_fd.ts";
import { TCP_QUICKACK } from "../../ffi/options/tcp.ts";
import { hasArrived, receiveArrived, sendNow, writeOption } from "../../ffi/socket.ts";
import { isSupported } from "../../ffi/socket_option.ts";
import type { ConnHandler, ConnInfo } from "./conn_handler.ts";
import { logMessage } from "../net/logger.ts";
import {
  giveBuffer,
  sharedBuffer,
  SMALL,
  takeArrived,
  takeBuffer,
  TLS_RECORD,
} from "./read_buffers.ts";
import { socketFd } from "../options/socket_fd.ts";

/**
 * A handler that echoes until the client ends: the echo protocol of RFC 862.
 *
 * What the client does not take is not read any further: a client that only sends costs 1 MiB at most. One
 * that has ended its own side still gets the rest. With `settings.quickAck` TCP_QUICKACK is set again after
 * each read and its answer, as the kernel may leave that mode after any segment.
 *
 * @example
 * ```ts
 * import { echo, serve } from "@sockopt/tcp";
 *
 * await using server = serve({ hostname: "127.0.0.1", port: 0 }, echo());
 * ```
 *
 * @returns The handler.
 */
export function echo(): ConnHandler<Deno.Conn<Deno.NetAddr>> {
  return (conn, info) => "handshake" in conn ? echoTls(conn, info) : echoTcp(conn, info);
}

/**
 * Small messages go through a buffer of the connection's own, so that one that is idle holds little. A
 * read that fills it says that more has arrived: that is taken at once, through a buffer that all share.
 */
async function echoTcp(conn: Deno.Conn<Deno.NetAddr>, info: ConnInfo): Promise<void> {
  const fd = fdHint(conn) ?? socketFd(conn);
  const keepQuickAck = info.settings.quickAck === true && isSupported(TCP_QUICKACK);
  const buffer = takeBuffer();
  try {
    for (;;) {
      const n = await conn.read(buffer);
      // the descriptor is good as long as nobody has closed the connection
      if (n === null || info.closed) return;
      const waiting = send(conn, info, fd, buffer.subarray(0, n));
      if (waiting !== undefined) await waiting;
      for (let full = n === buffer.length; full && !info.closed;) {
        const shared = sharedBuffer();
        const more = receiveArrived(fd, shared);
        if (more <= 0) break;
        full = more === shared.length;
        await send(conn, info, fd, shared.subarray(0, more));
      }
      // after the answer, as sending one makes the kernel leave the mode
      if (keepQuickAck && !info.closed) writeOption(fd, TCP_QUICKACK, true);
    }
  } finally {
    giveBuffer(buffer);
  }
}

/** Echoes a message: what the socket takes at once without a promise, the rest when it takes more. */
function send(
  conn: Deno.Conn<Deno.NetAddr>,
  info: ConnInfo,
  fd: number,
  message: Uint8Array<ArrayBuffer>,
): Promise<void> | undefined {
  info.bytesIn += message.length;
  logMessage(info, "received", message);
  const sent = sendNow(fd, message);
  info.bytesOut += sent;
  if (sent < message.length) return sendRest(conn, info, message, sent);
  logMessage(info, "sent", message);
  return undefined;
}

async function sendRest(
  conn: Deno.Conn<Deno.NetAddr>,
  info: ConnInfo,
  message: Uint8Array<ArrayBuffer>,
  sent: number,
): Promise<void> {
  // the buffer may be shared, and is somebody else's by the next read
  const rest = message.slice(sent);
  for (let n = 0; n < rest.length;) {
    const written = await conn.write(rest.subarray(n));
    info.bytesOut += written;
    n += written;
  }
  logMessage(info, "sent", rest);
}

async function echoTls(conn: Deno.Conn<Deno.NetAddr>, info: ConnInfo): Promise<void> {
  const buffer = new Uint8Array(TLS_RECORD);
  for (;;) {
    const n = await conn.read(buffer);
    if (n === null) return;
    const message = buffer.subarray(0, n);
    info.bytesIn += n;
    logMessage(info, "received", message);
    for (let sent = 0; sent < n;) sent += await conn.write(message.subarray(sent));
    info.bytesOut += n;
    logMessage(info, "sent", message);
  }
}

/** How much {@linkcode echoOnce} echoes at most. */
const FIRST_READ = 64 * 1024;

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
