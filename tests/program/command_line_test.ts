import assert from "node:assert/strict";
import {
  type CommandLine,
  helpText,
  parseCommandLine,
  UsageError,
} from "../../src/program/command_line.ts";
import { SO_LINGER, TCP_CONGESTION, TCP_DEFER_ACCEPT } from "../../mod.ts";
import "../helpers.ts";

/** The line that a command line is refused with. */
async function refusal(...args: string[]): Promise<string> {
  try {
    await parseCommandLine(args);
  } catch (error) {
    assert(error instanceof UsageError);
    assert(!error.message.includes("\n"));
    return error.message;
  }
  assert.fail(`${args.join(" ")} is taken`);
}

Deno.test("without flags the defaults are the recipe's", async () => {
  const { host, port, backlog, strict, mode, workers, ...options } = await parseCommandLine([]);
  assert.deepEqual({ host, port, backlog, strict, mode, workers }, {
    host: ["127.0.0.1"],
    port: 8888,
    backlog: 100,
    strict: false,
    mode: "once",
    workers: 1,
  });
  assert.equal(options["reuse-port"], true);
  assert.equal(options["quick-ack"], true);
  assert.equal(options["recv-buffer"], undefined);
  assert.equal(options["idle-timeout"], Infinity);
  assert.equal(options.asksForOptions, false);
});

/** Each flag that takes a value: one that is good, what becomes of it, and one that is bad. */
const FLAGS: [flag: string, good: string, value: unknown, bad: string][] = [
  ["host", "::1", ["::1"], ""],
  ["port", "0", 0, "65536"],
  ["backlog", "5", 5, "0"],
  ["recv-buffer", "64k", 65_536, "64q"],
  ["send-buffer", "1MiB", 1_048_576, "0"],
  ["user-timeout", "5000", 5000, "-1"],
  ["congestion", "bbr", "bbr", ""],
  ["option", "TCP_CONGESTION=cubic", [[TCP_CONGESTION, "cubic"]], "TCP_CONGESTION"],
  ["mode", "stream", "stream", "twice"],
  ["workers", "0", 0, "many"],
  ["max-connections", "10", 10, "0"],
  ["idle-timeout", "0.5", 0.5, "soon"],
  ["log-level", "warn", "warn", "loud"],
  ["log-format", "json", "json", "xml"],
];

for (const [flag, good, value, bad] of FLAGS) {
  Deno.test(`--${flag} takes ${good}, refuses ${JSON.stringify(bad)} and needs a value`, async () => {
    const name = flag as keyof CommandLine;
    assert.deepEqual((await parseCommandLine([`--${flag}`, good]))[name], value);
    assert.deepEqual((await parseCommandLine([`--${flag}=${good}`]))[name], value);
    assert.match(await refusal(`--${flag}=${bad}`), new RegExp(`^--${flag} .*(expected|needs)`));
    assert.match(
      await refusal(`--${flag}`),
      new RegExp(`^--${flag} needs a value: --${flag} [A-Z]`),
    );
    assert.match(await refusal(`--${flag}`, "--strict"), /needs a value/);
  });
}

Deno.test("flags that are on or off take no value", async () => {
  for (const flag of ["no-delay", "strict", "check", "version", "help"] as const) {
    assert.equal((await parseCommandLine([`--${flag}`]))[flag], true);
    assert.equal(await refusal(`--${flag}=yes`), `--${flag} takes no value, got yes`);
  }
  for (const flag of ["reuse-port", "quick-ack"] as const) {
    assert.equal((await parseCommandLine([`--no-${flag}`]))[flag], false);
    assert.equal((await parseCommandLine([`--no-${flag}`, `--${flag}`]))[flag], true);
  }
  assert.equal((await parseCommandLine(["-h"])).help, true);
});

Deno.test("--keep-alive may have a value", async () => {
  assert.equal((await parseCommandLine(["--keep-alive"]))["keep-alive"], true);
  assert.deepEqual((await parseCommandLine(["--keep-alive=60,10,5"]))["keep-alive"], {
    idle: 60,
    interval: 10,
    count: 5,
  });
  for (const bad of ["60", "60,10,five", "0,1,1", ""]) {
    assert.match(await refusal(`--keep-alive=${bad}`), /^--keep-alive ".*": expected /);
  }
});

Deno.test("--host and --option may be repeated", async () => {
  const { host, option } = await parseCommandLine([
    "--host=127.0.0.1",
    "--host=::1",
    "--option=TCP_DEFER_ACCEPT=5",
    "--option=SO_LINGER=on,3",
  ]);
  assert.deepEqual(host, ["127.0.0.1", "::1"]);
  assert.deepEqual(option, [[TCP_DEFER_ACCEPT, 5], [SO_LINGER, 3]]);
});

Deno.test("--option sets values of every kind, and says what is expected", async () => {
  const value = async (text: string): Promise<unknown> =>
    (await parseCommandLine(["--option", text])).option[0]![1];
  assert.equal(await value("SO_KEEPALIVE=on"), true);
  assert.equal(await value("SO_KEEPALIVE=0"), false);
  assert.equal(await value("IP_TTL=64"), 64);
  assert.equal(await value("SO_MAX_PACING_RATE=1000000"), 1_000_000n);
  assert.equal(await value("SO_LINGER=off"), false);
  assert.equal(await value("SO_RCVTIMEO=1500"), 1500);
  assert.equal(await value("IP_MTU_DISCOVER=do"), "do");
  assert.deepEqual(await value("SO_BUF_LOCK=send,receive"), ["send", "receive"]);
  assert.deepEqual(await value("IP_LOCAL_PORT_RANGE=40000-50000"), { low: 40_000, high: 50_000 });
  assert.equal(await value("IP_MULTICAST_IF=127.0.0.1"), "127.0.0.1");

  const lines = {
    "TCP_NODELY=1": "there is no such option; did you mean TCP_NODELAY?",
    "tcp_nodelay=1": "there is no such option; did you mean TCP_NODELAY?",
    "QQQ=1": "there is no such option",
    "TCP_NODELAY=maybe": 'expected on or off, got "maybe"',
    "TCP_INFO=1": "it can only be read",
    "SO_RCVBUF=64k": 'expected a whole number, got "64k"',
    "SO_RCVBUF=3000000000":
      "expected a whole number from -2147483648 to 2147483647, got 3000000000",
    "SO_LINGER=soon": 'expected off, or on and seconds such as on,3, got "soon"',
    "IP_MTU_DISCOVER=yes":
      'expected one of "dont", "want", "do", "probe", "interface", "omit", got "yes"',
    "IP_MULTICAST_IF=lo": 'expected an IPv4 address, got "lo"',
    "IP_ADD_MEMBERSHIP=239.0.0.1": "its value is a structure; set it with the library",
  };
  for (const [text, line] of Object.entries(lines)) {
    assert.equal(await refusal("--option", text), `--option ${text.split("=")[0]}: ${line}`);
  }
});

Deno.test("flags that belong together are asked for together", async () => {
  assert.equal(await refusal("--cert", "a"), "--cert goes with --key");
  assert.equal(await refusal("--key", "a"), "--key goes with --cert");
  assert.equal(await refusal("--json"), "--json goes with --check");
});

Deno.test("a misspelt flag suggests the right one", async () => {
  assert.equal(await refusal("--prot", "1"), "unknown flag --prot; did you mean --port?");
  assert.equal(
    await refusal("--no-reuseport"),
    "unknown flag --no-reuseport; did you mean --no-reuse-port?",
  );
  assert.equal(await refusal("--wrokers=2"), "unknown flag --wrokers; did you mean --workers?");
  assert.equal(await refusal("--xyz"), "unknown flag --xyz; see --help");
  assert.equal(await refusal("8888"), 'unexpected argument "8888"; see --help');
});

Deno.test("the help names every flag and fits a screen", () => {
  const lines = helpText().split("\n");
  assert(lines.length <= 40, `${lines.length} lines`);
  assert(lines.every((line) => line.length <= 80));
  for (const [flag] of FLAGS) assert(lines.some((line) => line.includes(`${flag} `)), flag);
});
