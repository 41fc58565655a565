/**
 * Why accepting fails, and what a server does about it: it tries again, at once where the failure is one client's, later
 * where the next one would fail as well. No failure ends it.
 *
 * @module
 */

/** Errors of accept(2) and of Deno's own calls after it that concern one connection alone: accept(2), "Error handling". */
const CONNECTION_ERRORS: ReadonlySet<string> = new Set([
  "ECONNABORTED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "EINTR",
  "ENETDOWN",
  "ENETUNREACH",
  "ENONET",
  "ENOPROTOOPT",
  "ENOTCONN",
  "EOPNOTSUPP",
  "EPERM",
  "EPROTO",
  "ETIMEDOUT",
  "Interrupted",
]);

/** So many of them in a row can be clients that have gone; more are the kernel's or a sandbox's own. */
const BURST = 100;
/** One of them is forgotten after so many milliseconds: a balancer's checks that come one by one are no burst. */
const FORGOTTEN = 10;
/** Milliseconds to wait after the first such burst; after each further one twice as long. */
const BURST_PAUSE = 10;
/** Milliseconds to wait after a failure that concerns all connections, and at most after any. */
const PAUSE = 500;
/** Failures no further apart than this, in milliseconds, are one episode, and one line in the log. */
const EPISODE = 10_000;

/** What to do about a failure. */
export interface AcceptAdvice {
  /** For how many milliseconds to wait; 0 where not at all. */
  readonly pause: number;
  /** Whether it is worth a line in the log. */
  readonly isNews: boolean;
}

/** The failures of one listener to accept. */
export class AcceptFailures {
  /** How many there were, less what is forgotten. */
  #count = 0;
  #bursts = 0;
  /** When the last one was dealt with. */
  #lastEnd = 0;
  #lastPause = -Infinity;

  /** Notes that a connection was accepted. */
  end(): void {
    this.#count = 0;
    this.#bursts = 0;
  }

  /**
   * Notes a failure.
   *
   * @param code The error's code.
   * @param now When it was, in milliseconds.
   */
  add(code: string, now: number = performance.now()): AcceptAdvice {
    const pause = this.#pauseAfter(code, Math.max(now - this.#lastEnd, 0));
    this.#lastEnd = now + pause;
    if (pause === 0) return { pause, isNews: false };
    const isNews = now - this.#lastPause > EPISODE;
    this.#lastPause = now;
    return { pause, isNews };
  }

  #pauseAfter(code: string, quiet: number): number {
    if (!CONNECTION_ERRORS.has(code)) return PAUSE;
    if (quiet > BURST * FORGOTTEN) this.#bursts = 0;
    this.#count = Math.max(this.#count - quiet / FORGOTTEN, 0) + 1;
    if (this.#count < BURST) return 0;
    this.#count = 0;
    return Math.min(BURST_PAUSE * 2 ** this.#bursts++, PAUSE);
  }
}
