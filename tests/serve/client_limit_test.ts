/** How many connections one client may have. */

import { assertEquals } from "@std/assert";
import { echo, type Logger, serve, type ServeOptions, type TcpServer } from "../../mod.ts";
import { bytes, delay, readAll } from "../helpers.ts";

const hostname = "127.0.0.1";

/** A server whose clients may have two connections each, and its warnings. */
function limited(options: ServeOptions = {}): TcpServer & { warnings: string[] } {
  const warnings: string[] = [];
  const nothing = (): void => {};
  const warn = (message: string): void => void warnings.push(message);
  const logger: Logger = { debug: nothing, info: nothing, warn, error: warn };
  const server = serve(
    { hostname, port: 0, maxConnectionsPerClient: 2, logger, ...options },
    echo(),
  );
  return Object.assign(server, { warnings });
}

/** Connects, says a word, and gives what comes back: nothing where the server has closed. */
async function attempt(port: number, word: string): Promise<{ conn: Deno.Conn; answer: string }> {
  const conn = await Deno.connect({ hostname, port });
  const buffer = new Uint8Array(100);
  try {
    await conn.write(bytes(word));
    const n = await conn.read(buffer) ?? 0;
    return { conn, answer: new TextDecoder().decode(buffer.subarray(0, n)) };
  } catch {
    return { conn, answer: "" }; // it was reset before it could be read
  }
}

Deno.test("a client that has as many as it may gets no more, until one ends; one line tells it", async () => {
  await using server = limited();
  const { port } = server.addr;
  const [one, two] = [await attempt(port, "one"), await attempt(port, "two")];
  assertEquals([one.answer, two.answer], ["one", "two"]);
  for (let i = 0; i < 20; i++) {
    const { conn, answer } = await attempt(port, "more");
    assertEquals(answer, "");
    conn.close();
  }
  assertEquals(server.warnings, [
    "127.0.0.1 has 2 connections open, as many as one client may: more are refused",
  ]);
  assertEquals(server.stats().refused, 20);
  assertEquals(server.stats().active, 2);
  one.conn.close();
  while (server.stats().active > 1) await delay(1);
  const three = await attempt(port, "three");
  assertEquals(three.answer, "three");
  two.conn.close();
  three.conn.close();
  await server.shutdown();
  assertEquals(server.stats().closed, 23);
});

Deno.test("behind a balancer it is the clients of the headers that are counted", async () => {
  await using server = limited({ proxyProtocol: true });
  const { port } = server.addr;
  const header = (client: string): string => `PROXY TCP4 ${client} 198.51.100.7 1 443\r\n`;
  const clients = ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2", "192.0.2.2"];
  const attempts = [];
  for (const client of clients) attempts.push(await attempt(port, `${header(client)}hi`));
  assertEquals(attempts.map(({ answer }) => answer), ["hi", "hi", "hi", "", "hi", ""]);
  assertEquals(server.warnings.length, 2);
  for (const { conn } of attempts) conn.close();
});

Deno.test("a balancer's own checks are no client's", async () => {
  await using server = limited({ proxyProtocol: true });
  const attempts = [];
  for (let i = 0; i < 4; i++) attempts.push(await attempt(server.addr.port, "PROXY UNKNOWN\r\nhi"));
  assertEquals(attempts.map(({ answer }) => answer), ["hi", "hi", "hi", "hi"]);
  for (const { conn } of attempts) conn.close();
});

Deno.test("IPv6 addresses of one subnet are one client", async () => {
  await using server = limited({ proxyProtocol: true });
  const { port } = server.addr;
  const attempts = [];
  for (const client of ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::3"]) {
    attempts.push(await attempt(port, `PROXY TCP6 ${client} ::1 1 443\r\nhi`));
  }
  assertEquals(attempts.map(({ answer }) => answer), ["hi", "hi", "", "hi"]);
  for (const { conn } of attempts) conn.close();
});

Deno.test("nothing is left of clients that have gone", async () => {
  await using server = limited();
  for (let i = 0; i < 50; i++) {
    const conn = await Deno.connect({ hostname, port: server.addr.port });
    await conn.closeWrite();
    await readAll(conn);
  }
  assertEquals(server.stats().refused, 0);
});
