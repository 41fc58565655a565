/** A listener as it was asked for: opened or taken over, with the settings in force, and what was made of them told. */

import { IPV6_V6ONLY } from "../../ffi/options/ipv6.ts";
import { SO_REUSEADDR, SO_REUSEPORT } from "../../ffi/options/socket.ts";
import { listenAgain } from "../../ffi/rebind.ts";
import { isIpv6 } from "../../ffi/sockaddr.ts";
import { tryReadOption, writeOption } from "../../ffi/socket.ts";
import { assertOption } from "../options/assert_option.ts";
import {
  BACKLOG_CAP,
  cappedNote,
  compareOption,
  type OptionValue,
  settingOptions,
  type SettingReport,
} from "../options/settings.ts";
import { acceptQueue } from "./accept_queue.ts";
import { plainHostname } from "./addresses.ts";
import { adopt } from "./adopt.ts";
import type { ListenOptions } from "./listen_options.ts";
import { readyLogger } from "./logger.ts";
import { openAndFind, type OpenedListener, type OpenListener } from "./open_listener.ts";
import { openMptcp } from "./open_mptcp.ts";
import { tellWhoShares } from "./other_listeners.ts";
import { complain, putInForce } from "./put_in_force.ts";

/** The length of the accept queue, where none is given: Deno's own. */
const BACKLOG = 511;

/** A listener with what is known of it. */
export interface PreparedListener<L extends Deno.Listener> {
  readonly listener: L;
  readonly fd: number;
  /** Whether others may have the socket as well, and go on listening. */
  readonly isShared: boolean;
  readonly reports: SettingReport[];
}

/** Sets an option on a socket that is not in use yet, and says what the kernel made of it. */
export type ApplyOption = (fd: number, setting: OptionValue) => SettingReport;

/** Whether an option must be set before bind(2). */
const isEarly = ([{ setBefore }]: OptionValue): boolean => setBefore === "bind";

/**
 * Opens a listener by one of Deno's functions, or takes one over, and puts the settings in force on it.
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
  const isShared = options.fd !== undefined;
  const settings = settingOptions(options.settings ?? {});
  const done = new Map<OptionValue, SettingReport>();
  const { listener, fd, isPrepared } = isShared
    ? { ...adopt(options.fd!, open), isPrepared: false }
    : openNew(options, settings.filter(isEarly), open, (fd) => {
      for (const setting of settings) {
        // what counts for the handshake counts from the first one on then
        if (setting[0].setBefore !== undefined) done.set(setting, apply(fd, setting));
      }
    });
  const applyLate = (setting: OptionValue): SettingReport => {
    const report = isPrepared ? done.get(setting) : undefined;
    if (report !== undefined) return report;
    return isShared && isEarly(setting) ? compareOption(fd, setting) : apply(fd, setting);
  };
  try {
    const reports = [
      ...isShared ? changeBacklog(fd, options.backlog) : reportBacklog(fd, options.backlog),
      ...settings.map(applyLate),
    ];
    complain(reports, options);
    if (!isShared) assertShared(listener, fd, options, settings);
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
 * @param apply Puts them in force, and what else counts for the handshake.
 */
function openNew<L extends Deno.Listener>(
  options: ListenOptions,
  early: readonly OptionValue[],
  open: OpenListener<L>,
  apply: (fd: number) => void,
): OpenedListener<L> {
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

/** Asserts how a listener shares its address, and tells who shares it. */
function assertShared(
  listener: Deno.Listener,
  fd: number,
  { reusePort = false, port = 0, logger }: ListenOptions,
  settings: readonly OptionValue[],
): void {
  const expected = (option: typeof SO_REUSEPORT, initial: boolean): boolean =>
    (settings.findLast(([each]) => each === option)?.[1] ?? initial) === true;
  const shares = expected(SO_REUSEPORT, reusePort);
  assertOption(fd, SO_REUSEADDR, expected(SO_REUSEADDR, true));
  assertOption(fd, SO_REUSEPORT, shares);
  if (shares && port !== 0 && logger !== undefined) {
    tellWhoShares(listener.addr as Deno.NetAddr, logger);
  }
}

/** Gives a listener that was taken over another backlog, if one is asked for. */
function changeBacklog(fd: number, requested: number | undefined): SettingReport[] {
  if (requested === undefined) return [];
  listenAgain(fd, requested);
  return reportBacklog(fd, requested);
}

/** Says what the kernel made of the backlog; nothing where it does not tell. */
function reportBacklog(fd: number, requested: number = BACKLOG): SettingReport[] {
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
