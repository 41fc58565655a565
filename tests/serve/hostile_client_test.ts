/** Clients that are slow, rude or hostile harm nobody but themselves. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ConnHandler, echo, serve } from "../../mod.ts";
import {
  bytes,
  connectTo,
  delay,
  exchange,
  readAll,
  ROOT,
  ServerProcess,
  Strace,
  testWith,
} from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };
const pem = (name: string): string => Deno.readTextFileSync(`${ROOT}tests/tls/${name}.pem`);

/** Sends more than the sockets hold, as far as the peer takes it. */
async function stuff(conn: Deno.TcpConn): Promise<void> {
  const data = new Uint8Array(64 << 20);
  try {
    for (let n = 0; n < data.length;) n += await conn.write(data.subarray(n));
  } catch {
    // the peer has closed
  }
}

Deno.test("a client that reads nothing is gone after idleTimeout, and the process lives", async () => {
  await using server = await ServerProcess.start([
    ...["--mode", "stream", "--idle-timeout", "0.5", "--log-level", "debug"],
  ]);
  const greedy = await server.connect();
  const stuffed = stuff(greedy);
  await server.event("closed");
  await stuffed;
  greedy.close();
  const other = await server.connect();
  await other.write(bytes("hello"));
  const reply = new Uint8Array(5);
  assertEquals(await other.read(reply), 5);
  other.close();
  assertEquals((await server.stop()).code, 0);
});

/** Leaves a write behind that the client does not take. */
const unfinished: ConnHandler = async (conn) => {
  stuff(conn);
  await conn.read(new Uint8Array(1));
};

Deno.test("a handler that returns while it writes harms nobody", async () => {
  await using server = serve(local, unfinished);
  const conn = await connectTo(server);
  await conn.write(bytes("x"));
  await connectTo(server).then((other) => other.close());
  while (server.stats().closed < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  conn.close();
});

Deno.test("a write that is under way at the end of the grace period harms nobody", async () => {
  const server = serve({ ...local, gracePeriod: 0.05 }, unfinished);
  const conn = await connectTo(server);
  while (server.stats().active < 1) await new Promise((resolve) => setTimeout(resolve, 1));
  await server.shutdown();
  assertEquals(server.stats().active, 0);
  conn.close();
});

/** Streams flat out over some connections, and exchanges letters over one; prints what they moved in the meantime. */
const FLAT_OUT = `${ROOT}tests/serve/flat_out.c`;

testWith("cc", "clients that stream flat out hold up neither others nor the stop", async () => {
  const folder = await Deno.makeTempDir();
  const program = `${folder}/flat_out`;
  const built = await new Deno.Command("cc", { args: ["-O2", "-pthread", "-o", program, FLAT_OUT] })
    .output();
  assert(built.success, new TextDecoder().decode(built.stderr));
  await using server = await ServerProcess.start(["--mode", "stream"]);
  const client = new Deno.Command(program, {
    args: [`${server.port}`, "4", "30"],
    stdout: "piped",
  }).spawn();
  const output = client.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value: line = "" } = await output.read();
  // megabytes are the clock: how long they take depends on the machine
  const moved = Number(/^most (\d+) MB/.exec(line)?.[1]);
  assert(moved < 500, `the others moved while a letter waited: ${line}`);
  server.process.kill("SIGTERM");
  while (await server.connect().then((conn) => (conn.close(), true), () => false)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await delay(150); // two signals at once are one
  server.process.kill("SIGTERM");
  assertEquals((await server.end()).code, 0);
  // nobody has ended their streams but the server
  const rest = await output.read();
  assertMatch(rest.value ?? "", /^cut off/);
  await client.status;
  await Deno.remove(folder, { recursive: true });
});

testWith("strace", "a message that has arrived leaves in one send, whatever its size", async () => {
  using strace = new Strace("sendto");
  await using server = await ServerProcess.start(["--mode", "stream"], strace.command);
  const conn = await server.connect();
  const sizes = [1, 1151, 1152, 1153, 4096, 16_384, 65_536];
  for (const size of sizes) {
    const message = new Uint8Array(size).fill(65);
    for (let n = 0; n < size;) n += await conn.write(message.subarray(n));
    for (let n = 0; n < size;) n += (await conn.read(message))!;
  }
  const sent = (await strace.lines()).map((line) => /^sendto\(.*"A.* = (\d+)$/.exec(line)?.[1])
    .filter((n) => n !== undefined);
  assertEquals(sent, sizes.map(String));
  conn.close();
});

Deno.test("garbage in place of a TLS handshake is counted, and no line above debug", async () => {
  const lines: string[] = [];
  const log = (message: string): void => void lines.push(message);
  const logger = { debug() {}, info: log, warn: log, error: log };
  const server = serve(
    { ...local, cert: pem("cert"), key: pem("key"), logger, onListen() {} },
    echo(),
  );
  for (const garbage of ["GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01", ""]) {
    const conn = await connectTo(server);
    if (garbage !== "") await conn.write(bytes(garbage));
    await conn.closeWrite();
    await readAll(conn).catch(() => {});
  }
  await server.shutdown();
  assertEquals(lines, ["Stopped"]);
  assertEquals(Object.values(server.stats().errors).reduce((a, b) => a + b), 3);
});

Deno.test("callbacks that throw or reject end neither the server nor the process", async () => {
  const errors: string[] = [];
  const logger = {
    debug() {},
    info() {},
    warn() {},
    error: (message: string) => void errors.push(message),
  };
  const fail = (): never => {
    throw new Error("on purpose");
  };
  for (const reject of [false, true]) {
    const callback = reject ? () => Promise.reject(new Error("on purpose")) : fail;
    const server = serve(
      { ...local, logger, onListen: callback, onError: callback },
      () => fail(),
    );
    for (let i = 0; i < 2; i++) {
      assertEquals(await exchange(await connectTo(server), bytes("")), bytes(""));
    }
    await server.shutdown();
  }
  assertEquals(errors.toSorted(), [
    ...Array(4).fill("onError threw: Error: on purpose"),
    ...Array(2).fill("onListen threw: Error: on purpose"),
  ]);
});
