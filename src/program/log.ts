/** The program's log: lines for people or for machines on standard error. */

import { LOG_LEVELS, type LogFunction, type Logger, type LogLevel } from "../net/logger.ts";
import { asJson } from "../cli/as_json.ts";
import type { CommandLine } from "./command_line.ts";
import { standardError, standardOutput } from "../cli/line_writer.ts";
import { printable } from "../cli/printable.ts";

/** What a line says. */
interface Entry {
  /** When, as ISO 8601 has it. */
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  /** The thread that says it, where there are several. */
  readonly worker: number | undefined;
  readonly properties: Record<string, unknown> | undefined;
}

function placeOf(worker: number | undefined): string {
  return worker === undefined ? "" : `worker ${worker} `;
}

/** What is exported has a time and a level beside its text. */
const forTelemetry = {
  text: ({ message, worker }: Entry): string => `${placeOf(worker)}${printable(message)}`,
  json: ({ message, worker, properties }: Entry): string =>
    asJson({ message, worker, ...properties }),
};

function asText({ time, level, message, worker }: Entry): string {
  const shortTime = time.replace("T", " ").replace("Z", "");
  return `${shortTime} ${level.padEnd(5)} ${placeOf(worker)}${printable(message)}`;
}

function toJson({ time, level, message, worker, properties }: Entry): string {
  return asJson({ time, level, message, worker, ...properties });
}

/** The numbers of the levels, by which a logger of `@std/log` tells the lowest one that it writes. */
const LEVEL_NUMBERS: Record<LogLevel, number> = { debug: 10, info: 20, warn: 30, error: 40 };

/**
 * Starts logging as the command line says.
 *
 * @param options The level and the format.
 * @param worker The number of this thread, where there are several: it stands in every line.
 */
export function startLogging(
  options: Pick<CommandLine, "log-level" | "log-format">,
  worker?: number,
): Logger & { level: number } {
  const formats = isTelemetryOn() ? forTelemetry : { text: asText, json: toJson };
  const format = formats[options["log-format"]];
  const write = isTelemetryOn() ? writeToConsole : writeToStandardError;
  const lowest = LOG_LEVELS.indexOf(options["log-level"]);
  const logAt = (level: LogLevel): LogFunction => {
    if (LOG_LEVELS.indexOf(level) < lowest) return () => {};
    return (message, properties) => {
      const time = new Date().toISOString();
      write(level, format({ time, level, message, worker, properties }));
    };
  };
  const logger = {
    level: LEVEL_NUMBERS[options["log-level"]],
    debug: logAt("debug"),
    info: logAt("info"),
    warn: logAt("warn"),
    error: logAt("error"),
  };
  for (const [stream, writer] of [["error", standardError], ["output", standardOutput]] as const) {
    writer.onLost = (lost) =>
      logger.error(`${lost} lines of standard ${stream} are lost: it did not take them`, {
        event: "lines_lost",
        stream,
        lost,
      });
  }
  return logger;
}

/** How many milliseconds the last lines may take to be written. */
const LAST_LINES = 1000;

/** Ends logging: what was logged is written, unless nobody takes it. */
export async function endLogging(): Promise<void> {
  await Promise.all([standardOutput.flush(LAST_LINES), standardError.flush(LAST_LINES)]);
}

function writeToStandardError(_level: LogLevel, line: string): void {
  standardError.write(line);
}

/** Deno exports what is written to the console, each line with the severity of its level. */
function writeToConsole(level: LogLevel, line: string): void {
  console[level](line);
}

/** Where Deno has OpenTelemetry's package find it, if it exports anything. */
const TELEMETRY = Symbol.for("opentelemetry.js.api.1");

/** Whether Deno exports telemetry: as OTEL_DENO says, of an executable as it said when that was compiled. */
export function isTelemetryOn(): boolean {
  return TELEMETRY in globalThis;
}
