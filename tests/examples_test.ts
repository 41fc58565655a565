import { assertEquals, assertMatch } from "@std/assert";
import { bytes, type Ended, exchange, ROOT, run, testInNamespace, testWith } from "./helpers.ts";

const NETWORK = ["new network", "setpriv", "ip"];

/** What each example takes, beside Deno. */
const EXAMPLES: Record<string, string[]> = {
  buffer_size: [...NETWORK, "tc"],
  database_client: [...NETWORK, "nft"],
  hidden_connections: [...NETWORK, "nft"],
  keep_alive: [...NETWORK, "nft"],
  listen_queue: [],
  nodelay: [],
  quick_ack: [],
  reuse_port: [],
  slow_start: [...NETWORK, "tc"],
  tls_server: [],
};

/** Examples that serve until they are stopped, and have no verdict. */
const SERVERS = ["echo_protocol", "proxy", "with_std"];

const RUN = ["run", "--allow-all", `${ROOT}examples/run.ts`];
const example = (...args: string[]) => run(Deno.execPath(), [...RUN, ...args]);

/** Asserts that an example has shown a table, and what it expected. */
function assertAsExpected({ code, stdout, stderr }: Ended): void {
  assertEquals({ code, stderr, verdict: stdout.trimEnd().split("\n").at(-1) }, {
    code: 0,
    stderr: "",
    verdict: "as expected",
  });
  assertMatch(stdout, /^│ \(idx\)/m, "there is a table");
}

for (const [name, programs] of Object.entries(EXAMPLES)) {
  testWith(programs, `the example ${name} ends as expected`, async () => {
    assertAsExpected(await example(name));
  });
}

// in a network of its own, as a busy one may be at net.ipv4.tcp_max_tw_buckets: then nothing enters TIME_WAIT
testInNamespace("the example reuse_address ends as expected", async ([program, ...inside]) => {
  assertAsExpected(await run(program!, [...inside, Deno.execPath(), ...RUN, "reuse_address"]));
});

Deno.test("without a name the examples are listed, a line each", async () => {
  const { code, stdout } = await example();
  assertEquals(code, 0);
  const lines = stdout.trimEnd().split("\n");
  assertEquals(
    lines.map((line) => line.split(" ")[0]),
    [...Object.keys(EXAMPLES), "reuse_address", ...SERVERS].sort(),
  );
  for (const line of lines) assertMatch(line, /^\w+ +[A-Z][^\n]{30,}\.$/);
});

Deno.test("an example that is not there is wrong usage, with the name that was meant", async () => {
  const { code, stdout, stderr } = await example("no_delay");
  assertEquals({ code, stdout }, { code: 2, stdout: "" });
  assertEquals(stderr, "unknown example no_delay; did you mean nodelay?\n");
});

testWith(
  ["root", "setpriv"],
  "an example that may make no network says so in one line",
  async () => {
    const { code, stdout, stderr } = await run("setpriv", [
      ...["--bounding-set", "-sys_admin", "--inh-caps", "-all"],
      ...[Deno.execPath(), "run", "--allow-all", `${ROOT}examples/run.ts`, "keep_alive"],
    ]);
    assertEquals({ code, stdout }, { code: 1, stdout: "" });
    assertMatch(
      stderr,
      /^This example makes a network of its own, and cannot: unshare .*not permitted\n$/,
    );
  },
);

testWith([...NETWORK, "env", "which"], "an example names the program that is missing", async () => {
  const tools = await Deno.makeTempDir();
  const isMissing = async (program: string, example = "keep_alive"): Promise<void> => {
    const command = [Deno.execPath(), "run", "--allow-all", `${ROOT}examples/${example}.ts`];
    const { code, stdout, stderr } = await run("env", [`PATH=${tools}`, ...command]);
    assertEquals({ code, stdout }, { code: 1, stdout: "" });
    const line = `This example makes a network of its own, and cannot: ${program} is missing\n`;
    assertEquals(stderr, line);
  };
  try {
    await isMissing("unshare");
    for (const program of ["unshare", "setpriv", "ip", "true"]) {
      const { stdout } = await run("which", [program]);
      await Deno.symlink(stdout.trim(), `${tools}/${program}`);
    }
    await isMissing("nft");
    await isMissing("nft", "hidden_connections");
    await isMissing("tc", "slow_start");
  } finally {
    await Deno.remove(tools, { recursive: true });
  }
});

testWith(NETWORK, "an example that is killed leaves nothing behind", async () => {
  const file = `${ROOT}examples/keep_alive.ts`;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--unstable-net", "--allow-all", file],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const ours = networkOf("self");
  const network = await until(() => {
    const [child] = Deno.readTextFileSync(`/proc/${process.pid}/task/${process.pid}/children`)
      .split(" ");
    const command = child ? Deno.readTextFileSync(`/proc/${child}/cmdline`) : "";
    const theirs = networkOf(child!);
    return command.includes("--in-its-own-network") && theirs !== ours && theirs;
  });
  process.kill("SIGKILL");
  await process.status;
  await until(() => !networks().includes(network));
});

/** The networks that processes are in. */
function networks(): (string | undefined)[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => networkOf(name));
}

/** The network of a process; `undefined` where there is no such process. */
function networkOf(pid: string): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

/** Asks until there is an answer. */
async function until<T>(ask: () => T | undefined | false): Promise<T> {
  for (let i = 0; i < 1000; i++) {
    const answer = ask();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`no answer in ten seconds: ${ask}`);
}

/** What the example uses of `@std/log`, which npm does not have. */
const LOG_TYPES = `
export class ConsoleHandler {
  constructor(readonly level: string) {}
}
export function setup(_config: object): void {}
export function getLogger(): Pick<Console, "debug" | "info" | "warn" | "error"> {
  return console;
}
`;

Deno.test("the example with_std is formatted, linted and type-checks, as far as that goes without JSR", async () => {
  const text = await Deno.readTextFile(`${ROOT}examples/with_std.ts`);
  for (const command of [["fmt", "--check"], ["lint"]]) {
    const { code, stderr } = await run(Deno.execPath(), [...command, "--ext", "ts", "-"], text);
    assertEquals(code, 0, stderr);
  }
  const folder = await Deno.makeTempDir();
  const { imports } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const own = { "@sockopt/tcp": `${ROOT}mod.ts`, "@std/log": `${folder}/log.ts` };
  const config = {
    imports: { ...imports, ...own },
    compilerOptions: { types: [`${ROOT}tests/std_assert.d.ts`] },
  };
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(config));
  await Deno.writeTextFile(`${folder}/log.ts`, LOG_TYPES);
  await Deno.writeTextFile(`${folder}/with_std.ts`, text);
  const check = ["check", "--config", `${folder}/deno.json`, `${folder}/with_std.ts`];
  const { code, stderr } = await run(Deno.execPath(), check);
  assertEquals(code, 0, stderr);
  await Deno.remove(folder, { recursive: true });
});

// Deno fetches what is not in its cache yet
const jsr = await run(Deno.execPath(), ["cache", `${ROOT}examples/with_std.ts`]);
const reason = jsr.code === 0 ? "" : " [ignored: JSR does not answer]";

Deno.test({
  name: `the example with_std serves with @std/cli, @std/log and @std/assert${reason}`,
  ignore: reason !== "",
  async fn() {
    const process = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--check", "--allow-net", "--allow-ffi"],
        ...[`${ROOT}examples/with_std.ts`, "--port", "0", "--recv-buffer", "65536", "--verbose"],
      ],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const read = async (pattern: RegExp): Promise<RegExpMatchArray> => {
      for (let text = "";;) {
        const { value } = await reader.read();
        if (value === undefined) throw new Error(`it ended, and said: ${text}`);
        const found = (text += value).match(pattern);
        if (found !== null) return found;
      }
    };
    const [, port] = await read(/Serving on 127\.0\.0\.1:(\d+)/);
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    assertEquals(new TextDecoder().decode(await exchange(conn, bytes("hello"))), "hello");
    process.kill("SIGTERM");
    await read(/Stopped/);
    await reader.cancel();
    assertEquals((await process.status).code, 0);
  },
});
