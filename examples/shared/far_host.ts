/** The other end of `slowLink()`: reads what it is sent, and drops it. */

import { serve } from "@sockopt/tcp";
import { run } from "./network.ts";

const link = ["far", "type", "veth", "peer", "name", "near", "netns", `${Deno.ppid}`];
await run("ip", "link", "add", ...link);
await run("ip", "address", "add", "192.0.2.2/24", "dev", "far");
// nothing but TCP may take the slow way: no IPv6, which talks to itself when a link comes up
await run("ip", "link", "set", "far", "addrgenmode", "none", "up");
// an acknowledgement has 66 bytes: 20 ms each
const slow = ["rate", "26kbit", "burst", "100", "limit", "1000"];
await run("tc", "qdisc", "add", "dev", "far", "root", "handle", "1:", "tbf", ...slow);
await run("tc", "qdisc", "add", "dev", "far", "parent", "1:1", "pfifo_head_drop", "limit", "1");

const server = serve({ hostname: "192.0.2.2", port: 0 }, async (conn) => {
  for await (const _ of conn.readable);
});
console.log(server.addr.port);
