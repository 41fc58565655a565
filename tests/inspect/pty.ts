/** A program on a pseudo terminal, whose screen is what a terminal shows: tmux is the terminal. */

import { output, run } from "../helpers.ts";

/** A program on a terminal of some size. */
export class Screen implements AsyncDisposable {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  /** Starts a command; what it says at its end stays on the screen. */
  static async start(command: string[], columns: number, rows: number): Promise<Screen> {
    const screen = new Screen(await Deno.makeTempFile());
    await Deno.remove(screen.#socket);
    const line = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    const size = ["-x", `${columns}`, "-y", `${rows}`];
    await screen.#tmux(
      "-f",
      "/dev/null",
      "new-session",
      "-d",
      ...size,
      `${line}; echo "ended $?"; cat`,
    );
    return screen;
  }

  #tmux(...args: string[]): Promise<string> {
    return output(
      "env",
      "TERM=xterm-256color",
      "LC_ALL=C.UTF-8",
      "SHELL=/bin/sh", // a user may have none
      "tmux",
      "-u",
      "-S",
      this.#socket,
      ...args,
    );
  }

  /** Types keys, as tmux names them. */
  async type(...keys: string[]): Promise<void> {
    await this.#tmux("send-keys", ...keys);
  }

  /** What it shows, once a pattern is there. */
  async shows(pattern: RegExp): Promise<string> {
    for (let i = 0;; i++) {
      const text = await this.#tmux("capture-pane", "-p");
      if (pattern.test(text)) return text.trimEnd();
      if (i === 200) throw new Error(`it does not show ${pattern}:\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** What it shows with its colours, as control sequences. */
  colored(): Promise<string> {
    return this.#tmux("capture-pane", "-p", "-e");
  }

  /** Changes its size. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("resize-window", "-x", `${columns}`, "-y", `${rows}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("tmux", ["-S", this.#socket, "kill-server"]);
  }
}
