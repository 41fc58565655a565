/**
 * Slow start: how the congestion window grows, and what a pause does to it.
 *
 * A connection begins with a window of ten segments and doubles it every round trip, until something is lost or the
 * round trips grow longer. For each retransmission time-out (rto in TCP_INFO) of silence cubic halves it, down to ten
 * again. That is the sysctl net.ipv4.tcp_slow_start_after_idle; no socket option changes it, but TCP_CONGESTION does:
 * bbr goes on at the rate it has measured. Windows count segments (sndCwnd). Traps: a short exchange never leaves
 * slow start and takes as long as its round trips; a pool of connections is cold again after a second.
 *
 * Sources: tcp(7), RFC 5681 sections 3.1 and 4.1, RFC 6928 (ten segments), RFC 9438 (cubic), RFC 9406 (HyStart++).
 */

import { getOption, kernelLimits, setOption, TCP_CONGESTION, TCP_INFO } from "@sockopt/tcp";
import { inOwnNetwork, slowLink } from "./shared/network.ts";
import { conclude, delay, expect } from "./shared/report.ts";

const ROUNDS = 8;
const INITIAL = 10;
const SYSCTL = "/proc/sys/net/ipv4/tcp_slow_start_after_idle"; // of this network alone

/** The congestion window at each round trip of a new connection, and then when it goes on after a pause. */
async function windows(to: Deno.ConnectOptions, congestion: string): Promise<number[]> {
  using conn = await Deno.connect(to);
  setOption(conn, TCP_CONGESTION, congestion);
  const info = () => getOption(conn, TCP_INFO);
  const windows = [info().sndCwnd!]; // before anything is sent: a moment later the window may have grown
  const data = new Uint8Array(64 * 1024);
  let sending = true;
  const sent = (async () => {
    while (sending) await conn.write(data);
  })();

  while (windows.length < ROUNDS) {
    const { bytesSent } = info();
    // the round trip is over when what was sent at its start is acknowledged
    while (info().bytesAcked! <= bytesSent!) await delay(1);
    windows.push(info().sndCwnd!);
  }
  sending = false;
  await sent;
  while (info().unacked! > 0) await delay(10);

  await delay(6 * info().rto! / 1000);
  await conn.write(data.subarray(0, 1));
  windows.push(info().sndCwnd!);

  await conn.closeWrite();
  await conn.read(data); // until the other host has closed as well, or its FIN meets the next connection
  return windows;
}

function draw(congestion: string, windows: number[]): void {
  console.log(`\n${congestion}: the congestion window, in segments`);
  for (const [i, window] of windows.entries()) {
    const when = i < ROUNDS ? `round trip ${i + 1}` : "after a pause";
    console.log(`${when.padEnd(13)} ${`${window}`.padStart(4)} ${"█".repeat(window / 4)}`);
  }
}

await inOwnNetwork(import.meta.url, "tc", async () => {
  const to = await slowLink("20mbit");
  const { availableCongestion = [] } = kernelLimits();
  const table: Record<string, Record<string, number>> = {};
  for (const congestion of ["cubic", "bbr"]) {
    if (!availableCongestion.includes(congestion)) {
      console.log(`${congestion} is left out: this kernel has ${availableCongestion.join(", ")}`);
      continue;
    }
    for (const again of [true, false]) {
      await Deno.writeTextFile(SYSCTL, `${Number(again)}`);
      const all = await windows(to, congestion);
      if (again) draw(congestion, all);
      const [first = 0, second = 0, third = 0] = all;
      const [before = 0, after = 0] = all.slice(-2);
      const name = `${congestion}, tcp_slow_start_after_idle ${again ? "on" : "off"}`;
      table[name] = {
        first,
        second,
        third,
        "before the pause": before,
        "after it": after,
      };

      expect(`${name}: it begins with ${INITIAL} segments`, first === INITIAL);
      expect(`${name}: the next round trip has twice as many`, second >= 2 * INITIAL);
      const cold = congestion === "cubic" && again;
      // one more for each acknowledgement that is back already
      expect(
        `${name}: ${cold ? "it begins again" : "it goes on"}`,
        (after <= INITIAL + 2) === cold,
      );
    }
  }
  console.log();
  console.table(table);
  conclude();
});
