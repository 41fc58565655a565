/** What the tests share: programs that may be missing, and the server as a process of its own. */

import { libc } from "../ffi/libc.ts";
import { socketFd } from "../mod.ts";

// each function is opened here, so that no test is charged with the library
for (const name of Object.getOwnPropertyNames(libc())) void Reflect.get(libc(), name);

// the Deno that a test starts looks for no newer one, which would be calls to see, and a line
Deno.env.set("DENO_NO_UPDATE_CHECK", "1");

/** Whether the properties are hidden under which Deno notes descriptors, to show that all works without. */
export const HIDES_INTERNALS = Deno.env.get("HIDE_DENO_INTERNALS") === "1";

if (HIDES_INTERNALS) {
  const original = Object.getOwnPropertySymbols;
  Object.getOwnPropertySymbols = (object) =>
    original(object).filter(({ description }) => !description?.startsWith("Deno.internal"));
}

/** The folder of the package. */
export const ROOT = new URL("..", import.meta.url).pathname;

/** Whether a program is on this machine. */
export function has(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/** How a command is run in a new network: as root, or as a user whom the kernel lets make namespaces. */
const inNewNetwork = await firstThatRuns(["unshare", "--net"], [
  "unshare",
  "--net",
  "--map-root-user",
]);

/** The first of some commands that can run another one. */
async function firstThatRuns(...commands: string[][]): Promise<string[] | undefined> {
  for (const command of commands) {
    if (await output(...command, "true").then(() => true, () => false)) return command;
  }
  return undefined;
}

/** The capabilities(7) that options take, by the bits of the kernel's. */
const CAPABILITIES: Record<string, bigint> = { CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n };
const effective = Deno.build.os === "linux"
  ? BigInt(`0x${/^CapEff:\s*(\w+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))![1]}`)
  : 0n;

/**
 * Whether a machine has what a test takes: a program, "Linux", "root", "new network", a capability, or "unstable net",
 * Deno's own feature that `deno task test` switches on.
 */
function isHere(need: string): boolean {
  if (need === "Linux") return Deno.build.os === "linux";
  if (need === "root") return Deno.uid() === 0;
  if (need === "unstable net") return "listenDatagram" in Deno;
  if (need === "new network") return inNewNetwork !== undefined;
  if (need in CAPABILITIES) return (effective >> CAPABILITIES[need]! & 1n) === 1n;
  return has(need);
}

/**
 * Whether this process has one of the capabilities that an option takes.
 *
 * @param capability As the table of options has it, such as "CAP_NET_ADMIN or CAP_NET_RAW".
 */
export function isCapable(capability: string): boolean {
  return capability.match(/CAP_\w+/g)!.some(isHere);
}

/** A test that takes what a machine may lack: see {@linkcode isHere}. Then it is ignored, and its name says why. */
export function testWith(
  needs: string | string[],
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = [needs].flat().filter((need) => !isHere(need));
  const reason = missing.length === 0 ? "" : ` [ignored: no ${missing.join(", ")}]`;
  Deno.test({ name: name + reason, ignore: missing.length > 0, fn });
}

/**
 * A test with a network namespace of its own, with the loopback interface up. It is given the command that runs
 * another one inside. It takes what {@linkcode isHere} knows, beside `ip` and `nsenter`.
 */
export function testInNamespace(
  name: string,
  fn: (inside: string[]) => Promise<void>,
  needs: string[] = [],
): void {
  testWith(["new network", "ip", "nsenter", ...needs], name, async () => {
    const [program, ...args] = inNewNetwork!;
    // it is there as long as this process in it
    const holder = new Deno.Command(program!, {
      args: [...args, "sh", "-c", "ip link set lo up && echo up && read _"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    try {
      const reader = holder.stdout.getReader();
      if ((await reader.read()).done) throw new Error("the network does not come up");
      await reader.cancel();
      const user = inNewNetwork!.includes("--map-root-user");
      const into = user ? ["--user", "--preserve-credentials", "--net"] : ["--net"];
      await fn(["nsenter", `--target=${holder.pid}`, ...into]);
    } finally {
      await holder.stdin.close();
      await holder.status;
    }
  });
}

/** What a process that has ended left behind. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, with text for its standard input. */
export async function run(program: string, args: string[], input = ""): Promise<Ended> {
  const process = new Deno.Command(program, {
    args,
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  // a program that ends without reading closes the pipe
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs a command and gives what it printed; a failure of its own fails the test. */
export async function output(...[program, ...args]: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(program!, args);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${stderr}`);
  return stdout;
}

/** Runs a Python program and gives what it printed. */
export function python(program: string, ...args: (string | number)[]): Promise<string> {
  return output("python3", "-c", program, ...args.map(String));
}

/** Writes a program for Deno into a file, which is there as long as a function takes. */
export async function withProgram<T>(text: string, fn: (file: string) => Promise<T>): Promise<T> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, text);
    return await fn(file);
  } finally {
    await Deno.remove(file);
  }
}

/**
 * A Python client, given a port, a size and how many bytes to send by themselves first: sends so many bytes of
 * all values, reads to the end, and prints how many came back.
 */
export const PYTHON_CLIENT = `
import socket, sys
port, size, piece = int(sys.argv[1]), int(sys.argv[2]), int((sys.argv + ["0"])[3])
message = (bytes(i * 7 % 256 for i in range(256)) * (size // 256 + 1))[:size]
first, rest = message[:piece], message[piece:]
with socket.create_connection(("127.0.0.1", port), 30) as s:
    if first: s.sendall(first)
    s.sendall(rest)
    reply = b""
    while chunk := s.recv(1 << 20):
        reply += chunk
assert message.startswith(reply), "not what was sent"
print(len(reply))
`;

/** What server.ts needs, and no more. */
export const PERMISSIONS = ["--allow-net", "--allow-ffi"];

/** The arguments of Deno that run server.ts. */
export function serverArgs(flags: string[], permissions: string[] = PERMISSIONS): string[] {
  return ["run", ...permissions, `${ROOT}server.ts`, ...flags];
}

/** Runs server.ts to its end, as with a wrong flag. */
export function runServer(flags: string[], permissions?: string[]): Promise<Ended> {
  return run(Deno.execPath(), serverArgs(flags, permissions));
}

/** A line of the JSON log. */
export type LogLine = { event?: string; message: string; level: string } & Record<string, unknown>;

/** server.ts as a process that listens. */
export class ServerProcess implements AsyncDisposable {
  readonly lines: LogLine[] = [];
  port = 0;
  #waiting: { isIt: () => boolean; resolve: (line: LogLine) => void }[] = [];
  readonly #reading: Promise<void>;

  private constructor(readonly process: Deno.ChildProcess) {
    this.#reading = this.#read();
  }

  /**
   * Starts it on a free port, with its log as JSON.
   *
   * @param flags More flags.
   * @param wrap A command that runs it, such as strace.
   * @param permissions Its permissions.
   */
  static async start(
    flags: string[] = [],
    wrap: string[] = [],
    permissions?: string[],
  ): Promise<ServerProcess> {
    const command = [...wrap, Deno.execPath(), ...serverArgs([], permissions)];
    return await ServerProcess.run(command, flags);
  }

  /**
   * Starts it by a command of its own.
   *
   * @param command The command.
   * @param flags More flags.
   * @param options Where it runs.
   */
  static async run(
    command: string[],
    flags: string[],
    options: Pick<Deno.CommandOptions, "cwd" | "env"> = {},
  ): Promise<ServerProcess> {
    const [program, ...args] = [...command, "--port", "0", "--log-format", "json", ...flags];
    const streams = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
    const server = new ServerProcess(
      new Deno.Command(program!, { args, ...streams, ...options }).spawn(),
    );
    const { port } = await server.event("listening");
    server.port = port as number;
    return server;
  }

  async #read(): Promise<void> {
    let rest = "";
    const text = this.process.stderr.pipeThrough(new TextDecoderStream());
    for await (const chunk of text) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(line);
    }
    this.#take(`{"event": "ended", "message": ${JSON.stringify(rest)}, "level": "none"}`);
  }

  #take(text: string): void {
    const line: LogLine = text.startsWith("{")
      ? JSON.parse(text)
      : { message: text, level: "none" };
    this.lines.push(line);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) {
      if (each.isIt() || line.event === "ended") each.resolve(line);
      else this.#waiting.push(each);
    }
  }

  /** The line with this event, the first one or a later one, once it is logged. */
  async event(name: string, nth = 1): Promise<LogLine> {
    const isIt = (): boolean => this.events(name).length >= nth;
    const line = this.events(name)[nth - 1] ??
      await new Promise<LogLine>((resolve) => this.#waiting.push({ isIt, resolve }));
    if (line.event !== name) {
      throw new Error(`the server ended: ${this.lines.map(({ message }) => message).join("\n")}`);
    }
    return line;
  }

  /** The lines with an event. */
  events(name: string): LogLine[] {
    return this.lines.filter(({ event }) => event === name);
  }

  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.port });
  }

  /** Tells it to stop and waits until it has. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Ended> {
    try {
      this.process.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    return await this.end();
  }

  /** Waits until it has ended. */
  async end(): Promise<Ended> {
    const [stdout, { code }] = await Promise.all([
      this.#stdout ??= new Response(this.process.stdout).text(),
      this.process.status,
      this.#reading,
    ]);
    return { code, stdout, stderr: this.lines.map(({ message }) => message).join("\n") };
  }
  #stdout: Promise<string> | undefined;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }
}

/** What strace sees of a program, or changes in it. */
export class Strace implements Disposable {
  readonly #file = Deno.makeTempFileSync();

  /**
   * @param calls The calls that are recorded, by their names.
   * @param flags More flags, such as `--inject`.
   */
  constructor(readonly calls: string, readonly flags: string[] = []) {}

  /** The command that runs another one: it stays the child, so that signals reach it. */
  get command(): string[] {
    return ["strace", "-D", "-f", "-o", this.#file, "-e", `trace=${this.calls}`, ...this.flags];
  }

  /** The calls so far, a line each. */
  async lines(): Promise<string[]> {
    const text = await Deno.readTextFile(this.#file);
    return text.split("\n").map((line) => line.replace(/^\d+ +/, ""));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#file);
  }
}

/** Sends a message and reads until the end. */
export async function exchange(
  conn: Deno.Conn,
  message: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  await conn.write(message);
  return await readAll(conn);
}

/** Reads until the end, and closes. */
export async function readAll(conn: Deno.Conn): Promise<Uint8Array> {
  return new Uint8Array(await new Response(conn.readable).arrayBuffer());
}

/** Text as bytes. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Gets a copy of another process's socket by pidfd_getfd(2): a witness that reads it for itself. */
const BORROW = `
import ctypes, os, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
pidfd = libc.syscall(434, int(sys.argv[1]), 0)
fd = libc.syscall(438, pidfd, int(sys.argv[2]), 0)
if fd < 0: sys.exit("pidfd_getfd: " + os.strerror(ctypes.get_errno()))
s = socket.socket(fileno=fd)
`;

/** What Python says of one of this process's sockets, which its expression calls `s`. */
export async function witness(fd: number, expression: string): Promise<string> {
  return (await python(`${BORROW}print(${expression})`, Deno.pid, fd)).trim();
}

/** Whether {@linkcode witness} works here: it takes root, or a kernel that lets a child look. */
const canWitness = has("python3") && await (async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const fd = socketFd(listener);
  return await witness(fd, "s.family").then(() => true, () => false);
})();

/** A test that takes {@linkcode witness}. */
export function testWitnessed(name: string, fn: () => void | Promise<void>): void {
  const reason = canWitness ? "" : " [ignored: no python3 that may use pidfd_getfd]";
  Deno.test({ name: name + reason, ignore: !canWitness, fn });
}

/** A connection to a listener or a server of this process. */
export function connectTo({ addr }: { addr: Deno.NetAddr }): Promise<Deno.TcpConn> {
  const { hostname, port } = addr;
  return Deno.connect({ hostname, port });
}

/**
 * The least milliseconds that something takes in a few tries: what is slow by itself is slow each time, what stands
 * still with a busy machine is not.
 */
export async function leastTime(something: () => Promise<unknown>): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 5; i++) {
    const before = performance.now();
    await something();
    least = Math.min(least, performance.now() - before);
  }
  return least;
}

/** Waits, where there is nothing that can be awaited. */
export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
