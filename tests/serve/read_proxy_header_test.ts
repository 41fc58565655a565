/** The client's address behind a balancer: what a server makes of headers, and what HAProxy and nginx send. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  type ConnInfo,
  echo,
  getOption,
  type Logger,
  protocolHandler,
  serve,
  type ServeOptions,
  SO_TYPE,
  type TcpServer,
} from "../../mod.ts";
import type { Connection } from "../../src/serve/connection.ts";
import { readProxyHeader } from "../../src/serve/read_proxy_header.ts";
import { haproxy, nginx } from "../balancers.ts";
import { bytes, connectTo, delay, readAll, ROOT, testWith } from "../helpers.ts";

const hostname = "127.0.0.1";
const LINE = "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n";
const decoder = new TextDecoder();

/** A log that keeps its lines. */
function keeper(): Logger & { lines: [level: string, message: string][] } {
  const lines: [string, string][] = [];
  const at = (level: string) => (message: string): void => void lines.push([level, message]);
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** What a handler was told. */
type Told = Pick<ConnInfo, "remoteAddr" | "localAddr" | "proxy"> & { peer: Deno.NetAddr };

/** A server that keeps what it is told of each connection, and echoes. */
function telling(options: ServeOptions = {}): TcpServer & { told: Told[] } {
  const told: Told[] = [];
  const handle = echo();
  const server = serve({ hostname, port: 0, proxyProtocol: true, ...options }, (conn, info) => {
    const { remoteAddr, localAddr, proxy } = info;
    told.push({ remoteAddr, localAddr, proxy, peer: conn.remoteAddr });
    return handle(conn, info);
  });
  return Object.assign(server, { told });
}

/** Sends pieces one after the other, ends, and reads the answer. */
async function send(server: TcpServer, ...pieces: (string | Uint8Array<ArrayBuffer>)[]) {
  const conn = await connectTo(server);
  for (const [i, piece] of pieces.entries()) {
    if (i > 0) await delay(2); // so that it comes by itself
    await conn.write(typeof piece === "string" ? bytes(piece) : piece);
  }
  await conn.closeWrite();
  return await readAll(conn);
}

Deno.test("handlers see the client that the header names, and what is behind the header", async () => {
  await using server = telling();
  assertEquals(decoder.decode(await send(server, `${LINE}hello`)), "hello");
  const [{ remoteAddr, localAddr, proxy, peer } = {} as Told] = server.told;
  assertEquals(remoteAddr, { transport: "tcp", hostname: "192.0.2.1", port: 56324 });
  assertEquals(localAddr, { transport: "tcp", hostname: "198.51.100.7", port: 443 });
  assertEquals(proxy?.version, 1);
  assertEquals(peer.hostname, "127.0.0.1");
});

Deno.test("however the header comes in pieces, no byte is lost or read twice", async () => {
  const message = crypto.getRandomValues(new Uint8Array(20_000));
  await using server = telling();
  for (let cut = 1; cut < LINE.length; cut += 3) {
    const rest = Uint8Array.of(...bytes(LINE.slice(cut)), ...message);
    assertEquals(await send(server, LINE.slice(0, cut), rest), message);
  }
  assertEquals(await send(server, LINE, message), message);
  assertEquals(await send(server, LINE.slice(0, 15), LINE.slice(15, -1), "\n", message), message);
});

Deno.test("without a proven descriptor the header is read piece by piece, and no further", async () => {
  const message = "what follows";
  const serving = Promise.withResolvers<string>();
  await using server = serve({ hostname, port: 0 }, async (conn) => {
    const header = await readProxyHeader({ conn, descriptor: undefined } as Connection);
    assertEquals(header?.size, LINE.length);
    assertEquals(header?.header.source?.hostname, "192.0.2.1");
    serving.resolve(decoder.decode(await readAll(conn)));
  });
  await send(server, LINE + message);
  assertEquals(await serving.promise, message);
});

Deno.test("a handler that reads by itself, one that pipes, and a protocol begin behind the header", async () => {
  const message = bytes("the client's own first line\r\n");
  const handlers = {
    read: async (conn: Deno.Conn) => {
      const buffer = new Uint8Array(1000);
      const n = await conn.read(buffer);
      await conn.write(buffer.subarray(0, n!));
    },
    pipe: (conn: Deno.Conn) => conn.readable.pipeTo(conn.writable),
    protocol: protocolHandler(() => {
      let to: { write(data: Uint8Array): void; getExtraInfo(name: "peername"): Deno.NetAddr };
      return {
        connectionMade: (transport) => to = transport,
        dataReceived(data): void {
          assertEquals(to.getExtraInfo("peername").hostname, "192.0.2.1");
          to.write(data);
        },
      };
    }),
  };
  for (const handler of Object.values(handlers)) {
    await using server = serve({ hostname, port: 0, proxyProtocol: true }, handler);
    assertEquals(await send(server, Uint8Array.of(...bytes(LINE), ...message)), message);
  }
});

testWith("Linux", "the kernel's count of bytes leaves the header out", async () => {
  const server = serve({ hostname, port: 0, proxyProtocol: true }, async (conn) => {
    for (const buffer = new Uint8Array(100); await conn.read(buffer) !== null;);
  });
  await send(server, `${LINE}hello`);
  await server.shutdown();
  assertEquals(server.stats().bytesIn, 5);
});

Deno.test("health checks are served without a client, and those without a byte are closed", async () => {
  const logger = keeper();
  await using server = telling({ logger });
  const local = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x20, 0, 0, 0);
  assertEquals(decoder.decode(await send(server, "PROXY UNKNOWN\r\nhello")), "hello");
  assertEquals(decoder.decode(await send(server, local, "hello")), "hello");
  for (const { remoteAddr, peer, proxy } of server.told) {
    assertEquals(remoteAddr, peer);
    assertEquals(proxy?.source, undefined);
  }
  assertEquals(await send(server), new Uint8Array());
  assertEquals(server.told.length, 2);
  await server.shutdown();
  assertEquals(server.stats().errors, {});
  assertEquals(logger.lines.filter(([level]) => level !== "debug" && level !== "info"), []);
});

for (
  const [code, ...pieces] of [
    ["PROXY_MISSING", "GET / HTTP/1.1\r\n\r\n"],
    ["PROXY_MISSING", LINE.slice(0, 20)],
    ["PROXY_MALFORMED", "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"],
    ["PROXY_TOO_LONG", `PROXY UNKNOWN ${"x".repeat(200)}\r\n`],
  ] as const
) {
  Deno.test(`${code}: one line, counted, and the server goes on: ${pieces[0].slice(0, 32).trim()}`, async () => {
    const logger = keeper();
    await using server = telling({ logger });
    await send(server, ...pieces).catch(() => {}); // a reset, as it is not read to its end
    assertEquals(decoder.decode(await send(server, `${LINE}hello`)), "hello");
    await server.shutdown();
    assertEquals(server.stats().errors, { [code]: 1 });
    const warnings = logger.lines.filter(([level]) => level === "warn" || level === "error");
    assertEquals(warnings.length, 1);
    assertMatch(
      warnings[0]![1],
      /^Connection from 127\.0\.0\.1:\d+ has no PROXY header that counts: /,
    );
    assertEquals(server.told.length, 1);
  });
}

Deno.test("PROXY_TOO_SLOW: a header that does not come ends the connection", async () => {
  const logger = keeper();
  await using server = telling({ logger, handshakeTimeout: 0.05 });
  const conn = await connectTo(server);
  await conn.write(bytes("PROXY TCP4 "));
  assertEquals(await readAll(conn), new Uint8Array());
  await server.shutdown();
  assertEquals(server.stats().errors, { PROXY_TOO_SLOW: 1 });
  assertEquals(logger.lines.filter(([level]) => level === "warn").length, 1);
});

Deno.test("PROXY_NOT_ALLOWED: from says whose headers are believed", async () => {
  await using other = telling({ proxyProtocol: { from: ["10.0.0.0/8", "::1"] } });
  assertEquals(await send(other, LINE).catch(() => new Uint8Array()), new Uint8Array());
  await other.shutdown();
  assertEquals(other.stats().errors, { PROXY_NOT_ALLOWED: 1 });
  assertEquals(other.told, []);
  await using ours = telling({ proxyProtocol: { from: ["10.0.0.0/8", "127.0.0.0/8"] } });
  assertEquals(decoder.decode(await send(ours, `${LINE}hello`)), "hello");
});

Deno.test("a server that stops waits for no header", async () => {
  const server = telling({ gracePeriod: 0.05 });
  const conn = await connectTo(server);
  await conn.write(bytes("PROXY "));
  while (server.stats().active === 0) await delay(1);
  await server.shutdown();
  assertEquals(await readAll(conn), new Uint8Array());
  assertEquals(server.stats().errors, {});
});

testWith(
  "Linux",
  "a server that stops serves who has begun a header, and nobody who has not",
  async () => {
    const server = telling({ handshakeTimeout: 60, gracePeriod: 60 });
    const [silent, begun] = [await connectTo(server), await connectTo(server)];
    await begun.write(bytes(LINE.slice(0, 6)));
    while (server.stats().active < 2) await delay(1);
    const stopped = server.shutdown();
    assertEquals(await readAll(silent), new Uint8Array());
    await begun.write(bytes(`${LINE.slice(6)}hello`));
    await begun.closeWrite();
    assertEquals(decoder.decode(await readAll(begun)), "hello");
    await stopped;
    assertEquals(server.stats().errors, {});
  },
);

Deno.test("the options of the connection are asserted as ever", async () => {
  await using server = serve({
    hostname,
    port: 0,
    proxyProtocol: true,
    settings: { noDelay: true },
  }, async (conn, { remoteAddr }) => {
    await conn.write(bytes(`${remoteAddr.hostname} ${getOption(conn, SO_TYPE)}`));
  });
  assertEquals(decoder.decode(await send(server, LINE)), "192.0.2.1 stream");
  assertEquals(server.stats().assertionFailures, 0);
});

Deno.test("TLS behind the header is not possible, and serve() says so before it listens", () => {
  const options = { hostname, port: 0, proxyProtocol: true, cert: "", key: "" };
  assertMatch(
    assertThrows(() => serve(options, () => {}), TypeError).message,
    /^serve\(\): proxyProtocol does not go with cert: /,
  );
});

for (const version of ["send-proxy", "send-proxy-v2"]) {
  testWith(
    "haproxy",
    `HAProxy with ${version}: 200 clients, each under its own address, and no byte lost`,
    async () => {
      await using server = telling();
      await using balancer = await haproxy((port) => `
frontend clients
  bind 127.0.0.1:${port}
  default_backend servers
backend servers
  server one 127.0.0.1:${server.addr.port} ${version}
`);
      const addresses = await Promise.all(Array.from({ length: 200 }, async (_, i) => {
        const conn = await Deno.connect({ hostname, port: balancer.port });
        const message = crypto.getRandomValues(new Uint8Array(i * 329 + 1));
        const answer = readAll(conn);
        const address = conn.localAddr as Deno.NetAddr;
        const writer = conn.writable.getWriter();
        await writer.write(message);
        await conn.closeWrite();
        assertEquals(await answer, message);
        return address;
      }));
      const ports = (list: Deno.NetAddr[]): number[] => list.map(({ port }) => port).sort();
      assertEquals(ports(server.told.map(({ remoteAddr }) => remoteAddr)), ports(addresses));
      assert(server.told.every(({ localAddr }) => localAddr.port === balancer.port));
      assertEquals(server.stats().errors, {});
    },
  );
}

testWith(
  "haproxy",
  "HAProxy ends TLS and tells of it: version, cipher, name, ALPN, a checksum",
  async () => {
    await using server = telling();
    const pem = (name: string): string => Deno.readTextFileSync(`${ROOT}tests/tls/${name}.pem`);
    await using balancer = await haproxy((port, folder) => {
      Deno.writeTextFileSync(`${folder}/both.pem`, pem("cert") + pem("key"));
      return `
frontend clients
  bind 127.0.0.1:${port} ssl crt ${folder}/both.pem alpn h2,http/1.1
  unique-id-format %pid-%rt
  default_backend servers
backend servers
  server one 127.0.0.1:${server.addr.port} send-proxy-v2-ssl-cn proxy-v2-options ssl,cert-key,cert-sig,ssl-cipher,authority,unique-id,crc32c
`;
    });
    const conn = await Deno.connectTls({
      hostname: "localhost",
      port: balancer.port,
      caCerts: [pem("ca")],
      alpnProtocols: ["h2"],
    });
    await conn.write(bytes("hello"));
    const answer = new Uint8Array(5);
    await conn.read(answer);
    assertEquals(decoder.decode(answer), "hello");
    conn.close();
    const { proxy } = server.told[0]!;
    assertEquals(proxy!.alpn, "h2");
    assertEquals(proxy!.authority, "localhost");
    assertMatch(decoder.decode(proxy!.uniqueId), /^\d+-\d+$/);
    assertEquals(proxy!.tls!.encrypted, true);
    assertEquals(proxy!.tls!.certified, false);
    assertEquals(proxy!.tls!.version, "TLSv1.3");
    assertMatch(proxy!.tls!.cipher!, /^TLS_/);
    assert(proxy!.tlvs.some(({ type }) => type === 3), "no checksum was sent");
  },
);

testWith(
  "haproxy",
  "HAProxy's health checks find the server up, and no line says otherwise",
  async () => {
    const logger = keeper();
    await using server = telling({ logger });
    await using balancer = await haproxy((port) => `
frontend clients
  bind 127.0.0.1:${port}
  default_backend servers
backend servers
  server one 127.0.0.1:${server.addr.port} send-proxy-v2 check check-send-proxy inter 20 rise 3 fall 1
`);
    while (server.stats().closed < 5) await delay(5);
    assertMatch(await balancer.command("show servers state servers"), / one 127\.0\.0\.1 2 /);
    assertEquals(logger.lines.filter(([level]) => level === "warn" || level === "error"), []);
  },
);

/** Whether nginx has its module for TCP here. */
const hasStream = await Deno.stat("/usr/lib/nginx/modules/ngx_stream_module.so").then(
  () => true,
  () => false,
);

testWith(
  hasStream ? "nginx" : "ngx_stream_module",
  "nginx with proxy_protocol: the client's address, and half-close",
  async () => {
    await using server = telling();
    await using balancer = await nginx((port) => `
server {
  listen 127.0.0.1:${port};
  proxy_pass 127.0.0.1:${server.addr.port};
  proxy_protocol on;
  proxy_half_close on;
}
`);
    const message = crypto.getRandomValues(new Uint8Array(60_000));
    const conn = await Deno.connect({ hostname, port: balancer.port });
    const answer = readAll(conn);
    const { port } = conn.localAddr as Deno.NetAddr;
    await new Blob([message]).stream().pipeTo(conn.writable, { preventClose: true });
    await conn.closeWrite();
    assertEquals(await answer, message);
    assertEquals(server.told[0]!.remoteAddr, { transport: "tcp", hostname, port });
  },
);
