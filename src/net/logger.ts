/** What this package logs to. */

/**
 * Writes one line of a log: a finished message, and the same as data.
 *
 * @category Opening sockets
 */
export type LogFunction = (message: string, properties?: Record<string, unknown>) => void;

/**
 * What this package logs to, where it is given one. Without, it is silent, but for what the user's own code throws: that goes
 * to standard error, unless there is an `onError`. `console`, a logger of LogTape
 * and one of `@std/log` all are loggers.
 *
 * @category Opening sockets
 *
 * @example
 * ```ts
 * import { echoOnce, serve } from "@sockopt/tcp";
 *
 * await using server = serve({ hostname: "127.0.0.1", port: 0, logger: console }, echoOnce());
 * ```
 */
export interface Logger {
  /** What happens to each connection. */
  debug: LogFunction;
  /** Start and stop. */
  info: LogFunction;
  /** What works, but not as asked. */
  warn: LogFunction;
  /** What failed. */
  error: LogFunction;
}

/** The names of the levels, from the lowest up. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const satisfies (keyof Logger)[];

/** The name of a level. */
export type LogLevel = typeof LOG_LEVELS[number];

const nothing: LogFunction = () => {};

/** Logs nowhere. */
export const SILENT: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** What loggers that know their own level offer beside {@linkcode Logger}. */
interface Leveled {
  /** LogTape. */
  isEnabledFor?(level: string): boolean;
  /** `@std/log`: 10 is debug. */
  level?: number;
}

/**
 * A logger as the package uses it, with the question of the debug level answered once.
 *
 * @category Opening sockets
 */
export interface ReadyLogger extends Logger {
  /** Whether lines of level debug are worth making. */
  readonly debugging: boolean;
}

/** Logs errors alone, to standard error: for those of the user's own code, who must see them. */
export const ERRORS_ALONE: Logger = { ...SILENT, error: toStandardError };

/** A line, and where the error was made. */
function toStandardError(message: string, { stack }: Record<string, unknown> = {}): void {
  const frames = typeof stack === "string" ? stack.match(/^ {4}at .*$/gm) ?? [] : [];
  console.error([message, ...frames].join("\n"));
}

/** Makes a logger ready for use: what goes wrong in it is no concern of who logs. */
export function readyLogger(logger: Logger = SILENT): ReadyLogger {
  const { isEnabledFor, level } = logger as Leveled;
  const debugging = logger !== SILENT && (typeof level !== "number" || level <= 10) &&
    (isEnabledFor?.call(logger, "debug") ?? true);
  // LogTape reads braces as placeholders, and a message of ours is finished
  const escape = isEnabledFor === undefined
    ? (message: string): string => message
    : (message: string): string =>
      message.includes("{") ? message.replaceAll("{", "{{").replaceAll("}", "}}") : message;
  const through = (name: LogLevel): LogFunction => (message, properties) => {
    try {
      const result: unknown = logger[name](escape(message), properties);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      // such as console, whose standard output is closed or full
    }
  };
  return {
    debugging,
    debug: through("debug"),
    info: through("info"),
    warn: through("warn"),
    error: through("error"),
  };
}
