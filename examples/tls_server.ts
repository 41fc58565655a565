/**
 * A TLS server that asserts its options, as a server's author would write it.
 *
 * serve() puts the settings on the listener and asserts them on every connection before its handshake; with `strict`
 * it fails at once where the kernel makes something else of one. assertOption() and getOption() take a TlsConn as
 * they take a TcpConn: the options are those of the socket under it. A handler whose assertion fails loses its own
 * connection, and the server goes on. Traps: TCP_INFO counts encrypted bytes, records and handshake included; Nagle's
 * algorithm costs more here, since nothing of a record can be read before its last segment is there.
 *
 * Sources: tcp(7), RFC 8446 section 5 (records).
 */

import {
  assertOption,
  type ConnHandler,
  getOption,
  OptionAssertionError,
  serve,
  SO_KEEPALIVE,
  SO_RCVBUF,
  type SocketSettings,
  TCP_INFO,
  TCP_KEEPIDLE,
  TCP_NODELAY,
} from "@sockopt/tcp";
import { conclude, expect } from "./shared/report.ts";

const pem = (name: string): string =>
  Deno.readTextFileSync(new URL(`../tests/tls/${name}.pem`, import.meta.url));

const settings: SocketSettings = {
  noDelay: true,
  keepAlive: { idle: 30, interval: 5, count: 3 },
  receiveBufferSize: 32768,
};

const seen: Record<string, unknown>[] = [];

/** Says what the connection's options are, asserts them, and echoes. */
const handler: ConnHandler<Deno.TlsConn> = async (conn) => {
  seen.push({
    TCP_NODELAY: getOption(conn, TCP_NODELAY),
    TCP_KEEPIDLE: getOption(conn, TCP_KEEPIDLE),
    SO_RCVBUF: getOption(conn, SO_RCVBUF),
    "bytes of the handshake": Number(getOption(conn, TCP_INFO).bytesReceived),
  });
  assertOption(conn, TCP_NODELAY, true);
  assertOption(conn, SO_KEEPALIVE, true);
  assertOption(conn, TCP_KEEPIDLE, 30);
  assertOption(conn, SO_RCVBUF, 32768);
  await conn.readable.pipeTo(conn.writable);
};

const failures: unknown[] = [];

/** What a client gets back from a server with these settings. */
async function exchange(settings: SocketSettings): Promise<string> {
  await using server = serve({
    hostname: "localhost",
    cert: pem("cert"),
    key: pem("key"),
    strict: true,
    settings,
    onError: (error) => failures.push(error),
  }, handler);
  const { hostname, port } = server.addr;
  using client = await Deno.connectTls({ hostname, port, caCerts: [pem("ca")] });
  await client.write(new TextEncoder().encode("hello"));
  const answer = new Uint8Array(16);
  const length = await client.read(answer) ?? 0;
  return new TextDecoder().decode(answer.subarray(0, length));
}

const withSettings = await exchange(settings);
expect("with settings every assertion holds", withSettings === "hello" && failures.length === 0);

const without = await exchange({});
const [failure] = failures;
expect("without them the connection is closed", without === "");
expect(
  "and the error names the option",
  failure instanceof OptionAssertionError && failure.option === "TCP_NODELAY",
);

console.table({
  with: { ...seen[0], echoed: withSettings },
  without: { ...seen[1], echoed: without },
});
console.log(`without: ${failure}`);
conclude();
