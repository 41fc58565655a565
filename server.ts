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

import type { ServerStats } from "./mod.ts";
import {
  type CommandLine,
  helpText,
  parseCommandLine,
  UsageError,
} from "./src/program/command_line.ts";
import { keepInspectorShut } from "./src/program/inspector.ts";
import { LateLogger } from "./src/program/late_logger.ts";
import { type Logger, readyLogger } from "./src/net/logger.ts";
import { serveAs } from "./src/program/serve_as.ts";

// what not every start takes is imported where it is used, and what can wait until the server listens is later

if (import.meta.main) Deno.exit(await main(Deno.args));

/**
 * Runs the program.
 *
 * @param args The command line.
 * @returns The exit code: 0 after a graceful stop, 1 for a failure, 2 for wrong usage.
 */
async function main(args: string[]): Promise<number> {
  try {
    const options = await parseCommandLine(args);
    if (options.help) {
      console.log(helpText());
      return 0;
    }
    if (options.version) {
      const { default: { version } } = await import("./deno.json", { with: { type: "json" } });
      console.log(version);
      return 0;
    }
    if (options["reuse-port"] && Deno.listenDatagram === undefined) {
      throw new UsageError(
        "SO_REUSEPORT takes Deno's unstable net feature: add --unstable-net, or --no-reuse-port",
      );
    }
    if (options.check) return await runCheck(options);
    await run(options, args);
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(error.message);
    return isWrongUsage(error) ? 2 : 1;
  }
}

/** Shows what the kernel makes of the options: 1 where it is not what was asked for. */
async function runCheck(options: CommandLine): Promise<number> {
  const { check, findingsAsText } = await import("./src/program/check.ts");
  const { asJson } = await import("./src/program/as_json.ts");
  const findings = await check(options);
  const colors = Deno.stdout.isTerminal() && !Deno.noColor;
  console.log(options.json ? asJson(findings) : findingsAsText(findings, colors));
  return findings.ok ? 0 : 1;
}

/** What serves: one server, or a pool of threads. */
interface Serving {
  readonly finished: Promise<void>;
  shutdown(): Promise<void>;
  stats(): ServerStats | Promise<ServerStats>;
}

/** Serves until a signal: the first one stops gracefully, a second one at once; SIGUSR2 prints the statistics. */
async function run(options: CommandLine, args: string[]): Promise<void> {
  keepInspectorShut();
  let serving: Serving | undefined = undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => void serving?.shutdown());
  }
  Deno.addSignalListener("SIGUSR2", async () => {
    if (serving !== undefined) console.log(JSON.stringify(await serving.stats()));
  });
  const logging = () => import("./src/program/log.ts");
  const logger = new LateLogger(
    options["log-level"],
    async () => (await logging()).startLogging(options),
  );
  const count = options.workers || navigator.hardwareConcurrency;
  try {
    if (count === 1) serving = serveAs(options, logger);
    await logger.load();
    serving ??= await startWorkers(options, args, count, logger);
    await serving.finished;
  } finally {
    await logger.load(); // what was logged is written, also where that has failed
    await (await logging()).endLogging();
  }
}

async function startWorkers(
  options: CommandLine,
  args: string[],
  count: number,
  logger: Logger,
): Promise<Serving> {
  if (!options["reuse-port"]) {
    throw new UsageError("--workers takes --reuse-port: they share the port");
  }
  const { WORKER_MODULE, WorkerPool } = await import("./src/program/worker_pool.ts");
  requireSource(WORKER_MODULE);
  return await WorkerPool.start({ count, args, port: options.port, logger: readyLogger(logger) });
}

/** Deno asks for the permission to read a worker's source; an executable has it inside. */
function requireSource(module: URL): void {
  if (Deno.build.standalone || module.protocol !== "file:") return;
  const folder = decodeURIComponent(new URL("../..", module).pathname);
  const { state } = Deno.permissions.querySync({ name: "read", path: folder });
  if (state !== "granted") throw new UsageError(`--workers takes --allow-read=${folder} as well`);
}

/** Whether an error is the user's to mend on the command line. */
function isWrongUsage(error: Error): boolean {
  return error instanceof UsageError || error instanceof Deno.errors.NotCapable;
}
