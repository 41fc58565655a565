/** What the command line asks for, as the library takes it: for the program and for its workers. */

import { TCP_DEFER_ACCEPT } from "../../ffi/options/tcp.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import { settingOptions, type SocketSettings } from "../options/settings.ts";
import { showAddr } from "../../ffi/sockaddr.ts";
import type { Logger } from "../net/logger.ts";
import { echo, echoOnce } from "../serve/echo.ts";
import { serve } from "../serve/serve.ts";
import type { TcpServer } from "../serve/serve_options.ts";
import type { CommandLine } from "./command_line.ts";
import { UsageError } from "../cli/usage_error.ts";

/** The socket options that the command line asks for. */
export function settingsOf(options: CommandLine): SocketSettings {
  return {
    receiveBufferSize: options["recv-buffer"],
    sendBufferSize: options["send-buffer"],
    quickAck: options["quick-ack"] || undefined,
    noDelay: !options.nagle,
    keepAlive: options["keep-alive"],
    userTimeout: options["user-timeout"],
    congestion: options.congestion,
    deferAccept: options["defer-accept"] || undefined,
    options: options.option as SocketSettings["options"], // by the options' own codecs
  };
}

/**
 * What is set where the command line says nothing of it, and done without where the kernel refuses it: a server that
 * answers the first data and closes waits for no more than a second in vain.
 */
export function defaultsOf(
  { mode, option, "defer-accept": deferAccept }: CommandLine,
): SocketSettings {
  const isSaid = deferAccept !== undefined ||
    option.some(([option]) => option === TCP_DEFER_ACCEPT);
  return mode === "once" && !isSaid ? { deferAccept: 1 } : {};
}

/** Serves as the command line says. */
export function serveAs(
  options: CommandLine,
  logger: Logger,
  port: number = options.port,
): TcpServer {
  const settings = settingsOf(options);
  const defaults = defaultsOf(options);
  try {
    return serveWith({ ...settings, ...defaults }, options, logger, port);
  } catch (error) {
    const isRefused = error instanceof SocketError &&
      settingOptions(defaults).some(([{ name }]) => name === error.option);
    if (!isRefused) throw error;
    return serveWith(settings, options, logger, port);
  }
}

function serveWith(
  settings: SocketSettings,
  options: CommandLine,
  logger: Logger,
  port: number,
): TcpServer {
  const hosts = options.host.values();
  const serveOptions = {
    hostname: options.host,
    port,
    backlog: options.backlog,
    reusePort: options["reuse-port"],
    settings,
    strict: options.strict,
    maxConnections: options["max-connections"],
    maxConnectionsPerClient: options["max-connections-per-client"],
    proxyProtocol: options["proxy-protocol"],
    idleTimeout: options["idle-timeout"],
    logger,
    onListen(addr: Deno.NetAddr): void {
      // Deno leaves the zone of an address of one link out
      const host = hosts.next().value ?? "";
      const hostname = host.includes("%") ? host : addr.hostname;
      const { port } = addr;
      logger.info(`Serving on ${showAddr({ ...addr, hostname })}`, {
        event: "listening",
        hostname,
        port,
      });
    },
  };
  const handler = options.mode === "once" ? echoOnce() : echo();
  if (options.cert === undefined || options.key === undefined) return serve(serveOptions, handler);
  const pem = readPem(options.cert, options.key);
  try {
    return serve({ ...serveOptions, ...pem }, handler);
  } catch (error) {
    const { message } = (error as Error).cause as Error ?? error;
    if (!/certificate|private key|KeyMismatch/.test(message)) throw error;
    const reason = message.includes("KeyMismatch") ? "the key is not the certificate's" : message;
    throw new UsageError(`--cert ${options.cert} --key ${options.key}: ${reason}`);
  }
}

/** Reads the certificate and its key; whatever is wrong with them names the flag and the file. */
function readPem(certFile: string, keyFile: string): { cert: string; key: string } {
  const cert = readFile("--cert", certFile);
  const key = readFile("--key", keyFile);
  if (!/^-----BEGIN CERTIFICATE-----/m.test(cert)) {
    throw new UsageError(`--cert ${certFile}: there is no certificate in PEM in it`);
  }
  if (!/^-----BEGIN (\w+ )?PRIVATE KEY-----/m.test(key)) {
    throw new UsageError(`--key ${keyFile}: there is no private key in PEM in it`);
  }
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----/m.test(key)) {
    throw new UsageError(`--key ${keyFile}: it is encrypted; decrypt it first`);
  }
  return { cert, key };
}

/** Reads a file; never prompts for the permission. */
function readFile(flag: string, path: string): string {
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") {
    throw new UsageError(`reading ${path} takes --allow-read=${path}`);
  }
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    // Deno says the path once more
    const reason = (error as Error).message.replace(/: readfile .*$/, "");
    throw new UsageError(`${flag} ${path}: ${reason}`);
  }
}
