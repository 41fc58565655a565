import { assert, assertEquals, assertMatch } from "@std/assert";
import { readyLogger, SILENT } from "../../src/net/logger.ts";
import { WorkerPool } from "../../src/program/worker_pool.ts";
import {
  bytes,
  connectTo,
  exchange,
  output,
  PERMISSIONS,
  python,
  ROOT,
  run,
  runServer,
  serverArgs,
  ServerProcess,
  testInNamespace,
  testWith,
} from "../helpers.ts";

/** --check as a program sees it. */
async function check(flags: string[], permissions = PERMISSIONS): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runServer(["--check", "--json", ...flags], permissions);
  assertEquals(stderr, "");
  const findings = JSON.parse(stdout);
  assertEquals(code, findings.ok ? 0 : 1);
  return findings;
}

type Row = {
  option: string;
  requested?: unknown;
  effective: unknown;
  limit?: unknown;
  ok: boolean;
};

const row = (rows: unknown, option: string): Row | undefined =>
  (rows as Row[]).find((row) => row.option === option);

Deno.test("--check shows what was asked and what the kernel made of it, for both sockets", async () => {
  const { ok, listener, connection } = await check(["--recv-buffer", "64k", "--keep-alive=9,8,7"]);
  assertEquals(ok, true);
  for (const rows of [listener, connection]) {
    assertEquals(row(rows, "SO_RCVBUF"), {
      option: "SO_RCVBUF",
      requested: 65_536,
      effective: 131_072,
      ok: true,
      limit: "unknown",
    });
    assertEquals(row(rows, "TCP_KEEPIDLE")!.effective, 9);
    assertEquals(row(rows, "SO_REUSEPORT")!.effective, true);
    assertEquals(row(rows, "SO_PRIORITY"), undefined, "only what was asked for");
  }
  assertEquals(row(listener, "backlog")!.effective, 100);
});

Deno.test("--check shows the cap, its sysctl and the line that raises it, and exits with 1", async () => {
  const { ok, listener } = await check(["--recv-buffer", "1024m"]);
  assertEquals(ok, false);
  const capped = row(listener, "SO_RCVBUF")! as Row & { note: string };
  assertEquals(capped.limit, capped.effective as number / 2);
  assertMatch(capped.note, /net\.core\.rmem_max.*sysctl -w net\.core\.rmem_max=1073741824/);
});

Deno.test("--check reads the kernel's limits where it may", async () => {
  const permissions = [...PERMISSIONS, "--allow-read=/proc/sys"];
  const { listener } = await check(["--recv-buffer", "64k"], permissions);
  const rmemMax = Number(await Deno.readTextFile("/proc/sys/net/core/rmem_max"));
  assertEquals(row(listener, "SO_RCVBUF")!.limit, rmemMax);
});

Deno.test("--check without settings shows every option of a fresh listener and connection", async () => {
  const { ok, listener, connection } = await check([]);
  assertEquals(ok, true);
  assert((listener as Row[]).length > 100 && (connection as Row[]).length > 100);
  assertEquals(row(listener, "SO_ACCEPTCONN"), {
    option: "SO_ACCEPTCONN",
    effective: true,
    ok: true,
  });
  assertEquals(row(connection, "SO_ACCEPTCONN")!.effective, false);
});

Deno.test("--check shows what the kernel refuses", async () => {
  const { ok, listener } = await check(["--congestion", "nonesuch"]);
  assertEquals(ok, false);
  assertMatch((row(listener, "TCP_CONGESTION") as Row & { note: string }).note, /ENOENT/);
});

Deno.test("--check ends after five seconds where no connection comes about, and says so", async () => {
  const { ok, connection } = await check(["--option", "IP_MINTTL=255"]);
  assertEquals(ok, false);
  assertEquals(connection, [
    { option: "connect", ok: false, note: "no connection within 5 seconds" },
  ]);
});

Deno.test("--check does not wait for the kernel that waits for data", async () => {
  const before = performance.now();
  const { connection } = await check(["--option", "TCP_DEFER_ACCEPT=30"]);
  assertEquals(row(connection, "TCP_QUICKACK")!.ok, true);
  assert(performance.now() - before < 4000);
});

testWith("Linux", "--check shows the deferred accept that mode once has by default", async () => {
  const defer = (rows: unknown) => row(rows as Row[], "TCP_DEFER_ACCEPT");
  const { ok, listener, connection } = await check(["--quick-ack"]);
  assertEquals(ok, true);
  assertEquals(defer(listener), {
    option: "TCP_DEFER_ACCEPT",
    requested: 1,
    effective: 1,
    ok: true,
  });
  assertEquals(defer(connection), undefined);
  for (const flags of [["--no-defer-accept"], ["--quick-ack", "--mode=stream"]]) {
    assertEquals(defer((await check(flags)).listener), undefined);
  }
  const asked = (await check(["--option", "TCP_DEFER_ACCEPT=3"])).listener as Row[];
  const rows = asked.filter(({ option }) => option === "TCP_DEFER_ACCEPT");
  assertEquals(rows.map(({ requested, effective }) => [requested, effective]), [[3, 3]]);
});

Deno.test("--check looks at every address, and says at which", async () => {
  const { ok, listener, connection } = await check(["--host", "::", "--host=127.0.0.1", "--nagle"]);
  assertEquals(ok, true);
  for (const rows of [listener, connection] as (Row & { host: string })[][]) {
    const noDelay = rows.filter(({ option }) => option === "TCP_NODELAY");
    assertEquals(noDelay.map(({ host, effective }) => [host, effective]), [
      ["::", false],
      ["127.0.0.1", false],
    ]);
  }
  const { stdout } = await runServer(["--check", "--host=::1", "--host=127.0.0.1"]);
  assertEquals(stdout.match(/^on (::1|127\.0\.0\.1)$/mg)!.length, 4);
});

testInNamespace(
  "an address of one link works with its zone, and the log shows it",
  async (inside) => {
    await output(...inside, "ip", "addr", "add", "fe80::1/64", "dev", "lo", "nodad");
    const [program, ...args] = inside;
    const flags = ["--check", "--json", "--host", "fe80::1%lo"];
    const { code, stdout } = await run(program!, [...args, Deno.execPath(), ...serverArgs(flags)]);
    assertEquals(code, 0, stdout);
    assertEquals(row(JSON.parse(stdout).connection, "TCP_NODELAY")!.effective, true);

    await using server = await ServerProcess.start(["--host", "fe80::1%lo"], inside);
    const { hostname, message } = await server.event("listening");
    assertEquals([hostname, message], ["fe80::1%lo", `Serving on [fe80::1%lo]:${server.port}`]);
  },
);

Deno.test("--check fits 80 columns and says what lets it read the limits", async () => {
  for (const flags of [[], ["--recv-buffer", "1024m", "--option", "TCP_DEFER_ACCEPT=7"]]) {
    const { stdout } = await runServer(["--check", ...flags]);
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
  }
  const { stdout } = await runServer(["--check", "--recv-buffer", "64k"]);
  assertMatch(stdout, /^unknown limits: .*--allow-read=\/proc\/sys$/m);
  const permissions = [...PERMISSIONS, "--allow-read=/proc/sys"];
  const allowed = await runServer(["--check", "--recv-buffer", "64k"], permissions);
  assert(!allowed.stdout.includes("unknown"));
});

Deno.test("--check --json has one form for values of 64 bits", async () => {
  const { listener } = await check(["--option", "SO_MAX_PACING_RATE=1000000"]);
  const { requested, effective } = row(listener, "SO_MAX_PACING_RATE")!;
  assertEquals([requested, effective], ["1000000", "1000000"]);
  const fresh = row((await check([])).listener, "SO_MAX_PACING_RATE")!;
  assertEquals(fresh.effective, `${2n ** 64n - 1n}`);
});

/** Runs a command on a pseudo terminal and prints what it shows. */
const ON_TERMINAL = `
import pty, sys, os
shown = b""
def read(fd):
    global shown
    chunk = os.read(fd, 65536)
    shown += chunk
    return b""
pty.spawn(sys.argv[1:], read)
sys.stdout.write(repr(shown))`;

testWith(
  ["python3", "env"],
  "--check has colours on a terminal only, and honours NO_COLOR",
  async () => {
    const flags = ["--check", "--recv-buffer", "1024m"];
    const args = [Deno.execPath(), ...serverArgs(flags)];
    const colored = await python(ON_TERMINAL, "env", "-u", "NO_COLOR", ...args);
    assert(colored.includes("\\x1b[31mSO_RCVBUF"), colored);
    const plain = await python(ON_TERMINAL, "env", "NO_COLOR=1", ...args);
    assert(plain.includes("SO_RCVBUF") && !plain.includes("\\x1b["), plain);
    const piped = await runServer(flags);
    assert(piped.stdout.includes("SO_RCVBUF") && !piped.stdout.includes("\x1b"));
  },
);

testWith("ss", "--option sets any option on the listener and on every connection", async () => {
  const flags = ["TCP_DEFER_ACCEPT=5", "SO_LINGER=on,3", "TCP_CONGESTION=reno", "SO_PRIORITY=4"];
  await using server = await ServerProcess.start(flags.flatMap((each) => ["--option", each]));
  assertEquals(await exchange(await server.connect(), bytes("x")), bytes("x"));
  assertEquals(server.events("assertion_failed"), []);
  const { stdout } = await run("ss", ["-Hltin", "src", `127.0.0.1:${server.port}`]);
  assertMatch(stdout, /reno/);
});

Deno.test("--cert and --key serve TLS", async () => {
  const files = ["--cert", `${ROOT}tests/tls/cert.pem`, "--key", `${ROOT}tests/tls/key.pem`];
  const refused = await runServer(files);
  assertEquals(refused.code, 2);
  assertMatch(refused.stderr, /takes --allow-read=.*cert\.pem\n$/);

  const permissions = [...PERMISSIONS, `--allow-read=${ROOT}`];
  await using server = await ServerProcess.start(files, [], permissions);
  const caCerts = [await Deno.readTextFile(`${ROOT}tests/tls/ca.pem`)];
  const { port } = server;
  const conn = await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts });
  await conn.write(bytes("secret"));
  const reply = new Uint8Array(10);
  assertEquals(await conn.read(reply), 6);
  conn.close();
});

Deno.test("a file of PEM that is missing or wrong is one line with the flag and the file", async () => {
  const permissions = [...PERMISSIONS, "--allow-read"];
  const [cert, key] = [`${ROOT}tests/tls/cert.pem`, `${ROOT}tests/tls/key.pem`];
  const folder = await Deno.makeTempDir();
  const broken = `${folder}/broken.pem`;
  await Deno.writeTextFile(
    broken,
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  );
  const lines: [cert: string, key: string, line: string][] = [
    ["none.pem", key, "--cert none.pem: No such file or directory (os error 2)"],
    [cert, folder, `--key ${folder}: Is a directory (os error 21)`],
    [key, key, `--cert ${key}: there is no certificate in PEM in it`],
    [cert, cert, `--key ${cert}: there is no private key in PEM in it`],
    [broken, key, `--cert ${broken} --key ${key}: invalid peer certificate: BadEncoding`],
    [
      `${ROOT}tests/tls/ca.pem`,
      key,
      `--cert ${ROOT}tests/tls/ca.pem --key ${key}: the key is not the certificate's`,
    ],
  ];
  for (const [cert, key, line] of lines) {
    for (const workers of ["1", "2"]) {
      const flags = ["--port", "0", "--cert", cert, "--key", key, "--workers", workers];
      const { code, stderr } = await runServer(flags, permissions);
      assertEquals([code, stderr], [2, `${line}\n`]);
    }
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("--mode stream echoes until the end", async () => {
  await using server = await ServerProcess.start(["--mode", "stream"]);
  const conn = await server.connect();
  for (const word of ["one", "two"]) {
    await conn.write(bytes(word));
    const reply = new Uint8Array(3);
    await conn.read(reply);
    assertEquals(reply, bytes(word));
  }
  conn.close();
});

Deno.test("no line of a debug log is lost, with 500 connections at once", async () => {
  await using server = await ServerProcess.start(["--log-level", "debug", "--backlog", "600"]);
  const conns = await Promise.all(Array.from({ length: 500 }, () => server.connect()));
  await Promise.all(conns.map((conn, i) => exchange(conn, bytes(`${i}`))));
  await server.stop();
  for (const event of ["connected", "received", "sent", "closed"]) {
    assertEquals(server.events(event).length, 500, event);
  }
  assertEquals(server.events("stopped").length, 1);
});

Deno.test("with OTEL_DENO=true the log is exported, each line with the severity of its level", async () => {
  const process = new Deno.Command(Deno.execPath(), {
    args: serverArgs(["--port", "0", "--send-buffer", "1024m"]),
    env: { NO_COLOR: "1", OTEL_DENO: "true", OTEL_EXPORTER_OTLP_PROTOCOL: "console" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(process.stderr).text();
  let stdout = "";
  let isAsked = false;
  for await (const chunk of process.stdout.pipeThrough(new TextDecoderStream())) {
    stdout += chunk;
    if (isAsked || !stdout.includes("Serving on")) continue;
    process.kill("SIGTERM");
    isAsked = true;
  }
  assertEquals((await process.status).code, 0);
  const exported = await stderr;
  assertMatch(exported, /LOG \[INFO\] .*Serving on/);
  assertMatch(exported, /LOG \[WARN\] .*SO_SNDBUF/);
});

const WORKER_PERMISSIONS = [...PERMISSIONS, `--allow-read=${ROOT}`];

Deno.test("--workers without the permission to read its source is one line", async () => {
  const { code, stderr } = await runServer(["--port", "0", "--workers", "2"]);
  assertEquals([code, stderr], [2, `--workers takes --allow-read=${ROOT} as well\n`]);
});

Deno.test("--workers share the port, the connections and the statistics", async () => {
  const flags = ["--workers", "3", "--backlog", "1000"];
  await using server = await ServerProcess.start(flags, [], WORKER_PERMISSIONS);
  while (server.events("listening").length < 3) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assertEquals(
    server.events("listening").map(({ port }) => port),
    new Array(3).fill(server.port),
  );
  for (let i = 0; i < 9; i++) {
    const conns = await Promise.all(Array.from({ length: 100 }, () => server.connect()));
    const replies = await Promise.all(conns.map((conn) => exchange(conn, bytes("hello"))));
    for (const reply of replies) assertEquals(reply, bytes("hello"));
  }
  server.process.kill("SIGUSR2");
  await exchange(await server.connect(), bytes("later"));
  const { code, stdout } = await server.stop();
  assertEquals(code, 0);
  const { accepted, bytesIn, queues } = JSON.parse(stdout);
  assert(accepted >= 900 && bytesIn >= 4500);
  assertEquals(queues.length, 3);
  const stopped = server.events("stopped").map(({ worker, accepted }) => [worker, accepted]);
  const each = stopped.slice(0, -1);
  assertEquals(each.map(([worker]) => worker).toSorted(), [1, 2, 3]);
  for (const [, accepted] of each) assert(accepted as number >= 200, `${each}`);
  // the last line tells the sum
  const sum = each.reduce((sum, [, accepted]) => sum + (accepted as number), 0);
  assertEquals(stopped.at(-1), [undefined, sum]);
});

Deno.test("a worker that dies is reported and started again, and no later connection fails", async () => {
  const died = Promise.withResolvers<string>();
  const logger = readyLogger({ ...SILENT, error: (message) => died.resolve(message) });
  const args = ["--log-level", "error", "--reuse-port"];
  const module = new URL("faulty_worker.ts", import.meta.url);
  const pool = new WorkerPool({ count: 3, args, port: 0, logger, module });
  await pool.started;
  const channel = new BroadcastChannel("faulty");
  channel.postMessage("worker 2");
  assertMatch(await died.promise, /^Worker 2 has died: .*thrown on purpose/);
  while ((await pool.stats()).queues.length < 3) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const server = { addr: { transport: "tcp" as const, hostname: "127.0.0.1", port: pool.port } };
  for (let i = 0; i < 300; i++) {
    assertEquals(await exchange(await connectTo(server), bytes("hello")), bytes("hello"));
  }
  assert(((await pool.stats()).accepted) >= 300);
  await pool.shutdown();
  channel.close();
});

Deno.test("--workers that cannot listen are one line and exit code 1", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const flags = ["--port", `${listener.addr.port}`, "--workers", "2"];
  const { code, stderr } = await runServer(flags, WORKER_PERMISSIONS);
  assertEquals(code, 1);
  assertMatch(stderr, /^cannot listen on 127\.0\.0\.1:\d+: .*\n$/);
});

/** `deno compile`, or what stands in for it where Deno's download host cannot be reached. */
const [compiler, ...itsFlags] = Deno.env.get("DENO_COMPILE")?.split(" ") ?? [];
const mayCompile = compiler !== undefined;

Deno.test({
  name: "the executable serves, with workers, in an empty folder" +
    (mayCompile ? "" : " [ignored: DENO_COMPILE names no command that can build one]"),
  ignore: !mayCompile,
  async fn() {
    const folder = await Deno.makeTempDir();
    const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
    const flags: string[] = tasks.compile.command.split(" ").slice(2);
    flags[flags.indexOf("--output") + 1] = `${folder}/tcp-echo`;
    const built = await run(compiler!, [...itsFlags, ...flags]);
    assertEquals(built.code, 0, built.stderr);
    const help = await run(`${folder}/tcp-echo`, ["--help"]);
    assert(help.stdout.includes("\nUsage: tcp-echo [FLAG]...\n"), help.stdout + help.stderr);
    const process = new Deno.Command(`${folder}/tcp-echo`, {
      args: ["--port", "0", "--workers", "2", "--log-format", "json"],
      cwd: folder,
      stderr: "piped",
    }).spawn();
    let log = "";
    let tested = false;
    for await (const chunk of process.stderr.pipeThrough(new TextDecoderStream())) {
      log += chunk;
      if (tested || log.split('"listening"').length < 3) continue;
      tested = true;
      const port = Number(/"port":(\d+)/.exec(log)![1]);
      const conn = await Deno.connect({ hostname: "127.0.0.1", port });
      assertEquals(await exchange(conn, bytes("compiled")), bytes("compiled"));
      process.kill("SIGTERM");
    }
    assert(tested, log);
    assertEquals((await process.status).code, 0);
    await Deno.remove(folder, { recursive: true });
  },
});
