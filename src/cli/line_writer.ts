/** Lines for standard output and standard error, whatever has become of them. */

/** What a {@linkcode LineWriter} writes to. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<number>;
}

/** How many bytes may wait to be written; lines beyond are lost. */
const LIMIT = 4 * 2 ** 20;
/** How many bytes a pipe takes as a whole, so that lines of several threads do not mix: PIPE_BUF of Linux. */
const CHUNK = 4096;
/** How many milliseconds to wait until a non-blocking pipe or terminal may take more. */
const RETRY_PAUSE = 20;
const NEWLINE = 10;

const encoder = new TextEncoder();

/**
 * Writes lines in their order, while the program goes on. It never throws: lines that cannot be written, since the disk
 * is full, nobody holds the other end of a pipe any more or nobody reads it, are lost and counted.
 */
export class LineWriter {
  /** Called with the number of lines that are lost, once lines can be written again. */
  onLost: (lost: number) => void = () => {};
  readonly #sink: ByteSink;
  #lines: Uint8Array[] = [];
  /** The bytes that wait or are being written. */
  #size = 0;
  /** Whether lines are lost until there is room again, so that those that are lost are in one place. */
  #full = false;
  #lost = 0;
  /** Why the last write has failed. */
  #failure: Error | undefined;
  /** Whether a failure has cut a line, which the next one must not continue. */
  #cut = false;
  #writing: Promise<void> | undefined;

  /** @param sink Where the lines go. */
  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** Writes a line, or several. */
  write(line: string): void {
    const bytes = encoder.encode(`${line}\n`);
    if (this.#full || (this.#size > 0 && this.#size + bytes.length > LIMIT)) {
      this.#full = true;
      this.#lost++;
      return;
    }
    this.#lines.push(bytes);
    this.#size += bytes.length;
    this.#writing ??= this.#writeLines();
  }

  /**
   * Waits until all is written, but no longer than so many milliseconds.
   *
   * @returns Why it is not, if so.
   */
  async flush(milliseconds: number): Promise<Error | undefined> {
    const stuck = new Error("nobody reads it");
    const { promise: late, resolve } = Promise.withResolvers<Error>();
    const timer = setTimeout(resolve, milliseconds, stuck);
    const result = await Promise.race([this.#writing?.then(() => undefined), late]);
    clearTimeout(timer);
    return result ?? (this.#lost > 0 ? this.#failure : undefined);
  }

  async #writeLines(): Promise<void> {
    await undefined; // lets the lines of this moment come together
    while (this.#lines.length > 0) {
      const lines = this.#take();
      const written = await this.#writeAll(concat(lines));
      let size = 0;
      for (const { length } of lines) {
        size += length;
        if (size > written) this.#lost++;
      }
      this.#size -= size;
      if (this.#size <= LIMIT / 2) this.#full = false;
      if (this.#lost > 0 && written === size && !this.#full) {
        const lost = this.#lost;
        this.#lost = 0;
        this.onLost(lost);
      }
    }
    this.#writing = undefined;
  }

  /** The next lines, which are written at once. */
  #take(): Uint8Array[] {
    let size = 0;
    const more = this.#lines.findIndex(({ length }) => (size += length) > CHUNK);
    return this.#lines.splice(0, more < 0 ? this.#lines.length : Math.max(more, 1));
  }

  /** Writes bytes: how many of them. */
  async #writeAll(bytes: Uint8Array): Promise<number> {
    let written = 0;
    try {
      if (this.#cut) {
        await this.#writeSome(new Uint8Array([NEWLINE]));
        this.#cut = false;
      }
      while (written < bytes.length) written += await this.#writeSome(bytes.subarray(written));
    } catch (error) {
      this.#failure = error as Error;
      if (written > 0) this.#cut = bytes[written - 1] !== NEWLINE;
    }
    return written;
  }

  /** Writes some bytes, at least one: how many. */
  async #writeSome(bytes: Uint8Array): Promise<number> {
    for (;;) {
      try {
        const written = await this.#sink.write(bytes);
        if (written > 0) return written;
        throw new Error("nothing was written");
      } catch (error) {
        if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE));
      }
    }
  }
}

function concat(lines: readonly Uint8Array[]): Uint8Array {
  if (lines.length === 1) return lines[0]!;
  const all = new Uint8Array(lines.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const line of lines) {
    all.set(line, at);
    at += line.length;
  }
  return all;
}

/** For results. */
export const standardOutput: LineWriter = new LineWriter(Deno.stdout);

/** For the log, and for what is wrong. */
export const standardError: LineWriter = new LineWriter(Deno.stderr);
