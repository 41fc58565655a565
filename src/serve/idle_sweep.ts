/** Finding the connections on which nothing has happened for too long. */

import type { TcpInfo } from "../../ffi/tcp_info.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";

/** How many connections are asked for in one look, so that thousands of them hold nobody up. */
const SWEEP_SIZE = 256;

/** Looks for idle connections from time to time. */
export class IdleSweep {
  readonly #connections: Connections;
  readonly #timeout: number;
  readonly #onIdle: (connection: Connection) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Starts looking.
   *
   * @param connections The connections.
   * @param timeout After how many milliseconds without a byte either way a connection is idle.
   * @param onIdle Is called with each that is.
   */
  constructor(
    connections: Connections,
    timeout: number,
    onIdle: (connection: Connection) => void,
  ) {
    this.#connections = connections;
    this.#timeout = timeout;
    this.#onIdle = onIdle;
    if (timeout !== Infinity) this.#sweep();
  }

  /** Stops looking. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #sweep(): void {
    const pause = Math.min(Math.max(this.#timeout / 20, 20), 1000);
    this.#timer = setTimeout(() => this.#sweep(), this.#look() ? pause : 0);
    Deno.unrefTimer(this.#timer);
  }

  /** Finds connections that are idle; `false` where there may be more. */
  #look(): boolean {
    const now = performance.now();
    let asked = 0;
    for (const connection of this.#connections.toArray()) {
      if (connection.idleAt > now) continue;
      if (++asked > SWEEP_SIZE) return false;
      const idle = idleTime(connection) ?? this.#unmoved(connection);
      // the kernel counts from when it connected: what it waited to be accepted is the server's time
      const left = this.#timeout - Math.min(idle, now - connection.acceptedAt);
      if (left > 0) connection.idleAt = now + left;
      else this.#onIdle(connection);
    }
    return true;
  }

  /** The same by what its handler counts, for a kernel that does not tell: so it is noticed one time-out later at most. */
  #unmoved(connection: Connection): number {
    const { isCounted, bytesIn, bytesOut, bytesSeen } = connection;
    connection.bytesSeen = bytesIn + bytesOut;
    return isCounted && connection.bytesSeen === bytesSeen ? this.#timeout : 0;
  }
}

/** For how many milliseconds no data has come or gone; `undefined` where the kernel does not tell. */
function idleTime(connection: Connection): number | undefined {
  const info = connection.tcpInfo();
  return info === undefined ? undefined : Math.min(info.lastDataRecv, lastProgress(info));
}

/** When data was last sent that was not sent before: what is sent again because nobody answers is no progress. */
function lastProgress({ retransmits, lastAckRecv, lastDataSent }: TcpInfo): number {
  return retransmits > 0 ? lastAckRecv : lastDataSent;
}
