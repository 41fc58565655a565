/** `listen()`: a listener of Deno's with socket options in force. */

import { IPV6_V6ONLY } from "../../ffi/options/ipv6.ts";
import { SO_REUSEADDR, SO_REUSEPORT } from "../../ffi/options/socket.ts";
import { listenAgain } from "../../ffi/rebind.ts";
import { tryReadOption, writeOption } from "../../ffi/socket.ts";
import {
  BACKLOG_CAP,
  cappedNote,
  checkSettings,
  compareOption,
  type OptionValue,
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
import { adopt } from "./adopt.ts";
import { isIpv6, plainHostname } from "./addresses.ts";
import { type Logger, readyLogger } from "./logger.ts";
import { type FoundListener, openAndFind, type OpenListener } from "./open_listener.ts";
import { openMptcp } from "./open_mptcp.ts";
import { tellWhoShares } from "./other_listeners.ts";
import { complain, putInForce } from "./put_in_force.ts";

/** What {@linkcode listen} is asked for. */
export interface ListenOptions {
  /**
   * The address to listen on; "" or "*" is every interface. Of a name it is the first address that Deno finds:
   * {@linkcode serve} listens on all that it has.
   *
   * @default {"0.0.0.0"}
   */
  hostname?: string;
  /**
   * A listening socket to take over in place of a new one, such as 3 under systemd: its descriptor is used up. It has an
   * address already, and all that must be set before bind(2): so it goes without `hostname`, `port`, `reusePort`,
   * `ipv6Only` and `mptcp`, and an option of that kind among the settings is only compared. Its backlog stays as it is
   * unless one is given.
   *
   * Deno knows no such thing: a listener of its own is opened on 127.0.0.1, whose place in Deno's event loop the socket
   * takes. Linux only, where /proc/self/fdinfo is. Who has other copies of the descriptor, such as systemd, goes on
   * listening when this listener is closed.
   */
  fd?: number;
  /**
   * Whether to listen for Multipath TCP, and for TCP as well: a connection may then use several paths at once. The
   * kernel has it since Linux 5.6, if net.mptcp.enabled is 1; otherwise a warning says that it is TCP alone, or an error
   * if `strict`. `getOption(listener, SO_PROTOCOL)` tells.
   *
   * @default {false}
   */
  mptcp?: boolean;
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
   * Whether other listeners may share the port: SO_REUSEPORT. Like all that must be set before bind(2), it is set on a
   * listener that is opened on a port that is free and then bound again, which takes the permission to listen on port 0
   * of the address as well. A kernel that binds no socket twice (gVisor) takes Deno's unstable net feature.
   *
   * @default {false}
   */
  reusePort?: boolean;
  /**
   * Whether an IPv6 address takes no IPv4 connections: IPV6_V6ONLY. "::" takes both if it is `false`, whatever
   * net.ipv6.bindv6only says.
   *
   * @default {false}
   */
  ipv6Only?: boolean;
  /**
   * Options for the listener, which the connections that it accepts inherit. Those that must be set before bind(2) are,
   * as {@linkcode SocketOption.setBefore} says.
   */
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

/** The length of the accept queue, where none is given: Deno's own. */
const BACKLOG = 511;

/** What the options of {@linkcode listen} must be. */
export const LISTEN_CHECKS: Record<keyof ListenOptions, Check> = {
  fd: wholeNumber(0, MOST),
  mptcp: type("boolean"),
  hostname: type("string"),
  port: wholeNumber(0, 65_535),
  backlog: wholeNumber(0, MOST),
  reusePort: type("boolean"),
  ipv6Only: type("boolean"),
  settings: checkSettings,
  strict: type("boolean"),
  logger: type("object"),
};

/** What a socket that is taken over has already. */
const FIXED = ["hostname", "port", "reusePort", "ipv6Only", "mptcp"] as const;

/** Checks that a socket to take over is not asked for what it has already. */
export function checkFixed(
  caller: string,
  options: { [name in "fd" | typeof FIXED[number]]?: unknown },
): void {
  if (options.fd === undefined) return;
  for (const name of FIXED) {
    if (options[name] === undefined) continue;
    throw new TypeError(`${caller}: fd goes without ${name}: the socket has it already`);
  }
}

/** A listener with what is known of it. */
export interface PreparedListener<L extends Deno.Listener> {
  readonly listener: L;
  readonly fd: number;
  /** Whether others may have the socket as well, and go on listening. */
  readonly isShared: boolean;
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
 * @throws {Deno.errors.NotSupported} when the kernel binds no socket twice, and so sets nothing before bind(2).
 * @throws {OptionAssertionError} when an option is not as asked: SO_REUSEADDR and SO_REUSEPORT always,
 *   the others if `strict`.
 * @throws {SocketError} when the kernel refuses an option.
 * @throws {TypeError} when an option is of the wrong kind, or there is no such option.
 * @throws {RangeError} when an option is out of range.
 */
export function listen(options: ListenOptions): Deno.TcpListener {
  checkNamed("listen()", options, optionsOf(LISTEN_CHECKS));
  checkFixed("listen()", options);
  return prepareListener(options, (to) => Deno.listen(to)).listener;
}

/** Sets an option on a socket that is not in use yet, and says what the kernel made of it. */
export type ApplyOption = (fd: number, setting: OptionValue) => SettingReport;

/**
 * Opens a listener by one of Deno's functions and puts the settings in force on it.
 *
 * @param options What was asked for.
 * @param open Deno's function.
 * @param apply How each setting is put in force.
 */
export function prepareListener<L extends Deno.Listener>(
  options: ListenOptions,
  open: OpenListener<L>,
  apply: ApplyOption = putInForce,
): PreparedListener<L> {
  const { backlog, reusePort = false } = options;
  const isShared = options.fd !== undefined;
  const settings = settingOptions(options.settings ?? {});
  const early = settings.filter(([{ setBefore }]) => setBefore === "bind");
  const done = new Map<OptionValue, SettingReport>();
  const { listener, fd } = isShared
    ? adopt(options.fd!, open)
    : openWith(options, early, open, (fd) => {
      for (const setting of settings) {
        // what counts for the handshake counts from the first one on then
        if (setting[0].setBefore !== undefined) done.set(setting, apply(fd, setting));
      }
    });
  try {
    if (isShared) {
      for (const setting of early) done.set(setting, compareOption(fd, setting));
      if (backlog !== undefined) listenAgain(fd, backlog);
    } else {for (
        const [option, value] of [[SO_REUSEADDR, true], [SO_REUSEPORT, reusePort]] as const
      ) {
        const setting = early.findLast(([each]) => each === option);
        assertOption(fd, option, setting === undefined ? value : setting[1] as boolean);
      }}
    const reports = [
      ...(isShared && backlog === undefined ? [] : reportBacklog(fd, backlog ?? BACKLOG)),
      ...settings.map((setting) => done.get(setting) ?? apply(fd, setting)),
    ];
    complain(reports, options);
    if (options.port && options.logger !== undefined) {
      tellWhoShares(listener.addr as Deno.NetAddr, options.logger);
    }
    return { listener, fd, isShared, reports };
  } catch (error) {
    listener.close();
    throw error;
  }
}

/**
 * Opens a listener with what must be set before bind(2).
 *
 * @param options What was asked for.
 * @param early The settings among it that must be.
 * @param open Deno's function.
 * @param apply Puts them in force.
 */
function openWith<L extends Deno.Listener>(
  options: ListenOptions,
  early: readonly OptionValue[],
  open: OpenListener<L>,
  apply: (fd: number) => void,
): FoundListener<L> {
  const { port = 0, backlog = BACKLOG, reusePort = false, ipv6Only = false } = options;
  const hostname = plainHostname(options.hostname ?? "0.0.0.0");
  const to = { hostname, port, tcpBacklog: backlog };
  const family: OptionValue[] = isIpv6(hostname) ? [[IPV6_V6ONLY, ipv6Only]] : [];
  const set = (fd: number): void => {
    for (const [option, value] of family) writeOption(fd, option, value);
    if (reusePort) writeOption(fd, SO_REUSEPORT, true);
    apply(fd);
  };
  if (options.mptcp === true) {
    try {
      return openMptcp(to, set, open);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotSupported) || options.strict === true) throw error;
      readyLogger(options.logger).warn(`TCP without MPTCP: ${error.message}`, {
        event: "not_supported",
      });
    }
  }
  const values = [...early];
  if (ipv6Only) values.push(...family);
  if (reusePort) values.push([SO_REUSEPORT, true]);
  const found = openAndFind(to, { values, set }, open);
  // as net.ipv6.bindv6only has it
  const isDeaf = values.length === 0 && (found.listener.addr as Deno.NetAddr).hostname === "::" &&
    tryReadOption(found.fd, IPV6_V6ONLY) === true;
  if (!isDeaf) return found;
  found.listener.close();
  return openAndFind(to, { values: family, set }, open);
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
