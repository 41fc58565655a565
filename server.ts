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

import denoJson from "./deno.json" with { type: "json" };
import { echo, echoOnce, serve, type SocketSettings, type TcpServer } from "./mod.ts";
import { type CommandLine, helpText, parseCommandLine, UsageError } from "./src/command_line.ts";
import { endLogging, startLogging } from "./src/logging.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));

/**
 * Runs the program.
 *
 * @param args The command line.
 * @returns The exit code: 0 after a graceful stop, 1 for a failure, 2 for wrong usage.
 */
async function main(args: string[]): Promise<number> {
  try {
    const options = parseCommandLine(args);
    if (options.help) {
      console.log(helpText());
    } else if (options.version) {
      console.log(denoJson.version);
    } else {
      await run(options);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(error.message);
    return isWrongUsage(error) ? 2 : 1;
  } finally {
    await endLogging();
  }
}

/** Serves until a signal: the first one stops gracefully, a second one at once. */
async function run(options: CommandLine): Promise<void> {
  if (options["reuse-port"] && Deno.listenDatagram === undefined) {
    throw new UsageError(
      "SO_REUSEPORT takes Deno's unstable net feature: add --unstable-net, or --no-reuse-port",
    );
  }
  const logger = await startLogging(options);
  let server: TcpServer | undefined = undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => void server?.shutdown());
  }
  Deno.addSignalListener("SIGUSR1", () => console.log(JSON.stringify(server?.stats())));
  server = serve({
    hostname: options.host,
    port: options.port,
    backlog: options.backlog,
    reusePort: options["reuse-port"],
    settings: settings(options),
    strict: options.strict,
    maxConnections: options["max-connections"],
    idleTimeout: options["idle-timeout"],
    logger,
  }, options.mode === "once" ? echoOnce() : echo());
  await server.finished;
}

/** The socket options that the command line asks for. */
function settings(options: CommandLine): SocketSettings {
  return {
    receiveBufferSize: options["recv-buffer"],
    sendBufferSize: options["send-buffer"],
    quickAck: options["quick-ack"] || undefined,
    noDelay: options["no-delay"] || undefined,
    keepAlive: options["keep-alive"],
    userTimeout: options["user-timeout"],
    congestion: options.congestion,
  };
}

/** Whether an error is the user's to mend on the command line. */
function isWrongUsage(error: Error): boolean {
  return error instanceof UsageError || error instanceof Deno.errors.NotCapable;
}
