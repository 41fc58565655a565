import { SO_KEEPALIVE, SO_LINGER, SO_RCVBUF, SO_SNDBUF } from "../../ffi/options/socket.ts";
import {
  TCP_CONGESTION,
  TCP_DEFER_ACCEPT,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  TCP_QUICKACK,
  TCP_SYNCNT,
  TCP_USER_TIMEOUT,
} from "../../ffi/options/tcp.ts";
import type { OptionTable } from "../../ffi/option_table.ts";
import { show } from "../../ffi/codec.ts";
import { OptionBytes, readOption, writeOption } from "../../ffi/socket.ts";
import {
  checkOption,
  type DefinedOption,
  isSupported,
  type ReadableOption,
  type WritableOption,
} from "../../ffi/socket_option.ts";
import type { Linger } from "../../ffi/structs.ts";
import { isAsExpected } from "./assert_option.ts";
import { type Check, checkNamed, optionsOf } from "./check_arguments.ts";
import { socketFd } from "./socket_fd.ts";
import type { SocketLike } from "./socket_like.ts";

/**
 * When keep-alive probes are sent. What is absent is left as the kernel has it.
 *
 * @category Settings
 */
export interface KeepAlive {
  /** Seconds without traffic until the first probe: TCP_KEEPIDLE. */
  idle?: number;
  /** Seconds between probes: TCP_KEEPINTVL. */
  interval?: number;
  /** Probes without an answer until the connection is given up: TCP_KEEPCNT. */
  count?: number;
}

/**
 * An option together with its value.
 *
 * @category Settings
 */
export type OptionValue<T = unknown> = readonly [option: WritableOption<T>, value: T];

/**
 * An option of the table together with a value of its own type, or one that {@linkcode defineOption} has made together with
 * any, for {@linkcode SocketSettings.options}.
 *
 * @category Settings
 */
export type OptionSetting =
  | {
    [Name in keyof OptionTable]: OptionTable[Name] extends WritableOption<infer T> ? readonly [
        // a property, as a method may take less than T
        option: OptionTable[Name] & {
          readonly codec: { readonly encode: (value: T, into: DataView) => number };
        },
        value: T,
      ]
      : never;
  }[keyof OptionTable]
  | readonly [option: DefinedOption<unknown, "read-write" | "write-only">, value: unknown];

/**
 * The options of a socket under the names of what they do. What is absent is left as the kernel has it.
 *
 * @category Settings
 */
export interface SocketSettings {
  /** SO_RCVBUF in bytes, as asked for: the kernel doubles it, and caps it at net.core.rmem_max. */
  receiveBufferSize?: number;
  /** SO_SNDBUF in bytes, as asked for: the kernel doubles it, and caps it at net.core.wmem_max. */
  sendBufferSize?: number;
  /** TCP_NODELAY: send small writes at once. */
  noDelay?: boolean;
  /** TCP_QUICKACK: acknowledge segments at once. */
  quickAck?: boolean;
  /** SO_KEEPALIVE: probe an idle connection; an object says when as well. */
  keepAlive?: boolean | KeepAlive;
  /** TCP_USER_TIMEOUT: milliseconds that data may stay unacknowledged before the connection is given up. */
  userTimeout?: number;
  /**
   * TCP_SYNCNT: how often a SYN is sent again while connecting; on a listener, how often a SYN-ACK is, and so how
   * long a half-open connection is kept. See {@linkcode KernelLimits} for the seconds that follow.
   */
  synRetries?: number;
  /**
   * SO_LINGER: seconds that closing waits for data to be sent, or `false`. Under Deno 0 sends a FIN, then a RST, since its
   * `close()` shuts the connection down first: `reset()` sends the RST alone.
   */
  linger?: Linger;
  /** TCP_CONGESTION: the congestion control, such as "cubic" or "bbr". */
  congestion?: string;
  /**
   * TCP_DEFER_ACCEPT, of a listener: for how many seconds the kernel holds a connection back until its first data is there.
   * It rounds up to 1, 3, 7, 15, 31 and so on. `echoOnce()` and `protocolHandler()` then take that data at once, without
   * waiting. The client notices nothing: its connect() succeeds as always, and a connection without data is handed out
   * when the time is over. Only the server sees a silent client later.
   */
  deferAccept?: number;
  /** Any other options with their values, set after those above in the order given. */
  options?: readonly OptionSetting[];
}

/** What settings must be, beside what the codecs of their options check. */
const SETTING_CHECKS: Record<keyof SocketSettings, Check> = {
  receiveBufferSize: byOption,
  sendBufferSize: byOption,
  noDelay: byOption,
  quickAck: byOption,
  keepAlive: (value) => {
    if (typeof value === "object") return optionsOf(KEEP_ALIVE_CHECKS)(value);
    if (typeof value === "boolean") return;
    const names = Object.keys(KEEP_ALIVE_CHECKS).join(", ");
    throw new TypeError(`expected true, false, or an object with ${names}, got ${show(value)}`);
  },
  userTimeout: byOption,
  synRetries: byOption,
  linger: byOption,
  congestion: byOption,
  deferAccept: byOption,
  options: (value) => {
    if (!Array.isArray(value)) {
      throw new TypeError(`expected a list of options with their values, got ${show(value)}`);
    }
    for (const setting of value) {
      if (!Array.isArray(setting) || setting.length !== 2) {
        throw new TypeError(`expected an option with its value, got ${show(setting)}`);
      }
      checkOption(setting[0]);
    }
  },
};

const KEEP_ALIVE_CHECKS: Record<keyof KeepAlive, Check> = {
  idle: byOption,
  interval: byOption,
  count: byOption,
};

/** The codec of the option checks it. */
function byOption(): void {}

/**
 * Checks settings, with the values of all options.
 *
 * @throws {TypeError} for a value of the wrong kind, and for what is no setting.
 * @throws {RangeError} for a value out of range.
 */
export function checkSettings(settings: unknown): void {
  optionsOf(SETTING_CHECKS)(settings);
  for (const [option, value] of settingOptions(settings as SocketSettings)) {
    if (isSupported(option)) OptionBytes.from(option, value);
  }
}

/** The options that settings stand for, in the order in which they are set. */
export function settingOptions(settings: SocketSettings): OptionValue[] {
  const list: OptionValue[] = [];
  const add = <T>(option: WritableOption<T>, value: T | undefined): void => {
    if (value !== undefined) list.push([option, value]);
  };
  const { keepAlive } = settings;
  add(SO_RCVBUF, settings.receiveBufferSize);
  add(SO_SNDBUF, settings.sendBufferSize);
  add(TCP_NODELAY, settings.noDelay);
  add(TCP_QUICKACK, settings.quickAck);
  if (typeof keepAlive === "object") {
    add(SO_KEEPALIVE, true);
    add(TCP_KEEPIDLE, keepAlive.idle);
    add(TCP_KEEPINTVL, keepAlive.interval);
    add(TCP_KEEPCNT, keepAlive.count);
  } else {
    add(SO_KEEPALIVE, keepAlive);
  }
  add(TCP_USER_TIMEOUT, settings.userTimeout);
  add(TCP_SYNCNT, settings.synRetries);
  add(SO_LINGER, settings.linger);
  add(TCP_CONGESTION, settings.congestion);
  add(TCP_DEFER_ACCEPT, settings.deferAccept);
  list.push(...settings.options ?? []);
  return list;
}

/**
 * What became of one setting.
 *
 * @category Settings
 */
export interface SettingReport {
  /** The option's name. */
  option: string;
  /** The value that was asked for. */
  requested: unknown;
  /** The value that the socket has now. */
  effective: unknown;
  /** The kernel's limit in the unit of `requested`, where that is what made the difference. */
  limit?: number;
  /** Whether the effective value is the one that was asked for. */
  ok: boolean;
  /** Why it is not, and what to do. */
  note?: string;
}

/**
 * Sets options on a socket, reads each back and says what the kernel made of it.
 *
 * @category Settings
 *
 * @example
 * ```ts
 * import { applySettings } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const reports = applySettings(listener, { noDelay: true, keepAlive: { idle: 30 } });
 * assertEquals(reports, [
 *   { option: "TCP_NODELAY", requested: true, effective: true, ok: true },
 *   { option: "SO_KEEPALIVE", requested: true, effective: true, ok: true },
 *   { option: "TCP_KEEPIDLE", requested: 30, effective: 30, ok: true },
 * ]);
 * ```
 *
 * @param socket The socket.
 * @param settings What to set.
 * @returns A report for each option that was set, in the order in which they were.
 * @throws {SocketError} when the kernel refuses an option; those before it stay set.
 * @throws {TypeError} when a value is of the wrong kind, or there is no such setting.
 * @throws {RangeError} when a value is out of range.
 */
export function applySettings(socket: SocketLike, settings: SocketSettings): SettingReport[] {
  checkNamed("settings", settings, checkSettings);
  const fd = socketFd(socket);
  return settingOptions(settings).map((setting) => applyOption(fd, setting));
}

/**
 * Sets one option and reads it back. One that can only be written counts as set, and so does one in whose place the socket
 * reports something else.
 */
export function applyOption(fd: number, [option, requested]: OptionValue): SettingReport {
  writeOption(fd, option, requested);
  if (option.access === "write-only" || option.onConnection !== undefined) {
    return { option: option.name, requested, effective: requested, ok: true };
  }
  const effective = readOption(fd, option);
  const report = { option: option.name, requested, effective };
  if (isAsExpected(option, requested, effective)) return { ...report, ok: true };
  return { ...report, ok: false, ...explain(option, requested, effective) };
}

/** What a socket has of an option that must be set before bind(2), where that was somebody else's to do. */
export function compareOption(fd: number, setting: OptionValue): SettingReport {
  const [option, requested] = setting as ReadableValue;
  const effective = readOption(fd, option);
  const report = { option: option.name, requested, effective };
  if (isAsExpected(option, requested, effective)) return { ...report, ok: true };
  return { ...report, ok: false, note: "who makes the socket must set it before bind" };
}

/** An option that can be read and written, with its value. */
export type ReadableValue = readonly [
  option: WritableOption<unknown> & ReadableOption<unknown>,
  value: unknown,
];

/** Whether a connection is expected to have a setting as its listener has it. */
export function isForConnections(setting: OptionValue): setting is ReadableValue {
  const [{ access, listenerOnly, onConnection, tuned }, value] = setting;
  const isLeftToKernel = tuned === true && value === 0; // as TCP_WINDOW_CLAMP is, which it then chooses
  return access !== "write-only" && listenerOnly !== true && onConnection === undefined &&
    !isLeftToKernel;
}

/**
 * The settings that are in force in the end: of two of one option that can be read the later one. Of one that can only be
 * written each counts, as two groups that are joined.
 */
export function settingsInForce(settings: readonly OptionValue[]): OptionValue[] {
  const last = new Map(settings.map((setting, i) => [optionKey(setting), i]));
  return settings.filter((setting, i) =>
    setting[0].access === "write-only" || last.get(optionKey(setting)) === i
  );
}

function optionKey([{ level, optname }]: OptionValue): string {
  return `${level} ${optname}`;
}

/** What caps the length of a listener's accept queue. */
export const BACKLOG_CAP = "net.core.somaxconn";

function explain(
  { cappedBy, doubles }: WritableOption<unknown>,
  requested: unknown,
  effective: unknown,
): Pick<SettingReport, "limit" | "note"> {
  if (cappedBy === undefined || typeof requested !== "number" || typeof effective !== "number") {
    return { note: "the kernel made this of it" };
  }
  const limit = doubles === true ? effective / 2 : effective;
  if (limit > requested) return { note: "raised to the kernel's least size" };
  return { limit, note: cappedNote(cappedBy, limit, requested) };
}

/** A note that names the limit and the line that raises it. */
export function cappedNote(sysctl: string, limit: number, requested: number): string {
  return `capped at ${limit} by ${sysctl}; to raise it: sysctl -w ${sysctl}=${requested}`;
}
