import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  codecs,
  type ConnHandler,
  defineOption,
  echo,
  echoOnce,
  getOption,
  type Logger,
  protocolHandler,
  serve,
  type ServeOptions,
  setOption,
  SO_LINGER,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  socketFd,
  type TcpServer,
  type Transport,
} from "../../mod.ts";
import { disconnect } from "../../ffi/reconnect.ts";
import { bytes, connectTo, delay, exchange, readAll, testWith } from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };

/** A logger that keeps what it is told. */
function recorder(): Logger & { lines: [level: string, properties: Record<string, unknown>][] } {
  const lines: [string, Record<string, unknown>][] = [];
  const record = (level: string) => (message: string, properties = {}): void =>
    void lines.push([level, { ...properties, message }]);
  return {
    lines,
    debug: record("debug"),
    info: record("info"),
    warn: record("warn"),
    error: record("error"),
  };
}

/** The server's listener, by the only listening descriptor on its port. */
function listenerOf(server: TcpServer): number {
  return socketFd({ addr: server.addr, accept() {} } as unknown as Deno.Listener);
}

function start(handler: ConnHandler = echoOnce(), options: ServeOptions = {}): TcpServer {
  return serve({ ...local, ...options }, handler);
}

Deno.test("serve() echoes through echoOnce()", async () => {
  await using server = start();
  assertEquals(await exchange(await connectTo(server), bytes("hello")), bytes("hello"));
});

Deno.test("serve() closes a connection on which an assertion fails, and goes on", async () => {
  let extra = 0;
  const MY_RCVBUF = defineOption({
    name: "MY_RCVBUF",
    level: "SOL_SOCKET",
    optname: SO_RCVBUF.optname,
    // what a connection did not inherit is set on it, so it must fail as well
    codec: {
      ...codecs.int,
      encode: (value, into) => codecs.int.encode(value + extra, into),
    },
    access: "read-write",
  });
  const logger = recorder();
  const settings = { options: [[MY_RCVBUF, 50_000]] as const };
  await using server = start(echoOnce(), { logger, settings });
  const fd = listenerOf(server);
  extra = 10_000;
  setOption(fd, SO_RCVBUF, 90_000);
  const conn = await connectTo(server);
  const { port } = conn.localAddr;
  assertEquals((await readAll(conn)).length, 0);
  extra = 0;
  assertEquals(await exchange(await connectTo(server), bytes("next")), bytes("next"));

  const errors = logger.lines.filter(([level]) => level === "error");
  const remote = `127.0.0.1:${port}`;
  assertEquals(errors, [["error", {
    event: "assertion_failed",
    remote,
    option: "MY_RCVBUF",
    expected: 100_000,
    actual: 120_000,
    message:
      `Connection from ${remote} is not as configured: MY_RCVBUF: expected 100000, got 120000`,
  }]]);
  assertEquals(server.stats().assertionFailures, 1);
});

Deno.test("serve() sets on a connection what it did not inherit", async () => {
  let size = 0;
  await using server = start((conn) => void (size = getOption(conn, SO_RCVBUF)), {
    settings: { receiveBufferSize: 50_000 },
  });
  // as if the connection had been established before the listener got its settings
  setOption(listenerOf(server), SO_RCVBUF, 99_000);
  await readAll(await connectTo(server));
  assertEquals(size, 100_000);
});

Deno.test("serve() sets SO_REUSEADDR and SO_REUSEPORT on a connection that did not inherit them", async () => {
  const options: boolean[] = [];
  await using server = start((conn) => {
    options.push(getOption(conn, SO_REUSEADDR), getOption(conn, SO_REUSEPORT));
  });
  setOption(listenerOf(server), SO_REUSEADDR, false);
  setOption(listenerOf(server), SO_REUSEPORT, true);
  await readAll(await connectTo(server));
  assertEquals(options, [true, false]);
});

Deno.test("serve() with `assertions: false` checks nothing on connections", async () => {
  await using server = start(echoOnce(), { assertions: false });
  setOption(listenerOf(server), SO_REUSEPORT, true);
  assertEquals(await exchange(await connectTo(server), bytes("x")), bytes("x"));
});

Deno.test("serve() closes the connection of a handler that throws or rejects, and tells onError", async () => {
  const told: unknown[] = [];
  await using server = start(
    (_, { number }) => {
      if (number === 1) throw new Error("thrown");
      return Promise.reject(new Error("rejected"));
    },
    { onError: (error, { number }) => told.push([number, (error as Error).message]) },
  );
  assertEquals((await readAll(await connectTo(server))).length, 0);
  assertEquals((await readAll(await connectTo(server))).length, 0);
  assertEquals(told, [[1, "thrown"], [2, "rejected"]]);
  assertEquals(server.stats().errors, { Error: 2 });
});

Deno.test("serve() logs an error of a handler, and one of onError", async () => {
  const logger = recorder();
  const onError = (): never => {
    throw new Error("in onError");
  };
  const fail = (): never => {
    throw new Error("in the handler");
  };
  {
    await using server = start(fail, { logger });
    await readAll(await connectTo(server));
  }
  {
    await using server = start(fail, { logger, onError });
    await readAll(await connectTo(server));
  }
  const errors = logger.lines.filter(([level]) => level === "error").map(([, { error }]) => error);
  assertEquals(errors, ["Error: in the handler", "Error: in onError"]);
});

Deno.test("serve() is told nothing of a client that resets, but counts it", async () => {
  const logger = recorder();
  await using server = start(echoOnce(), { logger });
  const conn = await connectTo(server);
  setOption(conn, SO_LINGER, 0);
  conn.close();
  await exchange(await connectTo(server), bytes("x"));
  assertEquals(logger.lines.filter(([level]) => level === "error"), []);
});

Deno.test("serve() with maxConnections lets the others wait", async () => {
  await using server = start(echoOnce(), { maxConnections: 2 });
  const conns = await Promise.all([1, 2, 3, 4].map(() => connectTo(server)));
  const third = conns[2]!.read(new Uint8Array(1));
  await conns[2]!.write(bytes("3"));
  await conns[3]!.write(bytes("4"));
  assertEquals(await exchange(conns[0]!, bytes("1")), bytes("1"));
  assertEquals(await third, 1);
  assert(server.stats().active <= 2);
  for (const conn of [conns[1]!, conns[2]!, conns[3]!]) conn.close();
});

Deno.test("serve() with idleTimeout closes a connection on which nothing happens", async () => {
  await using server = start(echoOnce(), { idleTimeout: 0.2 });
  const before = performance.now();
  assertEquals((await readAll(await connectTo(server))).length, 0);
  assert(performance.now() - before >= 190);
  assertEquals(server.stats().timedOut, 1);
});

Deno.test("serve() on several addresses uses one port", async () => {
  await using server = start(echoOnce(), { hostname: ["127.0.0.1", "::1"] });
  assertEquals(server.addrs.map(({ hostname }) => hostname), ["127.0.0.1", "::1"]);
  assertEquals(server.addrs[0]!.port, server.addrs[1]!.port);
  for (const addr of server.addrs) {
    assertEquals(await exchange(await connectTo({ addr }), bytes("x")), bytes("x"));
  }
});

Deno.test('serve() on "::" serves IPv4 as well, with every assertion', async () => {
  const logger = recorder();
  await using server = start(echoOnce(), { hostname: "::", logger });
  const { port } = server.addr;
  for (const hostname of ["127.0.0.1", "::1"]) {
    const conn = await Deno.connect({ hostname, port });
    assertEquals(await exchange(conn, bytes("x")), bytes("x"));
  }
  assertEquals(server.stats().assertionFailures, 0);
  assertEquals(logger.lines.filter(([level]) => level === "error"), []);
});

Deno.test("serve() stops when its signal fires", async () => {
  const controller = new AbortController();
  const server = start(echoOnce(), { signal: controller.signal });
  controller.abort();
  await server.finished;
  await assertRejects(() => connectTo(server), Deno.errors.ConnectionRefused);
});

Deno.test("a server may be stopped while it is told of its address", async () => {
  for (const where of ["onListen", "logger"]) {
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    const logger = { ...recorder(), info: stop };
    const options = where === "logger" ? { logger } : { onListen: stop };
    await using server = start(echoOnce(), { signal: controller.signal, ...options });
    await server.finished;
    await assertRejects(() => connectTo(server), Deno.errors.ConnectionRefused);
  }
});

Deno.test("what was in the accept queue is asked to end as well, with a moment for its first data", async () => {
  const untilAsked: ConnHandler = async (conn, { signal }) => {
    const buffer = new Uint8Array(9);
    const n = await conn.read(buffer);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    await conn.write(buffer.subarray(0, n ?? 0));
  };
  const echoing = protocolHandler(() => {
    let made: Transport;
    return {
      connectionMade: (transport) => void (made = transport),
      dataReceived: (data) => made.write(data),
    };
  });
  for (const handler of [untilAsked, echoing]) {
    const server = start(handler as ConnHandler, { gracePeriod: 60 });
    const conn = await connectTo(server);
    assertEquals(server.stats().accepted, 0);
    const stopped = server.shutdown();
    await conn.write(bytes("hello"));
    assertEquals(await readAll(conn), bytes("hello"));
    await stopped;
  }
});

Deno.test("shutdown() fires the handlers' signal and waits for them", async () => {
  const begun = Promise.withResolvers<void>();
  let ended = false;
  const server = start(async (_, { signal }) => {
    begun.resolve();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    ended = true;
  });
  using _conn = await connectTo(server);
  await begun.promise;
  await server.shutdown();
  assert(ended);
});

Deno.test("a signal says why the connection is to end, and to end by it is no error", async () => {
  const reasons: string[] = [];
  const handle: ConnHandler = (_, info) =>
    new Promise((_, reject) =>
      info.signal.addEventListener("abort", () => {
        reasons.push(info.signal.reason.name);
        reject(info.signal.reason); // as what was given the signal does
      })
    );
  for (const idleTimeout of [0.1, Infinity]) {
    const server = start(handle, { idleTimeout });
    const conn = await connectTo(server);
    if (idleTimeout === Infinity) {
      while (server.stats().active === 0) await delay(1);
      await server.shutdown();
    }
    await readAll(conn);
    await server.shutdown();
    assertEquals(server.stats().errors, {}, "to end as asked is no error");
  }
  assertEquals(reasons, ["TimeoutError", "AbortError"]);
});

Deno.test("shutdown() closes after the grace period what has not ended", async () => {
  const begun = Promise.withResolvers<void>();
  const server = start(async (conn) => {
    begun.resolve();
    await conn.read(new Uint8Array(1));
  }, { gracePeriod: 0.1 });
  using conn = await connectTo(server);
  await begun.promise;
  await server.shutdown();
  assertEquals(await conn.read(new Uint8Array(1)), null);
});

testWith(
  "Linux",
  "a client that has reset costs those behind it in the queue nothing at a stop",
  async () => {
    const handle = echo();
    const server = serve({ hostname: "127.0.0.1", port: 0, maxConnections: 1 }, handle);
    const first = await connectTo(server);
    await first.write(bytes("x"));
    await first.read(new Uint8Array(1)); // it is served, and the next ones wait
    const gone = await connectTo(server);
    disconnect(socketFd(gone));
    gone.close();
    const behind = await connectTo(server);
    const answer = exchange(behind, bytes("hello"));
    const stopped = server.shutdown();
    first.close();
    await behind.closeWrite();
    assertEquals(await answer, bytes("hello"));
    await stopped;
  },
);

Deno.test("shutdown() serves what was in the accept queue", async () => {
  const release = Promise.withResolvers<void>();
  const server = start(async (conn) => {
    await release.promise;
    await conn.write(bytes("served"));
  }, { maxConnections: 1 });
  const conns = await Promise.all([1, 2, 3].map(() => connectTo(server)));
  const finished = server.shutdown();
  release.resolve();
  for (const conn of conns) assertEquals(await readAll(conn), bytes("served"));
  await finished;
  assertEquals(server.stats().accepted, 3);
});

Deno.test("stats() counts connections and bytes, also of handlers that do not count", async () => {
  await using server = start(async (conn) => {
    const n = await conn.read(new Uint8Array(100));
    await conn.write(new Uint8Array(3 * n!));
  });
  for (const size of [5, 7]) {
    const reply = await exchange(await connectTo(server), new Uint8Array(size));
    assertEquals(reply.length, 3 * size);
  }
  const { accepted, active, closed, bytesIn, bytesOut, queues, uptime } = server.stats();
  assertEquals({ accepted, active, closed, bytesIn, bytesOut }, {
    accepted: 2,
    active: 0,
    closed: 2,
    bytesIn: 12,
    bytesOut: 36,
  });
  assertEquals(queues, [{ addr: server.addr, length: 0, limit: 511 }]);
  assert(uptime > 0);
});
