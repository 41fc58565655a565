/**
 * SO_KEEPALIVE, TCP_USER_TIMEOUT: notice a peer that has vanished.
 *
 * A peer that loses power or its network sends no FIN, and an idle connection to it lasts for ever. With SO_KEEPALIVE
 * the kernel sends a probe after TCP_KEEPIDLE seconds, then one each TCP_KEEPINTVL, and after TCP_KEEPCNT without an
 * answer reading fails with ETIMEDOUT; by default after 7200 + 9 x 75 seconds. While data is unacknowledged no probes
 * are sent: the kernel sends the data again for 15 minutes (net.ipv4.tcp_retries2), or for TCP_USER_TIMEOUT
 * milliseconds. Traps: Deno's setKeepAlive(true) leaves the two hours; TCP_USER_TIMEOUT, where it is set, replaces
 * the count of probes.
 *
 * Sources: tcp(7), RFC 1122 section 4.2.3.6, RFC 5482.
 */

import { applySettings, echo, serve, type SocketSettings } from "@sockopt/tcp";
import { inOwnNetwork, loseAllOf } from "./shared/network.ts";
import { conclude, expect, outcome } from "./shared/report.ts";

const probes = { idle: 2, interval: 1, count: 3 };

await inOwnNetwork(import.meta.url, "nft", async () => {
  await using server = serve({ hostname: "127.0.0.1", gracePeriod: 0 }, echo());
  const { hostname, port } = server.addr;
  const connect = async (settings: SocketSettings): Promise<Deno.Conn> => {
    const conn = await Deno.connect({ hostname, port });
    applySettings(conn, settings);
    return conn;
  };
  const idle = [await connect({ keepAlive: probes }), await connect({})];
  const sending = [await connect({ userTimeout: 3000 }), await connect({ keepAlive: probes })];

  await loseAllOf(port);
  for (const conn of sending) await conn.write(new Uint8Array(1));
  const conns = [...idle, ...sending];
  const [withProbes, without, withTimeout, withProbesOnly] = await Promise.all(
    conns.map((conn) => outcome(conn.read(new Uint8Array(1)))),
  );
  console.log("The peer vanishes without a FIN:");
  console.table({
    "idle, with SO_KEEPALIVE 2 s + 3 x 1 s": withProbes,
    "idle, without": without,
    "sending, with TCP_USER_TIMEOUT 3 s": withTimeout,
    "sending, without (SO_KEEPALIVE only)": withProbesOnly,
  });
  const { idle: first, interval, count } = probes;
  const near = (seconds: number, expected: number) => Math.abs(seconds - expected) < 1.5;
  expect(
    "probes notice it after idle + interval x count",
    withProbes!.outcome === "TimedOut" && near(withProbes!.seconds, first + interval * count),
  );
  expect("without them no one does", without!.outcome === "not noticed");
  expect(
    "TCP_USER_TIMEOUT notices it in time",
    withTimeout!.outcome === "TimedOut" && near(withTimeout!.seconds, 3),
  );
  expect("without it the data is sent again and again", withProbesOnly!.outcome === "not noticed");
  for (const conn of conns) conn.close();
  conclude();
});
