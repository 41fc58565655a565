/**
 * @module
 */

import {
  candidateFds,
  listeningSockets,
  newListenerFd,
  socketCookie,
  type SocketIdentity,
} from "../../ffi/find_fd.ts";
import { SO_REUSEADDR, SO_REUSEPORT } from "../../ffi/options/socket.ts";
import { TCP_INFO } from "../../ffi/options/tcp.ts";
import { showAddr } from "../../ffi/sockaddr.ts";
import { readOption } from "../../ffi/socket.ts";
import { isSupported } from "../../ffi/socket_option.ts";
import {
  applyOption,
  BACKLOG_CAP,
  cappedNote,
  settingOptions,
  type SettingReport,
  type SocketSettings,
} from "../options/settings.ts";
import { assertOption, OptionAssertionError } from "../options/assert_option.ts";
import { type Logger, readyLogger } from "./logger.ts";
import { rememberListener } from "../options/socket_fd.ts";

/** What {@linkcode listen} is asked for. */
export interface ListenOptions {
  /**
   * The address to listen on, or a name for one.
   *
   * @default {"0.0.0.0"}
   */
  hostname?: string;
  /**
   * The port; 0 takes any that is free.
   *
   * @default {0}
   */
  port?: number;
  /**
   * How many connections may wait to be accepted: the listen(2) queue, capped at net.core.somaxconn.
   *
   * @default {511}
   */
  backlog?: number;
  /**
   * Whether other listeners may share the port: SO_REUSEPORT, set before bind(2). Takes Deno's unstable
   * net feature: `--unstable-net`, or `"unstable": ["net"]` in deno.json. Deno does it under Linux only.
   *
   * @default {false}
   */
  reusePort?: boolean;
  /** Options for the listener, which the connections that it accepts inherit. */
  settings?: SocketSettings;
  /**
   * Whether it is an error when the kernel makes something else of a setting, such as a smaller buffer.
   * Otherwise it is a warning.
   *
   * @default {false}
   */
  strict?: boolean;
  /** Where warnings go. */
  logger?: Logger;
}

/** A listener with what is known of it. */
export interface OpenListener<L extends Deno.Listener = Deno.TcpListener> {
  readonly listener: L;
  readonly fd: number;
  readonly reports: SettingReport[];
}

/**
 * `Deno.listen()` with socket options: they are in force before the first connection is accepted, so
 * that every connection inherits them. SO_REUSEADDR and SO_REUSEPORT are asserted, the rest is read back.
 *
 * @example Your own accept loop
 * ```ts
 * import { assertOption, listen, TCP_NODELAY } from "@sockopt/tcp";
 *
 * using listener = listen({ hostname: "127.0.0.1", port: 0, settings: { noDelay: true } });
 * using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
 * using conn = await listener.accept();
 * assertOption(conn, TCP_NODELAY, true);
 * ```
 *
 * @param options Where and how.
 * @returns The listener.
 * @throws {Deno.errors.AddrInUse} when the address is in use.
 * @throws {Deno.errors.NotSupported} when `reusePort` is asked for without Deno's unstable net feature.
 * @throws {OptionAssertionError} when an option is not as asked: SO_REUSEADDR and SO_REUSEPORT always,
 *   the others if `strict`.
 * @throws {SocketError} when the kernel refuses an option.
 */
export function listen(options: ListenOptions): Deno.TcpListener {
  return openListener(options, (to) => Deno.listen(to)).listener;
}

/** What Deno's own functions that listen for TCP or TLS take. */
type DenoListenOptions = {
  hostname: string;
  port: number;
  tcpBacklog: number;
  reusePort: boolean;
};

/**
 * Opens a listener by one of Deno's functions and puts the settings in force on it.
 *
 * @param options What was asked for.
 * @param open Deno's function.
 */
export function openListener<L extends Deno.Listener>(
  options: ListenOptions,
  open: (options: DenoListenOptions) => L,
): OpenListener<L> {
  const { hostname = "0.0.0.0", port = 0, backlog = 511, reusePort = false } = options;
  if (reusePort && !mayReusePort()) {
    throw new Deno.errors.NotSupported(
      'reusePort takes Deno\'s unstable net feature: add --unstable-net, or "unstable": ["net"] to deno.json',
    );
  }
  requireNet(hostname, port);
  const { listener, fd } = openFound(() =>
    namingAddress(hostname, port, () => open({ hostname, port, tcpBacklog: backlog, reusePort }))
  );
  try {
    assertOption(fd, SO_REUSEADDR, true);
    assertOption(fd, SO_REUSEPORT, reusePort);
    const reports = [
      ...reportBacklog(fd, backlog),
      ...settingOptions(options.settings ?? {}).map((setting) => applyOption(fd, setting)),
    ];
    for (const report of reports) {
      if (!report.ok) object(report, options);
    }
    return { listener, fd, reports };
  } catch (error) {
    listener.close();
    throw error;
  }
}

/** Whether Deno lets a program set SO_REUSEPORT; it ends the process where one tries without. */
export function mayReusePort(): boolean {
  return "listenDatagram" in Deno;
}

/** Deno would ask on a terminal for a permission that is missing. */
function requireNet(hostname: string, port: number): void {
  const host = showAddr({ transport: "tcp", hostname, port });
  if (Deno.permissions.querySync({ name: "net", host }).state !== "granted") {
    throw new Deno.errors.NotCapable(
      `listening on ${host} takes --allow-net, or --allow-net=${host} for no more than that`,
    );
  }
}

/** Lets Deno's errors say which address they are about. */
function namingAddress<T>(hostname: string, port: number, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const Kind = error.constructor as ErrorConstructor;
    const host = showAddr({ transport: "tcp", hostname, port });
    const advice = error instanceof Deno.errors.AddrInUse
      ? "; choose another port, or let all that listen there reuse it"
      : "";
    throw new Kind(`cannot listen on ${host}: ${error.message}${advice}`, { cause: error });
  }
}

/** How often to try again when another thread opens a listener on the same address at the same time. */
const ATTEMPTS = 10;

/** Opens a listener and finds its descriptor, which must be told from others that share its address. */
function openFound<L extends Deno.Listener>(open: () => L): { listener: L; fd: number } {
  return found(open, newListenerFd) ?? openAmongMany(open);
}

/** The same where others have its address: compares all that listen before and after. */
function openAmongMany<L extends Deno.Listener>(open: () => L): { listener: L; fd: number } {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = listeningSockets();
    const result = found(open, (identity) => {
      const fds = candidateFds(identity, []).filter((fd) => !before.has(socketCookie(fd) ?? fd));
      return fds.length === 1 ? fds[0] : undefined;
    });
    if (result !== undefined) return result;
    pause(Math.random() * attempt);
  }
  throw new Error(`cannot tell which of several sockets is the listener`);
}

/** Opens a listener; closes it again where its descriptor cannot be told. */
function found<L extends Deno.Listener>(
  open: () => L,
  find: (identity: SocketIdentity) => number | undefined,
): { listener: L; fd: number } | undefined {
  const listener = open();
  try {
    const fd = find({ kind: "listener", local: listener.addr });
    if (fd !== undefined) {
      rememberListener(listener, fd);
      return { listener, fd };
    }
  } catch (error) {
    listener.close();
    throw error;
  }
  listener.close();
  return undefined;
}

/** Lets other threads go on for some milliseconds. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Says what the kernel made of the backlog; nothing where it does not tell (macOS). */
function reportBacklog(fd: number, requested: number): SettingReport[] {
  if (!isSupported(TCP_INFO)) return [];
  const effective = readOption(fd, TCP_INFO).sacked;
  const report = { option: "backlog", requested, effective };
  if (effective === requested) return [{ ...report, ok: true }];
  return [{
    ...report,
    limit: effective,
    ok: false,
    note: cappedNote(BACKLOG_CAP, effective, requested),
  }];
}

/** A setting that is not as asked is a warning, or an error where the caller is strict. */
function object(report: SettingReport, { strict = false, logger }: ListenOptions): void {
  const { option, requested, effective, limit, note } = report;
  const error = new OptionAssertionError(option, requested, effective, note);
  if (strict) throw error;
  readyLogger(logger).warn(error.message, {
    event: "setting_changed",
    option,
    requested,
    effective,
    limit,
    note,
  });
}
