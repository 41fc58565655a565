/**
 * What the command line asks for, as the library takes it: for the program and for its workers.
 *
 * @module
 */

import type { SocketSettings } from "../options/settings.ts";
import { type CommandLine, UsageError } from "./command_line.ts";
import { echo, echoOnce } from "../serve/echo.ts";
import type { Logger } from "../net/logger.ts";
import { serve } from "../serve/serve.ts";
import type { TcpServer } from "../serve/serve_options.ts";

/** The socket options that the command line asks for. */
export function settingsOf(options: CommandLine): SocketSettings {
  return {
    receiveBufferSize: options["recv-buffer"],
    sendBufferSize: options["send-buffer"],
    quickAck: options["quick-ack"] || undefined,
    noDelay: options["no-delay"] || undefined,
    keepAlive: options["keep-alive"],
    userTimeout: options["user-timeout"],
    congestion: options.congestion,
    options: options.option as SocketSettings["options"], // by the options' own codecs
  };
}

/** Serves as the command line says. */
export function serveAs(
  options: CommandLine,
  logger: Logger,
  port: number = options.port,
): TcpServer {
  const serveOptions = {
    hostname: options.host,
    port,
    backlog: options.backlog,
    reusePort: options["reuse-port"],
    settings: settingsOf(options),
    strict: options.strict,
    maxConnections: options["max-connections"],
    idleTimeout: options["idle-timeout"],
    logger,
  };
  const handler = options.mode === "once" ? echoOnce() : echo();
  if (options.cert === undefined || options.key === undefined) return serve(serveOptions, handler);
  return serve({ ...serveOptions, cert: read(options.cert), key: read(options.key) }, handler);
}

/** Reads a file of PEM; never prompts for the permission. */
function read(path: string): string {
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") {
    throw new UsageError(`reading ${path} takes --allow-read=${path}`);
  }
  return Deno.readTextFileSync(path);
}
