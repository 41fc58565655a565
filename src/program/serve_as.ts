/** What the command line asks for, as the library takes it: for the program and for its workers. */

import { TCP_DEFER_ACCEPT } from "../../ffi/options/tcp.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import { settingOptions, type SocketSettings } from "../options/settings.ts";
import type { Logger } from "../net/logger.ts";
import { echo, echoOnce } from "../serve/echo.ts";
import { serve } from "../serve/serve.ts";
import type { ServeOptions, TcpServer } from "../serve/serve_options.ts";
import type { CommandLine } from "./command_line.ts";
import { PassedSockets } from "./passed_sockets.ts";
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
export function serveAs(options: CommandLine, logger: Logger): TcpServer {
  const passed = new PassedSockets(options.fd);
  const server = serveOn(passed, options, logger, options.port);
  passed.close();
  return server;
}

/**
 * Serves as one of several threads.
 *
 * @param port The port that all of them share.
 */
export function serveAsThread(options: CommandLine, logger: Logger, port: number): TcpServer {
  return serveOn(new PassedSockets(options.fd), options, logger, port);
}

/** Where to listen: at an address, or on sockets that the program was started with. */
type Place = Pick<ServeOptions, "hostname" | "port" | "backlog" | "reusePort" | "fd">;

/** Serves on copies of what the program was started with, or else at the address of the command line. */
function serveOn(
  passed: PassedSockets,
  options: CommandLine,
  logger: Logger,
  port: number,
): TcpServer {
  const { host: hostname, backlog, "reuse-port": reusePort } = options;
  const place = (): Place =>
    passed.areThere ? { fd: passed.copies() } : { hostname, port, backlog, reusePort };
  const settings = settingsOf(options);
  const defaults = defaultsOf(options);
  try {
    return serveWith({ ...settings, ...defaults }, place(), options, logger);
  } catch (error) {
    const isRefused = error instanceof SocketError &&
      settingOptions(defaults).some(([{ name }]) => name === error.option);
    if (!isRefused) throw error;
    return serveWith(settings, place(), options, logger);
  }
}

function serveWith(
  settings: SocketSettings,
  place: Place,
  options: CommandLine,
  logger: Logger,
): TcpServer {
  const serveOptions = {
    ...place,
    settings,
    strict: options.strict,
    maxConnections: options["max-connections"],
    maxConnectionsPerClient: options["max-connections-per-client"],
    proxyProtocol: options["proxy-protocol"],
    idleTimeout: options["idle-timeout"],
    logger,
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
