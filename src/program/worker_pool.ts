/**
 * `--workers`: several threads, each with listeners of its own on the same port, over which the kernel spreads the
 * connections.
 *
 * @module
 */

import type { Logger } from "../net/logger.ts";
import { type ServerStats, sumIfKnown } from "../serve/stats.ts";
import { type ProgramStats, sumUp } from "./program_stats.ts";
import { WorkerThread } from "./worker_thread.ts";

/** What a {@linkcode WorkerPool} is asked for. */
export interface WorkerPoolOptions {
  /** How many threads. */
  readonly count: number;
  /** The command line. */
  readonly args: readonly string[];
  /** The port; 0 lets the first worker pick one. */
  readonly port: number;
  readonly logger: Logger;
  /** The module that they run: worker.ts, or in tests another one. */
  readonly module?: URL;
}

/** A thread that dies sooner than this after its start is started again only after as long. */
const RESTART_PAUSE = 1_000;

/** The module that each thread runs. */
export const WORKER_MODULE: URL = new URL("./worker.ts", import.meta.url);

/** Threads that serve on one port, started again when they die. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #threads = new Map<number, WorkerThread>();
  readonly #started: Promise<void>;
  readonly #finished = Promise.withResolvers<void>();
  /** What threads that have stopped have done. */
  readonly #past: ServerStats[] = [];
  #port: number;
  #stopping = false;
  #isFinished = false;

  /** @param options Which threads; they start at once, one after the other. */
  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#port = options.port;
    this.#started = this.#startAll();
  }

  /** Resolves when every thread listens, or the pool has been told to stop before. */
  get started(): Promise<void> {
    return this.#started;
  }

  /** Resolves when every thread has stopped; rejects when one cannot listen at the start. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** The port that all of them share. */
  get port(): number {
    return this.#port;
  }

  async #startAll(): Promise<void> {
    try {
      for (let number = 1; number <= this.#options.count && !this.#stopping; number++) {
        await this.#start(number);
      }
    } catch (error) {
      if (this.#stopping) return;
      this.#stopping = this.#isFinished = true;
      for (const thread of this.#threads.values()) thread.terminate();
      this.#finished.reject(error);
    }
  }

  /** Starts a thread and waits until it listens. */
  async #start(number: number): Promise<void> {
    const { args, module = WORKER_MODULE } = this.#options;
    const thread = new WorkerThread(number, module, args, this.#port);
    this.#threads.set(number, thread);
    try {
      this.#port = await thread.listening;
    } catch (error) {
      this.#remove(thread);
      throw error;
    }
    this.#follow(thread);
  }

  /** Waits until a thread has ended, and replaces it where it was not told to. */
  async #follow(thread: WorkerThread): Promise<void> {
    const end = await thread.ended;
    if ("stats" in end) this.#past.push(end.stats);
    this.#remove(thread);
    if ("stats" in end || this.#stopping) return;
    this.#report(thread.number, `has died: ${end.error.message}`);
    this.#startAgain(thread.number, thread.age < RESTART_PAUSE ? RESTART_PAUSE : 0);
  }

  #startAgain(number: number, pause: number): void {
    setTimeout(async () => {
      if (this.#stopping) return;
      try {
        await this.#start(number);
      } catch (error) {
        if (this.#stopping) return;
        this.#report(number, `cannot be started again: ${(error as Error).message}`);
        this.#startAgain(number, RESTART_PAUSE);
      }
    }, pause);
  }

  #report(worker: number, what: string): void {
    this.#options.logger.error(`Worker ${worker} ${what}`, { event: "worker_died", worker });
  }

  #remove({ number }: WorkerThread): void {
    this.#threads.delete(number);
    this.#finishIfStopped();
  }

  /** When all have stopped, each has logged what it did, and this is the sum. */
  #finishIfStopped(): void {
    if (!this.#stopping || this.#threads.size > 0 || this.#isFinished) return;
    this.#isFinished = true;
    const { logger } = this.#options;
    logger.info("Stopped", { event: "stopped", ...sumStats(this.#past) });
    this.#finished.resolve();
  }

  /** What all of them have done together. */
  async stats(): Promise<ProgramStats> {
    const past = [...this.#past]; // a thread that stops meanwhile is among the answers already
    const answers = await Promise.all([...this.#threads.values()].map((thread) => thread.stats()));
    return sumStats([...past, ...answers.filter((stats) => stats !== undefined)]);
  }

  /** Stops all of them gracefully, also those that are still starting; a second call closes what is left. */
  shutdown(): Promise<void> {
    this.#stopping = true;
    for (const thread of this.#threads.values()) thread.stop();
    this.#finishIfStopped();
    return this.finished;
  }
}

/** Statistics of several servers as those of one. */
function sumStats(all: readonly ProgramStats[]): ProgramStats {
  const sum = (
    field:
      | "accepted"
      | "active"
      | "closed"
      | "assertionFailures"
      | "timedOut"
      | "refused"
      | "acceptPauses",
  ): number => all.reduce((total, stats) => total + stats[field], 0);
  const bytes = (field: "bytesIn" | "bytesOut"): number | undefined =>
    all.map((stats) => stats[field]).reduce(sumIfKnown, 0);
  const errors: Record<string, number> = {};
  for (const stats of all) {
    for (const [name, n] of Object.entries(stats.errors)) errors[name] = (errors[name] ?? 0) + n;
  }
  const open = all.flatMap(({ connections }) => connections ?? []);
  return {
    accepted: sum("accepted"),
    active: sum("active"),
    closed: sum("closed"),
    bytesIn: bytes("bytesIn"),
    bytesOut: bytes("bytesOut"),
    errors,
    assertionFailures: sum("assertionFailures"),
    timedOut: sum("timedOut"),
    refused: sum("refused"),
    acceptPauses: sum("acceptPauses"),
    queues: all.flatMap(({ queues }) => queues),
    uptime: Math.max(0, ...all.map(({ uptime }) => uptime)),
    ...open.length > 0 && { connections: sumUp(open) },
  };
}
