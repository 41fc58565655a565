import assert from "node:assert/strict";
import { helpText, parseCommandLine } from "../src/command_line.ts";
import { UsageError } from "../src/usage_error.ts";
import { SO_LINGER, TCP_CONGESTION, TCP_DEFER_ACCEPT } from "../mod.ts";
import "./helpers.ts";

/** The line that a command line is refused with. */
function refusal(...args: string[]): string {
  try {
    parseCommandLine(args);
  } catch (error) {
    assert(error instanceof UsageError);
    assert(!error.message.includes("\n"));
    return error.message;
  }
  assert.fail(`${args.join(" ")} is taken`);
}

Deno.test("without flags the defaults are the recipe's", () => {
  const { host, port, backlog, strict, mode, workers, ...options } = parseCommandLine([]);
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
  Deno.test(`--${flag} takes ${good}, refuses ${JSON.stringify(bad)} and needs a value`, () => {
    const name = flag as keyof ReturnType<typeof parseCommandLine>;
    assert.deepEqual(parseCommandLine([`--${flag}`, good])[name], value);
    assert.deepEqual(parseCommandLine([`--${flag}=${good}`])[name], value);
    assert.match(refusal(`--${flag}=${bad}`), new RegExp(`^--${flag} .*(expected|needs)`));
    assert.match(refusal(`--${flag}`), new RegExp(`^--${flag} needs a value: --${flag} [A-Z]`));
    assert.match(refusal(`--${flag}`, "--strict"), /needs a value/);
  });
}

Deno.test("flags that are on or off take no value", () => {
  for (const flag of ["no-delay", "strict", "check", "version", "help"] as const) {
    assert.equal(parseCommandLine([`--${flag}`])[flag], true);
    assert.equal(refusal(`--${flag}=yes`), `--${flag} takes no value, got yes`);
  }
  for (const flag of ["reuse-port", "quick-ack"] as const) {
    assert.equal(parseCommandLine([`--no-${flag}`])[flag], false);
    assert.equal(parseCommandLine([`--no-${flag}`, `--${flag}`])[flag], true);
  }
  assert.equal(parseCommandLine(["-h"]).help, true);
});

Deno.test("--keep-alive may have a value", () => {
  assert.equal(parseCommandLine(["--keep-alive"])["keep-alive"], true);
  assert.deepEqual(parseCommandLine(["--keep-alive=60,10,5"])["keep-alive"], {
    idle: 60,
    interval: 10,
    count: 5,
  });
  for (const bad of ["60", "60,10,five", "0,1,1", ""]) {
    assert.match(refusal(`--keep-alive=${bad}`), /^--keep-alive ".*": expected /);
  }
});

Deno.test("--host and --option may be repeated", () => {
  const { host, option } = parseCommandLine([
    "--host=127.0.0.1",
    "--host=::1",
    "--option=TCP_DEFER_ACCEPT=5",
    "--option=SO_LINGER=on,3",
  ]);
  assert.deepEqual(host, ["127.0.0.1", "::1"]);
  assert.deepEqual(option, [[TCP_DEFER_ACCEPT, 5], [SO_LINGER, 3]]);
});

Deno.test("--option sets values of every kind, and says what is expected", () => {
  const value = (text: string): unknown => parseCommandLine(["--option", text]).option[0]![1];
  assert.equal(value("SO_KEEPALIVE=on"), true);
  assert.equal(value("SO_KEEPALIVE=0"), false);
  assert.equal(value("IP_TTL=64"), 64);
  assert.equal(value("SO_MAX_PACING_RATE=1000000"), 1_000_000n);
  assert.equal(value("SO_LINGER=off"), false);
  assert.equal(value("SO_RCVTIMEO=1500"), 1500);
  assert.equal(value("IP_MTU_DISCOVER=do"), "do");
  assert.deepEqual(value("SO_BUF_LOCK=send,receive"), ["send", "receive"]);
  assert.deepEqual(value("IP_LOCAL_PORT_RANGE=40000-50000"), { low: 40_000, high: 50_000 });
  assert.equal(value("IP_MULTICAST_IF=127.0.0.1"), "127.0.0.1");

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
    assert.equal(refusal("--option", text), `--option ${text.split("=")[0]}: ${line}`);
  }
});

Deno.test("flags that belong together are asked for together", () => {
  assert.equal(refusal("--cert", "a"), "--cert goes with --key");
  assert.equal(refusal("--key", "a"), "--key goes with --cert");
  assert.equal(refusal("--json"), "--json goes with --check");
});

Deno.test("a misspelt flag suggests the right one", () => {
  assert.equal(refusal("--prot", "1"), "unknown flag --prot; did you mean --port?");
  assert.equal(
    refusal("--no-reuseport"),
    "unknown flag --no-reuseport; did you mean --no-reuse-port?",
  );
  assert.equal(refusal("--wrokers=2"), "unknown flag --wrokers; did you mean --workers?");
  assert.equal(refusal("--xyz"), "unknown flag --xyz; see --help");
  assert.equal(refusal("8888"), 'unexpected argument "8888"; see --help');
});

Deno.test("the help names every flag and fits a screen", () => {
  const lines = helpText().split("\n");
  assert(lines.length <= 40, `${lines.length} lines`);
  assert(lines.every((line) => line.length <= 80));
  for (const [flag] of FLAGS) assert(lines.some((line) => line.includes(`${flag} `)), flag);
});
