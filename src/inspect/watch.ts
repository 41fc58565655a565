/** `--watch`: connections as they fare, on a terminal as a live view, elsewhere as one table after the other. */

import { asJson } from "../cli/as_json.ts";
import { print } from "../cli/run_program.ts";
import { COLUMN_NAMES } from "./columns.ts";
import type { CommandLine } from "./command_line.ts";
import { type Flow, Flows } from "./flows.ts";
import { hasEnded, processName } from "./process.ts";
import { arrange, connections, screenLines, tableLines, type View } from "./screen.ts";
import { type Key, Terminal } from "./terminal.ts";
import type { Paint } from "./text.ts";

/**
 * Watches until it is told to stop, or the process has ended.
 *
 * @returns The exit code.
 */
export async function watch(command: CommandLine, paint: Paint): Promise<number> {
  const flows = new Flows({ pid: command.target.pid, tree: command.tree }, {
    ...command,
    fd: command.target.fd,
  });
  // the first look tells whether there is such a process, before a terminal is taken
  const first = flows.look();
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  const isLive = Deno.stdout.isTerminal() && !command.json;
  const looks = isLive ? new LiveView(command, paint, stop) : new Snapshots(command, paint);
  try {
    await everyInterval(command, flows, first, looks, stopping.signal);
  } finally {
    looks[Symbol.dispose]();
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
  }
  return 0;
}

/** What becomes of each look. */
interface Looks extends Disposable {
  /** Whether nothing new is to be looked at. */
  readonly paused: boolean;
  show(flows: readonly Flow[]): void | Promise<void>;
}

async function everyInterval(
  { interval, count, target }: CommandLine,
  flows: Flows,
  first: readonly Flow[],
  looks: Looks,
  stopped: AbortSignal,
): Promise<void> {
  await looks.show(first);
  for (let n = 1; n < count;) {
    await pause(interval * 1000, stopped);
    if (stopped.aborted || hasEnded(target.pid)) return;
    if (looks.paused) continue;
    let next: readonly Flow[];
    try {
      next = flows.look();
    } catch (error) {
      if (hasEnded(target.pid)) return;
      throw error;
    }
    await looks.show(next);
    n++;
  }
}

/** Waits so many milliseconds, or until it is told to stop. */
async function pause(milliseconds: number, stopped: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const onStop = (): void => resolve();
  stopped.addEventListener("abort", onStop);
  await promise;
  clearTimeout(timer);
  stopped.removeEventListener("abort", onStop);
}

/** How a view begins. */
function viewOf({ target, sort }: CommandLine): View {
  const title = `${processName(target.pid)} ${target.pid}`;
  return { title, sort, reverse: false, filter: "", scroll: 0 };
}

/** One table after the other, or one line of JSON after the other. */
class Snapshots implements Looks {
  readonly paused = false;
  readonly #command: CommandLine;
  readonly #paint: Paint;

  constructor(command: CommandLine, paint: Paint) {
    this.#command = command;
    this.#paint = paint;
  }

  async show(flows: readonly Flow[]): Promise<void> {
    const view = viewOf(this.#command);
    const arranged = arrange(flows, view);
    if (this.#command.json) return await print(asJson(arranged.map(dataOf)));
    const time = new Date().toISOString().slice(11, 19);
    const title = `${time} ${view.title}, ${connections(arranged.length)}`;
    const lines = tableLines(arranged, view.sort, WIDE, this.#paint);
    await print([title, ...lines, ""].join("\n"));
  }

  [Symbol.dispose](): void {}
}

/** As wide as a line may be that no terminal cuts. */
const WIDE = 110;

function dataOf({ socket, info, limit, inFlight, idle, history }: Flow): unknown {
  const { pid, process, fd, kind, local, remote, state, receive, send } = socket;
  const rate = history.at(-1);
  return {
    pid,
    process,
    fd,
    kind,
    local,
    remote,
    state,
    receive,
    send,
    limit,
    inFlight,
    idle,
    rate,
    info,
  };
}

/** The live view, with its keys. */
class LiveView implements Looks {
  paused = false;
  readonly #paint: Paint;
  readonly #stop: () => void;
  readonly #terminal: Terminal;
  #view: View;
  #flows: readonly Flow[] = [];
  /** What is typed of a filter; `undefined` where none is. */
  #typed: string | undefined;

  constructor(command: CommandLine, paint: Paint, stop: () => void) {
    this.#paint = paint;
    this.#stop = stop;
    this.#view = viewOf(command);
    this.#terminal = new Terminal((key) => this.#onKey(key), () => this.#draw());
  }

  show(flows: readonly Flow[]): void {
    this.#flows = flows;
    this.#draw();
  }

  #draw(): void {
    const view = this.paused ? { ...this.#view, title: `PAUSED ${this.#view.title}` } : this.#view;
    const prompt = this.#typed === undefined ? undefined : `filter: ${this.#typed}_`;
    this.#terminal.draw(
      screenLines(this.#flows, view, this.#terminal.size, prompt, this.#paint),
    );
  }

  #onKey(key: Key): void {
    if (key.ctrl && key.name === "c") return this.#stop();
    if (this.#typed === undefined) this.#command(key);
    else this.#type(key, this.#typed);
    this.#draw();
  }

  #command({ name, text }: Key): void {
    const { sort, reverse, scroll } = this.#view;
    const at = COLUMN_NAMES.indexOf(sort);
    const sortBy = (i: number): void => {
      this.#view = { ...this.#view, sort: COLUMN_NAMES.at(i % COLUMN_NAMES.length)! };
    };
    const page = Math.max(this.#terminal.size.rows - 3, 1);
    const last = Math.max(arrange(this.#flows, this.#view).length - page, 0);
    const scrollTo = (row: number): void => {
      this.#view = { ...this.#view, scroll: Math.max(0, Math.min(row, last)) };
    };
    switch (name ?? text) {
      case "q":
      case "escape":
        return this.#stop();
      case "p":
      case "space":
        this.paused = !this.paused;
        return;
      case "r":
        this.#view = { ...this.#view, reverse: !reverse };
        return;
      case "right":
        return sortBy(at + 1);
      case "left":
        return sortBy(at - 1);
      case "/":
        this.#typed = this.#view.filter;
        return;
      case "down":
        return scrollTo(scroll + 1);
      case "up":
        return scrollTo(scroll - 1);
      case "pagedown":
        return scrollTo(scroll + page);
      case "pageup":
        return scrollTo(scroll - page);
      case "home":
        return scrollTo(0);
      case "end":
        return scrollTo(last);
    }
  }

  /** A key while a filter is typed. */
  #type({ name, text, ctrl }: Key, typed: string): void {
    if (name === "return" || name === "enter") this.#typed = undefined;
    else if (name === "escape") [this.#typed, typed] = [undefined, ""];
    else if (name === "backspace") this.#typed = typed = typed.slice(0, -1);
    else if (!ctrl && /^[\x21-\x7e]$/.test(text)) this.#typed = typed += text;
    this.#view = { ...this.#view, filter: typed, scroll: 0 };
  }

  [Symbol.dispose](): void {
    this.#terminal[Symbol.dispose]();
  }
}
