import { assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import {
  applySettings,
  assertOption,
  getOption,
  listen,
  OptionAssertionError,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_TYPE,
  SocketError,
  TCP_CONGESTION,
  TCP_INFO,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  TCP_QUICKACK,
  TCP_USER_TIMEOUT,
} from "../../mod.ts";
import { connectTo } from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };

Deno.test("listen() puts every setting in force, and connections inherit it", async () => {
  using listener = listen({
    ...local,
    reusePort: true,
    settings: {
      receiveBufferSize: 40_000,
      sendBufferSize: 30_000,
      noDelay: true,
      quickAck: true,
      keepAlive: { idle: 11, interval: 12, count: 3 },
      userTimeout: 9_000,
      linger: 4,
      congestion: "reno",
      options: [[SO_LINGER, 5]],
    },
  });
  using _client = await connectTo(listener);
  using conn = await listener.accept();
  for (const socket of [listener, conn]) {
    assertOption(socket, SO_TYPE, "stream");
    assertOption(socket, SO_REUSEADDR, true);
    assertOption(socket, SO_REUSEPORT, true);
    assertOption(socket, SO_RCVBUF, 40_000);
    assertOption(socket, SO_SNDBUF, 30_000);
    assertOption(socket, TCP_NODELAY, true);
    assertOption(socket, TCP_QUICKACK, true);
    assertOption(socket, SO_KEEPALIVE, true);
    assertOption(socket, TCP_KEEPIDLE, 11);
    assertOption(socket, TCP_KEEPINTVL, 12);
    assertOption(socket, TCP_KEEPCNT, 3);
    assertOption(socket, TCP_USER_TIMEOUT, 9_000);
    assertOption(socket, SO_LINGER, 5);
    assertOption(socket, TCP_CONGESTION, "reno");
  }
});

Deno.test("listen() sets the backlog, and warns where the kernel caps it", () => {
  const warnings: unknown[] = [];
  const warn = (message: string, properties?: unknown): void =>
    void warnings.push([message, properties]);
  const logger = { ...console, warn };
  using short = listen({ ...local, backlog: 9, logger });
  assertEquals(getOption(short, TCP_INFO).sacked, 9);
  assertEquals(warnings, []);

  using long = listen({ ...local, backlog: 1_000_000, logger });
  const limit = getOption(long, TCP_INFO).sacked;
  const note = `capped at ${limit} by net.core.somaxconn; ` +
    "to raise it: sysctl -w net.core.somaxconn=1000000";
  assertEquals(warnings, [[
    `backlog: expected 1000000, got ${limit} (${note})`,
    {
      event: "setting_changed",
      option: "backlog",
      requested: 1_000_000,
      effective: limit,
      limit,
      note,
    },
  ]]);
});

Deno.test("listen() that fails leaves no listener behind", () => {
  using taken = Deno.listen(local);
  const { port } = taken.addr;
  assertThrows(() => listen({ hostname: "127.0.0.1", port }), Deno.errors.AddrInUse);
  const free = Deno.listen(local);
  const address = { hostname: "127.0.0.1", port: free.addr.port };
  free.close();
  assertObjectMatch(
    assertThrows(
      () => listen({ ...address, strict: true, settings: { receiveBufferSize: 2 ** 30 } }),
      OptionAssertionError,
    ),
    { option: "SO_RCVBUF", expected: 2 ** 30 },
  );
  assertEquals(
    assertThrows(() => listen({ ...address, settings: { congestion: "none" } }), SocketError)
      .option,
    "TCP_CONGESTION",
  );
  listen(address).close();
});

Deno.test("applySettings() reports what was asked, what is, and the limit", async () => {
  using listener = Deno.listen(local);
  using client = await connectTo(listener);
  const [capped, raised, fine] = applySettings(client, {
    receiveBufferSize: 2 ** 30,
    sendBufferSize: 1,
    userTimeout: 1234,
  });
  const effective = getOption(client, SO_RCVBUF);
  assertEquals(capped, {
    option: "SO_RCVBUF",
    requested: 2 ** 30,
    effective,
    limit: effective / 2,
    ok: false,
    note: `capped at ${effective / 2} by net.core.rmem_max; ` +
      "to raise it: sysctl -w net.core.rmem_max=1073741824",
  });
  assertEquals(raised, {
    option: "SO_SNDBUF",
    requested: 1,
    effective: getOption(client, SO_SNDBUF),
    ok: false,
    note: "raised to the kernel's least size",
  });
  assertEquals(fine, {
    option: "TCP_USER_TIMEOUT",
    requested: 1234,
    effective: 1234,
    ok: true,
  });
});
