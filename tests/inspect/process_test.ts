/** What keeps one from looking at a process, and what is said of it. */

import { assertEquals, assertMatch } from "@std/assert";
import { output, ROOT, run, Strace, testWith } from "../helpers.ts";
import { inspectCommand, printed, runInspect, sockets } from "./run_inspect.ts";
import { Target, testPeeking } from "./target.ts";

/** The one line that it ends with. */
async function refusal(code: number, args: (string | number)[], wrap?: string[]): Promise<string> {
  const ended = await runInspect(args, wrap);
  assertEquals([ended.code, ended.stdout], [code, ""], ended.stderr);
  assertMatch(ended.stderr, /^[^\n]+\n$/);
  return ended.stderr.trimEnd();
}

testWith("Linux", "a process that is not there", async () => {
  assertEquals(await refusal(1, [2 ** 22 + 1]), "there is no process 4194305");
});

testPeeking("a process that has ended, and whose parent has not asked for it", async () => {
  await using target = await Target.start("child = os.fork() or time.sleep(0.3) or os._exit(0)");
  const child = await target.ask("child") as number;
  const watching = printed(child, "--watch", "--interval=0.1");
  await watching; // until it has ended
  assertEquals(await target.ask(`open("/proc/${child}/stat").read().split()[2]`), "Z");
  const { stdout, stderr } = await runInspect([child]);
  assertMatch(stdout + stderr, /no socket that is meant|^there is no process/);
});

testWith("Linux", "permissions of Deno that are missing are named, without a prompt", async () => {
  const [deno, ...args] = inspectCommand("self");
  const without = (flag: string) => run(deno!, args.filter((arg) => !arg.startsWith(flag)));
  const read = await without("--allow-read");
  assertEquals([read.code, read.stderr], [2, "inspecting takes --allow-read=/proc\n"]);
  const ffi = await without("--allow-ffi");
  assertEquals(ffi.code, 2);
  assertMatch(ffi.stderr, /^socket options need the C library: run with --allow-ffi/);
});

testPeeking("another user's process", async () => {
  await using target = await Target.start("l, a, c = pair()");
  const pid = await target.pid;
  // the program, Deno and what it has fetched, where that user may read it
  const folder = await Deno.makeTempDir();
  await Deno.chmod(folder, 0o777);
  const { denoDir } = JSON.parse(await output(Deno.execPath(), "info", "--json"));
  const files = ["inspect.ts", "deno.json", "src", "ffi"].map((name) => `${ROOT}${name}`);
  await output("cp", "-r", ...files, `${denoDir}/npm`, Deno.execPath(), folder);
  await output("chmod", "-R", "a+rX", folder);
  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const [, ...args] = inspectCommand(pid).map((arg) => arg.replace(ROOT, `${folder}/`));
  const command = [`DENO_DIR=${folder}`, ...nobody, `${folder}/deno`, ...args];
  const { code, stdout, stderr } = await run("env", command);
  await Deno.remove(folder, { recursive: true });
  assertEquals([code, stdout], [1, ""]);
  assertMatch(
    stderr,
    /^process \d+ \(\S+\) belongs to user 0, and this is user 65534: run as that user or as root\n$/,
  );
}, ["root", "setpriv"]);

testPeeking("a kernel, a container or yama that says no", async () => {
  await using target = await Target.start("l, a, c = pair()");
  const cases: [injected: string, line: RegExp][] = [
    [
      "pidfd_open:error=ENOSYS",
      /^pidfd_open\(2\) is missing: it takes Linux 5\.6.*this is Linux \d/,
    ],
    ["pidfd_getfd:error=ENOSYS", /^pidfd_getfd\(2\) is missing: it takes Linux 5\.6/],
    ["pidfd_getfd:error=EPERM", /may not be looked at: that takes CAP_SYS_PTRACE|ptrace_scope is/],
  ];
  for (const [injected, line] of cases) {
    using strace = new Strace("pidfd_open,pidfd_getfd", [`--inject=${injected}`]);
    assertMatch(await refusal(1, [await target.pid], strace.command), line);
  }
}, ["strace"]);

testPeeking("every copy is closed before the next one is made", async () => {
  await using target = await Target.start("l, a, c = pair()");
  using strace = new Strace("pidfd_getfd,close");
  const { code } = await runInspect([await target.pid, "--json"], strace.command);
  assertEquals(code, 0);
  const open = new Set<string>();
  let copies = 0;
  for (const line of await strace.lines()) {
    const [, copy] = /^pidfd_getfd\(.*= (\d+)/.exec(line) ?? [];
    const [, closed] = /^close\((\d+)\)/.exec(line) ?? [];
    if (closed !== undefined) open.delete(closed);
    if (copy === undefined) continue;
    assertEquals(open.size, 0);
    open.add(copy);
    copies++;
  }
  assertEquals([copies, open.size], [3, 0]);
}, ["strace"]);

testPeeking("nothing is set without --set", async () => {
  await using target = await Target.start("l, a, c = pair()");
  const pid = await target.pid;
  for (const flags of [["--changed"], ["--json"], ["--watch", "--count=2", "--interval=0.1"]]) {
    using strace = new Strace("setsockopt");
    assertEquals((await runInspect([pid, ...flags], strace.command)).code, 0);
    assertEquals((await strace.lines()).filter((line) => line.startsWith("setsockopt")), []);
  }
}, ["strace"]);

testPeeking("what the kernel sets by itself is not said to be the program's", async () => {
  await using target = await Target.start(`
l = S.socket(S.AF_INET6); l.bind(("::", 0)); l.listen(5)
m = S.socket(S.AF_INET6); m.bind(("::1", 0)); m.listen(5)
u = S.socket(S.AF_INET6, S.SOCK_DGRAM); u.bind(("::1", 0))
v = S.socket(S.AF_INET6, S.SOCK_DGRAM); v.connect(("::1", 9))
clients = [S.create_connection((host, l.getsockname()[1])) for host in ("127.0.0.1", "::1")]
clients.append(S.create_connection(m.getsockname()[:2]))
accepted = [l.accept()[0], l.accept()[0], m.accept()[0]]
`);
  const found = await sockets(await target.pid);
  assertEquals(found.length, 10);
  for (const { changed, kind, state } of found) {
    assertEquals(changed, [], `${kind} ${state}`);
  }
});

testPeeking("a firewall that drops everything holds nobody up", async () => {
  const inNetwork = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
  await using target = await Target.start(
    `l, a, c = pair()
os.system("nft add table inet f")
os.system("nft 'add chain inet f i { type filter hook input priority 0; policy drop; }'")
`,
    inNetwork,
  );
  const { code, stdout } = await runInspect([await target.pid, "--changed"], ["timeout", "20"]);
  assertEquals(code, 0);
  assertMatch(stdout, /listen/);
}, ["nft", "root", "timeout", "unshare"]);

testPeeking("a raw socket is one, whatever its protocol", async () => {
  await using target = await Target.start("r = S.socket(S.AF_INET, S.SOCK_RAW, 6)");
  const [socket] = await sockets(await target.pid);
  assertEquals([socket?.kind, socket?.local], ["raw", undefined]);
}, ["root"]);

testPeeking("a process that ends while it is watched ends that", async () => {
  const target = await Target.start("l, a, c = pair()");
  const pid = await target.pid;
  const watching = printed(pid, "--watch", "--interval=0.1");
  await target.ask("time.sleep(0.3)");
  await target[Symbol.asyncDispose]();
  assertMatch(await watching, /2 connections/);
});
