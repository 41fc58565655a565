/** A Python process with sockets of its own: what is inspected, and the witness of it. */

import { has, python, testWith } from "../helpers.ts";

const DRIVER = `
import json, os, socket, struct, sys, threading, time
S = socket
def pair(**options):
    "a listener, what it has accepted, and its client"
    l = S.create_server(("127.0.0.1", 0))
    c = S.create_connection(l.getsockname())
    return l, l.accept()[0], c
`;

const LOOP = `
print("ready", flush=True)
for line in sys.stdin:
    try: answer = eval(json.loads(line))
    except Exception as error: answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
`;

/** A Python process that evaluates expressions. */
export class Target implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #answers: ReadableStreamDefaultReader<string>;
  readonly #questions: WritableStreamDefaultWriter<Uint8Array>;
  #rest = "";

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#answers = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#questions = process.stdin.getWriter();
  }

  /**
   * Starts it.
   *
   * @param setup Statements that open its sockets: `S` is Python's module, `pair()` a connection with its listener.
   * @param wrap A command that runs it.
   */
  static async start(setup: string, wrap: readonly string[] = []): Promise<Target> {
    const [program, ...args] = [...wrap, "python3", "-c", DRIVER + setup + LOOP];
    const target = new Target(
      new Deno.Command(program!, { args, stdin: "piped", stdout: "piped" }).spawn(),
    );
    if (await target.#line() !== "ready") throw new Error("Python does not start");
    return target;
  }

  /** Its process ID, as it says itself. */
  get pid(): Promise<number> {
    return this.ask("os.getpid()") as Promise<number>;
  }

  /** What an expression is there; it may have effects. */
  async ask(expression: string): Promise<unknown> {
    await this.#questions.write(new TextEncoder().encode(`${JSON.stringify(expression)}\n`));
    const answer = JSON.parse(await this.#line());
    if (answer?.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return line;
      }
      const { value, done } = await this.#answers.read();
      if (done) throw new Error("Python has ended");
      this.#rest += value;
    }
  }

  /** Ends it. */
  async end(): Promise<void> {
    await this.#questions.close().catch(() => {});
    await this.#process.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await this.#answers.cancel();
  }
}

/** Copies a descriptor of another process: whether that may be. */
const COPY = `
import ctypes, sys
libc = ctypes.CDLL(None)
sys.exit(libc.syscall(438, libc.syscall(434, int(sys.argv[1]), 0), 0, 0) < 0)
`;

/** Whether one process may look at another one of its user's that it has not started: yama and containers may forbid it. */
const canPeek = has("python3") && await (async () => {
  try {
    await using target = await Target.start("");
    await python(COPY, await target.pid);
    return true;
  } catch {
    return false;
  }
})();

/** A test that looks at the sockets of a Python process, or of another program that it takes beside. */
export function testPeeking(name: string, fn: () => Promise<void>, needs: string[] = []): void {
  if (canPeek) return testWith(needs, name, fn);
  const reason = " [ignored: no python3 whose descriptors may be copied by another process]";
  Deno.test({ name: name + reason, ignore: true, fn });
}
