/** What limits mean: one for the whole server, and no timer where there is no end. */

import { assert, assertEquals } from "@std/assert";
import { echo, serve } from "../../mod.ts";
import { after } from "../../src/serve/timer.ts";
import { bytes, connectTo, exchange } from "../helpers.ts";

const hostname = "127.0.0.1";

Deno.test("maxConnections is one limit for all listeners", async () => {
  const hostnames = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"];
  let open = 0;
  let most = 0;
  await using server = serve({ hostname: hostnames, port: 0, maxConnections: 2 }, async (conn) => {
    most = Math.max(most, ++open);
    await conn.read(new Uint8Array(1));
    open--;
  });
  const conns = await Promise.all(
    server.addrs.flatMap((addr) => [connectTo({ addr }), connectTo({ addr })]),
  );
  await Promise.all(conns.map((conn) => exchange(conn, bytes("x")))); // the end, when it was its turn
  assertEquals(server.stats().accepted, 8);
  assertEquals(most, 2);
});

Deno.test("a grace period or a time-out without end is no timer that has passed", async () => {
  for (const long of [Infinity, 3e6]) {
    const times = { gracePeriod: long, idleTimeout: long, handshakeTimeout: long };
    const server = serve({ hostname, port: 0, ...times }, echo());
    const conn = await connectTo(server);
    await conn.write(bytes("x"));
    assertEquals(await conn.read(new Uint8Array(1)), 1);
    const stopped = server.shutdown();
    await conn.write(bytes("y"));
    assertEquals(await conn.read(new Uint8Array(1)), 1);
    conn.close();
    await stopped;
    assertEquals(server.stats().timedOut, 0);
  }
});

Deno.test("after() calls once, and not where it is cancelled", async () => {
  const calls: string[] = [];
  const cancel = after(1, () => calls.push("cancelled"));
  after(Infinity, () => calls.push("never"));
  const cancelLate = after(2 ** 31 + 5, () => calls.push("in 25 days"));
  cancel();
  await new Promise<void>((resolve) => after(2, resolve));
  cancelLate();
  assertEquals(calls, []);
});

Deno.test("an error of a handler is shown where there is neither a logger nor onError", async () => {
  const { error } = console;
  const shown: unknown[] = [];
  console.error = (...args) => void shown.push(args.join(" "));
  try {
    await using server = serve({ hostname, port: 0 }, () => Promise.reject(new Error("my fault")));
    await exchange(await connectTo(server), bytes("")).catch(() => {});
  } finally {
    console.error = error;
  }
  assert(/^Connection from 127\.0\.0\.1:\d+ failed: Error: my fault$/.test(`${shown}`), `${shown}`);
});
