/** The echo handlers: of the whole connection, and of its first read alone. */

import { isSupported } from "../../ffi/socket_option.ts";
import { TCP_QUICKACK } from "../../ffi/options/tcp.ts";
import { OptionBytes } from "../../ffi/socket.ts";
import { type ConnHandler, type ConnInfo, countingBytes } from "./conn_handler.ts";
import { logMessage } from "./log_message.ts";
import { Stream } from "./stream.ts";

/**
 * A handler that echoes until the client ends: the echo protocol of RFC 862.
 *
 * What the client does not take is not read any further: a client that only sends costs 256 KiB at most. One
 * that has ended its own side still gets the rest. With `settings.quickAck` TCP_QUICKACK is set again after
 * each read and its answer, as the kernel may leave that mode after any segment.
 *
 * @category Serving
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
  const quickAck = isSupported(TCP_QUICKACK) ? OptionBytes.from(TCP_QUICKACK, true) : undefined;
  return countingBytes(async (conn, info) => {
    const stream = new Stream(conn, info);
    const again = info.settings.quickAck === true ? quickAck : undefined;
    try {
      for (let n; (n = await stream.wait()) !== null;) {
        await stream.sendBack(n, info);
        // after the answer, as sending one makes the kernel leave the mode
        if (again !== undefined) stream.set(again);
        await stream.turn();
      }
    } finally {
      stream.release();
    }
  });
}

/** How much {@linkcode echoOnce} echoes at most. */
const FIRST_READ = 64 * 1024;

/**
 * A handler that echoes the first read and closes: the asyncio recipe's protocol.
 *
 * The first read is all that has arrived by then, up to 64 KiB, or with TLS one record of up to 16 KiB.
 * A connection that ends without data is closed without an error. A client that is still sending when
 * it gets its echo is not reset: what it sends on is read and dropped for a while. For one that is by its
 * first read: it filled the buffer of the connection, 1,152 bytes, or more has arrived by the time that the echo is out.
 *
 * Under Linux the echo goes out with the end of the connection, in one segment, as the server closes right after; a
 * handler that calls this one and then goes on delays it by up to 0.2 seconds.
 *
 * @category Serving
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
  return countingBytes((conn, info) => {
    const stream = new Stream(conn, info);
    const first = stream.takeFirst(FIRST_READ);
    return first === undefined ? answerNext(stream, info) : answer(stream, info, first);
  });
}

/** Waits for the first data, and answers it. */
async function answerNext(stream: Stream, info: ConnInfo): Promise<void> {
  try {
    const n = await stream.wait();
    if (n !== null) await answer(stream, info, stream.take(n, FIRST_READ));
  } finally {
    stream.release();
  }
}

/** Sends a message back, with the end of the connection: without a promise, where the socket takes all of it. */
function answer(
  stream: Stream,
  info: ConnInfo,
  message: Uint8Array<ArrayBuffer>,
): Promise<void> | undefined {
  logMessage(info, "received", message);
  const sent = stream.finish(message);
  logMessage(info, "sent", message);
  return sent;
}
