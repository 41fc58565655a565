/** How far a run is, on standard error: on a terminal one line that is written again and again, elsewhere a line each. */
export class Progress {
  readonly #isTerminal = Deno.stderr.isTerminal();
  readonly #encoder = new TextEncoder();
  #planned = 0;
  #done = 0;
  #step = 0;
  #start = 0;

  /** The run begins, and takes about so many seconds. */
  plan(seconds: number): void {
    this.#planned = seconds;
    this.#start = performance.now();
  }

  /** The step before is done, and the next one begins, which takes about so many seconds. */
  next(seconds: number, step: string): void {
    this.#done += this.#step;
    this.#step = seconds;
    const line = `${step} (${showTime(this.#left())} left)`;
    this.#write(this.#isTerminal ? `${CLEAR}${line}` : `${line}\n`);
  }

  /** Makes room for something else. */
  clear(): void {
    if (this.#isTerminal) this.#write(CLEAR);
  }

  /** Seconds that are left, if what is to come takes as much longer than planned as what was. */
  #left(): number {
    const elapsed = (performance.now() - this.#start) / 1000;
    const pace = this.#done === 0 ? 1 : elapsed / this.#done;
    return pace * Math.max(this.#planned - this.#done, 0);
  }

  #write(text: string): void {
    Deno.stderr.writeSync(this.#encoder.encode(text));
  }
}

/** To the beginning of the line, and deletes it. */
const CLEAR = "\r\x1b[K";

function showTime(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes} min` : `${Math.ceil(seconds)} s`;
}
