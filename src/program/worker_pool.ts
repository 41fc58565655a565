/**
 * `--workers`: several threads, each with listeners of its own on the same port, over which the kernel spreads the
 * connections.
 *
 * @module
 */

import type { ReadyLogger } from "../net/logger.ts";
import type { ServerStats } from "../serve/stats.ts";
import type { FromWorker, ToWorker } from "./worker.ts";

/** What a {@linkcode WorkerPool} is asked for. */
export interface WorkerPoolOptions {
  /** How many threads. */
  readonly count: number;
  /** The command line. */
  readonly args: readonly string[];
  /** The port; 0 lets the first worker pick one. */
  readonly port: number;
  readonly logger: ReadyLogger;
  /** The module that they run: worker.ts, or in tests another one. */
  readonly module?: URL;
}

/** A thread that serves. */
interface Thread {
  readonly number: number;
  readonly worker: Worker;
  startedAt: number;
  /** Whether it listens, and so answers. */
  listening: boolean;
  /** Called with what the thread answers next of a kind. */
  readonly waiting: Map<FromWorker["event"], (answer: FromWorker) => void>;
}

/** A thread that dies sooner than this after its start is started again only after as long. */
const RESTART_PAUSE = 1_000;

/** The module that each thread runs. */
export const WORKER_MODULE: URL = new URL("./worker.ts", import.meta.url);

/** Threads that serve on one port, started again when they die. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #threads = new Map<number, Thread>();
  readonly #finished = Promise.withResolvers<void>();
  readonly #ended: ServerStats[] = [];
  #port: number;
  #stopping = false;

  private constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  /**
   * Starts the threads, one after the other.
   *
   * @throws {Error} when the first of them cannot listen.
   */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    try {
      for (let number = 1; number <= options.count; number++) await pool.#startThread(number);
    } catch (error) {
      for (const { worker } of pool.#threads.values()) worker.terminate();
      throw error;
    }
    return pool;
  }

  /** The port that all of them share. */
  get port(): number {
    return this.#port;
  }

  /** Resolves when every thread has stopped. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  async #startThread(number: number): Promise<void> {
    const { args, module = WORKER_MODULE } = this.#options;
    const worker = new Worker(module, { type: "module", name: `worker ${number}` });
    const startedAt = performance.now();
    const thread: Thread = { number, worker, startedAt, listening: false, waiting: new Map() };
    this.#threads.set(number, thread);
    const failed = Promise.withResolvers<never>();
    worker.onmessage = ({ data }: MessageEvent<FromWorker>): void => {
      if (data.event === "failed") failed.reject(new Error(data.message));
      else this.#hear(thread, data);
    };
    worker.onerror = (event): void => {
      event.preventDefault();
      if (thread.listening) this.#mourn(thread, event.message);
      else failed.reject(new Error(event.message));
    };
    const listening = this.#answer(thread, "listening");
    this.#tell(thread, { do: "serve", worker: number, args, port: this.#port });
    try {
      const answer = await Promise.race([listening, failed.promise]);
      if (answer.event === "listening") this.#port = answer.port;
      thread.listening = true;
      // it may have been told to stop meanwhile
      if (this.#stopping) this.#tell(thread, { do: "stop" });
    } catch (error) {
      worker.terminate();
      this.#remove(thread);
      throw error;
    }
  }

  #tell({ worker }: Thread, message: ToWorker): void {
    worker.postMessage(message);
  }

  #answer(thread: Thread, event: FromWorker["event"]): Promise<FromWorker> {
    return new Promise((resolve) => thread.waiting.set(event, resolve));
  }

  #hear(thread: Thread, message: FromWorker): void {
    thread.waiting.get(message.event)?.(message);
    thread.waiting.delete(message.event);
    if (message.event === "stopped") {
      this.#ended.push(message.stats);
      this.#remove(thread);
    }
  }

  #remove({ number }: Thread): void {
    this.#threads.delete(number);
    if (this.#stopping && this.#threads.size === 0) this.#finish();
  }

  /** All have stopped: each has logged what it did, and this is the sum. */
  #finish(): void {
    const { logger } = this.#options;
    logger.info("Stopped", { event: "stopped", ...sumStats(this.#ended) });
    this.#finished.resolve();
  }

  /** A thread has died: its connections are gone, and another one takes its place. */
  #mourn(thread: Thread, reason: string): void {
    this.#report(thread.number, `has died: ${reason}`);
    // whoever waits for it shall not wait forever
    thread.waiting.get("stats")?.({ event: "failed", message: reason });
    this.#remove(thread);
    const lived = performance.now() - thread.startedAt;
    this.#restart(thread.number, lived < RESTART_PAUSE ? RESTART_PAUSE : 0);
  }

  #restart(number: number, pause: number): void {
    setTimeout(async () => {
      if (this.#stopping) return;
      try {
        await this.#startThread(number);
      } catch (error) {
        this.#report(number, `cannot be started again: ${(error as Error).message}`);
        this.#restart(number, RESTART_PAUSE);
      }
    }, pause);
  }

  #report(worker: number, what: string): void {
    this.#options.logger.error(`Worker ${worker} ${what}`, { event: "worker_died", worker });
  }

  /** What all of them have done together. */
  async stats(): Promise<ServerStats> {
    const answers = await Promise.all(
      [...this.#threads.values()].filter(({ listening }) => listening).map((thread) => {
        const answer = this.#answer(thread, "stats");
        this.#tell(thread, { do: "stats" });
        return answer;
      }),
    );
    const present = answers.flatMap((answer) => answer.event === "stats" ? [answer.stats] : []);
    return sumStats([...this.#ended, ...present]);
  }

  /** Stops all of them gracefully; a second call ends what is left. */
  shutdown(): Promise<void> {
    const isFirst = !this.#stopping;
    this.#stopping = true;
    for (const thread of this.#threads.values()) this.#tell(thread, { do: "stop" });
    if (isFirst && this.#threads.size === 0) this.#finish();
    return this.finished;
  }
}

/** Statistics of several servers as those of one. */
function sumStats(all: readonly ServerStats[]): ServerStats {
  const sum = (
    field:
      | "accepted"
      | "active"
      | "closed"
      | "bytesIn"
      | "bytesOut"
      | "assertionFailures"
      | "timedOut",
  ): number => all.reduce((total, stats) => total + stats[field], 0);
  const errors: Record<string, number> = {};
  for (const stats of all) {
    for (const [name, n] of Object.entries(stats.errors)) errors[name] = (errors[name] ?? 0) + n;
  }
  return {
    accepted: sum("accepted"),
    active: sum("active"),
    closed: sum("closed"),
    bytesIn: sum("bytesIn"),
    bytesOut: sum("bytesOut"),
    errors,
    assertionFailures: sum("assertionFailures"),
    timedOut: sum("timedOut"),
    queues: all.flatMap(({ queues }) => queues),
    uptime: Math.max(0, ...all.map(({ uptime }) => uptime)),
  };
}
