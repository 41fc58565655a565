import {
  assert,
  assertEquals,
  assertMatch,
  assertObjectMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  applySettings,
  assertOption,
  getOption,
  listen,
  type ListenOptions,
  OptionAssertionError,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_TYPE,
  SocketError,
  type SocketOption,
  type SocketSettings,
  TCP_CONGESTION,
  TCP_INFO,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  TCP_QUICKACK,
  TCP_USER_TIMEOUT,
} from "../../mod.ts";
import * as sockopt from "../../mod.ts";
import { OPTION_TABLE } from "../../ffi/option_table.ts";
import { prepareListener } from "../../src/net/prepare_listener.ts";
import {
  connectTo,
  output,
  run,
  serverArgs,
  ServerProcess,
  testInNamespace,
  testWith,
  withProgram,
} from "../helpers.ts";

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

/** What lets a listener be bound to an address that this machine does not have. */
const FOREIGN: [option: SocketOption<boolean>, hostname: string][] = [
  [sockopt.IP_FREEBIND, "192.0.2.1"],
  [sockopt.IP_TRANSPARENT, "192.0.2.1"],
  [sockopt.IPV6_FREEBIND, "2001:db8::1"],
  [sockopt.IPV6_TRANSPARENT, "2001:db8::1"],
];

for (const [option, hostname] of FOREIGN) {
  const needs = option.capability === undefined ? "Linux" : "CAP_NET_ADMIN";
  testWith([needs], `listen() sets ${option.name} before bind`, () => {
    assertThrows(() => listen({ hostname }), Deno.errors.AddrNotAvailable);
    for (const reusePort of [false, true]) {
      const settings = { options: [[option, true]] } as SocketSettings;
      using listener = listen({ hostname, reusePort, settings });
      assertEquals(listener.addr.hostname, hostname);
      assertOption(listener, option, true);
      assertOption(listener, SO_REUSEPORT, reusePort);
    }
  });
}

testWith("Linux", "listen() sets IP_LOCAL_PORT_RANGE before bind", () => {
  const range = { low: 45_100, high: 45_120 };
  using listener = listen({
    hostname: "127.0.0.1",
    settings: { options: [[sockopt.IP_LOCAL_PORT_RANGE, range]] },
  });
  const { port } = listener.addr;
  assert(port >= range.low && port <= range.high, `${port}`);
});

testWith("Linux", "listen() with IP_BIND_ADDRESS_NO_PORT has a port all the same", async () => {
  using listener = listen({
    hostname: "127.0.0.1",
    settings: { options: [[sockopt.IP_BIND_ADDRESS_NO_PORT, true]] },
  });
  using _client = await connectTo(listener);
  using _conn = await listener.accept();
});

Deno.test("listen() takes SO_REUSEPORT, SO_REUSEADDR and IPV6_V6ONLY among the options of settings", async () => {
  const share = { options: [[SO_REUSEPORT, true]] } as SocketSettings;
  using first = listen({ ...local, settings: share });
  using second = listen({ ...local, port: first.addr.port, settings: share });
  assertEquals(second.addr.port, first.addr.port);
  using alone = listen({ ...local, settings: { options: [[SO_REUSEADDR, false]] } });
  assertOption(alone, SO_REUSEADDR, false);
  using ipv6 = listen({
    hostname: "::",
    settings: { options: [[sockopt.IPV6_V6ONLY, true]] },
  });
  const { port } = ipv6.addr;
  await assertRejects(
    () => Deno.connect({ hostname: "127.0.0.1", port }),
    Deno.errors.ConnectionRefused,
  );
});

testInNamespace(
  "listen() sets SO_BINDTODEVICE and SO_BINDTOIFINDEX before bind",
  async (inside) => {
    await output(...inside, "ip", "link", "add", "one", "type", "veth", "peer", "name", "two");
    const flags = ["--host", "0.0.0.0", "--no-reuse-port"];
    await using first = await ServerProcess.start(
      [...flags, "--option", "SO_BINDTODEVICE=lo"],
      inside,
    );
    const port = ["--port", `${first.port}`];
    await using second = await ServerProcess.start(
      [...flags, ...port, "--option", "SO_BINDTODEVICE=one"],
      inside,
    );
    const link = JSON.parse(await output(...inside, "ip", "-j", "link", "show", "two"));
    const option = ["--option", `SO_BINDTOIFINDEX=${link[0].ifindex}`];
    await using third = await ServerProcess.start([...flags, ...port, ...option], inside);
    assertEquals([second.port, third.port], [first.port, first.port]);
    const lines = (await output(...inside, "ss", "-Htln", `sport = :${first.port}`)).trim().split(
      "\n",
    );
    assertEquals(
      lines.map((line) => line.split(/\s+/)[3]).toSorted(),
      ["lo", "one", "two"].map((device) => `0.0.0.0%${device}:${first.port}`),
    );
    const [program, ...args] = [...inside, Deno.execPath(), ...serverArgs([...flags, ...port])];
    const { code, stderr } = await run(program!, args);
    assertEquals(code, 1);
    assertMatch(stderr, /in use/);
  },
  ["ss"],
);

Deno.test("every option that must be set before bind is tried here", async () => {
  const text = await Deno.readTextFile(new URL(import.meta.url));
  const early = OPTION_TABLE.filter(({ setBefore }) => setBefore === "bind");
  assert(early.length >= 10, `${early.length}`);
  for (const { name } of early) assert(text.includes(name), name);
});

Deno.test("an option that the kernel refuses before bind is told by its name, and leaves no listener", () => {
  const free = listen(local);
  const { port } = free.addr;
  free.close();
  const settings: SocketSettings = { options: [[sockopt.SO_BINDTODEVICE, "no-such-device"]] };
  const error = assertThrows(() => listen({ ...local, port, settings }), SocketError);
  assert(error.option === "SO_BINDTODEVICE", error.message);
  listen({ ...local, port }).close();
});

/** A port that is free now. */
function freePort(): number {
  using listener = Deno.listen(local);
  return listener.addr.port;
}

testWith(
  "unstable net",
  "where no socket is bound twice, Deno's own reusePort loses no setting",
  () => {
    // a socket keeps a port that it was bound to by its number, and so cannot be bound again
    const { listener, fd } = prepareListener(
      { ...local, port: freePort(), reusePort: true, settings: { receiveBufferSize: 50_000 } },
      (to) => Deno.listen({ ...to, port: to.port || freePort() }),
    );
    assertOption(fd, SO_REUSEPORT, true);
    assertOption(fd, SO_RCVBUF, 50_000);
    listener.close();
  },
);

/** Runs a program with the permission for a few addresses alone, and gives what it said. */
async function withNet(net: string, options: ListenOptions, denied?: string): Promise<string> {
  const program = `
    import { listen } from "${new URL("../../mod.ts", import.meta.url).href}";
    const { hostname, port } = listen(${JSON.stringify(options)}).addr;
    console.log(hostname, port);
    Deno.exit();
  `;
  return await withProgram(program, async (file) => {
    const flags = ["run", "--no-check", net === "" ? "--allow-net" : `--allow-net=${net}`];
    if (denied !== undefined) flags.push(`--deny-net=${denied}`);
    const { stdout, stderr } = await run(Deno.execPath(), [...flags, "--allow-ffi", file]);
    return stdout + (/NotCapable: (.*)/.exec(stderr)?.[1] ?? stderr);
  });
}

Deno.test("listen() works with the permission for its address, or names the one that it takes", async () => {
  const port = freePort();
  const host = `127.0.0.1:${port}`;
  const options = { hostname: "127.0.0.1", port };
  assertEquals(await withNet(host, options), `127.0.0.1 ${port}\n`);
  const shared = { ...options, reusePort: true };
  assertEquals(
    await withNet(host, shared),
    `sharing a port takes --allow-net, or --allow-net=${host},127.0.0.1:0 for no more than that`,
  );
  assertEquals(await withNet(`${host},127.0.0.1:0`, shared), `127.0.0.1 ${port}\n`);
  assertEquals(
    await withNet("127.0.0.1:1", options),
    `listening on ${host} takes --allow-net, or --allow-net=${host} for no more than that`,
  );
});

Deno.test("listen() opens no port that is denied, under whatever name", async () => {
  const port = freePort();
  for (const hostname of ["localhost", "127.1"]) {
    for (const more of [{}, { reusePort: true }, { settings: { receiveBufferSize: 50_000 } }]) {
      const said = await withNet(
        "",
        { hostname, port, ...more },
        `127.0.0.1:${port},[::1]:${port}`,
      );
      assertMatch(
        said,
        /^(listening on|cannot listen on) \S+:\d+(: Requires net access to| is denied)/,
      );
    }
  }
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
