/** The bytes of connections whose handlers do not count them: what the kernel has counted, as far as it tells. */

import { SO_ERROR } from "../../ffi/options/socket.ts";
import { TCP_INFO } from "../../ffi/options/tcp.ts";
import { tryReadOption } from "../../ffi/socket.ts";
import { errnoName } from "../../ffi/socket_error.ts";
import type { TcpInfo, TcpState } from "../../ffi/tcp_info.ts";

/** How much came and went. */
export interface Bytes {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/**
 * Asks the kernel.
 *
 * @param fd The socket's descriptor.
 * @param failure The code of the error that its handler has ended with.
 * @returns `undefined` where the kernel does not tell, or not for sure.
 */
export function kernelCount(fd: number, failure: string | undefined): Bytes | undefined {
  const info = tryReadOption(fd, TCP_INFO);
  if (info === undefined) return undefined;
  return countOf(info, () => wasEnded(info, failure ?? pendingError(fd)));
}

/**
 * What the kernel has counted on a connection.
 *
 * @param info What it says.
 * @param wasEnded Whether the peer of a connection that is over had sent its FIN; `undefined` where that cannot be told.
 */
export function countOf(
  info: TcpInfo,
  wasEnded: () => boolean | undefined = () => undefined,
): Bytes | undefined {
  if (info.bytesReceived === undefined || info.bytesSent === undefined) return undefined;
  if (info.state === "close" && info.segsIn === 0) return undefined; // it was taken apart, and all is forgotten
  const isEnded = info.state === "close" ? wasEnded() : FIN_RECEIVED.has(info.state);
  if (isEnded === undefined) return undefined;
  return {
    bytesIn: Number(info.bytesReceived) - (isEnded ? 1 : 0),
    bytesOut: Number(sentOnce(info)) + (info.notsentBytes ?? 0),
  };
}

/** Bytes sent, those that were sent again counting once. */
function sentOnce({ bytesSent = 0n, bytesRetrans = 0n }: TcpInfo): bigint {
  return bytesSent - bytesRetrans;
}

/** The states after the peer's FIN, which the kernel counts as a byte received. */
const FIN_RECEIVED: ReadonlySet<TcpState> = new Set([
  "close-wait",
  "last-ack",
  "closing",
  "time-wait",
]);

/** Whether the peer of a connection that is over had sent its FIN; `undefined` where that cannot be told. */
function wasEnded(info: TcpInfo, failure: string | undefined): boolean | undefined {
  if (failure === "ECONNRESET") return false; // a reset after a FIN is EPIPE to Linux
  if (failure === "EPIPE") return true;
  // the own FIN counts as acknowledged: so it was no reset that ended it
  if (failure === undefined && (info.bytesAcked ?? 0n) > sentOnce(info)) return true;
  return undefined;
}

function pendingError(fd: number): string | undefined {
  const errno = tryReadOption(fd, SO_ERROR) ?? 0;
  return errno === 0 ? undefined : errnoName(errno);
}

/** Calls a function before a connection is closed by its own methods, `using` among them. */
export function beforeClose(conn: Deno.Conn<Deno.NetAddr>, call: () => void): void {
  for (const method of ["close", Symbol.dispose] as const) {
    const original = conn[method];
    Object.defineProperty(conn, method, {
      configurable: true,
      value(this: typeof conn): void {
        call();
        original.call(this);
      },
    });
  }
}
