/**
 * SO_REUSEADDR: a server starts again while old connections are in TIME_WAIT.
 *
 * The side that closes first keeps a connection for a minute, so that late segments cannot disturb a new one; until
 * then bind(2) refuses the port with EADDRINUSE, unless both the old and the new sockets have the option. A boolean,
 * set before bind(2), which accepted connections inherit. Deno sets it on every TCP listener, so it is taken off the
 * old connection here to show what happens without. Traps: it does not let two listeners share a port (SO_REUSEPORT
 * does), and under Windows and BSD it means something else.
 *
 * Sources: socket(7), tcp(7), RFC 9293 section 3.6.1.
 */

import { getOption, setOption, SO_REUSEADDR } from "@sockopt/tcp";
import { conclude, expect, listenOn } from "./shared/report.ts";

const hostname = "127.0.0.1";

/** Serves one client, closes the connection first, ends, and starts again on the same port. */
async function restart(reuse: boolean): Promise<Record<string, unknown>> {
  const listener = Deno.listen({ hostname, port: 0 });
  const { port } = listener.addr;
  const client = await Deno.connect({ hostname, port });
  const conn = await listener.accept();
  setOption(conn, SO_REUSEADDR, reuse);
  const inherited = getOption(conn, SO_REUSEADDR);
  listener.close();
  conn.close();
  await client.read(new Uint8Array(1)); // the end
  client.close();

  return { "on the old connection": inherited, port, "listening again": listenOn(port) };
}

const table = { with: await restart(true), without: await restart(false) };
console.table(table);
expect("with it the port can be used at once", table.with["listening again"] === "works");
expect("without it the port is in use", table.without["listening again"] === "EADDRINUSE");
conclude();
