/**
 * @module
 */

import { LOG_LEVELS, type Logger, type LogLevel } from "../net/logger.ts";

/** A line that was logged. */
type Line = readonly [level: LogLevel, message: string, properties?: Record<string, unknown>];

/**
 * A logger for what is logged before the one that writes it is loaded: the program listens first, and loads LogTape
 * then. It keeps the lines in their order until then.
 */
export class LateLogger implements Logger {
  readonly #least: number;
  readonly #load: () => Promise<Logger>;
  readonly #lines: Line[] = [];
  #logger: Logger | undefined;
  #loading: Promise<void> | undefined;

  /**
   * @param level The lowest level that is logged.
   * @param load Makes the logger that writes.
   */
  constructor(level: LogLevel, load: () => Promise<Logger>) {
    this.#least = LOG_LEVELS.indexOf(level);
    this.#load = load;
  }

  /** As LogTape's loggers have it. */
  isEnabledFor(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= this.#least;
  }

  debug(message: string, properties?: Record<string, unknown>): void {
    this.#log("debug", message, properties);
  }

  info(message: string, properties?: Record<string, unknown>): void {
    this.#log("info", message, properties);
  }

  warn(message: string, properties?: Record<string, unknown>): void {
    this.#log("warn", message, properties);
  }

  error(message: string, properties?: Record<string, unknown>): void {
    this.#log("error", message, properties);
  }

  /** Loads the logger, if it is not loaded yet; it gets the lines that were kept, and all that follow. */
  load(): Promise<void> {
    return this.#loading ??= this.#load().then((logger) => {
      this.#logger = logger;
      for (const [level, message, properties] of this.#lines.splice(0)) {
        logger[level](message, properties);
      }
    });
  }

  #log(...line: Line): void {
    const [level, message, properties] = line;
    if (this.#logger === undefined) this.#lines.push(line);
    else this.#logger[level](message, properties);
  }
}
