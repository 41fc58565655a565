/** `listen()`: a listener of Deno's with socket options in force. */

import { SO_REUSEADDR, SO_REUSEPORT } from "../../ffi/options/socket.ts";
import { listenAgain } from "../../ffi/rebind.ts";
import {
  BACKLOG_CAP,
  cappedNote,
  checkSettings,
  settingOptions,
  type SettingReport,
  type SocketSettings,
} from "../options/settings.ts";
import { assertOption } from "../options/assert_option.ts";
import { acceptQueue } from "./accept_queue.ts";
import {
  type Check,
  checkNamed,
  optionsOf,
  type,
  wholeNumber,
} from "../options/check_arguments.ts";
import type { Logger } from "./logger.ts";
import { openAndFind, type OpenListener } from "./open_listener.ts";
import { complain, putInForce } from "./put_in_force.ts";

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
   * Whether other listeners may share the port: SO_REUSEPORT, set before bind(2). The listener is opened on a port that
   * is free and then bound again, so that takes the permission to listen on port 0 of the address as well. A kernel that
   * binds no socket twice (gVisor) takes Deno's unstable net feature.
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

const MOST = 2 ** 31 - 1;

/** What the options of {@linkcode listen} must be. */
export const LISTEN_CHECKS: Record<keyof ListenOptions, Check> = {
  hostname: type("string"),
  port: wholeNumber(0, 65_535),
  backlog: wholeNumber(0, MOST),
  reusePort: type("boolean"),
  settings: checkSettings,
  strict: type("boolean"),
  logger: type("object"),
};

/** A listener with what is known of it. */
export interface PreparedListener<L extends Deno.Listener> {
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
 * @throws {Deno.errors.NotCapable} when a permission is missing.
 * @throws {Deno.errors.NotSupported} when the kernel cannot do `reusePort` without Deno's unstable net feature.
 * @throws {OptionAssertionError} when an option is not as asked: SO_REUSEADDR and SO_REUSEPORT always,
 *   the others if `strict`.
 * @throws {SocketError} when the kernel refuses an option.
 * @throws {TypeError} when an option is of the wrong kind, or there is no such option.
 * @throws {RangeError} when an option is out of range.
 */
export function listen(options: ListenOptions): Deno.TcpListener {
  checkNamed("listen()", options, optionsOf(LISTEN_CHECKS));
  return prepareListener(options, (to) => Deno.listen(to)).listener;
}

/**
 * Opens a listener by one of Deno's functions and puts the settings in force on it.
 *
 * @param options What was asked for.
 * @param open Deno's function.
 */
export function prepareListener<L extends Deno.Listener>(
  options: ListenOptions,
  open: OpenListener<L>,
): PreparedListener<L> {
  const { hostname = "0.0.0.0", port = 0, backlog = 511, reusePort = false } = options;
  const { listener, fd } = openAndFind({ hostname, port, tcpBacklog: backlog, reusePort }, open);
  try {
    assertOption(fd, SO_REUSEADDR, true);
    assertOption(fd, SO_REUSEPORT, reusePort);
    const reports = [
      ...reportBacklog(fd, backlog),
      ...settingOptions(options.settings ?? {}).map((setting) => putInForce(fd, setting)),
    ];
    complain(reports, options);
    return { listener, fd, reports };
  } catch (error) {
    listener.close();
    throw error;
  }
}

/** Says what the kernel made of the backlog; nothing where it does not tell. */
function reportBacklog(fd: number, requested: number): SettingReport[] {
  let effective = acceptQueue(fd)?.limit;
  if (effective !== undefined && effective !== requested) {
    listenAgain(fd, requested); // Deno 2.4 does not know `tcpBacklog`
    effective = acceptQueue(fd)?.limit;
  }
  if (effective === undefined) return [];
  const report = { option: "backlog", requested, effective };
  if (effective === requested) return [{ ...report, ok: true }];
  return [{
    ...report,
    limit: effective,
    ok: false,
    note: cappedNote(BACKLOG_CAP, effective, requested),
  }];
}
