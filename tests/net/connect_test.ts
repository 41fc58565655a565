import {
  assert,
  assertEquals,
  assertMatch,
  assertObjectMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  assertOption,
  connect,
  type ConnectOptions,
  getOption,
  listen,
  openSockets,
  OptionAssertionError,
  SO_COOKIE,
  SO_KEEPALIVE,
  SO_RCVBUF,
  SO_SNDBUF,
  SocketError,
  socketFd,
  TCP_CONGESTION,
  TCP_INFO,
  TCP_KEEPIDLE,
  TCP_NODELAY,
  TCP_SYNCNT,
  TCP_USER_TIMEOUT,
} from "../../mod.ts";
import {
  bytes,
  output,
  readAll,
  ROOT,
  run,
  Strace,
  testInNamespace,
  testWith,
  withProgram,
} from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };

/** Runs a program inside a namespace, which is given the module and prints JSON. */
async function inside(command: string[], program: string): Promise<unknown> {
  const text = `import * as sockopt from "${ROOT}mod.ts";
const { connect, getOption } = sockopt;
const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
/** What becomes of connecting, and after how many seconds. */
async function outcome(options) {
  const before = performance.now();
  const { name = "connected", code, message } = await connect(options).catch((error) => error);
  const seconds = (performance.now() - before) / 1000;
  return { name, code, message, seconds };
}
${program}`;
  return await withProgram(text, async (file) => {
    const deno = [Deno.execPath(), "run", "--allow-all", "--no-lock", file];
    return JSON.parse(await output(...command, ...deno));
  });
}

/** From now on what is sent to a port of 127.0.0.1 is lost. */
async function dropAllTo(command: string[], port: number): Promise<void> {
  await output(...command, "nft", "add", "table", "inet", "test");
  const chain = "{ type filter hook input priority 0; }";
  await output(...command, "nft", "add", "chain", "inet", "test", "input", chain);
  await output(
    ...command,
    ...["nft", "add", "rule", "inet", "test", "input", "tcp", "dport", `${port}`, "drop"],
  );
}

interface Outcome {
  readonly name: string;
  readonly code?: string;
  readonly message?: string;
  readonly seconds: number;
}

Deno.test("connect() gives a connection of Deno's own, with right addresses", async () => {
  using listener = Deno.listen(local);
  using conn = await connect({ port: listener.addr.port });
  using accepted = await listener.accept();
  assertEquals(conn.localAddr, accepted.remoteAddr);
  assertEquals(conn.remoteAddr, accepted.localAddr);
  assertEquals(Object.getPrototypeOf(conn), Object.getPrototypeOf(accepted));

  await conn.write(bytes("one"));
  const buffer = new Uint8Array(8);
  assertEquals(await accepted.read(buffer), 3);
  await accepted.write(bytes("two"));
  assertEquals(await conn.read(buffer), 3);
  conn.setNoDelay(true);
  assertOption(conn, TCP_NODELAY, true);
  conn.setKeepAlive(true);
  assertOption(conn, SO_KEEPALIVE, true);

  const writer = conn.writable.getWriter();
  await writer.write(bytes("three"));
  await accepted.write(bytes("four"));
  await accepted.closeWrite();
  assertEquals(new TextDecoder().decode(await readAll(conn)), "four");
  assertEquals(await accepted.read(buffer), 5);
});

Deno.test("connect() takes IPv4, IPv6, IPv4 that is mapped, brackets, and names", async () => {
  for (
    const [hostname, listens, remote = hostname] of [
      ["127.0.0.1", "127.0.0.1"],
      ["127.0.0.5", "0.0.0.0"],
      ["::1", "::1"],
      ["[::1]", "::1", "::1"],
      ["::ffff:127.0.0.1", "127.0.0.1"],
      ["localhost", "127.0.0.1", "127.0.0.1"],
    ]
  ) {
    using listener = Deno.listen({ hostname: listens!, port: 0 });
    using conn = await connect({ hostname, port: listener.addr.port });
    using accepted = await listener.accept();
    assertEquals(conn.remoteAddr, {
      transport: "tcp",
      hostname: remote!,
      port: listener.addr.port,
    });
    assertEquals(conn.localAddr.port, accepted.remoteAddr.port);
    await conn.write(bytes("hello"));
    assertEquals(await accepted.read(new Uint8Array(8)), 5);
  }
});

testWith("strace", "connect() sets all before it binds, and binds before it connects", async () => {
  using strace = new Strace("setsockopt,bind,connect");
  const program = `
    import { connect, IP_BIND_ADDRESS_NO_PORT, IP_TOS, SO_REUSEADDR } from "${ROOT}mod.ts";
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    using conn = await connect({
      hostname: "127.0.0.1",
      port: listener.addr.port,
      localAddress: "127.0.0.7",
      settings: {
        receiveBufferSize: 5000,
        synRetries: 1,
        options: [[SO_REUSEADDR, true], [IP_TOS, 16]],
      },
    });
    console.log(listener.addr.port, conn.localAddr.hostname);`;
  await withProgram(program, async (file) => {
    const deno = [Deno.execPath(), "run", "--allow-net", "--allow-ffi", "--no-lock", file];
    const [port, from] = (await output(...strace.command, ...deno)).trim().split(" ");
    assertEquals(from, "127.0.0.7");
    const lines = await strace.lines();
    const at = (pattern: RegExp): number => {
      const found = lines.findIndex((line) => pattern.test(line));
      assert(found >= 0, `${pattern}: ${lines.join("\n")}`);
      return found;
    };
    const steps = [
      at(/AF_UNSPEC/),
      at(/SO_RCVBUF, \[5000\]/),
      at(/TCP_SYNCNT, \[1\]/),
      lines.findLastIndex((line) => /SO_REUSEADDR, \[1\]/.test(line)),
      at(/IP_TOS, \[16\]/),
      at(/bind\(.*"127\.0\.0\.7"/),
      at(new RegExp(`connect\\(.*sin_port=htons\\(${port}\\)`)),
    ];
    assertEquals(steps, steps.toSorted((a, b) => a - b));
    // and nothing else was sent there
    assertEquals(lines.filter((line) => line.includes(`sin_port=htons(${port})`)).length, 1);
  });
});

testWith("strace", "connect() that fails touches no descriptor after it has waited", async () => {
  using strace = new Strace("shutdown,setsockopt,connect,getsockopt");
  const program = `
    import { connect } from "${ROOT}mod.ts";
    const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = closed.addr;
    closed.close();
    await connect({ port }).catch(() => console.log(port));`;
  await withProgram(program, async (file) => {
    const deno = [Deno.execPath(), "run", "--allow-net", "--allow-ffi", "--no-lock", file];
    const port = (await output(...strace.command, ...deno)).trim();
    const lines = await strace.lines();
    const sent = lines.findIndex((line) => line.includes(`sin_port=htons(${port})`));
    assert(sent >= 0);
    // Deno asks what has become of it; by the time that this package hears of that, the number may be another socket's
    const after = lines.slice(sent + 1).filter((line) =>
      /^(shutdown|setsockopt|connect|get)/.test(line)
    );
    assertEquals(after.length, 1, after.join("\n"));
    assertMatch(after[0]!, /SO_ERROR, \[ECONNREFUSED\]/);
  });
});

testWith("ss", "connect() has every setting in force, and the handshake shows it", async () => {
  using listener = Deno.listen(local);
  const { port } = listener.addr;
  using conn = await connect({
    port,
    settings: {
      receiveBufferSize: 5_000,
      sendBufferSize: 20_000,
      noDelay: true,
      keepAlive: { idle: 33 },
      userTimeout: 9_000,
      synRetries: 2,
      congestion: "reno",
    },
  });
  assertOption(conn, SO_RCVBUF, 5_000);
  assertOption(conn, SO_SNDBUF, 20_000);
  assertOption(conn, TCP_NODELAY, true);
  assertOption(conn, TCP_KEEPIDLE, 33);
  assertOption(conn, TCP_USER_TIMEOUT, 9_000);
  assertOption(conn, TCP_SYNCNT, 2);
  assertOption(conn, TCP_CONGESTION, "reno");
  // a window of 10,000 bytes needs no scale, and it is agreed on with the SYN alone
  const ours = await output("ss", "-Htno", "-i", `sport = :${conn.localAddr.port}`);
  assertMatch(ours, /wscale:\d+,0/);
  assertMatch(ours, /timer:\(keepalive,3\dsec/);
  using late = await Deno.connect({ hostname: "127.0.0.1", port });
  const theirs = await output("ss", "-Htn", "-i", `sport = :${late.localAddr.port}`);
  assertMatch(theirs, /wscale:\d+,[1-9]/);
});

/** A port that is free, and that the kernel picks for nobody: it picks from 32768 up. */
function unusedPort(): number {
  for (;;) {
    const port = 10_000 + Math.floor(20_000 * Math.random());
    try {
      Deno.listen({ hostname: "0.0.0.0", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

testWith("ss", "connect() connects from the address and the port that are asked for", async () => {
  using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  const { port } = listener.addr;
  const localPort = unusedPort();
  for (
    const from of [{ localAddress: "127.0.0.3" }, { localPort }, {
      localAddress: "127.0.0.4",
      localPort,
    }]
  ) {
    using conn = await connect({ port, ...from });
    using accepted = await listener.accept();
    if (from.localAddress !== undefined) {
      assertEquals(accepted.remoteAddr.hostname, from.localAddress);
    }
    if (from.localPort !== undefined) assertEquals(accepted.remoteAddr.port, localPort);
    assertEquals(conn.localAddr, accepted.remoteAddr);
    const { hostname, port: ours } = conn.localAddr;
    const line = await output("ss", "-Htn", "src", `${hostname}:${ours}`, "dst", `:${port}`);
    assertMatch(line, /ESTAB/);
  }
  const taken = await assertRejects(
    () => connect({ port, localAddress: "127.0.0.1", localPort: port }),
    Deno.errors.AddrInUse,
  );
  assertObjectMatch(taken, { code: "EADDRINUSE" });
  const foreign = await assertRejects(
    () => connect({ port, localAddress: "192.0.2.1" }),
    Deno.errors.AddrNotAvailable,
    "from 192.0.2.1",
  );
  assertObjectMatch(foreign, { code: "EADDRNOTAVAIL" });
  await assertRejects(
    () => connect({ port, localAddress: "::1" }),
    Deno.errors.AddrNotAvailable,
    "no address of that family",
  );
});

Deno.test("connect() fails as Deno.connect() does, with the code and the address", async () => {
  const open = openFds();
  const closed = Deno.listen(local);
  const { port } = closed.addr;
  closed.close();
  const theirs = await assertRejects(
    () => Deno.connect({ hostname: "127.0.0.1", port }),
    Deno.errors.ConnectionRefused,
  );
  const ours = await assertRejects(() => connect({ port }), Deno.errors.ConnectionRefused);
  assertObjectMatch(ours, { code: "ECONNREFUSED", name: theirs.name });
  assertMatch(ours.message, new RegExp(`cannot connect to 127\\.0\\.0\\.1:${port}: `));

  const noName = await assertRejects(
    () => connect({ hostname: "no-such-host.invalid", port }),
    Deno.errors.NotFound,
    `no-such-host.invalid:${port}`,
  );
  assertObjectMatch(noName, { code: "EAI_NONAME" });
  assertEquals(openFds(), open);
});

/** How many descriptors this process has open. */
function openFds(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

Deno.test("connect() refuses what is none before it opens anything, by name, value and range", async () => {
  using listener = Deno.listen(local);
  const { port } = listener.addr;
  for (
    const [options, Kind, message] of [
      [{}, TypeError, "connect(): port: expected a whole number"],
      [{ port: 0 }, RangeError, "connect(): port: expected a whole number from 1 to 65535, got 0"],
      [{ port: "80" }, TypeError, 'connect(): port: expected a whole number, got "80"'],
      [{ port, hostname: "" }, TypeError, 'expected a name or an address, got ""'],
      [{ port, hostname: "a\0b" }, TypeError, "connect(): hostname"],
      [{ port, localAddress: "localhost" }, TypeError, "connect(): localAddress"],
      [{ port, localPort: 65_536 }, RangeError, "connect(): localPort"],
      [{ port, timeout: 0 }, RangeError, "connect(): timeout: expected a number of seconds"],
      [{ port, signal: {} }, TypeError, "connect(): signal: expected an AbortSignal"],
      [{ port, host: "x" }, TypeError, 'connect(): there is no option "host"'],
      [{ port, settings: { keepAlive: { idle: 1.5 } } }, RangeError, "TCP_KEEPIDLE"],
      [{ port, settings: { noDelay: 1 } }, TypeError, "TCP_NODELAY"],
    ] as [ConnectOptions, typeof TypeError, string][]
  ) {
    await assertRejects(() => connect(options), Kind, message, JSON.stringify(options));
  }
});

Deno.test("connect() tells what the kernel makes of a setting, and what it refuses", async () => {
  using listener = Deno.listen(local);
  const { port } = listener.addr;
  const open = openFds();
  const settings = { receiveBufferSize: 2 ** 30 };
  await assertRejects(() => connect({ port, settings, strict: true }), OptionAssertionError);
  const refused = await assertRejects(
    () => connect({ port, settings: { congestion: "none-such" } }),
    SocketError,
    "TCP_CONGESTION",
  );
  assertEquals(refused.code, "ENOENT");
  assertEquals(openFds(), open, "what was refused is closed");
  const warnings: unknown[] = [];
  const nothing = (): void => {};
  const logger = {
    ...{ debug: nothing, info: nothing, error: nothing },
    warn: (_: string, properties?: object) => warnings.push(properties),
  };
  using conn = await connect({ port, settings, logger });
  assertEquals(getOption(conn, TCP_INFO).state, "established");
  assertObjectMatch(warnings[0]!, { event: "setting_changed", option: "SO_RCVBUF" });
});

Deno.test("connect() leaves no descriptor behind, in a row and at once, and none is another's", async () => {
  const before = openFds();
  {
    using listener = listen({ ...local, backlog: 4096 });
    const { port } = listener.addr;
    const each = async (conn: Deno.TcpConn): Promise<void> => {
      using accepted = conn;
      await accepted.write(bytes(`${accepted.remoteAddr.port}`));
    };
    const serving = (async (): Promise<void> => {
      for await (const conn of listener) await each(conn);
    })();
    const visit = async (): Promise<bigint> => {
      using conn = await connect({ port, settings: { noDelay: true } });
      const cookie = getOption(conn, SO_COOKIE);
      const buffer = new Uint8Array(8);
      const n = await conn.read(buffer);
      assertEquals(new TextDecoder().decode(buffer.subarray(0, n!)), `${conn.localAddr.port}`);
      assertEquals(getOption(conn, SO_COOKIE), cookie);
      assertOption(conn, TCP_NODELAY, true);
      return cookie;
    };
    const cookies = new Set<bigint>();
    for (let i = 0; i < 1000; i++) cookies.add(await visit());
    for (const cookie of await Promise.all(Array.from({ length: 400 }, visit))) cookies.add(cookie);
    assertEquals(cookies.size, 1400);
    listener.close();
    await serving;
  }
  assertEquals(openFds(), before);
});

Deno.test("connect() in several threads at once: each connection is its own thread's", async () => {
  using listener = listen({ ...local, backlog: 4096 });
  const serving = (async (): Promise<void> => {
    for await (const conn of listener) {
      using accepted = conn;
      await accepted.write(bytes(`${accepted.remoteAddr.port}`));
    }
  })();
  const url = new URL("connect_worker.ts", import.meta.url);
  const workers = [1, 2, 3, 4].map(() => new Worker(url, { type: "module" }));
  const wrong = await Promise.all(workers.map((worker) =>
    new Promise<number>((resolve, reject) => {
      worker.onmessage = ({ data }): void => resolve(data);
      worker.onerror = (event): void => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      worker.postMessage(listener.addr.port);
    })
  ));
  workers.forEach((worker) => worker.terminate());
  assertEquals(wrong, [0, 0, 0, 0]);
  listener.close();
  await serving;
});

Deno.test("connect() is aborted by its signal before it begins, and an open connection is not touched", async () => {
  using listener = Deno.listen(local);
  const { port } = listener.addr;
  const reason = new Error("not wanted");
  const error = await assertRejects(() => connect({ port, signal: AbortSignal.abort(reason) }));
  assertEquals(error, reason);
  const controller = new AbortController();
  using conn = await connect({ port, signal: controller.signal, timeout: 0.2 });
  using accepted = await listener.accept();
  controller.abort();
  await new Promise((resolve) => setTimeout(resolve, 250));
  await conn.write(bytes("hello"));
  assertEquals(await accepted.read(new Uint8Array(8)), 5);
});

Deno.test("connect() leaves no connection open that is made in the moment of its abort", async () => {
  using listener = Deno.listen(local);
  const { port } = listener.addr;
  const serving = (async (): Promise<void> => {
    for await (const conn of listener) conn.close();
  })();
  let aborted = 0;
  for (let round = 0; round < 100; round++) {
    const controller = new AbortController();
    const { signal } = controller;
    setTimeout(() => controller.abort(), round % 3);
    const visit = (): Promise<void> =>
      connect({ port, signal }).then((conn) => conn.close(), (error) => {
        assertEquals(error, signal.reason);
        aborted++;
      });
    await Promise.all(Array.from({ length: 20 }, visit));
  }
  assert(aborted > 0);
  const left = openSockets().filter(({ remoteAddr }) =>
    remoteAddr?.transport === "tcp" && remoteAddr.port === port
  );
  assertEquals(left, []);
  listener.close();
  await serving;
});

testInNamespace(
  "connect() with SYNs dropped: abort, time-out, TCP_SYNCNT, TCP_USER_TIMEOUT",
  async (command) => {
    await dropAllTo(command, 7777);
    const [aborted, late, few, impatient, names, left] = await inside(
      command,
      `
const to = { hostname: "127.0.0.1", port: 7777 };
const results = await Promise.all([
  outcome({ ...to, signal: AbortSignal.timeout(300) }),
  outcome({ ...to, timeout: 0.4 }),
  outcome({ ...to, settings: { synRetries: 1 } }),
  outcome({ ...to, settings: { userTimeout: 1500 } }),
]);
const before = open();
const late = await Promise.all(Array.from({ length: 300 }, () => outcome({ ...to, timeout: 0.5 })));
console.log(JSON.stringify([...results, late.map(({ name }) => name), open() - before]));`,
    ) as [Outcome, Outcome, Outcome, Outcome, string[], number];
    assertEquals(aborted.name, "TimeoutError"); // the reason of the signal
    assert(aborted.seconds < 5, `${aborted.seconds}`);
    assertObjectMatch(late, { name: "TimedOut", code: "ETIMEDOUT" });
    assertMatch(late.message!, /cannot connect to 127\.0\.0\.1:7777: no answer in 0\.4 s/);
    assert(late.seconds < 5, `${late.seconds}`);
    assertObjectMatch(few, { name: "TimedOut", code: "ETIMEDOUT" });
    assert(few.seconds > 2.5 && few.seconds < 6.5, `${few.seconds}`);
    assertObjectMatch(impatient, { name: "TimedOut", code: "ETIMEDOUT" });
    assert(impatient.seconds > 1.2 && impatient.seconds < 6, `${impatient.seconds}`);
    assertEquals(new Set(names), new Set(["TimedOut"]));
    assertEquals(left, 0, "all are closed");
  },
  ["nft"],
);

testInNamespace("connect() says that a network or a host cannot be reached", async (command) => {
  await output(...command, "ip", "link", "add", "one", "type", "veth", "peer", "name", "two");
  await output(...command, "ip", "addr", "add", "192.0.2.1/24", "dev", "one");
  await output(...command, "ip", "link", "set", "one", "up");
  await output(...command, "ip", "link", "set", "two", "up");
  await output(...command, "ip", "route", "add", "prohibit", "203.0.113.0/24");
  const [network, host, prohibited] = await inside(
    command,
    `
console.log(JSON.stringify([
  await outcome({ hostname: "198.51.100.1", port: 7 }),
  await outcome({ hostname: "192.0.2.9", port: 7 }),
  await outcome({ hostname: "203.0.113.1", port: 7 }),
]));`,
  ) as Outcome[];
  assertObjectMatch(network!, { name: "NetworkUnreachable", code: "ENETUNREACH" });
  assertMatch(network!.message!, /198\.51\.100\.1:7/);
  assertObjectMatch(host!, { name: "Error", code: "EHOSTUNREACH" });
  assertObjectMatch(prohibited!, { name: "PermissionDenied", code: "EACCES" });
});

testInNamespace(
  "connect() tries the addresses of a name: the first that answers is taken",
  async (command) => {
    await output(...command, "nft", "add", "table", "inet", "test");
    const chain = "{ type filter hook input priority 0; }";
    await output(...command, "nft", "add", "chain", "inet", "test", "input", chain);
    const rule = "ip daddr 127.0.0.2 drop";
    await output(...command, "nft", "add", "rule", "inet", "test", "input", ...rule.split(" "));
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(
        `${folder}/hosts`,
        "::1 both\n127.0.0.1 both\n127.0.0.2 silent\n127.0.0.3 silent\n127.0.0.1 none\n127.0.0.5 none\n::1 none\n",
      );
      const mount = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        `mount --bind ${folder}/hosts /etc/hosts && exec "$@"`,
        "sh",
      ];
      const [both, from, none, bothSeconds, [silent, left]] = await inside(
        [...command, ...mount],
        `
using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
const { port } = listener.addr;
const from = await connect({ hostname: "both", port, localAddress: "127.0.0.8" });
const both = await connect({ hostname: "both", port });
const seconds = [];
for (let i = 0; i < 5; i++) {
  seconds.push((await outcome({ hostname: "both", port })).seconds);
}
const none = await outcome({ hostname: "none", port: 1 });
const left = open();
const silent = [await outcome({ hostname: "silent", port }), open() - left - 1];
console.log(JSON.stringify([both.remoteAddr.hostname, from.localAddr.hostname, none, Math.min(...seconds), silent]));
Deno.exit();`,
      ) as [string, string, Outcome, number, [Outcome, number]];
      assertEquals(both, "127.0.0.1");
      assert(bothSeconds < 0.25, "one that refuses is not waited for"); // the least of five
      assertEquals(from, "127.0.0.8");
      assertEquals(silent.name, "connected");
      assert(silent.seconds > 0.2 && silent.seconds < 5, `${silent.seconds}`);
      assertEquals(left, 0, "the one that is silent is closed");
      assertObjectMatch(none, { name: "ConnectionRefused", code: "ECONNREFUSED" });
      for (const each of ["127.0.0.1:1", "127.0.0.5:1", "[::1]:1", "none:1"]) {
        assert(none.message!.includes(each), none.message);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
  ["nft", "unshare", "mount"],
);

testInNamespace("connect() with SO_BINDTODEVICE and SO_MARK: the SYN has them", async (command) => {
  await output(...command, "nft", "add", "table", "inet", "test");
  const chain = "{ type filter hook output priority 0; }";
  await output(...command, "nft", "add", "chain", "inet", "test", "output", chain);
  const rule = "tcp flags & (syn | ack) == syn meta mark 77 counter";
  await output(...command, "nft", "add", "rule", "inet", "test", "output", ...rule.split(" "));
  await output(...command, "ip", "link", "add", "one", "type", "veth", "peer", "name", "two");
  const [bound, elsewhere, ss] = await inside(
    command,
    `
using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const { port } = listener.addr;
const to = { hostname: "127.0.0.1", port };
const onDevice = (name) => ({ ...to, settings: { options: [[sockopt.SO_BINDTODEVICE, name]] } });
using bound = await connect(onDevice("lo"));
const elsewhere = await outcome(onDevice("one"));
using marked = await connect({ ...to, settings: { options: [[sockopt.SO_MARK, 77]] } });
const { stdout } = new Deno.Command("ss", { args: ["-Htn", "sport", "=", ":" + bound.localAddr.port] }).outputSync();
console.log(JSON.stringify([
  getOption(bound, sockopt.SO_BINDTODEVICE), elsewhere, new TextDecoder().decode(stdout),
]));
Deno.exit();`,
  ) as [string, Outcome, string];
  assertEquals(bound, "lo");
  assertMatch(ss, /127\.0\.0\.1%lo:/);
  assertEquals(elsewhere.code, "ENETUNREACH");
  const rules = await output(...command, "nft", "list", "table", "inet", "test");
  assertMatch(rules, /counter packets 1 /, "one SYN, and no other packet, had the mark");
}, ["nft", "ss", "CAP_NET_ADMIN"]);

testInNamespace(
  "connect() with TCP_FASTOPEN_CONNECT: the second SYN carries data",
  async (command) => {
    const program = `
Deno.writeTextFileSync("/proc/sys/net/ipv4/tcp_fastopen", "3");
using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
sockopt.setOption(listener, sockopt.TCP_FASTOPEN, 16);
const { port } = listener.addr;
const results = [];
const before = open();
const text = ({ transport, hostname, port }) => [transport, hostname, port].join(" ");
for (let i = 0; i < 3; i++) {
  const options = [[sockopt.TCP_FASTOPEN_CONNECT, true]];
  using conn = await connect({
    hostname: "127.0.0.1", port, localAddress: "127.0.0.6", settings: { options, receiveBufferSize: 5000 },
  });
  await conn.write(new TextEncoder().encode("hello"));
  using accepted = await listener.accept();
  const buffer = new Uint8Array(8);
  const n = await accepted.read(buffer);
  await accepted.write(buffer);
  await conn.read(buffer);
  const { options: told, rcvWscale } = getOption(conn, sockopt.TCP_INFO);
  results.push({
    n, synData: told.synData, rcvWscale,
    sameLocal: text(conn.localAddr) === text(accepted.remoteAddr),
    sameRemote: text(conn.remoteAddr) === text(accepted.localAddr),
  });
}
console.log(JSON.stringify([results, open() - before]));`;
    const [results, left] = await inside(command, program) as [object[], number];
    const same = { n: 5, rcvWscale: 0, sameLocal: true, sameRemote: true };
    assertEquals(results, [
      { ...same, synData: false },
      { ...same, synData: true },
      { ...same, synData: true },
    ]);
    assertEquals(left, 0);
    const counters = await output(...command, "cat", "/proc/net/netstat");
    const [names, values] = counters.split("\n").map((line) => line.split(" "));
    assertEquals(values![names!.indexOf("TCPFastOpenActive")], "2");
  },
  ["root"],
);

/** Runs a program with some permissions, which connects to a port of 127.0.0.1. */
async function withPermissions(flags: string[], hostname = "127.0.0.1"): Promise<string> {
  using listener = Deno.listen(local);
  const port = `${listener.addr.port}`;
  const program = `import { connect } from "${ROOT}mod.ts";
    const options = { hostname: "${hostname}", port: Number(Deno.args[0]) };
    const result = await connect(options).catch((error) => error);
    console.log(result instanceof Error ? result.name + ": " + result.message : "connected");
    Deno.exit();`;
  return await withProgram(program, async (file) => {
    const args = [
      "run",
      "--allow-ffi",
      "--no-lock",
      "--no-prompt",
      ...flags.map((flag) => flag.replace("PORT", port)),
      file,
      port,
    ];
    const { stdout, stderr } = await run(Deno.execPath(), args);
    return stdout.trim() + stderr;
  });
}

Deno.test("connect() takes --allow-net and --allow-ffi, or no more than it names", async () => {
  assertEquals(await withPermissions(["--allow-net"]), "connected");
  assertEquals(await withPermissions(["--allow-net=127.0.0.1"]), "connected");
  assertEquals(
    await withPermissions(["--allow-net=localhost:PORT,127.0.0.1"], "localhost"),
    "connected",
  );
  assertMatch(
    await withPermissions([]),
    /^NotCapable: connecting to 127\.0\.0\.1:(\d+) takes --allow-net, or --allow-net=127\.0\.0\.1:\1,127\.0\.0\.1 for no more than that$/,
  );
  assertMatch(
    await withPermissions(["--allow-net=127.0.0.1:PORT"]),
    /^NotCapable: connect\(\) takes --allow-net, or 127\.0\.0\.1 in its list/,
  );
  assertMatch(await withPermissions(["--allow-net=localhost"]), /^NotCapable: connecting to/);
  // FFI does not get around what Deno denies
  for (const hostname of ["127.0.0.1", "localhost", "127.1", "2130706433"]) {
    assertMatch(
      await withPermissions(["--allow-net", "--deny-net=127.0.0.1:PORT"], hostname),
      /^NotCapable: /,
      hostname,
    );
  }
});

testWith(
  ["runsc", "root"],
  "connect() says so on a kernel that connects no socket twice",
  async () => {
    const program = `import { connect } from "${ROOT}mod.ts";
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const error = await connect({ port: listener.addr.port }).catch((error) => error);
    console.log(error.name + ": " + error.message);
    Deno.exit();`;
    await withProgram(program, async (file) => {
      const sandbox = ["--platform=ptrace", "--network=none", "--ignore-cgroups", "do"];
      const deno = [Deno.execPath(), "run", "--allow-all", "--no-lock", file];
      const { stdout, stderr } = await run("runsc", [...sandbox, ...deno]);
      assertMatch(
        stdout,
        /^NotSupported: connect\(\) cannot set options before the SYN here/,
        stderr,
      );
    });
  },
);

Deno.test("socketFd() knows a connection of connect() at once, and not when it is closed", async () => {
  using listener = Deno.listen(local);
  const conn = await connect({ port: listener.addr.port });
  assert(socketFd(conn) > 2);
  conn.close();
  assertEquals(assertThrows(() => socketFd(conn), SocketError).code, "EBADF");
});
