/**
 * Connections that somebody else keeps: openSockets() finds those of fetch, and a request fails in 3 seconds when its server has vanished.
 *
 * fetch, and the drivers of databases too, open their connections by themselves and give no access to them. They are sockets
 * of this process all the same. Without settings a request on a connection whose server has vanished waits for 15 minutes
 * (tcp_retries2), whatever its author thinks of that; with TCP_USER_TIMEOUT the kernel gives it up. An `AbortSignal` would
 * give up a slow answer as well: this one waits for a server that works, however long.
 *
 * Sources: tcp(7), RFC 5482.
 */

import { type OpenSocket, openSockets, setOption, TCP_USER_TIMEOUT } from "@sockopt/tcp";
import { inOwnNetwork, loseAllOf } from "./shared/network.ts";
import { conclude, expect, outcome } from "./shared/report.ts";

/** The connections of this process to a port, whoever has opened them. */
function connectionsTo(port: number): OpenSocket[] {
  return openSockets().filter(({ remoteAddr }) =>
    remoteAddr?.transport === "tcp" && remoteAddr.port === port
  );
}

await inOwnNetwork(import.meta.url, "nft", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    return new Response("hello");
  });
  const { port } = server.addr;
  // each client has a pool of its own
  const [tuned, naive] = [Deno.createHttpClient({}), Deno.createHttpClient({})];
  const ask = async (client: Deno.HttpClient): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { client });
    return await response.text();
  };

  await ask(tuned);
  for (const connection of connectionsTo(port)) setOption(connection, TCP_USER_TIMEOUT, 3000);
  await ask(naive);
  expect("each client keeps one connection", connectionsTo(port).length === 2);
  expect("a request on it is answered", await ask(tuned) === "hello");
  expect("and opens no other one", connectionsTo(port).length === 2);
  console.log(`${connectionsTo(port).length} connections to the server, which now vanishes:`);

  await loseAllOf(port);
  const [noticed, unnoticed] = await Promise.all([outcome(ask(tuned)), outcome(ask(naive))]);
  console.table({ "with TCP_USER_TIMEOUT": noticed, without: unnoticed });
  expect(
    "a request with it fails in seconds",
    noticed.outcome !== "not noticed" && noticed.seconds < 6,
  );
  expect("a request without does not", unnoticed.outcome === "not noticed");
  conclude();
  Deno.exit();
});
