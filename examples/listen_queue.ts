/**
 * The listen() queue: what becomes of a client for which there is no room.
 *
 * The backlog of listen(2) limits how many connections wait to be accepted; Linux lets in one more, and never more
 * than net.core.somaxconn. When the queue is full the kernel drops the next SYN: that client sees no error, sends it
 * again after a second, then two, and connects when there is room, or fails with ETIMEDOUT (with
 * net.ipv4.tcp_abort_on_overflow it may be reset instead). TCP_INFO of a listener tells the length (unacked) and the
 * limit (sacked). Traps: a full queue looks like a slow network; a longer one helps against bursts, not if the server
 * is too slow.
 *
 * Sources: listen(2), tcp(7), RFC 6298 section 2.
 */

import { getOption, listen, TCP_INFO } from "@sockopt/tcp";
import { conclude, delay, expect, milliseconds, round } from "./shared/report.ts";

const CLIENTS = 6;

/** Clients of a server that accepts the first of them only when all have tried. */
async function fill(backlog: number) {
  using listener = listen({ hostname: "127.0.0.1", backlog });
  const { hostname, port } = listener.addr;
  const queue = () => getOption(listener, TCP_INFO);
  const conns: Deno.Conn[] = [];
  const connect = () =>
    milliseconds(async () => conns.push(await Deno.connect({ hostname, port })));

  const lengths: number[] = [];
  let slowest = 0;
  for (let i = 1; i < CLIENTS; i++) {
    slowest = Math.max(slowest, await connect());
    lengths.push(queue().unacked!);
  }
  const last = connect();
  const waited = await Promise.race([last.then(() => false), delay(200).then(() => true)]);
  lengths.push(queue().unacked!);

  conns.push(await listener.accept());
  const row = {
    "limit": queue().sacked!,
    "length after each": lengths.join(" "),
    "slowest of the first 5, ms": round(slowest, 1),
    "the 6th, ms": round(await last, 1),
    "it had to wait": waited,
  };
  for (const conn of conns) conn.close();
  return row;
}

const full = await fill(4);
const roomy = await fill(64);
console.table({ "backlog 4": full, "backlog 64": roomy });
expect("the queue takes one more than its backlog", full["length after each"] === "1 2 3 4 5 5");
expect("the kernel says the limit", full.limit === 4 && roomy.limit === 64);
expect("the client that does not fit waits until its second SYN", full["the 6th, ms"] > 900);
expect("whoever fits does not wait", !roomy["it had to wait"] && roomy["the 6th, ms"] < 200);
conclude();
