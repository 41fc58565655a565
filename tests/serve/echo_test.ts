import { assert, assertEquals } from "@std/assert";
import {
  echo,
  echoOnce,
  getOption,
  serve,
  type ServeOptions,
  setOption,
  SO_RCVBUF,
  TCP_INFO,
  TCP_QUICKACK,
  type TcpServer,
} from "../../mod.ts";
import { bytes, connectTo, python, PYTHON_CLIENT, readAll, ROOT, testWith } from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };
const pem = (name: string): string => Deno.readTextFileSync(`${ROOT}tests/tls/${name}.pem`);

function start(options: ServeOptions = {}): TcpServer {
  return serve({ ...local, ...options }, echo());
}

/** Bytes that differ, so that none can take another's place unseen. */
function message(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).map((_, i) => (i * 31 + (i >> 8)) % 251);
}

async function writeAll(conn: Deno.Conn, data: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let n = 0; n < data.length;) n += await conn.write(data.subarray(n));
}

async function readExactly(conn: Deno.Conn, size: number): Promise<Uint8Array> {
  const all = new Uint8Array(size);
  for (let n = 0; n < size;) {
    const read = await conn.read(all.subarray(n));
    if (read === null) return all.subarray(0, n);
    n += read;
  }
  return all;
}

Deno.test("echo() echoes message by message until the client ends", async () => {
  await using server = start();
  const conn = await connectTo(server);
  for (const size of [1, 5, 1024, 1151, 1152, 1153, 70_000, 300_000, 1]) {
    const sent = message(size);
    const [reply] = await Promise.all([readExactly(conn, size), writeAll(conn, sent)]);
    assertEquals(reply, sent);
  }
  await conn.closeWrite();
  assertEquals((await readAll(conn)).length, 0);
});

Deno.test("echo() sends the rest to a client that has ended its own side", async () => {
  await using server = start();
  const conn = await connectTo(server);
  const sent = message(5_000_000);
  const writing = writeAll(conn, sent).then(() => conn.closeWrite());
  const reply = await readAll(conn);
  await writing;
  assertEquals(reply.length, sent.length);
  assertEquals(reply, sent);
});

Deno.test("echo() reads no further than a client that does not read lets it write", async () => {
  await using server = start();
  const { rss } = Deno.memoryUsage();
  const conn = await connectTo(server);
  const chunk = message(1024 * 1024);
  let sent = 0;
  // until neither side's kernel takes more
  for (let stuck = false; !stuck;) {
    const writing = conn.write(chunk).then((n) => void (sent += n));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const waited = new Promise<true>((resolve) => timer = setTimeout(() => resolve(true), 300));
    stuck = await Promise.race([writing.then(() => false), waited]);
    clearTimeout(timer);
  }
  const grown = Deno.memoryUsage().rss - rss;
  assert(grown < 8 * 1024 * 1024, `${sent} bytes went, ${grown} bytes of memory are used`);
  assertEquals(server.stats().active, 1);
  conn.close();
});

Deno.test("echo() keeps TCP_QUICKACK on for the life of a connection", async () => {
  let conn: Deno.TcpConn | undefined;
  const handler = echo();
  await using server = serve({ ...local, settings: { quickAck: true } }, (accepted, info) => {
    conn = accepted;
    return handler(accepted, info);
  });
  using client = await connectTo(server);
  for (let i = 0; i < 5; i++) {
    // as the kernel does when it takes the connection for an interactive one
    if (conn !== undefined) setOption(conn, TCP_QUICKACK, false);
    await client.write(bytes("ping"));
    await readExactly(client, 4);
    // the server goes on in its own turn after it has sent
    while (!getOption(conn!, TCP_QUICKACK)) await new Promise((resolve) => setTimeout(resolve));
  }
});

for (const [name, handler] of [["echo", echo()], ["echoOnce", echoOnce()]] as const) {
  Deno.test(`${name}() serves TLS`, async () => {
    await using server = serve({ ...local, cert: pem("cert"), key: pem("key") }, handler);
    const { port } = server.addr;
    const conn = await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [pem("ca")] });
    await conn.write(bytes("secret"));
    assertEquals(await readExactly(conn, 6), bytes("secret"));
    conn.close();
    // records as long as the buffers of connections without TLS are no different
    for (const size of [1151, 1152, 1153]) {
      const other = await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [pem("ca")] });
      await other.write(message(size));
      await other.closeWrite();
      assertEquals(await readAll(other), message(size));
    }
    await server.shutdown();
    const { bytesIn, bytesOut, assertionFailures } = server.stats();
    assertEquals({ bytesIn, bytesOut, assertionFailures }, {
      bytesIn: 6 + 3 * 1152,
      bytesOut: 6 + 3 * 1152,
      assertionFailures: 0,
    });
  });
}

Deno.test("a client that does not speak TLS is closed, and others are served", async () => {
  await using server = serve({ ...local, cert: pem("cert"), key: pem("key") }, echoOnce());
  const wrong = await connectTo(server);
  await wrong.write(bytes("GET / HTTP/1.1\r\n\r\n"));
  await readAll(wrong).catch(() => {}); // a TLS alert, or a reset
  const { port } = server.addr;
  const conn = await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [pem("ca")] });
  await conn.write(bytes("x"));
  assertEquals(await readExactly(conn, 1), bytes("x"));
  conn.close();
  assertEquals(Object.values(server.stats().errors).reduce((sum, n) => sum + n, 0), 1);
});

Deno.test("a client that does not finish its TLS handshake is gone after handshakeTimeout", async () => {
  const options = { ...local, cert: pem("cert"), key: pem("key"), handshakeTimeout: 0.1 };
  await using server = serve(options, echoOnce());
  const silent = await connectTo(server);
  await readAll(silent).catch(() => {});
  assertEquals(server.stats().timedOut, 1);
});

Deno.test("handshakeTimeout ends a TLS client whose descriptor is not where new ones are", async () => {
  const options = { ...local, cert: pem("cert"), key: pem("key"), handshakeTimeout: 0.1 };
  await using server = serve(options, echoOnce());
  const files = Array.from({ length: 200 }, () => Deno.openSync("/dev/null"));
  try {
    // both ends get numbers that are far from all others that are free
    for (const file of files.splice(100, 2)) file.close();
    const silent = await connectTo(server);
    await readAll(silent).catch(() => {});
    assertEquals(server.stats().timedOut, 1);
  } finally {
    for (const file of files) file.close();
  }
});

testWith(
  "python3",
  "echoOnce() gives its whole echo, and no reset, to a client that still sends",
  async () => {
    await using server = serve({ ...local, settings: { receiveBufferSize: 65_536 } }, echoOnce());
    for (const piece of [0, 2000, 0, 2000]) {
      const echoed = Number(await python(PYTHON_CLIENT, server.addr.port, 10 * 1024 * 1024, piece));
      assert(echoed >= 1024 && echoed <= 65_536, `${echoed}`);
    }
    const { errors } = server.stats();
    assertEquals(errors, {});
  },
);

Deno.test("echoOnce() serves a client that sends a byte at a time", async () => {
  await using server = serve(local, echoOnce());
  const conn = await connectTo(server);
  await conn.write(bytes("s"));
  assertEquals(await readExactly(conn, 1), bytes("s"));
  conn.close();

  await using streaming = start();
  const slow = await connectTo(streaming);
  for (const letter of "slowly") assertEquals(await exchangeByte(slow, letter), bytes(letter));
  slow.close();
});

async function exchangeByte(conn: Deno.TcpConn, letter: string): Promise<Uint8Array> {
  await conn.write(bytes(letter));
  return await readExactly(conn, 1);
}

/** Resets its connection at a stage: as soon as it is there, after sending, or while it is sent to. */
const RESETTER = `
import socket, struct, sys
port, stage = int(sys.argv[1]), sys.argv[2]
for i in range(20):
    s = socket.create_connection(("127.0.0.1", port), 10)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if stage == "send": s.sendall(b"x" * 500)
    if stage == "write":
        s.setblocking(False)
        try:
            while True: s.send(b"x" * 65536)
        except BlockingIOError: pass
    s.close()
`;

for (const stage of ["connect", "send", "write"]) {
  testWith("python3", `echo() goes on after clients that reset at "${stage}"`, async () => {
    await using server = start();
    await python(RESETTER, server.addr.port, stage);
    const conn = await connectTo(server);
    const [reply] = await Promise.all([readExactly(conn, 100), conn.write(message(100))]);
    assertEquals(reply, message(100));
    conn.close();
  });
}

testWith(
  "python3",
  "connections that are reset before they are accepted cost nobody else",
  async () => {
    await using server = serve({ ...local, maxConnections: 1 }, echo());
    const first = await connectTo(server);
    await exchangeByte(first, "1");
    // these wait in the accept queue and are reset there
    await python(RESETTER, server.addr.port, "connect");
    const last = connectTo(server);
    first.close();
    assertEquals(await exchangeByte(await last, "2"), bytes("2"));
    (await last).close();
  },
);

Deno.test("serve() closes connections of handlers that hang or have closed themselves", async () => {
  const begun = Promise.withResolvers<void>();
  const server = serve({ ...local, gracePeriod: 0.1 }, async (conn, { number }) => {
    if (number === 1) return conn.close();
    begun.resolve();
    await new Promise(() => {});
  });
  const [closed, hanging] = [await connectTo(server), await connectTo(server)];
  assertEquals((await readAll(closed)).length, 0);
  await begun.promise;
  await server.shutdown();
  assertEquals((await readAll(hanging)).length, 0);
  assertEquals(server.stats().active, 0);
});

Deno.test({
  name: "echoOnce() sends the echo and the end of the connection in one segment",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using server = serve(local, echoOnce());
    for (let i = 0; i < 20; i++) {
      using conn = await connectTo(server);
      await conn.write(bytes("hello"));
      assertEquals((await readExactly(conn, 6)).length, 5);
      // SYN-ACK, the acknowledgement of what was written, and the echo with the FIN
      const { segsIn, dataSegsIn } = getOption(conn, TCP_INFO);
      assertEquals(dataSegsIn, 1);
      assert(segsIn! <= 3, `${segsIn} segments`);
    }
  },
});

Deno.test("a receive buffer of the least size still gives every byte", async () => {
  await using server = start({ settings: { receiveBufferSize: 4096, sendBufferSize: 4096 } });
  const conn = await connectTo(server);
  setOption(conn, SO_RCVBUF, 4096);
  const sent = message(200_000);
  const [reply] = await Promise.all([readExactly(conn, sent.length), writeAll(conn, sent)]);
  assertEquals(reply, sent);
  conn.close();
});
