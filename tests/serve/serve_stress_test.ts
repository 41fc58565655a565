import { assert, assertEquals, assertMatch, fail } from "@std/assert";
import fc from "../fast_check.ts";
import { echo, echoOnce, serve, type ServeOptions } from "../../mod.ts";
import {
  connectTo,
  output,
  python,
  readAll,
  run,
  ServerProcess,
  testInNamespace,
  testWith,
} from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };

/** How many descriptors a process may have open, at most. */
const { stdout: hardLimit } = await run("sh", ["-c", "ulimit -Hn"]);
const MANY = 9_000;
const mayOpenMany = hardLimit.trim() === "unlimited" || Number(hardLimit) > MANY + 1000;

/** Opens idle connections, prints what each costs the server in KiB, and how long a client then waits. */
const IDLE_CLIENTS = `
import resource, socket, sys, time
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
port, pid, count = map(int, sys.argv[1:])
resident = lambda: int(open(f"/proc/{pid}/statm").read().split()[1]) * 4
def exchange():
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.sendall(b"x")
        assert s.recv(10) == b"x"
for i in range(300): exchange()
before = resident()
idle = []
for i in range(count):
    s = socket.socket()
    s.bind((f"127.0.0.{2 + i % 200}", 0))
    s.connect(("127.0.0.1", port))
    idle.append(s)
exchange()  # the server accepts in order, so it has them all
print((resident() - before) / count)
# and the first read of one of them is still all that has arrived
s = idle[0]
s.sendall(b"y" * 20000)
reply = b""
while len(reply) < 20000 and (chunk := s.recv(65536)): reply += chunk
print(len(reply))
`;

testWith(
  ["python3", ...mayOpenMany ? [] : ["limit of 10,000 descriptors"]],
  "9,000 idle clients cost at most 8 KiB each, and nobody else anything",
  async () => {
    await using server = await ServerProcess.start(["--mode", "stream", "--backlog", "4096"]);
    const { pid } = server.process;
    const [each, reply] = (await python(IDLE_CLIENTS, server.port, pid, MANY)).trim().split("\n");
    assert(Number(each) <= 8, `${each} KiB each`);
    assertEquals(reply, "20000");
  },
);

Deno.test("clients that send nothing are gone after idleTimeout, all of them, and others stay", async () => {
  await using server = serve({ ...local, idleTimeout: 0.3 }, echo());
  const idle = await Promise.all(Array.from({ length: 300 }, () => connectTo(server)));
  const busy = await connectTo(server);
  const ended = Promise.all(idle.map((conn) => readAll(conn)));
  const letter = new Uint8Array(1);
  let done = false;
  ended.then(() => done = true);
  while (!done) {
    await busy.write(letter);
    assertEquals(await busy.read(letter), 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assertEquals(server.stats().timedOut, 300);
  assertEquals(server.stats().active, 1);
  busy.close();
});

/** Connects at a steady rate, sends, and counts the clients that do not get their echo. */
const STEADY_CLIENTS = `
import socket, sys, threading, time
port, rate, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
failed, lock = [], threading.Lock()
def client(i):
    message = b"message %d" % i
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            s.sendall(message)
            reply = b""
            while chunk := s.recv(100): reply += chunk
            if reply != message: raise OSError(f"got {reply!r}")
    except OSError as error:
        with lock: failed.append(f"{i}: {error}")
print("go", flush=True)
start, threads = time.monotonic(), []
for i in range(int(rate * seconds)):
    time.sleep(max(0, start + i / rate - time.monotonic()))
    threads.append(threading.Thread(target=client, args=(i,)))
    threads[-1].start()
for thread in threads: thread.join()
print(len(threads), len(failed), failed[:3])
`;

testInNamespace(
  "a rolling restart answers every one of 500 connections a second",
  async (inside) => {
    // without this the kernel resets what is in the middle of its handshake: see docs/serving.md
    const sysctl = "/proc/sys/net/ipv4/tcp_migrate_req";
    await output(...inside, "sh", "-c", `echo 1 > ${sysctl}`);
    await using first = await ServerProcess.start([], inside);
    const servers = [first];
    const args = [...inside.slice(1), "python3", "-c", STEADY_CLIENTS, `${first.port}`, "500", "3"];
    const clients = new Deno.Command(inside[0]!, { args, stdout: "piped" }).spawn();
    const reader = clients.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assertMatch((await reader.read()).value!, /^go/);
    // each time a new process takes the port over from the old one
    for (let i = 0; i < 5; i++) {
      servers.push(await ServerProcess.start(["--port", `${first.port}`], inside));
      assertEquals((await servers[i]!.stop("SIGTERM")).code, 0);
    }
    let printed = "";
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      printed += chunk.value;
    }
    await clients.status;
    assertMatch(printed, /1500 0 \[\]/);
    await servers.at(-1)!.stop();
    const served = servers.map((server) => server.events("stopped")[0]!.accepted as number);
    assertEquals(served.reduce((sum, n) => sum + n, 0), 1500);
  },
  ["python3"],
);

/** What one client does. */
type Client = {
  /** The messages it sends, by their sizes. */
  messages: number[];
  /** How it ends: says that it sends no more, reads to the end first, or just goes. */
  end: "half-close" | "close" | "reset";
};

const client: fc.Arbitrary<Client> = fc.record({
  messages: fc.array(
    fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 200_000 })),
    {
      maxLength: 5,
    },
  ),
  end: fc.constantFrom("half-close", "close", "reset"),
});

/** Plays a client and says how many bytes it sent, and asserts that all of them came back. */
async function play(
  server: { addr: Deno.NetAddr },
  { messages, end }: Client,
  salt: number,
): Promise<number> {
  const conn = await connectTo(server);
  let total = 0;
  for (const size of messages) {
    const message = new Uint8Array(size).map((_, i) => (i * 13 + salt) % 256);
    const reply = new Uint8Array(size);
    const reading = (async (): Promise<void> => {
      for (let n = 0; n < size;) {
        n += (await conn.read(reply.subarray(n))) ?? fail("the end");
      }
    })();
    for (let n = 0; n < size;) n += await conn.write(message.subarray(n));
    await reading;
    assertEquals(reply, message);
    total += size;
  }
  if (end === "half-close") {
    await conn.closeWrite();
    assertEquals((await readAll(conn)).length, 0);
  } else {
    conn.close();
  }
  return total;
}

async function openFds(): Promise<number> {
  return (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).length;
}

for (
  const options of [
    {},
    { maxConnections: 2 },
    { settings: { receiveBufferSize: 8192, sendBufferSize: 8192, quickAck: true } },
  ] as ServeOptions[]
) {
  Deno.test({
    name: `whatever clients do, every byte comes back and the account is right: ${
      Deno.inspect(options)
    }`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      await openFds(); // what Deno itself opens the first time
      await fc.assert(
        fc.asyncProperty(fc.array(client, { minLength: 1, maxLength: 6 }), async (clients) => {
          const before = await openFds();
          const server = serve({ ...local, ...options }, echo());
          const sent = await Promise.all(clients.map((each, i) => play(server, each, i)));
          await server.shutdown();
          const { accepted, active, closed, bytesIn, bytesOut, assertionFailures } = server.stats();
          const total = sent.reduce((sum, n) => sum + n, 0);
          assertEquals({ accepted, active, closed, bytesIn, bytesOut, assertionFailures }, {
            accepted: clients.length,
            active: 0,
            closed: clients.length,
            bytesIn: total,
            bytesOut: total,
            assertionFailures: 0,
          });
          // there may be less: Deno closes what an earlier server had a moment later
          const after = await openFds();
          assert(after <= before, `${after - before} descriptors are left open`);
        }),
        { numRuns: 15 },
      );
    },
  });
}

Deno.test("shutdown() while clients are in every state ends in time", async () => {
  const server = serve({ ...local, gracePeriod: 0.5 }, echoOnce());
  const silent = await connectTo(server);
  const gone = await connectTo(server);
  gone.close();
  const sending = await connectTo(server);
  await sending.write(new Uint8Array(3_000_000)).catch(() => 0);
  const started = performance.now();
  await server.shutdown();
  assert(performance.now() - started < 3000);
  assertEquals(server.stats().active, 0);
  silent.close();
  sending.close();
});
