import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type BufferedProtocol,
  getOption,
  type Protocol,
  protocolHandler,
  serve,
  type ServeOptions,
  SO_TYPE,
  type TcpServer,
  type Transport,
} from "../../mod.ts";
import { bytes, connectTo, python, readAll, ROOT, testWith } from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };
const BIG = 20 * 1024 * 1024;

/** The scenarios of asyncio_scenarios.py, played by this package. */
class Recorder implements Protocol {
  transport!: Transport;
  readonly #scenario: string;
  readonly #events: string[];
  readonly #ended: () => void;

  constructor(scenario: string, events: string[], ended: () => void) {
    this.#scenario = scenario;
    this.#events = events;
    this.#ended = ended;
  }

  connectionMade(transport: Transport): void {
    this.#events.push("made");
    this.transport = transport;
    if (this.#scenario === "greet") transport.write(bytes("hello"));
  }

  dataReceived(data: Uint8Array): void {
    this.#events.push(`data ${data.length}`);
    const { transport } = this;
    switch (this.#scenario) {
      case "echo-once":
        transport.write(data);
        transport.close();
        this.#events.push(
          `closing ${python3(transport.isClosing())} ${python3(transport.isReading())}`,
        );
        transport.write(bytes("ignored"));
        break;
      case "write-eof":
        transport.write(bytes("last words"));
        transport.writeEof();
        try {
          transport.write(bytes("more"));
        } catch {
          this.#events.push("refused");
        }
        break;
      case "abort":
        transport.abort();
        break;
      case "abort-full":
        transport.write(new Uint8Array(BIG));
        this.#events.push(`buffered ${python3(transport.getWriteBufferSize() > 0)}`);
        transport.abort();
        this.#events.push(`buffered ${python3(transport.getWriteBufferSize() > 0)}`);
        break;
      case "close-full":
        transport.write(new Uint8Array(BIG));
        transport.close();
        break;
      case "slow-reader":
        transport.setWriteBufferLimits({ high: 1000, low: 100 });
        transport.write(new Uint8Array(BIG));
        this.#events.push("written");
        break;
      case "raise-in-data":
        throw new Error("on purpose");
      case "switch":
        transport.setProtocol({
          connectionMade() {},
          dataReceived: (data: Uint8Array) => {
            this.#events.push(`other ${data.length}`);
            transport.close();
          },
          connectionLost: () => {
            this.#events.push("other lost");
            this.#ended();
          },
        } as Protocol);
        break;
      case "pause":
        transport.pauseReading();
        this.#events.push(`reading ${python3(transport.isReading())}`);
        setTimeout(() => {
          this.#events.push("resumed");
          transport.resumeReading();
        }, 100);
    }
  }

  eofReceived(): boolean | void {
    this.#events.push("eof");
    if (this.#scenario === "raise-in-eof") throw new Error("on purpose");
    if (this.#scenario !== "keep-open") return;
    this.transport.write(bytes("bye"));
    setTimeout(() => this.transport.close(), 50);
    return true;
  }

  pauseWriting(): void {
    this.#events.push("pause");
  }

  resumeWriting(): void {
    this.#events.push("resume");
  }

  connectionLost(error: Error | null): void {
    this.#events.push(error === null ? "lost" : "lost with an error");
    this.#ended();
  }
}

/** A truth value as Python writes it. */
const python3 = (value: boolean): string => value ? "True" : "False";

function buffered(events: string[], ended: () => void): BufferedProtocol {
  const memory = new Uint8Array(4);
  let all = "";
  return {
    connectionMade: () => void events.push("made"),
    getBuffer: () => memory,
    bufferUpdated: (n) => void (all += new TextDecoder().decode(memory.subarray(0, n))),
    eofReceived: () => void events.push(`eof after ${all}`),
    connectionLost() {
      events.push("lost");
      ended();
    },
  };
}

/** A client that does not read at once, so that the server cannot send all that it has. */
const slowly = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200));

/** What the client does in a scenario, with a connection to either server. */
const CLIENTS: Record<string, (conn: Deno.TcpConn) => Promise<void>> = {
  async "echo-once"(conn) {
    await conn.write(bytes("hello"));
    assertEquals(await readAll(conn), bytes("hello"));
  },
  async "greet"(conn) {
    const greeting = new Uint8Array(5);
    await conn.read(greeting);
    assertEquals(greeting, bytes("hello"));
    conn.close();
  },
  async "no-data"(conn) {
    await conn.closeWrite();
    assertEquals((await readAll(conn)).length, 0);
  },
  async "keep-open"(conn) {
    await conn.write(bytes("hello"));
    await conn.closeWrite();
    assertEquals(await readAll(conn), bytes("bye"));
  },
  async "write-eof"(conn) {
    await conn.write(bytes("hello"));
    const reply = new Uint8Array(100);
    assertEquals(await conn.read(reply), 10);
    assertEquals(await conn.read(reply), null);
    conn.close();
  },
  async "abort"(conn) {
    await conn.write(bytes("hello"));
    assertEquals((await readAll(conn)).length, 0);
  },
  async "abort-full"(conn) {
    await conn.write(bytes("hello"));
    await slowly();
    assert((await readAll(conn).catch(() => new Uint8Array())).length < BIG);
  },
  async "close-full"(conn) {
    await conn.write(bytes("hello"));
    assertEquals((await readAll(conn)).length, BIG);
  },
  async "slow-reader"(conn) {
    await conn.write(bytes("hello"));
    await slowly();
    const chunk = new Uint8Array(1 << 20);
    for (let n = 0; n < BIG;) n += (await conn.read(chunk))!;
    conn.close();
  },
  async "raise-in-data"(conn) {
    await conn.write(bytes("hello"));
    await readAll(conn).catch(() => {});
  },
  async "raise-in-eof"(conn) {
    await conn.closeWrite();
    await readAll(conn).catch(() => {});
  },
  async "switch"(conn) {
    await conn.write(bytes("first"));
    // the server has it before the rest is sent
    await new Promise((resolve) => setTimeout(resolve, 50));
    await conn.write(bytes("the rest"));
    await readAll(conn);
  },
  async "pause"(conn) {
    await conn.write(bytes("hello"));
    await new Promise((resolve) => setTimeout(resolve, 30));
    await conn.write(bytes("again"));
    await conn.closeWrite();
    await readAll(conn);
  },
  async "buffered"(conn) {
    await conn.write(bytes("in pieces of four"));
    await conn.closeWrite();
    await readAll(conn);
  },
};

async function playOurs(scenario: string): Promise<string[]> {
  const events: string[] = [];
  const ended = Promise.withResolvers<void>();
  await using server = serve(
    { ...local, onError() {} },
    protocolHandler(() =>
      scenario === "buffered"
        ? buffered(events, ended.resolve)
        : new Recorder(scenario, events, ended.resolve)
    ),
  );
  await CLIENTS[scenario]!(await connectTo(server));
  await ended.promise;
  await new Promise((resolve) => setTimeout(resolve, 50)); // nothing may come after connectionLost
  return events;
}

async function playAsyncio(scenario: string): Promise<string[]> {
  const process = new Deno.Command("python3", {
    args: [`${ROOT}tests/serve/asyncio_scenarios.py`, scenario],
    stdout: "piped",
  }).spawn();
  let printed = "";
  let played: Promise<void> | undefined;
  for await (const chunk of process.stdout.pipeThrough(new TextDecoderStream())) {
    printed += chunk;
    if (played !== undefined || !printed.includes("\n")) continue;
    const addr: Deno.NetAddr = {
      transport: "tcp",
      hostname: "127.0.0.1",
      port: Number.parseInt(printed),
    };
    played = connectTo({ addr }).then(CLIENTS[scenario]!);
  }
  await played;
  await process.status;
  return JSON.parse(printed.slice(printed.indexOf("\n")));
}

for (const scenario of Object.keys(CLIENTS)) {
  testWith("python3", `the callbacks come as from asyncio: ${scenario}`, async () => {
    const [ours, asyncios] = [await playOurs(scenario), await playAsyncio(scenario)];
    assertEquals(ours, asyncios);
    assert(ours.length >= 2);
  });
}

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

Deno.test("examples/echo_protocol.ts is the recipe: it asserts, echoes once and closes", async () => {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-net",
      "--allow-ffi",
      `${ROOT}examples/echo_protocol.ts`,
      "127.0.0.1",
      "0",
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let printed = "";
  let reply: Promise<Uint8Array> | undefined;
  for await (const chunk of process.stdout.pipeThrough(new TextDecoderStream())) {
    printed += chunk;
    const port = Number(/Serving on 127\.0\.0\.1:(\d+)/.exec(printed)?.[1]);
    if (!(port > 0) || reply !== undefined) continue;
    reply = Deno.connect({ hostname: "127.0.0.1", port }).then(async (conn) => {
      await conn.write(bytes("hello"));
      return await readAll(conn);
    }).finally(() => process.kill("SIGINT"));
  }
  const errors = await new Response(process.stderr).text();
  assertEquals((await process.status).code, 0, errors);
  assertEquals(await reply, bytes("hello"));
  for (
    const line of [
      "connected from 127.0.0.1:",
      "recv buffer size: ",
      "TCP quick ACK: true",
      "sent: hello",
    ]
  ) {
    assert(printed.includes(line), `${line} in ${printed}`);
  }
});
