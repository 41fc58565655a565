/** What Deno exports of the program by OpenTelemetry, as a receiver of OTLP sees it. */

import { assert, assertEquals } from "@std/assert";
import { bytes, delay, exchange, PERMISSIONS, readAll, ROOT, serverArgs } from "../helpers.ts";

type Value = { stringValue?: string; intValue?: string; doubleValue?: number };
type Attribute = { key: string; value: Value };
interface Point {
  attributes: Attribute[];
  asDouble?: number;
  asInt?: string;
}
interface Body {
  resourceMetrics?: { scopeMetrics: { scope: { name: string }; metrics: MetricJson[] }[] }[];
  resourceLogs?: { scopeLogs: { logRecords: LogJson[] }[] }[];
}
interface MetricJson {
  name: string;
  unit: string;
  sum: { isMonotonic: boolean; dataPoints: Point[] };
}
interface LogJson {
  severityText: string;
  body: Value;
  timeUnixNano: string;
}

/** Receives what is exported, as JSON. */
class Receiver implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** The last value of each metric, under its name and its attributes. */
  readonly values = new Map<string, number>();
  readonly kinds = new Map<string, string>();
  readonly logs: { level: string; text: string }[] = [];
  #changed = Promise.withResolvers<void>();

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        this.#take(await request.json());
        this.#changed.resolve();
        this.#changed = Promise.withResolvers();
        return new Response("{}", { headers: { "content-type": "application/json" } });
      },
    );
  }

  /** What tells Deno to export to here. */
  get env(): Record<string, string> {
    return {
      NO_COLOR: "1",
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
      OTEL_METRIC_EXPORT_INTERVAL: "50",
    };
  }

  #take({ resourceMetrics = [], resourceLogs = [] }: Body): void {
    for (const { scope, metrics } of resourceMetrics.flatMap((each) => each.scopeMetrics)) {
      if (scope.name !== "@sockopt/tcp") continue; // Deno's own
      for (const { name, unit, sum } of metrics) {
        this.kinds.set(name, `${unit} ${sum.isMonotonic ? "counter" : "up and down"}`);
        for (const { attributes, asDouble, asInt } of sum.dataPoints) {
          const labels = attributes.map(({ key, value }) => `${key}=${Object.values(value)[0]}`);
          this.values.set([name, ...labels.sort()].join(" "), asDouble ?? Number(asInt));
        }
      }
    }
    for (const { logRecords } of resourceLogs.flatMap((each) => each.scopeLogs)) {
      for (const { severityText, body } of logRecords) {
        this.logs.push({ level: severityText, text: body.stringValue!.trimEnd() });
      }
    }
  }

  /** Waits until a metric has a value. */
  async until(metric: string, value: number): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new Error(`no ${metric} ${value}: ${Deno.inspect(this.values)}`)),
      20_000,
    );
    while (this.values.get(metric) !== value) await Promise.race([this.#changed.promise, late]);
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Runs the program, exporting to a receiver, and gives it to a function with its port. */
async function withServer(
  receiver: Pick<Receiver, "env">,
  flags: string[],
  fn: (port: number, process: Deno.ChildProcess) => Promise<void>,
): Promise<void> {
  const permissions = [...PERMISSIONS, `--allow-read=${ROOT}`];
  const process = new Deno.Command(Deno.execPath(), {
    args: serverArgs(["--port", "0", ...flags], permissions),
    env: receiver.env,
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let port: string | undefined;
  while ((port = /127\.0\.0\.1:(\d+)/.exec(text)?.[1]) === undefined) {
    const { value, done } = await output.read();
    if (done) throw new Error(`the server ended: ${text}`);
    text += value;
  }
  try {
    await fn(Number(port), process);
  } finally {
    process.kill("SIGTERM");
    const late = setTimeout(() => process.kill("SIGKILL"), 20_000);
    for (let done = false; !done;) done = (await output.read()).done;
    assertEquals((await process.status).code, 0);
    clearTimeout(late);
  }
}

function connect(port: number): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}

/** Whether a server still accepts. */
async function listens(port: number): Promise<boolean> {
  return await connect(port).then((conn) => (conn.close(), true), () => false);
}

Deno.test("the statistics are exported as metrics, and the last of them at the end", async () => {
  await using receiver = new Receiver();
  const flags = ["--mode", "stream", "--max-connections-per-client", "2", "--backlog", "77"];
  await withServer(receiver, [...flags, "--idle-timeout", "1"], async (port) => {
    const queue = `server.address=127.0.0.1 server.port=${port}`;
    await receiver.until(`sockopt.accept_queue.limit ${queue}`, 77);
    assertEquals(receiver.values.get(`sockopt.accept_queue.length ${queue}`), 0);
    const conn = await connect(port);
    await conn.write(bytes("hello"));
    await conn.read(new Uint8Array(5));
    await receiver.until("sockopt.connections.active", 1);
    await readAll(conn); // until it was idle for too long
    await receiver.until("sockopt.connections.closed reason=timed_out", 1);
    const conns = [await connect(port), await connect(port), await connect(port)];
    await receiver.until("sockopt.connections.closed reason=refused", 1);
    for (const each of conns) each.close();
    await receiver.until("sockopt.connections.active", 0);
    const last = await connect(port);
    await last.write(bytes("the last"));
    await last.closeWrite();
    await readAll(last);
  });
  assertEquals(receiver.values.get("sockopt.connections.accepted"), 5);
  assertEquals(receiver.values.get("sockopt.connections.closed reason=ended"), 3);
  assertEquals(receiver.values.get("sockopt.connections.closed reason=assertion_failed"), 0);
  assertEquals(receiver.values.get("sockopt.network.io network.io.direction=receive"), 13);
  assertEquals(receiver.values.get("sockopt.network.io network.io.direction=transmit"), 13);
  assertEquals(receiver.values.get("sockopt.assertion_failures"), 0);
  assertEquals(receiver.values.get("sockopt.accept.pauses"), 0);
  assertEquals(Object.fromEntries(receiver.kinds), {
    "sockopt.connections.accepted": "{connection} counter",
    "sockopt.connections.active": "{connection} up and down",
    "sockopt.connections.closed": "{connection} counter",
    "sockopt.network.io": "By counter",
    "sockopt.assertion_failures": "{connection} counter",
    "sockopt.accept_queue.length": "{connection} up and down",
    "sockopt.accept_queue.limit": "{connection} up and down",
    "sockopt.accept.pauses": "{pause} counter",
  });
});

Deno.test("errors are exported by their code, and log lines without a time in their text", async () => {
  await using receiver = new Receiver();
  const flags = ["--proxy-protocol", "--log-format", "json"];
  await withServer(receiver, flags, async (port) => {
    await exchange(await connect(port), bytes("GET / HTTP/1.1\r\n\r\n")).catch(() => {});
    await receiver.until("sockopt.errors error.type=PROXY_MISSING", 1);
  });
  const line = receiver.logs.find(({ level }) => level === "WARN")!;
  const { message, ...attributes } = JSON.parse(line.text);
  assert(/^Connection from 127\.0\.0\.1:\d+ has no PROXY header that counts: /.test(message));
  assertEquals(Object.keys(attributes), ["event", "remote", "code", "error"]);
  assertEquals(attributes.code, "PROXY_MISSING");
});

Deno.test("threads are exported as one server, and text is the message alone", async () => {
  await using receiver = new Receiver();
  await withServer(receiver, ["--workers", "2"], async (port) => {
    await receiver.until(
      `sockopt.accept_queue.limit server.address=127.0.0.1 server.port=${port}`,
      200,
    );
    for (let i = 0; i < 20; i++) await exchange(await connect(port), bytes("hello"));
    await receiver.until("sockopt.connections.accepted", 20);
  });
  assertEquals(receiver.values.get("sockopt.network.io network.io.direction=receive"), 100);
  assertEquals(receiver.logs.filter(({ text }) => text === "Stopped").length, 1);
  assert(receiver.logs.some(({ text }) => /^worker 1 Serving on 127\.0\.0\.1:\d+$/.test(text)));
});

Deno.test("a second signal ends a program that is exported at once, with its threads", async () => {
  const receiver = new Receiver();
  await receiver[Symbol.asyncDispose](); // nobody takes what is exported
  const flags = ["--workers", "2", "--mode", "stream"];
  await Promise.all(Array.from({ length: 6 }, async () => {
    let conn: Deno.TcpConn | undefined;
    await withServer(receiver, flags, async (port, process) => {
      conn = await connect(port);
      await conn.write(bytes("x"));
      await conn.read(new Uint8Array(1));
      process.kill("SIGTERM"); // the grace period is 10 seconds
      while (await listens(port));
      await delay(150); // two signals at once are one
    });
    conn!.close();
  }));
});

Deno.test("with OTEL_DENO=false nothing is exported, and the log is as ever", async () => {
  await using receiver = new Receiver();
  const process = new Deno.Command(Deno.execPath(), {
    args: serverArgs(["--port", "0"]),
    env: { ...receiver.env, OTEL_DENO: "false" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const stderr = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("Serving on")) text += (await stderr.read()).value;
  process.kill("SIGTERM");
  while (!(await stderr.read()).done);
  assertEquals((await process.status).code, 0);
  assert(/^\d{4}-\d\d-\d\d .* info +Serving on /.test(text), text);
  assertEquals([receiver.values.size, receiver.logs.length], [0, 0]);
});
