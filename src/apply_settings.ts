/**
 * @module
 */

import { readOption, writeOption } from "../ffi/socket.ts";
import { isAsExpected } from "./assert_option.ts";
import { socketFd } from "./socket_fd.ts";
import type { SocketLike } from "./socket_like.ts";
import { type OptionValue, settingOptions, type SocketSettings } from "./socket_settings.ts";

/** What became of one setting. */
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
 * @example
 * ```ts
 * import { applySettings } from "@sockopt/tcp";
 * import assert from "node:assert/strict";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const reports = applySettings(listener, { noDelay: true, keepAlive: { idle: 30 } });
 * assert.deepEqual(reports, [
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
 * @throws {TypeError} when a value is of the wrong kind.
 * @throws {RangeError} when a value is out of range.
 */
export function applySettings(socket: SocketLike, settings: SocketSettings): SettingReport[] {
  const fd = socketFd(socket);
  return settingOptions(settings).map((setting) => applyOption(fd, setting));
}

/** Sets one option and reads it back; an option that can only be written counts as set. */
export function applyOption(fd: number, [option, requested]: OptionValue): SettingReport {
  writeOption(fd, option, requested);
  if (option.access === "write-only") {
    return { option: option.name, requested, effective: requested, ok: true };
  }
  const effective = readOption(fd, option);
  const report = { option: option.name, requested, effective };
  if (isAsExpected(option, requested, effective)) return { ...report, ok: true };
  return { ...report, ok: false, ...explain(option.name, requested, effective) };
}

/** The sysctl that caps an option, or the backlog of a listener. */
const CAPS: Record<string, string> = {
  SO_RCVBUF: "net.core.rmem_max",
  SO_SNDBUF: "net.core.wmem_max",
  backlog: "net.core.somaxconn",
};

function explain(
  option: string,
  requested: unknown,
  effective: unknown,
): Pick<SettingReport, "limit" | "note"> {
  if (
    CAPS[option] === undefined || typeof requested !== "number" || typeof effective !== "number"
  ) {
    return { note: "the kernel made this of it" };
  }
  if (effective > 2 * requested) return { note: "raised to the kernel's least size" };
  const limit = effective / 2;
  return { limit, note: cappedBy(option, limit, requested) };
}

/** A note that names the limit and the line that raises it. */
export function cappedBy(option: string, limit: number, requested: number): string {
  const sysctl = CAPS[option];
  return `capped at ${limit} by ${sysctl}; to raise it: sysctl -w ${sysctl}=${requested}`;
}
