/** Options that are set on live sockets of another process. */

import { assertEquals, assertMatch } from "@std/assert";
import { python } from "../helpers.ts";
import { inspectCommand, printed, runInspect } from "./run_inspect.ts";
import { Target, testPeeking } from "./target.ts";

/** Keep-alive of a listener, of what it has accepted and of its client, as Python reads it. */
const KEEP_ALIVE = "[s.getsockopt(1, 9) for s in (l, a, c)]";

testPeeking(
  "--set sets an option on the sockets that are meant, and says before and after",
  async () => {
    await using target = await Target.start("l, a, c = pair(); u = S.socketpair()");
    const pid = await target.pid;
    const port = await target.ask("c.getsockname()[1]") as number;
    const chosen = ["--state=established", "--port", port];
    const text = await printed(pid, ...chosen, "--set", "SO_KEEPALIVE=on", "--yes");
    assertEquals(await target.ask(KEEP_ALIVE), [0, 1, 1]);
    assertMatch(text, /^fd +peer +option +before +after$/m);
    assertEquals(text.match(/^ *\d+ +127\.0\.0\.1:\d+ +SO_KEEPALIVE +false +true$/gm)?.length, 2);

    const fd = await target.ask("a.fileno()") as number;
    const flags = ["--set", "TCP_KEEPIDLE=33", "--set=TCP_KEEPCNT=4", "--yes", "--json"];
    assertEquals(
      JSON.parse(await printed(pid, fd, ...flags)).map((change: Record<string, unknown>) => [
        change.fd,
        change.option,
        change.before,
        change.after,
        change.ok,
      ]),
      [[fd, "TCP_KEEPIDLE", 7200, 33, true], [fd, "TCP_KEEPCNT", 9, 4, true]],
    );
    assertEquals(await target.ask("[a.getsockopt(6, 4), a.getsockopt(6, 6)]"), [33, 4]);

    // a socket that does not have it is not meant
    await printed(pid, "--set", "TCP_USER_TIMEOUT=5000", "--yes");
    assertEquals(await target.ask("[s.getsockopt(6, 18) for s in (l, a, c)]"), [5000, 5000, 5000]);
  },
);

testPeeking("nothing is set without a yes, and nothing that cannot be", async () => {
  await using target = await Target.start("l, a, c = pair()");
  const pid = await target.pid;
  const refusals: [flags: (string | number)[], code: number, line: RegExp][] = [
    [["--set", "SO_KEEPALIVE=on"], 2, /^--set takes --yes where nobody can be asked$/],
    [["--set", "TCP_INFO=1", "--yes"], 2, /^--set TCP_INFO: it can only be read$/],
    [["--set", "SO_KEEPALIVE", "--yes"], 2, /^--set SO_KEEPALIVE needs a value/],
    [["--set", "SO_KEEPALIVE=maybe", "--yes"], 2, /^--set SO_KEEPALIVE: expected on or off/],
    [["--set", "SO_KEEPALVE=on", "--yes"], 2, /did you mean SO_KEEPALIVE\?$/],
    [["--set", "UDP_SEGMENT=9", "--yes"], 1, /has no socket that is meant and has UDP_SEGMENT=9$/],
    [[99, "--set", "SO_KEEPALIVE=on", "--yes"], 1, /has no socket 99 that is meant$/],
    [["--yes"], 2, /^--yes goes with --set$/],
  ];
  for (const [flags, code, line] of refusals) {
    const ended = await runInspect([pid, ...flags]);
    assertEquals(ended.code, code, flags.join(" "));
    assertMatch(ended.stderr.trimEnd(), line);
  }
  assertEquals(await target.ask(KEEP_ALIVE), [0, 0, 0]);
});

testPeeking("what the kernel makes of a value is said, and fails", async () => {
  await using target = await Target.start("l, a, c = pair()");
  const fd = await target.ask("a.fileno()") as number;
  const capped = await runInspect([await target.pid, fd, "--set", "SO_RCVBUF=1g", "--yes"]);
  assertEquals(capped.code, 1);
  assertMatch(capped.stdout, /capped at \d+ by net\.core\.rmem_max/);
  const refused = await runInspect([
    await target.pid,
    fd,
    "--set",
    "TCP_CONGESTION=nonesuch",
    "--yes",
  ]);
  assertEquals(refused.code, 1);
  assertMatch(refused.stdout, /setsockopt TCP_CONGESTION: .*ENOENT|ENOENT/);
});

/** Runs a command on a pseudo terminal, types a line once it is asked, and prints what it shows. */
const ANSWER = `
import os, pty, sys
answer, command = sys.argv[1], sys.argv[2:]
pid, fd = pty.fork()
if pid == 0: os.execvp(command[0], command)
shown = b""
try:
    while chunk := os.read(fd, 4096):
        shown += chunk
        if b"[y/N]" in shown and answer: os.write(fd, answer.encode() + b"\\n"); answer = ""
except OSError: pass
sys.stdout.write(repr(shown))
`;

testPeeking("at a terminal it asks", async () => {
  await using target = await Target.start("l, a, c = pair()");
  const command = inspectCommand(await target.pid, "--set", "SO_KEEPALIVE=on", "--state=listen");
  const no = await python(ANSWER, "n", ...command);
  assertMatch(no, /Set SO_KEEPALIVE=true on 1 socket of process \d+ \(\S+\)\? \[y\/N\]/);
  assertMatch(no, /Nothing was set\./);
  assertEquals(await target.ask(KEEP_ALIVE), [0, 0, 0]);
  await python(ANSWER, "y", ...command);
  assertEquals(await target.ask(KEEP_ALIVE), [1, 0, 0]);
});

/** Sends a signal before it answers, and waits until a descriptor is another socket. */
const SWAP_FIRST = `
pid_there, fd_there, sys.argv[1:] = sys.argv[1], sys.argv[2], sys.argv[3:]
def swap():
    link = f"/proc/{pid_there}/fd/{fd_there}"
    before = os.readlink(link)
    os.kill(int(pid_there), 10)
    while True:
        try:
            if os.readlink(link) != before: return
        except FileNotFoundError: pass
`;

testPeeking("a number that is another socket by now is left alone", async () => {
  await using target = await Target.start(`
import signal
l, a, c = pair()
def swap(*_):
    global n
    a.close()
    n = S.socket()
signal.signal(10, swap)
`);
  const pid = await target.pid;
  const fd = await target.ask("a.fileno()") as number;
  const program = "import os, sys" + SWAP_FIRST +
    ANSWER.replace("os.write(fd, answer", "swap(); os.write(fd, answer");
  const flags = ["--set", "SO_KEEPALIVE=on", "--state=established"];
  await python(program, pid, fd, "y", ...inspectCommand(pid, ...flags));
  assertEquals(await target.ask("[c.getsockopt(1, 9), n.getsockopt(1, 9)]"), [1, 0]);
  assertEquals(await target.ask("n.fileno()"), fd);
});
