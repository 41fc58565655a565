/** Lists of sockets and their options, of processes in several languages. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { testWith } from "../helpers.ts";
import { printed, runInspect, sockets } from "./run_inspect.ts";
import { Target, testPeeking } from "./target.ts";

testPeeking("a list has a line for each socket, and flags choose among them", async () => {
  await using target = await Target.start(`l, a, c = pair(); c.send(b"hello"); u = S.socketpair()`);
  const pid = await target.pid;
  const fds = await target.ask("[s.fileno() for s in (l, a, c, *u)]") as number[];
  const [listener, accepted, client] = fds;
  const port = await target.ask("l.getsockname()[1]") as number;
  const own = await target.ask("c.getsockname()[1]") as number;

  const lines = (await printed(pid)).split("\n");
  assertMatch(lines[0]!, /^ *fd +kind +state +recv-q +send-q +local +peer$/);
  assertEquals(lines.length, 1 + fds.length);
  const line = lines.find((line) => line.trimStart().startsWith(`${accepted} `))!;
  assertEquals(line.trim().split(/ +/), [
    `${accepted}`,
    "tcp",
    "established",
    "5",
    "0",
    `127.0.0.1:${port}`,
    `127.0.0.1:${own}`,
  ]);

  const chosen = async (...flags: (string | number)[]): Promise<number[]> =>
    (await sockets(pid, ...flags)).map(({ fd }) => fd);
  assertEquals(await chosen(), fds.toSorted((a, b) => a - b));
  assertEquals(await chosen("--state", "listen"), [listener]);
  assertEquals(await chosen("--port", own), [accepted, client].toSorted((a, b) => a! - b!));
  assertEquals((await chosen("--peer", "127.0.0.0/8")).length, 2);
  assertEquals(await chosen("--peer", "127.0.0.2"), []);
  assertEquals(await chosen(client!), [client]);
  assertMatch(await printed(pid, "--port", 1), /^process \d+ \(\S+\) has no socket that is meant$/);
});

/** Options, and the same as Python reads them in the process itself. */
const WITNESSED: [name: string, set: string, read: string][] = [
  ["SO_KEEPALIVE", "a.setsockopt(1, 9, 1)", "a.getsockopt(1, 9) == 1"],
  ["TCP_KEEPIDLE", "a.setsockopt(6, 4, 77)", "a.getsockopt(6, 4)"],
  ["TCP_USER_TIMEOUT", "a.setsockopt(6, 18, 5000)", "a.getsockopt(6, 18)"],
  ["SO_RCVBUF", "a.setsockopt(1, 8, 10000)", "a.getsockopt(1, 8)"],
  ["IP_TOS", "a.setsockopt(0, 1, 16)", "a.getsockopt(0, 1)"],
  [
    "SO_LINGER",
    "a.setsockopt(1, 13, struct.pack('ii', 1, 3))",
    "struct.unpack('ii', a.getsockopt(1, 13, 8))[1]",
  ],
  [
    "TCP_CONGESTION",
    "a.setsockopt(6, 13, b'reno')",
    "a.getsockopt(6, 13, 16).split(b'\\0')[0].decode()",
  ],
];

testPeeking(
  "what a program has set is marked, as Python reads it there, and nothing else",
  async () => {
    await using target = await Target.start(
      `l, a, c = pair(); c.sendall(bytes(5000)); a.recv(5000)`,
    );
    const pid = await target.pid;
    const fd = await target.ask("a.fileno()") as number;
    // create_server() does that
    assertEquals((await sockets(pid, fd, "--changed"))[0]!.options, { SO_REUSEADDR: true });
    const client = await target.ask("c.fileno()") as number;
    assertEquals((await sockets(pid, client, "--changed"))[0]!.options, {});

    const expected: Record<string, unknown> = { SO_REUSEADDR: true };
    for (const [name, set, read] of WITNESSED) {
      await target.ask(set);
      expected[name] = await target.ask(read);
    }
    const [socket] = await sockets(pid, fd, "--changed");
    const { SO_PRIORITY, SO_BUF_LOCK, ...options } = socket!.options;
    assertEquals(options, expected);
    // what follows from IP_TOS and from SO_RCVBUF
    assertEquals([SO_PRIORITY, SO_BUF_LOCK], [6, ["receive"]]);

    const table = await printed(pid, fd);
    assertMatch(table, /^\* +TCP_KEEPIDLE +77 +7200$/m);
    assertMatch(table, /^ +TCP_KEEPINTVL +75 +75$/m);
    assertMatch(table, /^TCP_INFO\n\{$/m);
    const list = await printed(pid, "--option", "so_keepalive,TCP_KEEPIDLE", "--state=established");
    assertMatch(list, new RegExp(`^ *${fd} .* true \\* +77 \\*$`, "m"));
    assertMatch(list, new RegExp(`^ *${client} .* false +7200$`, "m"));
  },
);

testPeeking("--diff tells what two sockets and two processes differ in", async () => {
  await using one = await Target.start("l, a, c = pair(); a.setsockopt(1, 9, 1)");
  await using other = await Target.start("l, a, c = pair(); a.setsockopt(6, 18, 9000)");
  const [a, b] = [await one.pid, await other.pid];
  const between = async (...args: (string | number)[]) =>
    (JSON.parse(await printed("--json", ...args)) as { option: string }[]).map((each) =>
      each.option
    );
  assertEquals(await between(a, "--diff", b), ["SO_KEEPALIVE", "TCP_USER_TIMEOUT"]);
  const [fd, client] = await one.ask("[a.fileno(), c.fileno()]") as [number, number];
  assert((await between(a, fd, "--diff", `/${client}`)).includes("SO_KEEPALIVE"));
  assertEquals(await between(a, fd, "--diff", `${a}/${fd}`), []);
  assertMatch(await printed(a, "--diff", b), /^tcp +SO_KEEPALIVE +false, true +false x2$/m);
});

testPeeking("--tree includes children, and a socket that they share in each", async () => {
  await using target = await Target.start(`
l = S.create_server(("127.0.0.1", 0))
child = os.fork()
if child == 0:
    own = S.create_server(("127.0.0.1", 0))
    time.sleep(60)
`);
  const pid = await target.pid;
  const child = await target.ask("child") as number;
  try {
    assertEquals((await sockets(pid)).length, 1);
    let found = await sockets(pid, "--tree");
    // the child has just begun
    while (found.length < 3) found = await sockets(pid, "--tree");
    assertEquals(found.map((socket) => socket.pid), [pid, child, child]);
    assertMatch(await printed(pid, "--tree"), /^ *pid +process +fd/);
  } finally {
    Deno.kill(child, "SIGKILL");
  }
});

testPeeking("a thread with descriptors of its own is looked at too", async () => {
  await using target = await Target.start(`
import ctypes
ready = threading.Event()
def apart():
    global port
    ctypes.CDLL(None).unshare(0x400) # CLONE_FILES
    own = S.create_server(("127.0.0.1", 0))
    port = own.getsockname()[1]
    ready.set()
    time.sleep(60)
threading.Thread(target=apart, daemon=True).start()
ready.wait()
`);
  const found = await sockets(await target.pid);
  assertEquals(found.map(({ local }) => local?.port), [await target.ask("port")]);
});

testPeeking("a process whose first thread has ended is looked at by another one", async () => {
  const program = `
import ctypes, os, socket, threading, time
s = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=time.sleep, args=(60,)).start()
print(s.getsockname()[1], flush=True)
ctypes.CDLL(None).pthread_exit(None)`;
  const process = new Deno.Command("python3", { args: ["-c", program], stdout: "piped" }).spawn();
  try {
    const { value } = await process.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
    assertEquals((await sockets(process.pid)).map(({ local }) => local?.port), [Number(value)]);
  } finally {
    process.kill("SIGKILL");
    await process.status;
  }
});

testPeeking("5,000 sockets take no time to speak of", async () => {
  await using target = await Target.start(`
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (6000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
all = [S.socketpair() for i in range(2500)]
`);
  const before = performance.now();
  const found = (await printed(await target.pid)).split("\n");
  assertEquals(found.length, 5001);
  // loosely: it is 0.3 s with the start of the program
  assert(performance.now() - before < 5000);
});

testPeeking("sockets that come and go meanwhile are no error and no wrong row", async () => {
  await using target = await Target.start(`
l = S.create_server(("127.0.0.1", 0))
def churn():
    while True:
        s = S.socket(S.AF_INET, S.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); s.close()
        c = S.create_connection(l.getsockname()); a = l.accept()[0]; c.close(); a.close()
for i in range(4): threading.Thread(target=churn, daemon=True).start()
`);
  const [pid, port] = [await target.pid, await target.ask("l.getsockname()[1]")];
  for (let i = 0; i < 10; i++) {
    for (const { kind, local, remote, state } of await sockets(pid, "--option=TCP_NODELAY")) {
      if (kind === "udp") assertEquals([remote, state], [undefined, "unconnected"]);
      else if (state === "listen") assertEquals([local?.port, remote], [port, undefined]);
      else {assert(
          kind === "tcp" &&
            (remote === undefined || [local?.port, remote.port].includes(port as number)),
        );}
    }
  }
});

testPeeking(
  "a FIN is sent as soon as its process closes, however often it is looked at",
  async () => {
    await using target = await Target.start("l, a, c = pair()");
    const pid = await target.pid;
    const looks = Array.from({ length: 3 }, () => runInspect([pid]));
    await target.ask("a.close()");
    const before = performance.now();
    assertEquals(await target.ask("len(c.recv(1))"), 0);
    assert(performance.now() - before < 500);
    await Promise.all(looks);
  },
);

testPeeking("a process of Node.js", async () => {
  const program = `
    const net = require("net");
    const server = net.createServer((s) => { s.setKeepAlive(true, 30000); s.setNoDelay(true); });
    server.listen(0, "127.0.0.1", () => {
      net.connect(server.address().port).on("connect", () => setTimeout(() => console.log(server.address().port), 50));
    });`;
  const node = new Deno.Command("node", { args: ["-e", program], stdout: "piped" }).spawn();
  try {
    const { value } = await node.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
    const port = Number(value);
    const found = await sockets(node.pid, "--port", port, "--state=established", "--changed");
    const accepted = found.find(({ local }) => local?.port === port)!;
    const { SO_KEEPALIVE, TCP_KEEPIDLE, TCP_NODELAY } = accepted.options;
    assertEquals([SO_KEEPALIVE, TCP_KEEPIDLE, TCP_NODELAY], [true, 30, true]);
  } finally {
    node.kill();
    await node.status;
  }
}, ["node"]);

testPeeking("nginx, whose workers have its listener", async () => {
  const folder = await Deno.makeTempDir();
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr;
  probe.close(); // nginx takes no port 0
  const config = `
    daemon off; pid ${folder}/pid; error_log stderr notice; worker_processes 2;
    events { worker_connections 64; }
    http { access_log off; server { listen 127.0.0.1:${port} so_keepalive=90:5:3 backlog=77 rcvbuf=32k; } }`;
  await Deno.writeTextFile(`${folder}/conf`, config);
  const args = ["-p", folder, "-e", "stderr", "-c", `${folder}/conf`];
  const nginx = new Deno.Command("nginx", { args, stderr: "piped" }).spawn();
  try {
    const log = nginx.stderr.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; !/(start worker process .*\n.*){2}/s.test(text);) {
      const { value, done } = await log.read();
      assert(!done, text);
      text += value;
    }
    const found = await sockets(nginx.pid, "--tree", "--state=listen", "--changed");
    assertEquals(found.length, 3);
    for (const { options } of found) {
      const { TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, SO_RCVBUF, SO_REUSEADDR } = options;
      assertEquals([TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT], [90, 5, 3]);
      assertEquals([SO_RCVBUF, SO_REUSEADDR], [65_536, true]);
    }
    assertMatch(await printed(nginx.pid, "--state=listen"), / tcp +listen +0 +77 /);
    log.cancel();
  } finally {
    nginx.kill("SIGTERM");
    await nginx.status;
    await Deno.remove(folder, { recursive: true });
  }
}, ["nginx", "root"]);

testWith("Linux", "its own process", async () => {
  for (const { process, kind } of await sockets("self")) {
    assertEquals([process, kind], ["deno", "unix"]);
  }
});

testPeeking(
  "sockets of another network are compared with what is fresh there",
  async () => {
    await using target = await Target.start(
      `
with open("/proc/sys/net/ipv4/tcp_keepalive_time", "w") as f: f.write("300")
os.system("ip link set lo up")
l, a, c = pair()
`,
      ["unshare", "--net"],
    );
    for (const { options, changed } of await sockets(await target.pid, "--state=established")) {
      assertEquals(options.TCP_KEEPIDLE, 300);
      assert(!changed.includes("TCP_KEEPIDLE"));
    }
  },
  ["root", "new network", "ip"],
);
