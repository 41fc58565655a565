/**
 * The echo server of the asyncio recipe "TCP Server, Asynchronous I/O (Low-Level APIs)" as a program: it
 * applies and asserts socket options on every connection, echoes the first read and closes.
 *
 * ```sh
 * deno run --allow-net --allow-ffi server.ts --help
 * ```
 *
 * @module
 */

import config from "./deno.json" with { type: "json" };
import { exitAtOnce } from "./ffi/exit.ts";
import { asJson } from "./src/cli/as_json.ts";
import { standardOutput } from "./src/cli/line_writer.ts";
import { print, programName, runProgram } from "./src/cli/run_program.ts";
import { UsageError } from "./src/cli/usage_error.ts";
import { type Logger, readyLogger } from "./src/net/logger.ts";
import { check } from "./src/program/check.ts";
import { type CommandLine, helpText, parseCommandLine } from "./src/program/command_line.ts";
import { findingsAsText } from "./src/program/findings_text.ts";
import { keepInspectorShut } from "./src/program/inspector.ts";
import { endLogging, isTelemetryOn, startLogging } from "./src/program/log.ts";
import { exportMetrics } from "./src/program/metrics.ts";
import { PassedSockets } from "./src/program/passed_sockets.ts";
import { programStats } from "./src/program/program_stats.ts";
import { serveAs } from "./src/program/serve_as.ts";
import { WORKER_MODULE, WorkerPool } from "./src/program/worker_pool.ts";
import type { TcpServer } from "./src/serve/serve_options.ts";

/**
 * Runs the program.
 *
 * @param args The command line.
 * @returns The exit code: 0 after a graceful stop, 1 where `--check` finds something.
 */
async function main(args: string[]): Promise<number> {
  const options = parseCommandLine(args);
  if (options.help) await print(helpText(programName(import.meta.url)));
  else if (options.version) await print(config.version);
  else if (options.check) return await runCheck(options);
  else await run(options, args);
  return 0;
}

/** Shows what the kernel makes of the options: 1 where it is not what was asked for. */
async function runCheck(options: CommandLine): Promise<number> {
  const findings = await check(options);
  const colors = Deno.stdout.isTerminal() && !Deno.noColor;
  await print(options.json ? asJson(findings) : findingsAsText(findings, colors));
  return findings.ok ? 0 : 1;
}

/** What serves: one server, or a pool of threads. */
type Serving = TcpServer | WorkerPool;

/** Serves until a signal. */
async function run(options: CommandLine, args: string[]): Promise<void> {
  keepInspectorShut();
  let serving: Serving | undefined;
  // nothing is awaited until there is something to stop, so that no signal is lost
  obeySignals(() => serving);
  const logger = startLogging(options);
  try {
    const count = options.workers || navigator.hardwareConcurrency;
    serving = count === 1 ? serveAs(options, logger) : startWorkers(options, args, count, logger);
    const recordLast = isTelemetryOn() ? startMetrics(serving, logger) : undefined;
    await serving.finished;
    await (await recordLast)?.();
  } finally {
    await endLogging();
  }
}

/** Has the statistics exported, if OpenTelemetry's package is here; what cannot be exported is no reason not to serve. */
async function startMetrics(
  serving: Serving,
  logger: Logger,
): Promise<(() => Promise<void>) | undefined> {
  try {
    return await exportMetrics(config.version, () => serving.stats());
  } catch (error) {
    const { message } = error as Error;
    logger.warn(`No metrics are exported: ${message}`, { event: "not_supported" });
  }
}

/** How many milliseconds the program may still take after a second signal. */
const LAST_MOMENT = 200;

/** Ends the program, whatever is under way. While metrics are collected Deno.exit() may wait for ever. */
function exitNow(code: number): never {
  return isTelemetryOn() ? exitAtOnce(code) : Deno.exit(code);
}

/**
 * Within how many milliseconds two signals are one: a terminal sends Ctrl-C to all of its programs, and `deno task` passes it
 * on to those that it has started.
 */
const ONE_SIGNAL = 100;

/** The first signal stops gracefully, a second one at once; SIGUSR2 asks for the statistics. */
function obeySignals(serving: () => Serving | undefined): void {
  let first: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      const now = performance.now();
      const isFirst = first === undefined;
      first ??= now;
      if (!isFirst && now - first < ONE_SIGNAL) return;
      serving()?.shutdown().catch(() => {}); // what has failed is in `finished` as well
      // whatever holds it up, such as a log that nobody reads
      if (!isFirst) setTimeout(() => exitNow(0), LAST_MOMENT);
    });
  }
  Deno.addSignalListener("SIGUSR2", async () => {
    const each = serving();
    if (each === undefined) return;
    const stats = each instanceof WorkerPool ? await each.stats() : programStats(each);
    standardOutput.write(JSON.stringify(stats));
  });
}

/** Starts threads that share the port. */
function startWorkers(
  options: CommandLine,
  args: string[],
  count: number,
  logger: Logger,
): WorkerPool {
  if (!options["reuse-port"] && !new PassedSockets(options.fd).areThere) {
    throw new UsageError("--workers takes --reuse-port: they share the port");
  }
  requireSource(WORKER_MODULE);
  return new WorkerPool({ count, args, port: options.port, logger: readyLogger(logger) });
}

/** Deno asks for the permission to read a worker's source; an executable has it inside. */
function requireSource(module: URL): void {
  if (Deno.build.standalone || module.protocol !== "file:") return;
  const folder = decodeURIComponent(new URL("../..", module).pathname);
  const { state } = Deno.permissions.querySync({ name: "read", path: folder });
  if (state !== "granted") throw new UsageError(`--workers takes --allow-read=${folder} as well`);
}

/** How many milliseconds the program may take to end by itself. */
const ENDING = 2000;

if (import.meta.main) {
  Deno.exitCode = await runProgram(() => main(Deno.args));
  // with telemetry the program ends by itself, if it can: what is left is exported then
  if (!isTelemetryOn()) Deno.exit();
  Deno.unrefTimer(setTimeout(() => exitNow(Deno.exitCode), ENDING));
}
