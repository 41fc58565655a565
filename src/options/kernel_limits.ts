import { isLinux } from "../../ffi/platform.ts";
import { readProc } from "../../ffi/read_proc.ts";

/**
 * The sizes between which TCP tunes the buffers of a socket that has not set its own, in bytes.
 *
 * @category Settings
 */
export interface BufferRange {
  /** What each socket gets even under memory pressure. */
  min: number;
  /** What a new socket starts with. */
  default: number;
  /** How far tuning may go. SO_RCVBUF and SO_SNDBUF are not bound by it, but by rmemMax and wmemMax. */
  max: number;
}

/**
 * Limits and defaults that the kernel sets to sockets. What may not be read, or is not there, is `undefined`.
 *
 * @category Settings
 */
export interface KernelLimits {
  /** The longest accept queue: net.core.somaxconn. */
  somaxconn: number | undefined;
  /** How many half-open connections a listener keeps: net.ipv4.tcp_max_syn_backlog. */
  maxSynBacklog: number | undefined;
  /** The largest SO_RCVBUF that may be asked for, in bytes: net.core.rmem_max. */
  rmemMax: number | undefined;
  /** The largest SO_SNDBUF that may be asked for, in bytes: net.core.wmem_max. */
  wmemMax: number | undefined;
  /** The receive buffer of TCP: net.ipv4.tcp_rmem. */
  tcpRmem: BufferRange | undefined;
  /** The send buffer of TCP: net.ipv4.tcp_wmem. */
  tcpWmem: BufferRange | undefined;
  /** How often a SYN is sent again while connecting: net.ipv4.tcp_syn_retries. */
  synRetries: number | undefined;
  /**
   * How many more SYNs, a second apart, come before those of `synRetries`: net.ipv4.tcp_syn_linear_timeouts; 0
   * before Linux 6.5, which does not have it.
   */
  synLinearTimeouts: number | undefined;
  /** Seconds until connecting to a host that does not answer fails with ETIMEDOUT, as follows from the two above. */
  connectTimeout: number | undefined;
  /** How often a SYN-ACK is sent again for a connection that is half open: net.ipv4.tcp_synack_retries. */
  synackRetries: number | undefined;
  /** Seconds until a half-open connection is dropped; it follows from `synackRetries`. */
  synackTimeout: number | undefined;
  /** Whether the congestion window shrinks while a connection is idle: net.ipv4.tcp_slow_start_after_idle. */
  slowStartAfterIdle: boolean | undefined;
  /** The congestion control of new connections: net.ipv4.tcp_congestion_control. */
  congestion: string | undefined;
  /** What TCP_CONGESTION can be set to: net.ipv4.tcp_available_congestion_control. */
  availableCongestion: string[] | undefined;
}

/**
 * The kernel's limits, as far as they may be read: that takes `--allow-read=/proc/sys`. Each file is asked for by
 * itself, and it never prompts.
 *
 * The time-outs follow from RFC 6298: the kernel waits one second for an answer, and after each retry twice as long,
 * up to 120 seconds. So 5 retries make 1 + 2 + 4 + 8 + 16 + 32 = 63 seconds, and 6 make 127. Linear time-outs come
 * before; then it is the first wait that ends no earlier than that sum: 131 seconds with 6 retries and 4 of them.
 *
 * Platform: Linux; elsewhere all is `undefined`. Source: tcp(7), socket(7), RFC 6298, the kernel's ip-sysctl.
 *
 * @category Settings
 *
 * @example
 * ```ts
 * import { kernelLimits } from "@sockopt/tcp";
 *
 * const { rmemMax, connectTimeout } = kernelLimits();
 * console.log(rmemMax === undefined ? "unknown" : `${rmemMax} bytes`);
 * console.log(`a host that is gone is noticed after ${connectTimeout ?? "unknown"} seconds`);
 * ```
 *
 * @returns The limits.
 */
export function kernelLimits(): KernelLimits {
  const synRetries = readSysctl("net.ipv4.tcp_syn_retries");
  const synLinearTimeouts = read("net.ipv4.tcp_syn_linear_timeouts", Number, "0");
  const synackRetries = readSysctl("net.ipv4.tcp_synack_retries");
  return {
    somaxconn: readSysctl("net.core.somaxconn"),
    maxSynBacklog: readSysctl("net.ipv4.tcp_max_syn_backlog"),
    rmemMax: readSysctl("net.core.rmem_max"),
    wmemMax: readSysctl("net.core.wmem_max"),
    tcpRmem: read("net.ipv4.tcp_rmem", range),
    tcpWmem: read("net.ipv4.tcp_wmem", range),
    synRetries,
    synLinearTimeouts,
    connectTimeout: timeout(synRetries, synLinearTimeouts),
    synackRetries,
    synackTimeout: timeout(synackRetries, 0),
    slowStartAfterIdle: read("net.ipv4.tcp_slow_start_after_idle", (text) => text !== "0"),
    congestion: read("net.ipv4.tcp_congestion_control", String),
    availableCongestion: read("net.ipv4.tcp_available_congestion_control", words),
  };
}

/** A sysctl that is a number, or `undefined` where it may not be read. */
export function readSysctl(sysctl: string): number | undefined {
  return read(sysctl, Number);
}

/**
 * A sysctl made into what it means, or `undefined` where it may not be read.
 *
 * @param absent The text that stands for it in a kernel that does not have it; without, that is `undefined` too.
 */
function read<T>(sysctl: string, parse: (text: string) => T, absent?: string): T | undefined {
  if (!isLinux) return undefined;
  const path = `/proc/sys/${sysctl.replaceAll(".", "/")}`;
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return undefined;
  const text = readProc(path)?.trim() ?? absent;
  return text === undefined ? undefined : parse(text);
}

const words = (text: string): string[] => text.split(/\s+/);

const range = (text: string): BufferRange => {
  const [min, initial, max] = words(text).map(Number);
  return { min: min!, default: initial!, max: max! };
};

/** The longest wait for an answer to one segment, in seconds: TCP_RTO_MAX. */
const LONGEST_WAIT = 120;

/**
 * Seconds until the kernel gives up: the first wait to end when what the retries alone would take has gone by, as
 * tcp_write_timeout() of net/ipv4/tcp_timer.c has it.
 */
function timeout(retries: number | undefined, linear: number | undefined): number | undefined {
  if (retries === undefined || linear === undefined) return undefined;
  const wait = (retry: number): number => Math.min(2 ** retry, LONGEST_WAIT);
  let least = 0;
  for (let i = 0; i <= retries; i++) least += wait(i);
  let seconds = 0;
  for (let i = 0; seconds < least; i++) seconds += wait(Math.max(i - linear, 0));
  return seconds;
}
