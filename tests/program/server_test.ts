import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  bytes,
  delay,
  exchange,
  PERMISSIONS,
  python,
  PYTHON_CLIENT,
  readAll,
  ROOT,
  run,
  runServer,
  serverArgs,
  ServerProcess,
  testWith,
} from "../helpers.ts";

testWith(
  "python3",
  "the server echoes messages of any size, byte for byte, and closes",
  async () => {
    await using server = await ServerProcess.start();
    for (const size of [1, 2, 255, 1023]) {
      assertEquals((await python(PYTHON_CLIENT, server.port, size)).trim(), `${size}`);
    }
    for (const size of [1024, 1152, 1153, 65_536]) {
      const echoed = Number(await python(PYTHON_CLIENT, server.port, size));
      // a large message may arrive in parts
      assert(echoed >= 1024 && echoed <= size, `${echoed} of ${size}`);
    }
  },
);

Deno.test("the server echoes what had arrived by its first read, up to 64 KiB", async () => {
  await using server = await ServerProcess.start(["--recv-buffer", "1m"]);
  // stopped, it cannot read before all has arrived
  server.process.kill("SIGSTOP");
  const message = new Uint8Array(100_000).map((_, i) => i % 251);
  const conn = await server.connect();
  for (let n = 0; n < message.length;) n += await conn.write(message.subarray(n));
  server.process.kill("SIGCONT");
  assertEquals(await readAll(conn), message.slice(0, 65_536));
});

testWith("python3", "the server serves asyncio's own client", async () => {
  await using server = await ServerProcess.start();
  const program = `
import asyncio, sys
async def main():
    reader, writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    writer.write(b"zero\\0byte")
    print(repr(await reader.read()))
    writer.close()
asyncio.run(main())`;
  assertEquals((await python(program, server.port)).trim(), "b'zero\\x00byte'");
});

testWith("socat", "the server serves socat", async () => {
  await using server = await ServerProcess.start();
  const { stdout } = await run(
    "socat",
    ["-t", "5", "-", `TCP:127.0.0.1:${server.port}`],
    "hello\n",
  );
  assertEquals(stdout, "hello\n");
});

Deno.test("the server closes a connection without data, and logs no error", async () => {
  await using server = await ServerProcess.start(["--log-level", "debug"]);
  const conn = await server.connect();
  await conn.closeWrite();
  assertEquals((await readAll(conn)).length, 0);
  await server.event("closed");
  assertEquals(server.lines.filter(({ level }) => level === "error"), []);
});

Deno.test("the server serves 200 clients at once", async () => {
  await using server = await ServerProcess.start();
  const conns = await Promise.all(Array.from({ length: 200 }, () => server.connect()));
  const replies = await Promise.all(conns.map((conn, i) => exchange(conn, bytes(`message ${i}`))));
  replies.forEach((reply, i) => assertEquals(reply, bytes(`message ${i}`)));
});

testWith("python3", "the server goes on after clients that reset their connection", async () => {
  await using server = await ServerProcess.start();
  const program = `
import socket, struct, sys
for message in [b"", b"x", b"y" * 100000] * 20:
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if message: s.send(message)
    s.close()`;
  await python(program, server.port);
  assertEquals(
    await exchange(await server.connect(), bytes("still there")),
    bytes("still there"),
  );
  const { code } = await server.stop();
  assertEquals(code, 0);
  assertEquals(server.lines.filter(({ level }) => level === "error"), []);
});

Deno.test("the server serves others while a client never sends", async () => {
  await using server = await ServerProcess.start();
  using silent = await server.connect();
  assertEquals(await exchange(await server.connect(), bytes("me")), bytes("me"));
  assertEquals(await exchange(await server.connect(), bytes("and me")), bytes("and me"));
  silent.close;
});

testWith("sh", "the server survives the limit of file descriptors", async () => {
  const limited = ["sh", "-c", 'ulimit -n 64; exec "$0" "$@"'];
  await using server = await ServerProcess.start(["--backlog", "300"], limited);
  // the kernel accepts them all, the server has descriptors for some
  const conns = await Promise.all(Array.from({ length: 200 }, () => server.connect()));
  const { code } = await server.event("accept_failed");
  assertEquals(code, "EMFILE");
  for (const conn of conns) conn.close();
  assertEquals(await exchange(await server.connect(), bytes("new")), bytes("new"));
  assertEquals(server.events("accept_failed").length, 1, "one line for the episode");
});

testWith(
  ["strace", "python3", "pkill"],
  "strace shows the calls on the listener and on a connection",
  async () => {
    const file = await Deno.makeTempFile();
    const trace = "trace=listen,setsockopt,getsockopt,getpeername,getsockname,fcntl";
    const flags = ["--recv-buffer", "64k", "--send-buffer", "32k"];
    await using server = await ServerProcess.start(flags, [
      "strace",
      "-f",
      "-e",
      trace,
      "-o",
      file,
    ]);
    await python(PYTHON_CLIENT, server.port, 10);
    // strace passes the signal on
    await run("pkill", ["-TERM", "-P", `${server.process.pid}`]);
    await server.end();

    const calls = (await Deno.readTextFile(file)).split("\n").map((line) =>
      line.replace(/^\d+ +/, "")
    );
    await Deno.remove(file);
    const listened = calls.findIndex((call) => call.startsWith("listen("));
    const fd = /listen\((\d+), 100\)/.exec(calls[listened]!)![1];
    const accepted = calls.findIndex((call) => call.startsWith("getpeername("));
    const has = (part: string[], call: RegExp): void =>
      assert(part.some((line) => call.test(line)), `no ${call} in\n${part.join("\n")}`);

    const listener = calls.slice(listened, accepted);
    has(
      listener,
      new RegExp(`^getsockopt\\(${fd}, SOL_SOCKET, SO_REUSEADDR, \\[1\\], \\[4\\]\\) = 0`),
    );
    has(
      listener,
      new RegExp(`^getsockopt\\(${fd}, SOL_SOCKET, SO_REUSEPORT, \\[1\\], \\[4\\]\\) = 0`),
    );
    has(listener, new RegExp(`^setsockopt\\(${fd}, SOL_SOCKET, SO_RCVBUF, \\[65536\\], 4\\) = 0`));
    has(listener, new RegExp(`^setsockopt\\(${fd}, SOL_SOCKET, SO_SNDBUF, \\[32768\\], 4\\) = 0`));
    has(listener, new RegExp(`^setsockopt\\(${fd}, SOL_TCP, TCP_QUICKACK, \\[1\\], 4\\) = 0`));
    has(listener, new RegExp(`^setsockopt\\(${fd}, SOL_TCP, TCP_NODELAY, \\[1\\], 4\\) = 0`));

    const connection = calls.slice(accepted);
    has(connection, /^getpeername\(\d+, \{sa_family=AF_INET, .*127\.0\.0\.1.*\) = 0/);
    has(connection, /^getsockname\(\d+, \{sa_family=AF_INET, .*127\.0\.0\.1.*\) = 0/);
    has(connection, /^fcntl\(\d+, F_GETFL\) += 0x\d+ \(flags O_RDWR\|O_NONBLOCK/);
    has(connection, /^getsockopt\(\d+, SOL_SOCKET, SO_TYPE, \[1\], \[4\]\) = 0/);
    has(connection, /^getsockopt\(\d+, SOL_SOCKET, SO_REUSEADDR, \[1\], \[4\]\) = 0/);
    has(connection, /^getsockopt\(\d+, SOL_SOCKET, SO_REUSEPORT, \[1\], \[4\]\) = 0/);
    has(connection, /^getsockopt\(\d+, SOL_SOCKET, SO_RCVBUF, \[131072\], \[4\]\) = 0/);
    has(connection, /^getsockopt\(\d+, SOL_SOCKET, SO_SNDBUF, \[65536\], \[4\]\) = 0/);
    has(connection, /^getsockopt\(\d+, SOL_TCP, TCP_NODELAY, \[1\], \[4\]\) = 0/);
    has(connection, /^setsockopt\(\d+, SOL_TCP, TCP_QUICKACK, \[1\], 4\) = 0/);
    has(connection, /^getsockopt\(\d+, SOL_TCP, TCP_QUICKACK, \[1\], \[4\]\) = 0/);
  },
);

testWith(
  "ss",
  "ss shows the backlog and the buffers, on the listener and on a connection",
  async () => {
    const flags = ["--backlog", "77", "--recv-buffer", "64k", "--send-buffer", "32k"];
    flags.push("--no-defer-accept"); // it is there without data
    await using server = await ServerProcess.start(flags);
    using _conn = await server.connect();
    const address = `127.0.0.1:${server.port}`;
    const listener = await run("ss", ["-Hltnm", "src", address]);
    assertMatch(listener.stdout, /^LISTEN +\d+ +77 /);
    assertMatch(listener.stdout, /rb131072,.*tb65536/);
    const connection = await run("ss", ["-Htnm", "state", "established", "src", address]);
    assertMatch(connection.stdout, /rb131072,.*tb65536/);
  },
);

Deno.test("a buffer that the kernel caps is a warning that names the limit", async () => {
  await using server = await ServerProcess.start(["--recv-buffer", "1024m"]);
  const { level, message, option, requested } = await server.event("setting_changed");
  assertEquals(level, "warn");
  assertEquals(option, "SO_RCVBUF");
  assertEquals(requested, 2 ** 30);
  assertMatch(message, /net\.core\.rmem_max/);
});

Deno.test("a buffer that the kernel caps is an error with --strict", async () => {
  const { code, stderr } = await runServer(["--port", "0", "--send-buffer", "1024m", "--strict"]);
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /^SO_SNDBUF: expected 1073741824, got \d+ \(capped at \d+ by net\.core\.wmem_max.*\)\n$/,
  );
});

Deno.test("an address in use is one line and exit code 1", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, stderr } = await runServer(["--port", `${listener.addr.port}`, "--no-reuse-port"]);
  assertEquals(code, 1);
  assertMatch(
    stderr,
    new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${listener.addr.port}: .* in use.*\\n$`),
  );
});

Deno.test("wrong usage is one line and exit code 2", async () => {
  for (
    const [flags, line] of [
      [["--prot", "1"], "unknown flag --prot; did you mean --port?"],
      [["--port", "65536"], '--port "65536": expected a whole number from 0 to 65535'],
      [["--port", "8o"], '--port "8o": expected a whole number from 0 to 65535'],
      [["--port"], "--port needs a value: --port N"],
      [["--backlog", "0"], '--backlog "0": expected a whole number of at least 1'],
      [
        ["--recv-buffer", "64q"],
        '--recv-buffer "64q": expected a number of bytes from 1 to 2147483647, with k, m or g for KiB, MiB or GiB, such as 64k',
      ],
      [["--mode", "twice"], '--mode "twice": expected one of once, stream'],
      [["--log-level", "loud"], '--log-level "loud": expected one of debug, info, warn, error'],
      [["--log-format=xml"], '--log-format "xml": expected one of text, json'],
      [["--strict=no"], "--strict takes no value, got no"],
      [["8888"], 'unexpected argument "8888"; see --help'],
    ] as const
  ) {
    const { code, stdout, stderr } = await runServer([...flags]);
    assertEquals({ code, stdout, stderr }, { code: 2, stdout: "", stderr: `${line}\n` });
  }
});

Deno.test("--help and --version print to standard output", async () => {
  const help = await runServer(["--help"]);
  assertEquals(help.code, 0);
  assert(help.stdout.includes("\nUsage: server.ts [FLAG]...\n"));
  for (const flag of ["--host", "--port", "--backlog", "--[no-]reuse-port", "--recv-buffer"]) {
    assert(help.stdout.includes(flag), flag);
  }
  const version = await runServer(["--version"]);
  const { version: expected } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  assertEquals([version.code, version.stdout], [0, `${expected}\n`]);
});

Deno.test("a missing permission is one line that names the flag, and exit code 2", async () => {
  const noFfi = await runServer([], ["--allow-net"]);
  assertEquals(noFfi.code, 2);
  assertMatch(noFfi.stderr, /^.*--allow-ffi.*\n$/);
  const noNet = await runServer([], ["--allow-ffi"]);
  assertEquals(noNet.code, 2);
  assertMatch(noNet.stderr, /^.*--allow-net.*\n$/);
});

testWith("python3", "on a terminal no prompt appears, with or without permissions", async () => {
  // runs a command on a pseudo terminal and prints all that it shows within its time, then its exit code
  const program = `
import os, pty, select, signal, sys, time
pid, fd = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
shown, end, told = b"", time.time() + 20, False
while time.time() < end:
    if select.select([fd], [], [], 0.1)[0]:
        try: chunk = os.read(fd, 65536)
        except OSError: break
        if not chunk: break
        shown += chunk
    if b"Serving on" in shown and not told:
        told = True
        os.kill(pid, signal.SIGINT)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(shown.decode())`;
  for (
    const [permissions, expected] of [[PERMISSIONS, "0"], [["--allow-net"], "2"], [
      ["--allow-ffi"],
      "2",
    ]] as const
  ) {
    const args = [Deno.execPath(), ...serverArgs(["--port", "0"], [...permissions])];
    const [code, ...shown] = (await python(program, ...args)).split("\n");
    assertEquals(code, expected, shown.join("\n"));
    assert(!/Allow\?|permission requested|┏/i.test(shown.join("\n")), shown.join("\n"));
  }
});

Deno.test("two servers share a port without Deno's unstable net feature", async () => {
  const folder = await Deno.makeTempDir();
  const config = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports: config.imports }));
  const permissions = [...PERMISSIONS, "--no-lock", `--config=${folder}/deno.json`];
  await using first = await ServerProcess.start([], [], permissions);
  await using second = await ServerProcess.start(["--port", `${first.port}`], [], permissions);
  assertEquals(second.port, first.port);
  const served = async (): Promise<boolean[]> => {
    const conns = await Promise.all(Array.from({ length: 50 }, () => first.connect()));
    for (const conn of conns) assertEquals(await exchange(conn, bytes("x")), bytes("x"));
    return [first, second].map((server) => server.events("assertion_failed").length === 0);
  };
  assertEquals(await served(), [true, true]);
  for (const server of [first, second]) {
    await server.stop();
    assert((server.events("stopped")[0]!.accepted as number) > 0);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("FFI can be narrowed to the C library's path", async () => {
  const path = `/lib/${Deno.build.arch}-linux-gnu/libc.so.6`;
  await using server = await ServerProcess.start([], [], ["--allow-net", `--allow-ffi=${path}`]);
  assertEquals(await exchange(await server.connect(), bytes("x")), bytes("x"));
});

Deno.test("by default only start and stop are logged", async () => {
  await using server = await ServerProcess.start();
  await exchange(await server.connect(), bytes("x"));
  await server.stop();
  assertEquals(
    server.lines.map(({ event, level }) => [event, level]),
    [["listening", "info"], ["stopped", "info"], ["ended", "none"]],
  );
});

Deno.test("at level debug the lines of the recipe appear", async () => {
  await using server = await ServerProcess.start(["--log-level", "debug"]);
  await exchange(await server.connect(), bytes('{"a": "\x1b[31m"}\n'));
  await server.stop();
  const { hostname, port } = await server.event("listening");
  assertEquals([hostname, port], ["127.0.0.1", server.port]);
  const messages = server.lines.map(({ message }) => message);
  const { remote } = await server.event("connected");
  assert(messages.includes(`Serving on 127.0.0.1:${server.port}`));
  assert(messages.includes(`connected from ${remote}`));
  assert(messages.includes('recv: "{\\"a\\": \\"\\x1b[31m\\"}\\n"'), messages.join("\n"));
  assert(messages.includes('sent: "{\\"a\\": \\"\\x1b[31m\\"}\\n"'));
  assert(messages.includes("TCP quick ACK: true"));
  assert(messages.some((message) => /^recv buffer size: \d+ \(max=\w+\)$/.test(message)));
  assert(messages.some((message) => /^send buffer size: \d+ \(max=\w+\)$/.test(message)));
  assertEquals((await server.event("received")).bytes, 15);
  assertEquals((await server.event("sent")).bytes, 15);
  for (const line of server.lines.slice(0, -1)) {
    assert(!Number.isNaN(Date.parse(line.time as string)), JSON.stringify(line));
  }
});

Deno.test("the text log has a time, a level and the message", async () => {
  const process = new Deno.Command(Deno.execPath(), {
    args: serverArgs(["--port", "0"]),
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const reader = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  assertMatch(
    value!,
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} info {2}Serving on 127\.0\.0\.1:\d+\n$/,
  );
  process.kill("SIGTERM");
  while (!(await reader.read()).done);
  assertEquals((await process.status).code, 0);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} finishes what is in hand, exits with 0 and frees the port`, async () => {
    await using server = await ServerProcess.start();
    const conn = await server.connect();
    const before = await exchange(await server.connect(), bytes("the server has accepted both"));
    assertEquals(before.length, 28);
    server.process.kill(signal);
    // once new connections are refused, the server has begun to stop
    while (await server.connect().then((conn) => conn.close() as undefined ?? true, () => false));
    assertEquals(await exchange(conn, bytes("in hand")), bytes("in hand"));
    const { code } = await server.end();
    assertEquals(code, 0);
    Deno.listen({ hostname: "127.0.0.1", port: server.port }).close();
  });
}

Deno.test("Ctrl-C that comes twice, as deno task passes it on, is one signal", async () => {
  await using server = await ServerProcess.start(["--mode", "stream"]);
  const conn = await server.connect();
  await conn.write(bytes("x"));
  await conn.read(new Uint8Array(1));
  server.process.kill("SIGINT");
  server.process.kill("SIGTERM"); // the same one twice the kernel might take for one
  while (await server.connect().then((conn) => conn.close() as undefined ?? true, () => false));
  await conn.write(bytes("y"));
  assertEquals(await conn.read(new Uint8Array(9)), 1, "it is served on");
  conn.close();
  assertEquals((await server.end()).code, 0);
  assertEquals(server.events("stopping").length, 1);
});

Deno.test("a second signal ends what is in hand", async () => {
  await using server = await ServerProcess.start();
  const conn = await server.connect();
  await exchange(await server.connect(), bytes("accepted"));
  server.process.kill("SIGTERM");
  while (await server.connect().then((conn) => conn.close() as undefined ?? true, () => false));
  await delay(150); // two at once are one
  const { code } = await server.stop();
  assertEquals(code, 0);
  assertEquals(await conn.read(new Uint8Array(1)), null);
  conn.close();
});
