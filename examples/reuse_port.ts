/**
 * SO_REUSEPORT: several listeners on one port, among which the kernel spreads the connections.
 *
 * Each has an accept queue of its own, so processes or threads need not share one. A hash of both addresses and ports
 * chooses the listener: on average all get the same, and nobody looks at how busy they are. A boolean, set before
 * bind(2) by each socket that shares the port, all of one user. Nobody accepts here, so the queues (unacked in a
 * listener's TCP_INFO) tell who got what. Traps: a listener that hangs keeps getting its share; one that closes
 * resets what waits in its queue, unless net.ipv4.tcp_migrate_req moves it; a second server started by mistake takes
 * half instead of failing.
 *
 * Sources: socket(7), the kernel's ip-sysctl, https://lwn.net/Articles/542629.
 */

import { getOption, listen, TCP_INFO } from "@sockopt/tcp";
import { conclude, expect, listenOn } from "./shared/report.ts";

const hostname = "127.0.0.1";
const LISTENERS = 4;
const CLIENTS = 400;

const first = listen({ hostname, reusePort: true });
const { port } = first.addr;
const listeners = [first];
for (let i = 1; i < LISTENERS; i++) listeners.push(listen({ hostname, port, reusePort: true }));

const clients: Deno.Conn[] = [];
for (let i = 0; i < CLIENTS; i++) clients.push(await Deno.connect({ hostname, port }));
const shares = listeners.map((listener) => getOption(listener, TCP_INFO).unacked!);

using alone = listen({ hostname });
const second = listenOn(alone.addr.port);

console.log(`${CLIENTS} connections:`);
console.table({
  with: { "second listener": "works", "connections each": shares.join(", ") },
  without: { "second listener": second, "connections each": "-" },
});
expect("every connection is in a queue", shares.reduce((sum, n) => sum + n) === CLIENTS);
// the spread is binomial: 100 and 9 to either side, so half and twice are far away
const fair = CLIENTS / LISTENERS;
expect("all get about the same", shares.every((n) => n > fair / 2 && n < fair * 2));
expect("without it the port is in use", second === "EADDRINUSE");
for (const each of [...clients, ...listeners]) each.close();
conclude();
