/**
 * A bounded soak of the program with two workers: `deno task soak`.
 *
 * So many good, rude and TLS clients, and then what is left of them: wrong bytes, descriptors, memory, errors. It is
 * no measurement of time. The exit code is 1 if something is wrong. `--help` tells its flags.
 */

import { countOf, parseFlags } from "./flags.ts";
import { type Count, freePort, Load, Process } from "./measure.ts";
import { Progress } from "./progress.ts";

const FLAGS = {
  "one-shot": { type: "string", default: "300000" },
  rude: { type: "string", default: "100000" },
  tls: { type: "string", default: "10000" },
  help: { type: "boolean", short: "h" },
} as const;

const HELP = `Good, rude and TLS clients against server.ts --workers 2, and what is left of them.

Usage: deno task soak [FLAG]...

  --one-shot N            connections: connect, send, read the echo to the end (${
  FLAGS["one-shot"].default
})
  --rude N                clients with bad manners (${FLAGS.rude.default})
  --tls N                 TLS handshakes with an echo (${FLAGS.tls.default})
  -h, --help              print this help`;

const values = parseFlags(FLAGS);
if (values.help) {
  console.log(HELP);
  Deno.exit();
}
const ONE_SHOT = countOf("one-shot", values["one-shot"]);
const RUDE = countOf("rude", values.rude);
const TLS = countOf("tls", values.tls);

/** The folder of the project. */
const ROOT = new URL("..", import.meta.url).pathname;
const TLS_FILES = `${ROOT}tests/tls`;
const CLIENTS = 64;
const SIZE = 64;
/** Connections before the first look, so that what the server opens and keeps is there. */
const WARM_UP = 500;
const MiB = 1 << 20;
const progress = new Progress();

const WORKERS = 2;

/** The program with its workers, and its log. */
class Server implements AsyncDisposable {
  /** What was open and resident when the server was warm. */
  #before = { descriptors: 0, memory: 0 };
  #most = 0;
  #watch: ReturnType<typeof setInterval> | undefined;

  private constructor(readonly process: Process, readonly log: Log) {}

  static async start(...flags: string[]): Promise<Server> {
    const port = freePort();
    const permissions = ["--allow-net", "--allow-ffi", `--allow-read=${ROOT}`];
    const program = [Deno.execPath(), "run", ...permissions, `${ROOT}server.ts`];
    const shape = ["--port", `${port}`, "--workers", `${WORKERS}`, "--log-format", "json"];
    const process = await Process.start([...program, ...shape, ...flags], port, "piped");
    const log = new Log(process.process.stderr);
    // a client can connect as soon as one of them listens
    await log.has("listening", WORKERS);
    return new Server(process, log);
  }

  get port(): number {
    return this.process.port;
  }

  /** The server is warm: from now on its memory is watched. */
  async watch(): Promise<void> {
    const { process } = this;
    await until(() => connections(process.port) === 0);
    this.#before = { descriptors: process.descriptors(), memory: process.memory() };
    this.#watch = setInterval(() => this.#most = Math.max(this.#most, process.memory()), 50);
  }

  /** Waits until all connections are closed, stops the server, and says what is left of its clients. */
  async result(): Promise<Record<string, string | number>> {
    const { process } = this;
    const before = this.#before;
    await until(() =>
      connections(process.port) === 0 && process.descriptors() <= before.descriptors
    );
    const after = { descriptors: process.descriptors(), memory: process.memory() };
    const most = Math.max(this.#most, before.memory, after.memory);
    clearInterval(this.#watch);
    const code = await process.stop();
    await this.log.ended;
    const { lines } = this.log;
    const failures = lines.filter(({ event }) => event === "assertion_failed").length;
    const errors = lines.filter(({ level }) => level === "error");
    for (const { message } of errors.slice(0, 5)) console.error(message);
    const sizes = [before.memory, most, after.memory].map((size) => Math.round(size / MiB));
    expectEqual("descriptors after", after.descriptors, before.descriptors);
    expectEqual("assertion failures", failures, 0);
    expectEqual("error lines", errors.length, 0);
    expectEqual("exit code", code, 0);
    return {
      "descriptors before, after": `${before.descriptors}, ${after.descriptors}`,
      "RSS before, at most, after (MiB)": sizes.join(", "),
      "assertion failures": failures,
      "error lines": errors.length,
      "exit code after SIGTERM": code,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch);
    await this.process.stop();
  }
}

/** How many connections a server has that it has not closed: the kernel shows the inodes of their descriptors. */
function connections(port: number): number {
  const here = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const sockets = Deno.readTextFileSync("/proc/net/tcp").trim().split("\n").slice(1);
  return sockets.map((line) => line.trim().split(/ +/)).filter((fields) =>
    fields[1]!.endsWith(here) && fields[3] !== LISTEN && fields[9] !== "0"
  ).length;
}

/** The state TCP_LISTEN as /proc/net/tcp shows it. */
const LISTEN = "0A";

/** Waits until something is true, 10 seconds at most. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !isTrue(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly event?: string;
}

/** A line of the log; what is none of its lines, the runtime has said, and is an error. */
function readLine(line: string): LogLine {
  try {
    return JSON.parse(line);
  } catch {
    return { level: "error", message: line };
  }
}

/** The lines that a server writes. */
class Log {
  readonly lines: LogLine[] = [];
  readonly ended: Promise<void>;
  #changed = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.ended = this.#read(stream);
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      this.lines.push(...lines.map(readLine));
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
    if (rest !== "") this.lines.push(readLine(rest));
  }

  /** Waits until an event was logged so many times. */
  async has(event: string, times: number): Promise<void> {
    let over = false;
    const end = this.ended.then(() => over = true);
    while (this.lines.filter((line) => line.event === event).length < times) {
      if (over) throw new Error(`the server ended: ${this.lines.at(-1)?.message}`);
      await Promise.race([this.#changed.promise, end]);
    }
  }
}

/** What is not as it must be, a line each. */
const faults: string[] = [];

function expectEqual(what: string, actual: number, expected: number): void {
  if (actual !== expected) faults.push(`${what}: ${actual}, and not ${expected}`);
}

/** What came of some good clients. */
function goodClients(counts: Count[], expected: number): Record<string, number> {
  const sum = (key: keyof Count) => counts.reduce((sum, count) => sum + count[key], 0);
  const wrong = sum("bad");
  const failed = expected - sum("done"); // whether refused, reset, or without an end
  expectEqual("connections with wrong or missing bytes", wrong, 0);
  expectEqual("failed good connections", failed, 0);
  return {
    "good connections": sum("done"),
    "with wrong or missing bytes": wrong,
    "failed": failed,
  };
}

/** Six rude clients, and then a good one that waits for its echo. */
const ROUND = 6;

async function soakPlain(load: Load): Promise<Record<string, string | number>> {
  await using server = await Server.start();
  await load.count(server.port, CLIENTS, WARM_UP, SIZE);
  await server.watch();
  progress.next(ONE_SHOT / 20_000, `${ONE_SHOT} one-shot connections`);
  const good = await load.count(server.port, CLIENTS, ONE_SHOT, SIZE);
  progress.next(RUDE / 10_000, `${RUDE} rude clients`);
  const { rude, ...among } = await load.rude(server.port, RUDE);
  expectEqual("rude clients", rude, RUDE);
  const clients = goodClients([good, among], ONE_SHOT + Math.floor(RUDE / ROUND));
  return { "rude clients": rude, ...clients, ...await server.result() };
}

async function soakTls(): Promise<Record<string, string | number>> {
  const files = ["--cert", `${TLS_FILES}/cert.pem`, "--key", `${TLS_FILES}/key.pem`];
  await using server = await Server.start(...files);
  await tlsClients(server.port, WARM_UP);
  await server.watch();
  progress.next(TLS / 1000, `${TLS} TLS handshakes`);
  const good = await tlsClients(server.port, TLS);
  return { "rude clients": 0, ...goodClients([good], TLS), ...await server.result() };
}

/** How many failures end it: a server that serves no more is not waited for again and again. */
const MOST_FAILURES = 10;

/** So many TLS connections, some at once: each sends bytes of its own and reads the echo to the end. */
async function tlsClients(port: number, count: number): Promise<Count> {
  const caCerts = [await Deno.readTextFile(`${TLS_FILES}/ca.pem`)];
  const found = { done: 0, bad: 0, failed: 0 };
  let begun = 0;
  const client = async (): Promise<void> => {
    while (begun < count && found.failed < MOST_FAILURES) {
      begun++;
      try {
        const conn = await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts });
        if (!await isEchoed(conn)) found.bad++;
        found.done++;
      } catch (error) {
        progress.clear();
        console.error(`a TLS client failed: ${error}`);
        found.failed++;
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return found;
}

/** How many milliseconds an echo may take. */
const PATIENCE = 10_000;

/** Whether a connection gives back what it is sent, and then ends. */
async function isEchoed(conn: Deno.Conn): Promise<boolean> {
  const timer = setTimeout(() => conn.close(), PATIENCE);
  try {
    const message = crypto.getRandomValues(new Uint8Array(SIZE));
    await conn.write(message);
    const echo = new Uint8Array(await new Response(conn.readable).arrayBuffer());
    return echo.length === SIZE && echo.every((byte, i) => byte === message[i]);
  } finally {
    clearTimeout(timer);
  }
}

async function main(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sockopt-soak-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  Deno.addSignalListener("SIGINT", () => Deno.exit(130));
  const load = await Load.build(folder);
  progress.plan(ONE_SHOT / 20_000 + RUDE / 10_000 + TLS / 1000);
  const columns = { plain: await soakPlain(load), TLS: await soakTls() };
  progress.clear();
  const rows = Object.entries(columns.plain).map(([name, plain]) =>
    [name, { plain, TLS: columns.TLS[name] }] as const
  );
  console.table(Object.fromEntries(rows));
  for (const fault of faults) console.error(fault);
  Deno.exit(faults.length === 0 ? 0 : 1);
}

try {
  await main();
} catch (error) {
  progress.clear();
  console.error((error as Error).message);
  Deno.exit(1);
}
