/** What a server tells of its open connections. */

import { assert, assertEquals } from "@std/assert";
import { echo, serve } from "../../mod.ts";
import { bytes, connectTo, ServerProcess } from "../helpers.ts";

const LOCAL = { hostname: "127.0.0.1", port: 0 };

/** Sends a message and reads its echo. */
async function send(conn: Deno.Conn, text: string): Promise<void> {
  await conn.write(bytes(text));
  const reply = new Uint8Array(text.length);
  for (let n = 0; n < reply.length;) n += (await conn.read(reply.subarray(n)))!;
}

Deno.test("a server tells of its open connections, in their order", async () => {
  await using server = serve(LOCAL, echo());
  assertEquals(server.connections(), []);
  using one = await connectTo(server);
  await send(one, "hello");
  using other = await connectTo(server);
  await send(other, "good morning");
  const before = server.connections();
  assertEquals(
    before.map(({ number, remoteAddr, localAddr, bytesIn, bytesOut }) => [
      number,
      remoteAddr,
      localAddr,
      bytesIn,
      bytesOut,
    ]),
    [
      [1, one.localAddr, server.addr, 5, 5],
      [2, other.localAddr, server.addr, 12, 12],
    ],
  );
  assert(before[0]!.age >= before[1]!.age && before[1]!.age >= 0 && before[0]!.age < 60);

  const [first] = before;
  const info = first!.tcpInfo();
  assertEquals([info?.state, info?.bytesReceived], ["established", 5n]);
  one.close();
  while (server.connections().length > 1) await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(first!.tcpInfo(), undefined, "it is closed, whoever has its number by now");
});

Deno.test("of a handler that does not count the kernel tells the bytes", async () => {
  await using server = serve(LOCAL, (conn) => conn.readable.pipeTo(conn.writable));
  using client = await connectTo(server);
  await send(client, "hello");
  const [connection] = server.connections();
  assertEquals([connection?.bytesIn, connection?.bytesOut], [5, 5]);
});

for (const workers of [1, 2]) {
  Deno.test(`the statistics signal sums up the open connections of ${workers} threads`, async () => {
    const flags = ["--mode", "stream", "--workers", `${workers}`];
    const permissions = ["--allow-net", "--allow-ffi", "--allow-read"];
    await using server = await ServerProcess.start(flags, [], permissions);
    const conns = await Promise.all(Array.from({ length: 6 }, () => server.connect()));
    for (const conn of conns) await send(conn, "hello");
    server.process.kill("SIGUSR2");
    // the connections are open until it is told a second time
    server.process.kill("SIGINT");
    const { stdout } = await server.stop();
    for (const conn of conns) conn.close();
    const { active, connections } = JSON.parse(stdout.split("\n")[0]!);
    assertEquals([active, connections.bytesIn, connections.bytesOut], [6, 30, 30]);
    assertEquals([connections.unsent, connections.retransmitted], [0, 0]);
    assert(connections.slowestRtt > 0 && connections.oldest > 0);
  });
}
