/**
 * The program's logs: LogTape, with lines for people or for machines on standard error.
 *
 * @module
 */

import {
  configure,
  dispose,
  getLogger,
  getTextFormatter,
  type LogLevel as LogTapeLevel,
  type LogRecord,
  type Sink,
} from "@logtape/logtape";
import { asJson } from "./as_json.ts";
import type { CommandLine } from "./command_line.ts";
import type { Logger } from "../net/logger.ts";

type Format = (record: LogRecord) => string;

/** LogTape's levels under the names of this program's. */
const LEVELS: Partial<Record<LogTapeLevel, string>> = { warning: "warn", fatal: "error" };

const level = (name: LogTapeLevel): string => LEVELS[name] ?? name;

function text(worker: number | undefined): Format {
  const place = worker === undefined ? "" : `worker ${worker} `;
  return getTextFormatter({
    timestamp: "date-time",
    level,
    format: ({ timestamp, level, message }) => `${timestamp} ${level.padEnd(5)} ${place}${message}`,
  });
}

const json: Format = (record) => {
  const line = {
    time: new Date(record.timestamp).toISOString(),
    level: level(record.level),
    message: record.message.join(""),
    ...record.properties,
  };
  return `${asJson(line)}\n`;
};

/**
 * Starts logging as the command line says.
 *
 * @param options The level and the format.
 * @param worker The number of this worker, where there are several: it stands in every line.
 */
export async function startLogging(
  options: Pick<CommandLine, "log-level" | "log-format">,
  worker?: number,
): Promise<Logger> {
  const format = options["log-format"] === "json" ? json : text(worker);
  const sink = isTelemetryOn() ? consoleSink(format) : batchedSink(format);
  const lowestLevel = options["log-level"] === "warn" ? "warning" : options["log-level"];
  await configure({
    sinks: { sink },
    loggers: [
      { category: "sockopt", lowestLevel, sinks: ["sink"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["sink"] },
    ],
  });
  const logger = getLogger("sockopt");
  return worker === undefined ? logger : logger.with({ worker });
}

/** Ends logging: every line that was logged is written. */
export function endLogging(): Promise<void> {
  return dispose();
}

/** Whether Deno exports telemetry, as far as the program may know: that takes `--allow-env=OTEL_DENO`. */
function isTelemetryOn(): boolean {
  const variable = "OTEL_DENO";
  if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") return false;
  return ["true", "1"].includes(Deno.env.get(variable) ?? "");
}

/** Writes lines to the console, whose output Deno exports, each with the severity of its level. */
function consoleSink(format: Format): Sink {
  return (record) => {
    const name = level(record.level) as "debug" | "info" | "warn" | "error";
    console[name](format(record).trimEnd());
  };
}

/** Writes lines to standard error: what is logged while a write is under way goes into the next one. */
function batchedSink(format: Format): Sink & AsyncDisposable {
  const encoder = new TextEncoder();
  let lines: string[] = [];
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    await undefined; // lets the lines of this moment come together
    while (lines.length > 0) {
      const chunk = encoder.encode(lines.join(""));
      lines = [];
      try {
        for (let n = 0; n < chunk.length;) n += await Deno.stderr.write(chunk.subarray(n));
      } catch {
        // nobody reads standard error any more; the server goes on without
      }
    }
    writing = undefined;
  }

  const sink = (record: LogRecord): void => {
    lines.push(format(record));
    writing ??= write();
  };
  return Object.assign(sink, { [Symbol.asyncDispose]: async () => await writing });
}
