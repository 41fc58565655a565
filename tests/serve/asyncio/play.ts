/** Plays a scenario: the peer's steps, and what the protocol notes. */

import { ROOT } from "../../helpers.ts";
import { type Listener, pemFile, type Player } from "./protocol.ts";
import type { Scenario } from "./scenarios.ts";

/** A process that answers lines with lines. */
class LineProcess {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(program: string, args: string[]) {
    this.#process = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async send(line: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`));
  }

  /** The next line; `undefined` at the end. */
  async line(): Promise<string | undefined> {
    while (!this.#rest.includes("\n")) {
      const { done, value } = await this.#lines.read();
      if (done) return undefined;
      this.#rest += value;
    }
    const at = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, at);
    this.#rest = this.#rest.slice(at + 1);
    return line;
  }

  async close(): Promise<void> {
    await this.#writer.close();
    while (await this.line() !== undefined);
    await this.#process.status;
  }
}

const here = (file: string): string => `${ROOT}tests/serve/asyncio/${file}`;

const PEM_FILES = [pemFile("cert"), pemFile("key")];

/** The peer of all scenarios. */
export class Peer implements AsyncDisposable {
  readonly #process: LineProcess;

  constructor(python: string) {
    this.#process = new LineProcess(python, [here("peer.py"), ...PEM_FILES]);
  }

  /** Has it do a step: what it says of it. */
  async do(step: string): Promise<string> {
    await this.#process.send(step);
    const answer = await this.#process.line();
    if (answer === undefined) throw new Error(`the peer ended at "${step}"`);
    return answer;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process.close();
  }
}

/** asyncio, as a process that plays one scenario after another. */
export class AsyncioPlayer implements Player, AsyncDisposable {
  readonly #process: LineProcess;
  readonly #reading: Promise<void>;
  #listener: Listener | undefined;
  #port = Promise.withResolvers<number>();
  #done = Promise.withResolvers<void>();
  /** Python's version. */
  version = "";

  constructor(python: string, ...flags: string[]) {
    this.#process = new LineProcess(python, [here("player.py"), ...PEM_FILES, ...flags]);
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    for (let line; (line = await this.#process.line()) !== undefined;) {
      const { event, error, port, done, version } = JSON.parse(line);
      if (event !== undefined) this.#listener?.note(event);
      if (error !== undefined) this.#listener?.failed(error);
      if (port !== undefined) this.#port.resolve(port);
      if (done !== undefined) this.#done.resolve();
      if (version !== undefined) this.version = version;
    }
    this.#port.reject(new Error("player.py has ended"));
  }

  async listen(scenario: Scenario, listener: Listener): Promise<number> {
    this.#listener = listener;
    this.#port = Promise.withResolvers();
    await this.#process.send(JSON.stringify({ begin: scenario }));
    return await this.#port.promise;
  }

  connect(scenario: Scenario, listener: Listener, port: number): Promise<void> {
    this.#listener = listener;
    return this.#command({ begin: scenario, connect: port });
  }

  act(actions: string): Promise<void> {
    return this.#command({ do: actions });
  }

  stop(again: boolean): Promise<void> {
    return this.#command({ stop: again ? "again" : "first" });
  }

  async end(): Promise<void> {
    await this.#command({ end: true });
    this.#listener = undefined;
  }

  async #command(command: Record<string, unknown>): Promise<void> {
    this.#done = Promise.withResolvers();
    await this.#process.send(JSON.stringify(command));
    await this.#done.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#port.promise.catch(() => {});
    await this.#process.close();
    await this.#reading;
  }
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** How long something may take that is expected, in milliseconds. */
const LONGEST_WAIT = 4000;

/**
 * Waits a while: that something does not happen shows in that it has not happened by then. On a busy machine the player may
 * be late: what has happened before it answers is noted before.
 */
async function settle(player: Player): Promise<void> {
  await pause(50);
  for (let turn = 0; turn < 2; turn++) {
    await player.act("");
    await pause(5);
  }
}

/** What was noted so far. */
class Notes implements Listener {
  readonly events: string[] = [];
  readonly errors: string[] = [];
  #news = Promise.withResolvers<void>();

  note(event: string): void {
    this.events.push(event);
    this.#wake();
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  failed(error: string): void {
    this.errors.push(error);
  }

  /** Waits for an event; `false` when it does not come. */
  async until(event: string): Promise<boolean> {
    const isIt = (each: string): boolean => each === event || each.startsWith(`${event} `);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#wake();
    }, LONGEST_WAIT);
    while (!this.merged.some(isIt) && !isLate) await this.#news.promise;
    clearTimeout(timer);
    return !isLate;
  }

  /** The events, where pieces of the stream that came one after another are one: TCP knows no pieces. */
  get merged(): string[] {
    const merged: string[] = [];
    for (const event of this.events) {
      const [, name, n] = /^(.*data) (\d+)$/.exec(event) ?? [];
      const [, before, sum] = /^(.*data) (\d+)$/.exec(merged.at(-1) ?? "") ?? [];
      if (name === undefined || name !== before) merged.push(event);
      else merged.splice(-1, 1, `${name} ${Number(sum) + Number(n)}`);
    }
    return merged;
  }
}

/** Who connects to whom. */
export type Role = "server" | "client";

/**
 * Plays a scenario.
 *
 * @param role What the protocol is.
 * @returns Its trace: what the protocol noted, what the peer did, and the errors that were reported.
 */
export async function play(
  scenario: Scenario,
  role: Role,
  player: Player,
  peer: Peer,
): Promise<string> {
  const notes = new Notes();
  const seen: string[] = [];
  if (role === "server") {
    await peer.do(`connect ${await player.listen(scenario, notes)}`);
    if (scenario.tls) await peer.do("start_tls");
  } else {
    const connected = player.connect(scenario, notes, Number(await peer.do("listen")));
    await peer.do("accept");
    if (scenario.tls) await peer.do("start_tls server");
    await connected;
  }
  for (const step of scenario.script.split(";").map((text) => text.trim())) {
    const [word, ...args] = step.split(" ");
    const rest = args.join(" ");
    if (word === "until") {
      if (!await notes.until(rest)) seen.push(`no ${rest}`);
    } else if (word === "server") await player.act(rest);
    else if (word === "stop") await player.stop(rest === "again");
    else if (word === "settle") await settle(player).then(() => notes.note("…"));
    else {
      const answer = await peer.do(step);
      if (answer !== "") seen.push(answer);
    }
  }
  if (!await notes.until(scenario.lost ?? "lost")) seen.push("never lost");
  await pause(20); // nothing may come after connectionLost()
  await player.end();
  const trace = [notes.merged, seen, notes.errors].map((list) => list.join(", ")).join(" | ");
  return scenario.vague ? trace.replaceAll(/data \d+/g, "data") : trace;
}
