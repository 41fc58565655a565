/** The statistics of the program: those of a server, and how its open connections fare. */

import type { OpenConnection } from "../serve/open_connection.ts";
import type { TcpServer } from "../serve/serve_options.ts";
import { type ServerStats, sumIfKnown } from "../serve/stats.ts";

/** How open connections fare, in few numbers. */
export interface ConnectionsSummary {
  /** Seconds since the oldest was accepted; 0 where none is open. */
  readonly oldest: number;
  /** Bytes received on them. */
  readonly bytesIn: number | undefined;
  /** Bytes sent on them. */
  readonly bytesOut: number | undefined;
  /** Bytes that were written and have not been sent yet. */
  readonly unsent: number;
  /** Segments that were sent again. */
  readonly retransmitted: number;
  /** The longest of their smoothed round-trip times, in microseconds. */
  readonly slowestRtt: number;
}

/** {@linkcode ServerStats} with what is asked of the open connections. */
export interface ProgramStats extends ServerStats {
  readonly connections?: ConnectionsSummary;
}

/** What a server has done, and how its connections fare. */
export function programStats(server: TcpServer): ProgramStats {
  return { ...server.stats(), connections: sumUp(server.connections().map(summaryOf)) };
}

function summaryOf(connection: OpenConnection): ConnectionsSummary {
  const { age, bytesIn, bytesOut } = connection;
  const { notsentBytes = 0, totalRetrans = 0, rtt = 0 } = connection.tcpInfo() ?? {};
  return {
    oldest: age,
    bytesIn,
    bytesOut,
    unsent: notsentBytes,
    retransmitted: totalRetrans,
    slowestRtt: rtt,
  };
}

const NONE: ConnectionsSummary = {
  oldest: 0,
  bytesIn: 0,
  bytesOut: 0,
  unsent: 0,
  retransmitted: 0,
  slowestRtt: 0,
};

/** Several summaries as one. */
export function sumUp(all: readonly ConnectionsSummary[]): ConnectionsSummary {
  return all.reduce((sum, each) => ({
    oldest: Math.max(sum.oldest, each.oldest),
    bytesIn: sumIfKnown(sum.bytesIn, each.bytesIn),
    bytesOut: sumIfKnown(sum.bytesOut, each.bytesOut),
    unsent: sum.unsent + each.unsent,
    retransmitted: sum.retransmitted + each.retransmitted,
    slowestRtt: Math.max(sum.slowestRtt, each.slowestRtt),
  }), NONE);
}
