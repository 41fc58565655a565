/** How connections fare from one look to the next. */

import { TCP_INFO } from "../../ffi/options/tcp.ts";
import { tryReadOption } from "../../ffi/socket.ts";
import type { TcpInfo } from "../../ffi/tcp_info.ts";
import { findSockets, type FoundSocket, type Scope } from "./sockets.ts";
import { isSelected, type Selection } from "./select.ts";

/** What has held sending up since the last look: the network, the peer's window, the own buffer, or nothing to send. */
export type Limit = "busy" | "rwnd" | "sbuf" | "-";

/** One connection at one look. */
export interface Flow {
  readonly socket: FoundSocket;
  /** Whether sockets of several processes are shown. */
  readonly isOneOfMany: boolean;
  readonly info: TcpInfo;
  /** The smoothed round-trip time, in microseconds. */
  readonly rtt: number;
  /** Segments retransmitted over the life of the connection. */
  readonly retransmitted: number;
  /** Bytes a second, as the kernel has last measured it. */
  readonly deliveryRate: number;
  /** Bytes a second that were acknowledged or arrived, between looks. */
  readonly history: readonly number[];
  /** Bytes on their way. */
  readonly inFlight: number;
  /** Milliseconds since data was sent or has arrived. */
  readonly idle: number;
  /** The congestion window, in segments. */
  readonly window: number;
  readonly limit: Limit;
}

/** How many looks are remembered. */
const MEMORY = 60;

interface Past {
  readonly at: number;
  readonly info: TcpInfo;
  readonly history: readonly number[];
}

/** Looks at the connections of a process again and again. */
export class Flows {
  readonly #scope: Scope;
  readonly #selection: Selection;
  #past: ReadonlyMap<string, Past> = new Map();

  constructor(scope: Scope, selection: Selection) {
    this.#scope = scope;
    this.#selection = selection;
  }

  /**
   * Looks at the connections of TCP.
   *
   * @throws {Error} One line that says why the process cannot be looked at.
   */
  look(): Flow[] {
    const now = performance.now();
    const found = findSockets(this.#scope, (copy, socket) => {
      if (socket.state === "listen" || !isSelected(socket, this.#selection)) return undefined;
      const info = tryReadOption(copy, TCP_INFO);
      return info && { info };
    });
    const past = new Map<string, Past>();
    const flows = found.map(({ info, ...socket }) => {
      const before = this.#past.get(socket.cookie);
      const history = before === undefined ? [] : [
        ...before.history.slice(1 - MEMORY),
        moved(before.info, info) / (now - before.at) * 1000,
      ];
      past.set(socket.cookie, { at: now, info, history });
      return this.#flow(socket, info, history, before?.info);
    });
    this.#past = past;
    return flows;
  }

  #flow(
    socket: FoundSocket,
    info: TcpInfo,
    history: readonly number[],
    before: TcpInfo | undefined,
  ): Flow {
    const { unacked, sacked, lost, retrans, sndMss } = info;
    return {
      socket,
      isOneOfMany: this.#scope.tree,
      info,
      rtt: info.rtt,
      retransmitted: info.totalRetrans,
      deliveryRate: Number(info.deliveryRate ?? 0n),
      history,
      inFlight: Math.max(unacked - sacked - lost + retrans, 0) * sndMss,
      idle: Math.min(info.lastDataSent, info.lastDataRecv),
      window: info.sndCwnd,
      limit: limitOf(info, before),
    };
  }
}

/** Bytes that have moved between two looks, either way. */
function moved(before: TcpInfo, after: TcpInfo): number {
  const total = ({ bytesAcked = 0n, bytesReceived = 0n }: TcpInfo): bigint =>
    bytesAcked + bytesReceived;
  return Math.max(Number(total(after) - total(before)), 0);
}

/** From which part of the time on that there was something to send it counts as held up: the kernel does not see all. */
const HELD_UP = 0.1;

/** What has held sending up between two looks, or since the beginning. */
function limitOf(info: TcpInfo, before: TcpInfo | undefined): Limit {
  const since = (name: "busyTime" | "rwndLimited" | "sndbufLimited"): number =>
    Number((info[name] ?? 0n) - (before?.[name] ?? 0n));
  const [busy, window, buffer] = [
    since("busyTime"),
    since("rwndLimited"),
    since("sndbufLimited"),
  ];
  if (busy <= 0) return "-";
  if (Math.max(window, buffer) < HELD_UP * busy) return "busy";
  return window >= buffer ? "rwnd" : "sbuf";
}
