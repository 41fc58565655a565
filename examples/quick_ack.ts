/**
 * TCP_QUICKACK: the same 40 ms seen from the receiver, who acknowledges at once.
 *
 * It helps a peer whose next segment waits for the acknowledgement of the last, as Nagle's algorithm has it (see
 * nodelay.ts), where only the receiver can be changed. A boolean, and not a lasting one: the kernel leaves the mode
 * when a connection looks interactive, as after an answer. So set it again after each read that leaves something to
 * wait for. Traps: every acknowledgement is a packet of its own, which costs both sides; new connections begin in
 * this mode, so a short test shows nothing.
 *
 * Sources: tcp(7), RFC 1122 section 4.2.3.2, RFC 5681 section 4.2.
 */

import { getOption, serve, setOption, TCP_QUICKACK } from "@sockopt/tcp";
import { conclude, expect } from "./shared/report.ts";
import { answerRequests, timeRequests } from "./shared/write_write_read.ts";

const TIMES = 25;

/** Serves a client which is not to be changed, and counts how often the mode is on while half a request is there. */
async function measure(set: "after each read" | "once" | "never") {
  let on = 0;
  let onAfterAnswer = 0;
  await using server = serve({ hostname: "127.0.0.1" }, async (conn) => {
    const quickAck = (): void => setOption(conn, TCP_QUICKACK, true);
    if (set === "once") quickAck();
    await answerRequests(conn, {
      onHalf() {
        if (set === "after each read") quickAck();
        on += Number(getOption(conn, TCP_QUICKACK));
      },
      onAnswer: () => onAfterAnswer += Number(getOption(conn, TCP_QUICKACK)),
    });
  });
  const { hostname, port } = server.addr;
  using conn = await Deno.connect({ hostname, port });
  const times = await timeRequests(conn, TIMES);
  return { ...times, "on while waiting": on, "on after the answer": onAfterAnswer };
}

const table = {
  "set after each read": await measure("after each read"),
  "set once": await measure("once"),
  "without": await measure("never"),
};
console.log(`write, write, read, ${TIMES} times, in milliseconds:`);
console.table(table);
const { "set after each read": each, "set once": once, without } = table;
expect("set after each read, an answer takes less than 5 ms", each.median < 5);
// not quite all: now and then both halves come in one read
expect("set after each read, it is on", each["on while waiting"] > TIMES * 0.8);
expect("the answer ends the mode", each["on after the answer"] === 0);
expect("set once, it falls off", once.median > 20 && once["on while waiting"] < TIMES / 2);
expect("without it the client waits for the delayed acknowledgement", without.median > 20);
conclude();
