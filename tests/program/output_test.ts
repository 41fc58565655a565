import { assertEquals } from "@std/assert";
import { type Ended, python, ROOT, run, serverArgs, testWith } from "../helpers.ts";

/** Runs server.ts with standard output or standard error going where the shell says. */
function runInShell(flags: string, redirection: string): Promise<Ended> {
  return run("sh", ["-c", `"$0" "$@" ${flags} ${redirection}`, Deno.execPath(), ...serverArgs([])]);
}

Deno.test("a result that cannot be written is one line and exit code 1", async () => {
  for (const flags of ["--help", "--version", "--check", "--check --json"]) {
    assertEquals(await runInShell(flags, ">/dev/full"), {
      code: 1,
      stdout: "",
      stderr: "cannot write to standard output: No space left on device (os error 28)\n",
    });
  }
});

Deno.test("a result of which nobody reads the rest ends without a word, as SIGPIPE would end it", async () => {
  const inspect = ["run", "--allow-all", `${ROOT}inspect.ts`, "--help"];
  for (const args of [serverArgs(["--help"]), serverArgs(["--check"]), inspect]) {
    const options = { args, stdout: "piped", stderr: "piped" } as const;
    await using process = new Deno.Command(Deno.execPath(), options).spawn();
    await process.stdout.cancel(); // long before there is anything to read
    assertEquals((await process.status).code, 141);
    assertEquals(await new Response(process.stderr).text(), "");
  }
});

Deno.test("wrong usage has its exit code where standard error is full, or closed", async () => {
  for (const redirection of ["2>/dev/full", "2>&-"]) {
    const { code, stdout } = await runInShell("--prot 1", redirection);
    assertEquals([code, stdout], [2, ""]);
  }
});

/**
 * What the programs below share: starts server.ts with given files for its output, gives it clients, and ends it by
 * given signals, each after a pause.
 */
const WITH_OUTPUT = `
import fcntl, json, os, re, signal, socket, subprocess, sys, threading, time
command = sys.argv[1:]
def start(out, err, *flags):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    p = subprocess.Popen([*command, "--port", str(port), "--log-level", "debug", *flags], stdout=out, stderr=err)
    for _ in range(1000):
        try:
            serve(port, 1)
            break
        except OSError:
            time.sleep(0.01)
    return p, port
def serve(port, count):
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", port), 10) as s:
            s.sendall(b"x")
            assert s.recv(10) == b"x"
def rss(p):
    return int(re.search(r"VmRSS:\\s+(\\d+)", open(f"/proc/{p.pid}/status").read())[1]) / 1024
def end(p, signals=1):
    for i in range(signals):
        if i > 0: time.sleep(1) # two signals at once are one
        begun = time.time()
        p.send_signal(signal.SIGTERM)
    code = p.wait(20)
    return code, time.time() - begun
`;

/** Runs a program with {@linkcode WITH_OUTPUT}. */
function withOutput(program: string, permissions?: string[]): Promise<string> {
  const command = serverArgs(["--log-format", "json"], permissions);
  return python(WITH_OUTPUT + program, Deno.execPath(), ...command);
}

testWith(
  "python3",
  "the server goes on when its output is full or its pipe is closed",
  async () => {
    await withOutput(`
r, closed = os.pipe()
os.close(r)
for out in [os.open("/dev/full", os.O_WRONLY), closed]:
    p, port = start(out, out)
    serve(port, 50)
    p.send_signal(signal.SIGUSR2)
    serve(port, 50)
    assert p.poll() is None, "it has ended"
    code, seconds = end(p)
    assert code == 0, code
    assert seconds < 3, seconds
`);
  },
);

testWith(
  "python3",
  "a pipe that nobody reads holds neither the server nor its end up",
  async () => {
    await withOutput(`
for signals, limit in [(1, 4), (2, 1)]:
    r, w = os.pipe()
    p, port = start(w, w)
    before = rss(p)
    serve(port, 4000)
    for _ in range(500):
        p.send_signal(signal.SIGUSR2)
        time.sleep(0.0002)
    serve(port, 10)
    assert rss(p) < before + 80, (before, rss(p))
    code, seconds = end(p, signals)
    assert code == 0, code
    assert seconds < limit, (signals, seconds)
    os.close(r)
    os.close(w)
`);
  },
);

testWith(
  "python3",
  "what a pipe did not take is counted, and said when it is read again",
  async () => {
    await withOutput(`
r, w = os.pipe()
p, port = start(subprocess.DEVNULL, w)
os.close(w)
text = b""
def read():
    global text
    while chunk := os.read(r, 65536):
        text += chunk
count = 0
# more than the queue takes: a client has about 1 KB of lines
while count < 8000:
    serve(port, 1000)
    count += 1000
reader = threading.Thread(target=read)
reader.start()
while b"lines_lost" not in text:
    time.sleep(0.01)
serve(port, 10)
assert end(p)[0] == 0
reader.join()
lines = [json.loads(line) for line in text.splitlines()]
lost = [line for line in lines if line["event"] == "lines_lost"]
assert len(lost) == 1 and lost[0]["level"] == "error" and lost[0]["stream"] == "error", lost
# of each client there are seven lines, and start() has made one
written = len(lines) - len(lost)
assert written + lost[0]["lost"] == 7 * (count + 11) + 2, (written, lost, count)
assert lines[-1]["event"] == "stopped"
`);
  },
);

testWith("python3", "no line is lost on a standard error that does not block", async () => {
  const permissions = ["--allow-net", "--allow-ffi", `--allow-read=${ROOT}`];
  await withOutput(
    `
for flags in [[], ["--workers", "2"]]:
    r, w = os.pipe()
    fcntl.fcntl(w, fcntl.F_SETFL, os.O_WRONLY | os.O_NONBLOCK)
    p, port = start(subprocess.DEVNULL, w, *flags)
    os.close(w)
    text = b""
    def read():
        global text
        while chunk := os.read(r, 4096):
            text += chunk
            time.sleep(0.0002)
    threads = len(flags) or 1
    # what is written while nobody reads does not fit the pipe; while threads start, a connection may be reset
    reader = threading.Thread(target=read)
    if not flags: serve(port, 500)
    reader.start()
    while text.count(b'"listening"') < threads:
        time.sleep(0.01)
    serve(port, 500)
    assert end(p)[0] == 0
    reader.join()
    events = [json.loads(line)["event"] for line in text.splitlines()]
    clients = 501 if flags else 1001
    for event in ["connected", "received", "sent", "closed"]:
        assert abs(events.count(event) - clients) <= threads - 1, (event, events.count(event))
    # with threads the last one is the sum
    assert events.count("stopped") == (threads + 1 if flags else 1), events.count("stopped")
`,
    permissions,
  );
});
