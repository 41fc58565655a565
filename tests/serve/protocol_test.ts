/** `protocolHandler()` and its transport, beyond what is compared with asyncio's. */

import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  assertOption,
  getOption,
  type Protocol,
  protocolHandler,
  relay,
  serve,
  type ServeOptions,
  setOption,
  SO_TYPE,
  SocketError,
  TCP_INFO,
  TCP_NODELAY,
  type TcpServer,
  type Transport,
} from "../../mod.ts";
import { bytes, connectTo, delay, python, readAll, ROOT, testWith } from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };
const BIG = 20 * 1024 * 1024;

/** A client that does not read at once, so that the server cannot send all that it has. */
const slowly = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200));

testWith("python3", "connectionLost() is told of a reset", async () => {
  const lost = Promise.withResolvers<Error | null>();
  await using server = serve(
    { ...local, onError() {} },
    protocolHandler(() => ({
      connectionMade: (transport) => transport.write(bytes("x")),
      connectionLost: lost.resolve,
    })),
  );
  await python(
    `
import socket, struct, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.recv(1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
s.close()`,
    server.addr.port,
  );
  assert(await lost.promise instanceof Deno.errors.ConnectionReset);
});

function start(protocol: Partial<Protocol>, options: ServeOptions = {}): TcpServer {
  return serve(
    { ...local, ...options },
    protocolHandler(() => ({ connectionMade() {}, ...protocol })),
  );
}

for (
  const callback of ["connectionMade", "dataReceived", "eofReceived", "connectionLost"] as const
) {
  Deno.test(`an error in ${callback}() closes the transport and reaches onError alone`, async () => {
    const told = Promise.withResolvers<unknown>();
    const lost: (string | undefined)[] = [];
    const broken = {
      connectionLost: (error: Error | null) => void lost.push(error?.message),
      [callback]: (error: unknown) => {
        if (callback === "connectionLost") lost.push((error as Error | null)?.message);
        throw new Error("on purpose");
      },
    };
    await using server = start(broken, { onError: told.resolve });
    const conn = await connectTo(server);
    await conn.write(bytes("x"));
    await conn.closeWrite();
    assertEquals((await readAll(conn).catch(() => new Uint8Array())).length, 0);
    assertEquals((await told.promise as Error).message, "on purpose");
    assertEquals(lost, [callback === "connectionLost" ? undefined : "on purpose"]);
    // others are served as before
    const other = await connectTo(server);
    other.close();
  });
}

for (const callback of ["pauseWriting", "resumeWriting"] as const) {
  Deno.test(`an error in ${callback}() closes the transport and reaches onError alone`, async () => {
    const told = Promise.withResolvers<unknown>();
    const lost: string[] = [];
    await using server = start({
      connectionMade: (transport) => transport.write(new Uint8Array(BIG)),
      connectionLost: (error) => void lost.push(`${error?.message}`),
      [callback]: () => {
        throw new Error("on purpose");
      },
    }, { onError: told.resolve });
    const conn = await connectTo(server);
    await slowly();
    await readAll(conn).catch(() => {});
    assertEquals((await told.promise as Error).message, "on purpose");
    assertEquals(lost, ["on purpose"]);
  });
}

for (
  const callback of [
    "connectionMade",
    "dataReceived",
    "bufferUpdated",
    "eofReceived",
    "pauseWriting",
    "resumeWriting",
    "connectionLost",
  ] as const
) {
  Deno.test(`an async ${callback}() that rejects closes the transport and reaches onError alone`, async () => {
    const told = Promise.withResolvers<unknown>();
    const over = Promise.withResolvers<string | undefined>();
    const fails = async (): Promise<void> => {
      await Promise.resolve();
      throw new Error("on purpose");
    };
    const isWriting = callback === "pauseWriting" || callback === "resumeWriting";
    const data = callback === "bufferUpdated"
      ? { getBuffer: () => new Uint8Array(100), bufferUpdated: fails }
      : { dataReceived() {} };
    const protocol = {
      connectionMade(transport: Transport) {
        if (isWriting) transport.write(new Uint8Array(BIG));
      },
      connectionLost: (error: Error | null) => over.resolve(error?.message),
      ...data,
      ...callback !== "bufferUpdated" && { [callback]: fails },
    } as unknown as Protocol;
    await using server = serve(
      { ...local, onError: told.resolve },
      protocolHandler(() => protocol),
    );
    using conn = await connectTo(server);
    await conn.write(bytes("x"));
    if (callback !== "dataReceived" && !isWriting) await conn.closeWrite();
    if (isWriting) await slowly();
    await readAll(conn).catch(() => {});
    assertEquals((await told.promise as Error).message, "on purpose");
    if (callback !== "connectionLost") assertEquals(await over.promise, "on purpose");
  });
}

Deno.test("an async eofReceived() says whether the transport stays open", async () => {
  let transport: Transport;
  await using server = start({
    connectionMade: (made) => transport = made,
    async eofReceived() {
      await slowly();
      transport.write(bytes("open still"));
      setTimeout(() => transport.close(), 50);
      return true;
    },
  });
  const conn = await connectTo(server);
  await conn.closeWrite();
  assertEquals(await readAll(conn), bytes("open still"));
});

Deno.test("an async callback that rejects when all is over reaches onError", async () => {
  const told = Promise.withResolvers<unknown>();
  const over = Promise.withResolvers<void>();
  await using server = start({
    async dataReceived() {
      await over.promise;
      throw new Error("late");
    },
  }, { onError: told.resolve });
  const conn = await connectTo(server);
  await conn.write(bytes("x"));
  conn.close();
  while (server.stats().active > 0 || server.stats().closed === 0) await slowly();
  over.resolve();
  assertEquals((await told.promise as Error).message, "late");
});

Deno.test("every error reaches onError, also after close(), and of connectionLost()", async () => {
  const errors: string[] = [];
  const two = Promise.withResolvers<void>();
  let transport: Transport;
  await using server = start({
    connectionMade: (made) => transport = made,
    dataReceived() {
      transport.close();
      throw new Error("after close()");
    },
    connectionLost() {
      throw new Error("in connectionLost()");
    },
  }, {
    onError(error) {
      if (errors.push((error as Error).message) === 2) two.resolve();
    },
  });
  using conn = await connectTo(server);
  await conn.write(bytes("x"));
  await two.promise;
  assertEquals(errors, ["after close()", "in connectionLost()"]);
});

Deno.test("an error of connectionLost() reaches onError when the server itself ends the connection", async () => {
  const told = Promise.withResolvers<unknown>();
  const made = Promise.withResolvers<void>();
  const server = start({
    connectionMade(transport) {
      transport.write(new Uint8Array(BIG));
      made.resolve();
    },
    connectionLost() {
      throw new Error("on purpose");
    },
  }, { onError: told.resolve });
  using _conn = await connectTo(server);
  await made.promise;
  server.shutdown();
  await server.shutdown();
  assertEquals((await told.promise as Error).message, "on purpose");
});

Deno.test("an assertion that fails in a callback counts as one", async () => {
  const lines: string[] = [];
  const failed = Promise.withResolvers<void>();
  const logger = {
    debug() {},
    info() {},
    warn() {},
    error(line: string) {
      lines.push(line);
      failed.resolve();
    },
  };
  await using server = start({
    connectionMade: (transport) => assertOption(transport.getExtraInfo("socket"), SO_TYPE, "dgram"),
  }, { logger });
  assertEquals((await readAll(await connectTo(server))).length, 0);
  await failed.promise;
  const { assertionFailures, errors } = server.stats();
  assertEquals([assertionFailures, errors], [1, {}]);
  assert(lines[0]!.includes("is not as configured: SO_TYPE"), lines[0]);
});

testWith(
  "python3",
  "abort() and an error end the connection at once, also while the client sends",
  async () => {
    for (const way of ["abort", "error"]) {
      let transport: Transport;
      await using server = start({
        connectionMade: (made) => transport = made,
        dataReceived() {
          if (way === "error") throw new Error("on purpose");
          transport.abort();
        },
      }, { onError() {} });
      const sent = await python(
        `
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
n, chunk = 0, bytes(100000)
try:
    while n < 100e6: n += s.send(chunk)
except OSError as error: print(n)
else: print("all of it was taken")`,
        server.addr.port,
      );
      // what the kernel takes on both sides
      assert(Number(sent) < 20e6, `${way}: ${sent}`);
    }
  },
);

Deno.test("shutdown() lets transports send what they have; a protocol may say farewell", async () => {
  const written = Promise.withResolvers<void>();
  const server = serve(
    local,
    protocolHandler(({ signal, number }) => ({
      connectionMade(transport) {
        signal.addEventListener("abort", () => transport.write(bytes(`bye, ${number}`)));
        transport.write(new Uint8Array(BIG));
        written.resolve();
      },
    })),
  );
  const conn = await connectTo(server);
  await written.promise;
  const stopped = server.shutdown();
  const received = await readAll(conn);
  assertEquals(received.length, BIG + 6);
  assertEquals(received.slice(BIG), bytes("bye, 1"));
  await stopped;
});

Deno.test("what is no protocol, or promises one, or promises memory, is told, and ends nothing else", async () => {
  const rejected = (): Promise<never> => Promise.reject(new Error("on purpose"));
  const wrong: (() => unknown)[] = [
    () => null,
    () => ({}),
    rejected,
    () => ({ connectionMade() {}, getBuffer: rejected, bufferUpdated() {} }),
  ];
  for (const make of wrong) {
    const told = Promise.withResolvers<Error>();
    await using server = serve(
      { ...local, onError: (error) => told.resolve(error as Error) },
      protocolHandler(make as () => Protocol),
    );
    const conn = await connectTo(server);
    await conn.write(bytes("x"));
    assertMatch(
      (await told.promise).message,
      /^expected a protocol, with connectionMade\(\), got |^getBuffer\(\) must return memory/,
    );
    await readAll(conn).catch(() => {});
  }
});

Deno.test("what is written is copied, also of Node's Buffer, and nothing but bytes is", async () => {
  const wrong: unknown[] = ["abc", [1, 2], new ArrayBuffer(1), new Uint16Array(1), 5, null];
  await using server = start({
    connectionMade(transport) {
      const data = Buffer.alloc(BIG, 1);
      transport.write(data);
      data.fill(2);
      for (const each of wrong) {
        for (
          const write of [
            () => transport.write(each as never),
            () => transport.writeMany([each as never]),
          ]
        ) {
          assertThrows(write, TypeError, "Uint8Array");
        }
      }
      transport.close();
    },
  });
  const received = await readAll(await connectTo(server));
  assertEquals(received.length, BIG);
  assert(received.every((byte) => byte === 1));
});

testWith("Linux", "a stop during its TLS handshake reaches a protocol as well", async () => {
  const pem = (name: string): string => Deno.readTextFileSync(`${ROOT}tests/tls/${name}.pem`);
  const server = serve(
    { ...local, cert: pem("cert"), key: pem("key") },
    protocolHandler(({ signal }) => ({
      connectionMade: (transport) => transport.write(bytes(`stopping: ${signal.aborted}`)),
    })),
  );
  // what the client sends is held up in the middle of its first message
  using gate = Deno.listen(local);
  const options = { hostname: "localhost", port: gate.addr.port, caCerts: [pem("ca")] };
  const [tls, client] = await Promise.all([Deno.connectTls(options), gate.accept()]);
  const answer = readAll(tls);
  const upstream = await connectTo(server);
  const hello = new Uint8Array(4096);
  const size = await client.read(hello) ?? 0;
  await upstream.write(hello.subarray(0, 9));
  while (getOption(upstream, TCP_INFO).unacked > 0) await delay(1);
  while (server.stats().active === 0) await delay(1);
  const stopped = server.shutdown();
  const begun = performance.now();
  await upstream.write(hello.subarray(9, size));
  await relay(client, upstream);
  assertEquals(await answer, bytes("stopping: true"));
  await stopped;
  assert(performance.now() - begun < 8000, "it is not the grace period that ends it");
});

Deno.test("a second shutdown() ends transports that still have something to send", async () => {
  const lost = Promise.withResolvers<Error | null>();
  const server = start({
    connectionMade: (transport) => transport.write(new Uint8Array(BIG)),
    connectionLost: lost.resolve,
  });
  const conn = await connectTo(server);
  await slowly();
  server.shutdown();
  await slowly();
  assertEquals(server.stats().active, 1);
  await server.shutdown();
  assertEquals(await lost.promise, null);
  assert((await readAll(conn).catch(() => [])).length < BIG);
});

Deno.test("what is no protocol does not compile, and is refused", () => {
  const connectionMade = (): void => {};
  const dataReceived = (): void => {};
  const getBuffer = (): Uint8Array<ArrayBuffer> => new Uint8Array(1);
  const later = (): Promise<Uint8Array<ArrayBuffer>> => Promise.resolve(getBuffer());
  const bufferUpdated = (): void => {};
  // @ts-expect-error half of a BufferedProtocol
  protocolHandler(() => ({ connectionMade, getBuffer }));
  // @ts-expect-error the other half
  protocolHandler(() => ({ connectionMade, bufferUpdated }));
  // @ts-expect-error both kinds
  protocolHandler(() => ({ connectionMade, dataReceived, getBuffer, bufferUpdated }));
  // @ts-expect-error memory that is not there yet
  protocolHandler(() => ({ connectionMade, getBuffer: later, bufferUpdated }));
  class Half {
    connectionMade(): void {}
    getBuffer(): Uint8Array<ArrayBuffer> {
      return new Uint8Array(1);
    }
  }
  // @ts-expect-error half of one, as a class
  protocolHandler(() => new Half());

  protocolHandler(() => ({ connectionMade, getBuffer, bufferUpdated }));
  protocolHandler(() => ({ connectionMade, async dataReceived() {} }));
  protocolHandler(() => ({ connectionMade }));
});

Deno.test("half of a BufferedProtocol is refused where types were not checked", async () => {
  const told = Promise.withResolvers<unknown>();
  const half = { connectionMade() {}, getBuffer() {} } as unknown as Protocol;
  await using server = serve({ ...local, onError: told.resolve }, protocolHandler(() => half));
  assertEquals((await readAll(await connectTo(server))).length, 0);
  const error = await told.promise;
  assert(error instanceof TypeError);
  assert(error.message.includes("both getBuffer() and bufferUpdated()"), error.message);
});

Deno.test("getExtraInfo('socket') takes options, and cannot close the connection", async () => {
  const made = Promise.withResolvers<Transport>();
  await using server = start({ connectionMade: made.resolve });
  const conn = await connectTo(server);
  const transport = await made.promise;
  const socket = transport.getExtraInfo("socket");
  assertEquals(Object.keys(socket), ["localAddr", "remoteAddr"]);
  assertEquals(transport.getExtraInfo("socket"), socket);
  assertEquals(getOption(socket, TCP_NODELAY), true);
  setOption(socket, TCP_NODELAY, false);
  assertEquals(getOption(socket, TCP_NODELAY), false);
  transport.close();
  await readAll(conn);
  while (server.stats().active > 0) await slowly();
  assertEquals(assertThrows(() => getOption(socket, TCP_NODELAY), SocketError).code, "EBADF");
});

Deno.test("many small pieces are sent as few", async () => {
  const pieces = 200_000;
  await using server = start({
    connectionMade(transport) {
      transport.setWriteBufferLimits({ high: 2 ** 30 });
      transport.write(new Uint8Array(BIG));
      for (let i = 0; i < pieces; i++) transport.write(new Uint8Array([i, i >> 8]));
      transport.close();
    },
  });
  const received = await readAll(await connectTo(server));
  assertEquals(received.length, BIG + 2 * pieces);
  for (let i = 0; i < pieces; i++) {
    const at = BIG + 2 * i;
    if (received[at] !== (i & 255) || received[at + 1] !== (i >> 8 & 255)) throw new Error(`${i}`);
  }
});

Deno.test("a factory that throws closes the connection and reaches onError", async () => {
  const told = Promise.withResolvers<unknown>();
  await using server = serve(
    { ...local, onError: told.resolve },
    protocolHandler(() => {
      throw new Error("no protocol");
    }),
  );
  assertEquals((await readAll(await connectTo(server))).length, 0);
  assertEquals((await told.promise as Error).message, "no protocol");
});

Deno.test("the water marks are exact, and pauseWriting() and resumeWriting() come once each", async () => {
  const sizes: number[] = [];
  const done = Promise.withResolvers<void>();
  let transport: Transport;
  await using server = start({
    connectionMade(made) {
      transport = made;
      assertEquals(made.getWriteBufferLimits(), { high: 65_536, low: 16_384 });
      made.setWriteBufferLimits({ high: 4000 });
      assertEquals(made.getWriteBufferLimits(), { high: 4000, low: 1000 });
      made.setWriteBufferLimits({ low: 500 });
      assertEquals(made.getWriteBufferLimits(), { high: 2000, low: 500 });
      assertThrows(() => made.setWriteBufferLimits({ high: 1, low: 2 }), RangeError);
      assertThrows(() => made.setWriteBufferLimits({ low: -1 }), RangeError);
      assertThrows(() => made.write("text" as unknown as Uint8Array), TypeError);
      // until the socket takes no more at once
      made.setWriteBufferLimits({ high: 2 ** 30 });
      while (made.getWriteBufferSize() === 0) made.write(new Uint8Array(1 << 20));
      made.setWriteBufferLimits({ high: made.getWriteBufferSize() + 10, low: 100 });
      made.write(new Uint8Array(10));
      assertEquals(sizes, [], "at the mark is not beyond it");
      made.writeMany([new Uint8Array(1), new Uint8Array(0)]);
      assertEquals(sizes.length, 1);
      made.write(new Uint8Array(100));
      assertEquals(sizes.length, 1, "once");
    },
    pauseWriting: () => void sizes.push(transport.getWriteBufferSize()),
    resumeWriting() {
      assert(transport.getWriteBufferSize() <= 100);
      sizes.push(-1);
      transport.close();
      done.resolve();
    },
  });
  const reading = connectTo(server).then(readAll);
  await done.promise;
  await reading;
  assertEquals(sizes.length, 2);
  assertEquals(sizes[1], -1);
});

Deno.test("getExtraInfo() tells the addresses and the socket", async () => {
  const told = Promise.withResolvers<unknown[]>();
  await using server = start({
    connectionMade(transport) {
      told.resolve([
        transport.getExtraInfo("peername"),
        transport.getExtraInfo("sockname").port,
        getOption(transport.getExtraInfo("socket"), SO_TYPE),
        transport.getExtraInfo("peercert"),
        transport.getExtraInfo("peercert", "none"),
        transport.canWriteEof(),
        transport.getProtocol() !== undefined,
      ]);
    },
  });
  using conn = await connectTo(server);
  assertEquals(await told.promise, [
    conn.localAddr,
    server.addr.port,
    "stream",
    undefined,
    "none",
    true,
    true,
  ]);
});

Deno.test("connectionLost() is called when the server itself ends the connection", async () => {
  const lost = Promise.withResolvers<Error | null>();
  const made = Promise.withResolvers<void>();
  const server = start({
    connectionMade(transport) {
      transport.pauseReading();
      made.resolve();
    },
    connectionLost: lost.resolve,
  }, { gracePeriod: 0.05 });
  using _conn = await connectTo(server);
  await made.promise;
  await server.shutdown();
  assertEquals(await lost.promise, null);
});

Deno.test("protocolHandler() serves TLS, without writeEof()", async () => {
  const pem = (name: string): string => Deno.readTextFileSync(`${ROOT}tests/tls/${name}.pem`);
  let transport: Transport;
  await using server = serve(
    { ...local, cert: pem("cert"), key: pem("key") },
    protocolHandler(() => ({
      connectionMade(made) {
        transport = made;
        assertEquals(made.canWriteEof(), false);
      },
      dataReceived(data: Uint8Array) {
        transport.writeMany([data, data]);
      },
    })),
  );
  const { port } = server.addr;
  const conn = await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [pem("ca")] });
  await conn.write(bytes("twice"));
  const reply = new Uint8Array(10);
  for (let n = 0; n < 10;) n += (await conn.read(reply.subarray(n)))!;
  assertEquals(reply, bytes("twicetwice"));
  // a record as long as the buffer of a connection without TLS is no different
  const sent = new Uint8Array(1024).map((_, i) => i % 251);
  await conn.write(sent);
  const doubled = new Uint8Array(2048);
  for (let n = 0; n < 2048;) n += (await conn.read(doubled.subarray(n)))!;
  assertEquals(doubled, new Uint8Array([...sent, ...sent]));
  conn.close();
});

Deno.test("examples/echo_protocol.ts is the recipe: it asserts, echoes once, closes, and logs each event once", async () => {
  const args = ["run", "--allow-net", "--allow-ffi", `${ROOT}examples/echo_protocol.ts`];
  const process = new Deno.Command(Deno.execPath(), {
    args: [...args, "127.0.0.1", "0"],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const sent = bytes("h\u00e9llo\x1b[31m\n");
  let printed = "";
  let reply: Promise<Uint8Array> | undefined;
  for await (const chunk of process.stdout.pipeThrough(new TextDecoderStream())) {
    printed += chunk;
    const port = Number(/echo hello \| nc 127\.0\.0\.1 (\d+)\n/.exec(printed)?.[1]);
    if (!(port > 0) || reply !== undefined) continue;
    reply = Deno.connect({ hostname: "127.0.0.1", port }).then(async (conn) => {
      await conn.write(sent);
      return await readAll(conn);
    }).finally(() => process.kill("SIGINT"));
  }
  const errors = await new Response(process.stderr).text();
  assertEquals((await process.status).code, 0, errors);
  assertEquals(errors, "");
  assertEquals(await reply, sent);
  const lines = [
    /^Serving on 127\.0\.0\.1:\d+$/,
    /^In another terminal: echo hello \| nc 127\.0\.0\.1 \d+$/,
    /^connected from 127\.0\.0\.1:\d+$/,
    /^recv buffer size: \d+ \(max=(unknown|\d+)\)$/,
    /^send buffer size: \d+ \(max=(unknown|\d+)\)$/,
    /^TCP quick ACK: true$/,
    /^recv: b'h\\xc3\\xa9llo\\x1b\[31m\\x0a'$/,
    /^sent: b'h\\xc3\\xa9llo\\x1b\[31m\\x0a'$/,
  ];
  const actual = printed.trimEnd().split("\n");
  assertEquals(actual.length, lines.length, printed);
  for (const [i, line] of lines.entries()) assertMatch(actual[i]!, line);
});
