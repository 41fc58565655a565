/**
 * TCP_NODELAY: write, write, read takes 40 ms with Nagle's algorithm, and no time without.
 *
 * With Nagle a small write waits while an earlier one is unacknowledged, so that a keystroke does not cost a packet.
 * The receiver delays its acknowledgement, up to 40 ms under Linux, to send it along with an answer. When a request
 * is written in two pieces both wait for each other. A boolean, off by default; Go and Node's HTTP set it, Deno does
 * not. Traps: it makes each write a segment, so write a request in one piece; TCP_CORK, its opposite, wins over it.
 *
 * Sources: tcp(7), RFC 896, RFC 1122 sections 4.2.3.2 and 4.2.3.4.
 */

import { serve, setOption, TCP_NODELAY } from "@sockopt/tcp";
import { conclude, expect } from "./shared/report.ts";
import { answerRequests, timeRequests } from "./shared/write_write_read.ts";

const TIMES = 25;

await using server = serve({ hostname: "127.0.0.1" }, (conn) => answerRequests(conn));
const { hostname, port } = server.addr;

async function measure(noDelay: boolean): Promise<{ median: number; longest: number }> {
  using conn = await Deno.connect({ hostname, port });
  setOption(conn, TCP_NODELAY, noDelay);
  return await timeRequests(conn, TIMES);
}

const table = { with: await measure(true), without: await measure(false) };
console.log(`write, write, read, ${TIMES} times, in milliseconds:`);
console.table(table);
expect("with it an answer takes less than 5 ms", table.with.median < 5);
expect("without it the delayed acknowledgement is waited for", table.without.median > 20);
conclude();
