/** One of the threads of `--workers`: a server of its own, which shares the port with the others. */

import { parseCommandLine } from "./command_line.ts";
import { endLogging, startLogging } from "./log.ts";
import { type ProgramStats, programStats } from "./program_stats.ts";
import { serveAsThread } from "./serve_as.ts";
import type { TcpServer } from "../serve/serve_options.ts";
import type { ServerStats } from "../serve/stats.ts";
import { isWrongUsage } from "../cli/usage_error.ts";

/** What a worker is told. */
export type ToWorker =
  | {
    readonly do: "serve";
    readonly worker: number;
    readonly args: readonly string[];
    readonly port: number;
  }
  | { readonly do: "stats" }
  | { readonly do: "stop" };

/** What it answers. */
export type FromWorker =
  | { readonly event: "listening"; readonly port: number }
  | { readonly event: "stats"; readonly stats: ProgramStats }
  | { readonly event: "stopped"; readonly stats: ServerStats }
  | { readonly event: "failed"; readonly message: string; readonly wrongUsage: boolean };

/** The thread's own side of the channel, which the types for a main thread do not know. */
const channel = self as unknown as {
  onmessage: (event: MessageEvent<ToWorker>) => void;
  postMessage(message: FromWorker): void;
  close(): void;
};

let server: TcpServer | undefined;

channel.onmessage = ({ data }): void => {
  switch (data.do) {
    case "serve":
      return void run(data.worker, data.args, data.port);
    case "stats":
      return server && channel.postMessage({ event: "stats", stats: programStats(server) });
    case "stop":
      return void server?.shutdown();
  }
};

/** Serves until it is told to stop. The server is there before the next message is taken. */
async function run(worker: number, args: readonly string[], port: number): Promise<void> {
  const options = parseCommandLine(args);
  const logger = startLogging(options, worker);
  try {
    server = serveAsThread(options, logger, port);
  } catch (error) {
    await endLogging();
    const { message } = error as Error;
    return channel.postMessage({ event: "failed", message, wrongUsage: isWrongUsage(error) });
  }
  channel.postMessage({ event: "listening", port: server.addr.port });
  await server.finished;
  await endLogging();
  channel.postMessage({ event: "stopped", stats: server.stats() });
  channel.close();
}
