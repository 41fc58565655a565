/** One of the threads of `--workers`, as the main thread sees it. */

import type { ServerStats } from "../serve/stats.ts";
import { UsageError } from "../cli/usage_error.ts";
import type { ProgramStats } from "./program_stats.ts";
import type { FromWorker, ToWorker } from "./worker.ts";

/** How a thread has ended: what it has done, where it was told to stop, or why it died. */
export type ThreadEnd = { readonly stats: ServerStats } | { readonly error: Error };

/** A thread that serves. */
export class WorkerThread {
  /** Its number, from 1. */
  readonly number: number;
  /** Resolves when the thread has ended; never rejects. */
  readonly ended: Promise<ThreadEnd>;
  readonly #worker: Worker;
  readonly #startedAt = performance.now();
  readonly #listening = Promise.withResolvers<number>();
  readonly #ended = Promise.withResolvers<ThreadEnd>();
  /** Who waits for statistics, in the order in which they have asked and are answered. */
  readonly #asking: ((stats: ProgramStats | undefined) => void)[] = [];
  #isListening = false;
  #last: ServerStats | undefined;

  /**
   * Starts the thread.
   *
   * @param number Its number.
   * @param module The module that it runs.
   * @param args The command line.
   * @param port The port; 0 lets it pick one.
   */
  constructor(number: number, module: URL, args: readonly string[], port: number) {
    this.number = number;
    this.ended = this.#ended.promise;
    this.#worker = new Worker(module, { type: "module", name: `worker ${number}` });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#take(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#end({ error: new Error(event.message) });
    };
    this.#listening.promise.catch(() => {}); // what has gone wrong is in `ended` as well
    this.#post({ do: "serve", worker: number, args, port });
  }

  /** Resolves with the port when the thread listens; rejects when it has ended before. */
  get listening(): Promise<number> {
    return this.#listening.promise;
  }

  /** For how many milliseconds it has been running. */
  get age(): number {
    return performance.now() - this.#startedAt;
  }

  /** What its server has done so far, or did until it stopped; `undefined` where it does not listen yet, or dies. */
  stats(): Promise<ProgramStats | undefined> {
    if (!this.#isListening) return Promise.resolve(this.#last);
    this.#post({ do: "stats" });
    return new Promise((resolve) => this.#asking.push(resolve));
  }

  /** Tells it to stop gracefully, also before it listens; a second time, to close what is left. */
  stop(): void {
    this.#post({ do: "stop" });
  }

  /** Ends it at once. */
  terminate(): void {
    this.#end({ error: new Error("terminated") });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #take(message: FromWorker): void {
    switch (message.event) {
      case "listening":
        this.#isListening = true;
        return this.#listening.resolve(message.port);
      case "stats":
        return this.#asking.shift()?.(message.stats);
      case "stopped":
        return this.#end({ stats: message.stats });
      case "failed": {
        const Kind = message.wrongUsage ? UsageError : Error;
        return this.#end({ error: new Kind(message.message) });
      }
    }
  }

  #end(end: ThreadEnd): void {
    this.#worker.terminate();
    this.#isListening = false;
    if ("stats" in end) this.#last = end.stats;
    for (const answer of this.#asking.splice(0)) answer(this.#last);
    this.#listening.reject("error" in end ? end.error : new Error("stopped"));
    this.#ended.resolve(end);
  }
}
