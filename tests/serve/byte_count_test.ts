/** The statistics count every byte, whatever a handler does to read, write and close; or they say that they cannot. */

import { assertEquals, assertRejects } from "@std/assert";
import {
  type ConnHandler,
  echo,
  protocolHandler,
  relay,
  reset,
  serve,
  type TcpServer,
} from "../../mod.ts";
import { bytes, connectTo, exchange, python, readAll, testWith } from "../helpers.ts";

const hostname = "127.0.0.1";

/** Reads once and writes twice as much. */
async function answer(conn: Deno.TcpConn): Promise<void> {
  const n = await conn.read(new Uint8Array(100));
  await conn.write(new Uint8Array(2 * n!));
}

const COUNTED: Record<string, ConnHandler> = {
  "returns": answer,
  "closes": async (conn) => {
    await answer(conn);
    conn.close();
  },
  "is using": async (conn) => {
    using own = conn;
    await answer(own);
  },
  "ends its side, waits for the client's end, and closes": async (conn) => {
    await answer(conn);
    await conn.closeWrite();
    await conn.read(new Uint8Array(1));
    conn.close();
  },
  "throws": async (conn) => {
    await answer(conn);
    throw new Deno.errors.ConnectionReset("of another connection"); // as a proxy's handler does
  },
};

for (const [what, handler] of Object.entries(COUNTED)) {
  Deno.test(`bytes are counted for a handler that ${what}`, async () => {
    await using server = serve({ hostname, port: 0, onError() {} }, handler);
    for (const text of ["12345", "1234567"]) await exchange(await connectTo(server), bytes(text));
    await server.shutdown();
    const { bytesIn, bytesOut } = server.stats();
    assertEquals({ bytesIn, bytesOut }, { bytesIn: 12, bytesOut: 24 });
  });
}

/** Sends a message and the end of it, and reads the answer. */
async function talk(server: TcpServer, message: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const conn = await connectTo(server);
  await conn.write(message);
  await conn.closeWrite();
  return await readAll(conn);
}

const UNCOUNTED: Record<string, ConnHandler> = {
  "pipes": (conn) => conn.readable.pipeTo(conn.writable),
  "iterates": async (conn) => {
    for await (const chunk of conn.readable) await conn.write(chunk);
  },
};

for (const [what, handler] of Object.entries(UNCOUNTED)) {
  Deno.test(`bytes are undefined, not wrong, for a handler that ${what}`, async () => {
    await using server = serve({ hostname, port: 0 }, handler);
    assertEquals(await talk(server, bytes("12345")), bytes("12345"));
    await server.shutdown();
    const { closed, bytesIn, bytesOut } = server.stats();
    assertEquals({ closed, bytesIn, bytesOut }, {
      closed: 1,
      bytesIn: undefined,
      bytesOut: undefined,
    });
  });
}

Deno.test("a handler that counts by itself is believed", async () => {
  await using server = serve({ hostname, port: 0 }, async (conn, info) => {
    for await (const chunk of conn.readable) {
      info.bytesIn += chunk.length;
      info.bytesOut += await conn.write(chunk);
    }
  });
  await talk(server, bytes("12345"));
  await server.shutdown();
  assertEquals([server.stats().bytesIn, server.stats().bytesOut], [5, 5]);
});

Deno.test("nothing is counted of a connection whose handler is never called, or does nothing", async () => {
  const handlers = [
    echo(),
    protocolHandler(() => ({ connectionMade: (transport) => transport.close() })),
  ];
  for (const handler of handlers) {
    await using server = serve({ hostname, port: 0 }, handler);
    assertEquals(await talk(server, bytes("")), bytes(""));
    await server.shutdown();
    assertEquals([server.stats().bytesIn, server.stats().bytesOut], [0, 0]);
  }
});

/** Sends 5 bytes, ends its side if it is told to, waits for the answer, and resets the connection. */
const RESETS = `
import socket, struct, sys
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
peer.sendall(b"12345")
if sys.argv[3] == "FIN": peer.shutdown(socket.SHUT_WR)
assert peer.recv(100) == bytes(10)
peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
peer.close()`;

for (const end of ["FIN", "no FIN"]) {
  testWith(["python3"], `bytes are right after ${end} and a reset`, async () => {
    const gone = Promise.withResolvers<void>();
    const handlers: ConnHandler[] = [
      // finds the reset by itself, or leaves it to the server
      async (conn) => {
        await answer(conn);
        await gone.promise;
        await conn.read(new Uint8Array(1));
        await conn.write(new Uint8Array(1));
      },
      async (conn) => {
        await answer(conn);
        await gone.promise;
      },
    ];
    for (const handler of handlers) {
      await using server = serve({ hostname, port: 0 }, handler);
      await python(RESETS, hostname, server.addr.port, end);
      gone.resolve();
      await server.shutdown();
      assertEquals([server.stats().bytesIn, server.stats().bytesOut], [5, 10]);
    }
  });
}

Deno.test("bytes are counted for a handler that resets its connection", async () => {
  await using upstream = serve({ hostname, port: 0, onError() {} }, async (conn) => {
    await answer(conn);
    await conn.read(new Uint8Array(1));
    reset(conn);
  });
  await using proxy = serve({ hostname, port: 0, onError() {} }, async (conn) => {
    await relay(conn, await connectTo(upstream));
  });
  for (const server of [upstream, proxy]) {
    using client = await connectTo(server);
    await client.write(bytes("12345"));
    const reply = new Uint8Array(10);
    for (let n = 0; n < 10;) n += (await client.read(reply.subarray(n)))!;
    await client.write(bytes("6"));
    await assertRejects(() => client.read(reply), Deno.errors.ConnectionReset);
  }
  await proxy.shutdown();
  await upstream.shutdown();
  assertEquals([proxy.stats().bytesIn, proxy.stats().bytesOut], [6, 10]);
  assertEquals([upstream.stats().bytesIn, upstream.stats().bytesOut], [12, 20]);
});

Deno.test("bytes that no handler was given count for nothing", async () => {
  for (const text of ["PROXY TCP4 ", "GET / HTTP/1.1\r\n\r\n"]) {
    const options = { hostname, port: 0, proxyProtocol: true, handshakeTimeout: 0.1 };
    await using server = serve({ ...options, onError() {} }, answer);
    using client = await connectTo(server);
    await client.write(bytes(text));
    // it is closed, with what was not read or without
    await client.read(new Uint8Array(1)).catch(() => {});
    await server.shutdown();
    assertEquals([server.stats().bytesIn, server.stats().bytesOut], [0, 0]);
  }
});
