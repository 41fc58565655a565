/** A terminal that is drawn on as a whole, and whose keys are read one by one. */

import { emitKeypressEvents } from "node:readline";
import { PassThrough } from "node:stream";

/** A key as node:readline names it. */
export interface Key {
  /** Its name, such as "up", "return" or "a". */
  readonly name: string | undefined;
  /** The text that it types; "" for one that types none. */
  readonly text: string;
  readonly ctrl: boolean;
}

// XTerm's control sequences: another screen, its cursor, where it is drawn on, and what is left of it
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const END_OF_LINE = "\x1b[K";

const encoder = new TextEncoder();

/** The terminal of standard output, and of standard input where that is one. */
export class Terminal implements Disposable {
  readonly #hasKeys = Deno.stdin.isTerminal();
  readonly #onResize: () => void;
  readonly #keys = new PassThrough();

  /**
   * Takes the terminal.
   *
   * @param onKey Called for each key.
   * @param onResize Called when its size has changed.
   */
  constructor(onKey: (key: Key) => void, onResize: () => void) {
    this.#onResize = onResize;
    Deno.addSignalListener("SIGWINCH", onResize);
    write(ENTER);
    if (!this.#hasKeys) return;
    Deno.stdin.setRaw(true);
    emitKeypressEvents(this.#keys);
    this.#keys.on(
      "keypress",
      (text: string | undefined, key: { name?: string; ctrl?: boolean }) => {
        onKey({ name: key.name, text: text ?? "", ctrl: key.ctrl === true });
      },
    );
    this.#read();
  }

  async #read(): Promise<void> {
    const bytes = new Uint8Array(256);
    for (;;) {
      const n = await Deno.stdin.read(bytes).catch(() => null);
      if (n === null) return;
      this.#keys.write(bytes.slice(0, n));
    }
  }

  /** How large it is. */
  get size(): { columns: number; rows: number } {
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || 80, rows: rows || 24 };
  }

  /** Draws lines over what was there: one for each row of the terminal. */
  draw(lines: readonly string[]): void {
    write(HOME + lines.map((line) => line + END_OF_LINE).join("\r\n"));
  }

  /** Gives the terminal back as it was. */
  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGWINCH", this.#onResize);
    if (this.#hasKeys) Deno.stdin.setRaw(false);
    write(LEAVE);
  }
}

function write(text: string): void {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}
