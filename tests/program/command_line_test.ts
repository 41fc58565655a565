import { assert, assertEquals, assertMatch, fail } from "@std/assert";
import { type CommandLine, helpText, parseCommandLine } from "../../src/program/command_line.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { SO_LINGER, TCP_CONGESTION, TCP_DEFER_ACCEPT } from "../../mod.ts";
import { defaultsOf, settingsOf } from "../../src/program/serve_as.ts";
import fc from "../fast_check.ts";
import { runServer } from "../helpers.ts";

/** The line that a command line is refused with. */
function refusal(...args: string[]): string {
  try {
    parseCommandLine(args);
  } catch (error) {
    assert(error instanceof UsageError);
    assert(!error.message.includes("\n"));
    return error.message;
  }
  fail(`${args.join(" ")} is taken`);
}

Deno.test("without flags the defaults are the recipe's", () => {
  const { host, port, backlog, strict, mode, workers, ...options } = parseCommandLine([]);
  assertEquals({ host, port, backlog, strict, mode, workers }, {
    host: ["127.0.0.1"],
    port: 8888,
    backlog: 100,
    strict: false,
    mode: "once",
    workers: 1,
  });
  assertEquals(options["reuse-port"], true);
  assertEquals(options["quick-ack"], true);
  assertEquals(options["recv-buffer"], undefined);
  assertEquals(options["idle-timeout"], Infinity);
  assertEquals(options.asksForOptions, false);
});

/** Each flag that takes a value: one that is good, what becomes of it, and one that is bad. */
const FLAGS: [flag: string, good: string, value: unknown, bad?: string][] = [
  ["host", "::1", ["::1"]],
  ["port", "0", 0, "65536"],
  ["fd", "3", [3], "-1"],
  ["backlog", "5", 5, "0"],
  ["recv-buffer", "64k", 65_536, "64q"],
  ["send-buffer", "1MiB", 1_048_576, "0"],
  ["user-timeout", "5000", 5000, "-1"],
  ["congestion", "bbr", "bbr", ""],
  ["option", "TCP_CONGESTION=cubic", [[TCP_CONGESTION, "cubic"]], "TCP_CONGESTION"],
  ["mode", "stream", "stream", "twice"],
  ["workers", "0", 0, "many"],
  ["max-connections", "10", 10, "0"],
  ["max-connections-per-client", "10", 10, "0"],
  ["idle-timeout", "0.5", 0.5, "soon"],
  ["log-level", "warn", "warn", "loud"],
  ["log-format", "json", "json", "xml"],
];

for (const [flag, good, value, bad] of FLAGS) {
  Deno.test(`--${flag} takes ${good}, refuses ${bad === undefined ? "nothing" : JSON.stringify(bad)} and needs a value`, () => {
    const name = flag as keyof CommandLine;
    assertEquals(parseCommandLine([`--${flag}`, good])[name], value);
    assertEquals(parseCommandLine([`--${flag}=${good}`])[name], value);
    if (bad !== undefined) {
      assertMatch(refusal(`--${flag}=${bad}`), new RegExp(`^--${flag} .*(expected|needs)`));
    }
    assertMatch(
      refusal(`--${flag}`),
      new RegExp(`^--${flag} needs a value: --${flag} [A-Z]`),
    );
    assertMatch(refusal(`--${flag}`, "--strict"), /needs a value/);
  });
}

Deno.test("--proxy-protocol believes everybody, or those that it names, and does not go with TLS", () => {
  const flag = "proxy-protocol";
  assertEquals(parseCommandLine([])[flag], false);
  assertEquals(parseCommandLine([`--${flag}`])[flag], true);
  assertEquals(parseCommandLine([`--${flag}=10.0.0.0/8,::1`])[flag], {
    from: ["10.0.0.0/8", "::1"],
  });
  assertMatch(refusal(`--${flag}=10.0.0.0/33`), /expected addresses or subnets/);
  assertMatch(refusal(`--${flag}`, "10.0.0.0/8"), /the value of --proxy-protocol goes after a =/);
  assertMatch(refusal(`--${flag}`, "--cert", "c", "--key", "k"), /does not go with --cert/);
});

Deno.test("flags that are on or off take no value", () => {
  for (const flag of ["nagle", "strict", "check", "version", "help"] as const) {
    assertEquals(parseCommandLine([`--${flag}`])[flag], true);
    assertEquals(refusal(`--${flag}=yes`), `--${flag} takes no value, got yes`);
  }
  for (const flag of ["reuse-port", "quick-ack", "nagle"] as const) {
    assertEquals(parseCommandLine([`--no-${flag}`])[flag], false);
    assertEquals(parseCommandLine([`--no-${flag}`, `--${flag}`])[flag], true);
  }
  assertEquals(parseCommandLine(["-h"]).help, true);
});

Deno.test("--keep-alive may have a value", () => {
  assertEquals(parseCommandLine(["--keep-alive"])["keep-alive"], true);
  assertEquals(parseCommandLine(["--keep-alive=60,10,5"])["keep-alive"], {
    idle: 60,
    interval: 10,
    count: 5,
  });
  assertEquals(parseCommandLine(["--keep-alive=30"])["keep-alive"], { idle: 30 });
  assertEquals(parseCommandLine(["--keep-alive=30,5"])["keep-alive"], {
    idle: 30,
    interval: 5,
  });
  for (const bad of ["five", "60,10,five", "0,1,1", "1,1,1,1", "60,,5", "60,10,128", "-1"]) {
    assertMatch(refusal(`--keep-alive=${bad}`), /^--keep-alive ".*": expected .*32767 and 127/);
  }
  assertMatch(refusal("--keep-alive="), /^--keep-alive needs a value/);
  assertMatch(
    refusal("--keep-alive", "60,10,5"),
    /^unexpected argument "60,10,5"; .* as in --keep-alive=60,10,5$/,
  );
  assertEquals(parseCommandLine(["--keep-alive", "--strict"])["keep-alive"], true);
});

Deno.test("--defer-accept may have a value, and is on in mode once unless something is said of it", () => {
  const asked = (...args: string[]): (number | undefined)[] => {
    const options = parseCommandLine(args);
    return [settingsOf(options).deferAccept, defaultsOf(options).deferAccept];
  };
  assertEquals(asked(), [undefined, 1]);
  assertEquals(asked("--mode", "stream"), [undefined, undefined]);
  assertEquals(asked("--no-defer-accept"), [undefined, undefined]);
  assertEquals(asked("--defer-accept", "--mode=stream"), [1, undefined]);
  assertEquals(asked("--defer-accept=7"), [7, undefined]);
  assertEquals(asked("--option=TCP_DEFER_ACCEPT=3"), [undefined, undefined]);
  for (const bad of ["0", "-1", "1.5", "soon"]) {
    assertMatch(
      refusal(`--defer-accept=${bad}`),
      /^--defer-accept ".*": expected a whole number of seconds of at least 1$/,
    );
  }
  assertMatch(
    refusal("--defer-accept", "7"),
    /^unexpected argument "7"; .* as in --defer-accept=7$/,
  );
});

Deno.test("--host and --option may be repeated", () => {
  const { host, option } = parseCommandLine([
    "--host=127.0.0.1",
    "--host=::1",
    "--option=TCP_DEFER_ACCEPT=5",
    "--option=SO_LINGER=on,3",
  ]);
  assertEquals(host, ["127.0.0.1", "::1"]);
  assertEquals(option, [[TCP_DEFER_ACCEPT, 5], [SO_LINGER, 3]]);
});

Deno.test("--option sets values of every kind, and says what is expected", () => {
  const value = (text: string): unknown => parseCommandLine(["--option", text]).option[0]![1];
  assertEquals(value("SO_KEEPALIVE=on"), true);
  assertEquals(value("SO_KEEPALIVE=0"), false);
  assertEquals(value("IP_TTL=64"), 64);
  assertEquals(value("SO_RCVBUF=64k"), 65_536);
  assertEquals(value("SO_SNDBUF=1MiB"), 1_048_576);
  assertEquals(value("SO_MAX_PACING_RATE=1000000"), 1_000_000n);
  assertEquals(value("SO_LINGER=off"), false);
  assertEquals(value("SO_RCVTIMEO=1500"), 1500);
  assertEquals(value("IP_MTU_DISCOVER=do"), "do");
  assertEquals(value("SO_BUF_LOCK=send,receive"), ["send", "receive"]);
  assertEquals(value("IP_LOCAL_PORT_RANGE=40000-50000"), { low: 40_000, high: 50_000 });
  assertEquals(value("IP_MULTICAST_IF=127.0.0.1"), "127.0.0.1");

  const lines = {
    "TCP_NODELY=1": "there is no such option; did you mean TCP_NODELAY?",
    "tcp_nodelay=1": "there is no such option; did you mean TCP_NODELAY?",
    "QQQ=1": "there is no such option",
    "TCP_NODELAY=maybe": 'expected on or off, got "maybe"',
    "TCP_INFO=1": "it can only be read",
    "SO_RCVBUF=lots": 'expected a whole number, got "lots"',
    "SO_RCVBUF=2g":
      'expected a number of bytes from 1 to 2147483647, with k, m or g for KiB, MiB or GiB, such as 64k, got "2g"',
    "TCP_KEEPIDLE=2m": 'expected a whole number, got "2m"',
    "SO_RCVBUF=3000000000": "expected a whole number from 0 to 2147483647, got 3000000000",
    "SO_LINGER=soon": 'expected off, or on and seconds such as on,3, got "soon"',
    "IP_MTU_DISCOVER=yes":
      'expected one of "dont", "want", "do", "probe", "interface", "omit", got "yes"',
    "IP_MULTICAST_IF=lo": 'expected an IPv4 address, got "lo"',
    "IP_ADD_MEMBERSHIP=239.0.0.1": "its value is a structure; set it with the library",
  };
  for (const [text, line] of Object.entries(lines)) {
    assertEquals(refusal("--option", text), `--option ${text.split("=")[0]}: ${line}`);
  }
});

Deno.test("flags that belong together are asked for together", () => {
  assertEquals(refusal("--cert", "a"), "--cert goes with --key");
  assertEquals(refusal("--key", "a"), "--key goes with --cert");
  assertEquals(refusal("--json"), "--json goes with --check");
});

Deno.test("what is wrong is one line, whatever the argument has in it", async () => {
  const { stderr, code } = await runServer(["--option", "A\nB\x1b=1"]);
  assertEquals([code, stderr.trimEnd().includes("\n")], [2, false]);
  assertMatch(stderr, /A\\x0aB\\x1b/);
});

Deno.test("a misspelt flag suggests the right one", () => {
  assertEquals(refusal("--prot", "1"), "unknown flag --prot; did you mean --port?");
  assertEquals(
    refusal("--no-reuseport"),
    "unknown flag --no-reuseport; did you mean --no-reuse-port?",
  );
  assertEquals(refusal("--wrokers=2"), "unknown flag --wrokers; did you mean --workers?");
  assertEquals(refusal("--xyz"), "unknown flag --xyz; see --help");
  assertEquals(refusal("8888"), 'unexpected argument "8888"; see --help');
  assertEquals(refusal("--", "--check"), 'unexpected argument "--check" after --');
  assertEquals(
    refusal("--congestion", "a-name-that-is-too-long"),
    '--congestion "a-name-that-is-too-long": expected a name of at most 15 bytes',
  );
});

Deno.test("the help names every flag and fits a screen", () => {
  const lines = helpText("tcp-echo").split("\n");
  assert(lines.length <= 40, `${lines.length} lines`);
  assert(lines.every((line) => line.length <= 80));
  assert(lines.includes("Usage: tcp-echo [FLAG]..."));
  for (const [flag] of FLAGS) assert(lines.some((line) => line.includes(`${flag} `)), flag);
});

Deno.test("small writes are sent at once unless --nagle is given; --no-delay stays accepted", () => {
  assertEquals(settingsOf(parseCommandLine([])).noDelay, true);
  assertEquals(settingsOf(parseCommandLine(["--no-delay"])).noDelay, true);
  assertEquals(settingsOf(parseCommandLine(["--nagle"])).noDelay, false);
  assertEquals(settingsOf(parseCommandLine(["--nagle", "--no-delay"])).noDelay, true);
  assertEquals(refusal("--no-delay=yes"), "--no-delay takes no value, got yes");
});

Deno.test("a flag that is given again is checked again, and the last one counts", () => {
  assertEquals(parseCommandLine(["--port", "1", "--port=2"]).port, 2);
  assertMatch(refusal("--port", "x", "--port", "2"), /^--port "x": expected/);
  assertEquals(parseCommandLine(["--strict", "--strict"]).strict, true);
  assertEquals(parseCommandLine(["--quick-ack", "--no-quick-ack"])["quick-ack"], false);
});

Deno.test("--host may be an empty text, but not left without a value", () => {
  assertEquals(parseCommandLine(["--host", ""]).host, [""]);
  assertEquals(parseCommandLine(["--host=", "--host", "::1"]).host, ["", "::1"]);
  assertEquals(refusal("--strict", "--host"), "--host needs a value: --host ADDR");
});

/** What parseArgs() alone would take for something else. */
const TAKEN_WRONGLY: [args: string[], line: string][] = [
  [["--port", "-1"], '--port "-1": expected a whole number from 0 to 65535'],
  [["--strict", "-1"], "--strict takes no value, got -1"],
  [["--strict=yes"], "--strict takes no value, got yes"],
  [["--strict", "true"], "--strict takes no value, got true"],
  [["--strict=false"], "--strict takes no value, got false"],
  [["--no-quick-ack=1"], "--no-quick-ack takes no value, got 1"],
  [["--no-quick-ack", "1"], 'unexpected argument "1"; see --help'],
  [["--no-port", "1"], "unknown flag --no-port; did you mean --port?"],
  [["--congestion", ""], "--congestion needs a value: --congestion NAME"],
  [["--port=1e3"], '--port "1e3": expected a whole number from 0 to 65535'],
  [["--port=0x10"], '--port "0x10": expected a whole number from 0 to 65535'],
  [["-h=1"], "-h takes no value, got 1"],
  [["-hp"], "unknown flag -hp; see --help"],
  [["-p", "1"], "unknown flag -p; see --help"],
  [["-1"], "unknown flag -1; see --help"],
  [["-"], 'unexpected argument "-"; see --help'],
  [[""], 'unexpected argument ""; see --help'],
  [["--", "1"], 'unexpected argument "1"; see --help'],
  [["---port=1"], "unknown flag ---port; did you mean --port?"],
  [["--port.x=1"], "unknown flag --port.x; did you mean --port?"],
  [["--__proto__=1"], "unknown flag --__proto__; see --help"],
  [["--constructor"], "unknown flag --constructor; see --help"],
  [["--_=1"], "unknown flag --_; see --help"],
];

for (const [args, line] of TAKEN_WRONGLY) {
  Deno.test(`the arguments ${JSON.stringify(args)} are refused`, () => {
    assertEquals(refusal(...args), line);
  });
}

Deno.test("whatever the arguments are, they are taken or refused with one line", () => {
  const part = fc.oneof(
    fc.constantFrom("--port", "--strict", "--no-quick-ack", "--keep-alive", "--option", "-h", "--"),
    fc.constantFrom("1", "-1", "", "on", "SO_RCVBUF=64k", "TCP_NODELAY=on", "=", "--port=1"),
    fc.string({ maxLength: 5 }),
    fc.string({ maxLength: 5 }).map((text) => `--${text}`),
  );
  fc.assert(fc.property(fc.array(part, { maxLength: 4 }), (args) => {
    try {
      parseCommandLine(args);
    } catch (error) {
      assert(error instanceof UsageError, `${error}`);
    }
  }));
});
