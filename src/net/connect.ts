/** `connect()`: a connection of Deno's with socket options in force before the SYN. */

import { show } from "../../ffi/codec.ts";
import { lookUp } from "../../ffi/lookup.ts";
import { IP_BIND_ADDRESS_NO_PORT } from "../../ffi/options/ip.ts";
import { isLinux, platformName } from "../../ffi/platform.ts";
import { isAddressText, isIpv6, showAddr } from "../../ffi/sockaddr.ts";
import { OptionBytes } from "../../ffi/socket.ts";
import {
  checkSettings,
  type OptionValue,
  settingOptions,
  type SocketSettings,
} from "../options/settings.ts";
import {
  abortSignal,
  type Check,
  checkNamed,
  optionsOf,
  seconds,
  type,
  wholeNumber,
} from "../options/check_arguments.ts";
import { withoutBrackets } from "./addresses.ts";
import { firstToOpen, interleave } from "./happy_eyeballs.ts";
import type { Logger } from "./logger.ts";
import { isNetworkError, naming, type NetworkError, networkError } from "./network_error.ts";
import { openConnection } from "./open_connection.ts";
import { isDenied, mayUse } from "./permission.ts";
import { complain, putInForce } from "./put_in_force.ts";
import { after } from "./timer.ts";

/**
 * What {@linkcode connect} is asked for.
 *
 * @category Opening sockets
 */
export interface ConnectOptions {
  /**
   * The address to connect to, or a name for one. The addresses of a name are tried as RFC 8305 has it: the families take
   * turns, the next one begins when the one before has failed or has not answered for 250 ms, and the first that answers
   * is taken.
   *
   * @default {"127.0.0.1"}
   */
  hostname?: string;
  /** The port to connect to. */
  port: number;
  /** Options for the socket: all are set before it is bound and before it sends a SYN. */
  settings?: SocketSettings;
  /**
   * The address of this machine to connect from. Of a name, addresses of its family alone are tried.
   *
   * @default the one that the kernel's routes say
   */
  localAddress?: string;
  /**
   * The port to connect from.
   *
   * @default {0} any that is free: with `localAddress`, any that is free for this peer (IP_BIND_ADDRESS_NO_PORT)
   */
  localPort?: number;
  /** Stops connecting; a connection that is open already is not touched. */
  signal?: AbortSignal;
  /**
   * How many seconds connecting may take, looking up the name included.
   *
   * @default {Infinity} as long as the kernel tries: `settings.synRetries` and `settings.userTimeout` bound that
   */
  timeout?: number;
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

/** What the options of {@linkcode connect} must be. */
export const CONNECT_CHECKS: Record<keyof ConnectOptions, Check> = {
  hostname: host,
  port: wholeNumber(1, 65_535),
  settings: checkSettings,
  localAddress: address,
  localPort: wholeNumber(0, 65_535),
  signal: abortSignal,
  timeout: seconds,
  strict: type("boolean"),
  logger: type("object"),
};

function host(value: unknown): void {
  if (typeof value === "string" && value !== "" && !value.includes("\0")) return;
  throw new TypeError(`expected a name or an address, got ${show(value)}`);
}

function address(value: unknown): void {
  if (typeof value === "string" && isAddressText(value)) return;
  throw new TypeError(`expected an address of IPv4 or IPv6, got ${show(value)}`);
}

/**
 * `Deno.connect()` with socket options: they are in force before the SYN is sent, and before the socket is bound.
 * SO_RCVBUF counts for the window scale, TCP_SYNCNT and TCP_USER_TIMEOUT for connecting itself, SO_BINDTODEVICE and SO_MARK
 * for its route, TCP_FASTOPEN_CONNECT sends the first data with the SYN.
 *
 * It is for Linux. Beside the permission for where it connects to, it takes that for the loopback interface, where a socket
 * of Deno's is found before it has sent anything: `--allow-net=db.example:5432,127.0.0.1`, and `[::1]` for IPv6.
 *
 * @category Opening sockets
 *
 * @example From a source address, given up after a second or two SYNs
 * ```ts
 * import { assertOption, connect, TCP_NODELAY } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * using conn = await connect({
 *   hostname: "127.0.0.1",
 *   port: listener.addr.port,
 *   localAddress: "127.0.0.2",
 *   timeout: 1,
 *   settings: { noDelay: true, synRetries: 1 },
 * });
 * assertOption(conn, TCP_NODELAY, true);
 * using accepted = await listener.accept();
 * assertEquals(accepted.remoteAddr.hostname, "127.0.0.2");
 * ```
 *
 * @param options Where to, and how.
 * @returns The connection. One whose SYN waits for the first data (TCP_FASTOPEN_CONNECT, from the second connection to a
 *   server on) is there at once: an error of connecting is then one of the first write.
 * @throws {Deno.errors.ConnectionRefused} and the other classes that `Deno.connect()` has, each with its `code` and with the
 *   address in its message. Where all addresses of a name have failed it is the last one's error, and its `cause` an
 *   `AggregateError` of all.
 * @throws {Deno.errors.NotFound} when there is no such name: `code` is "EAI_NONAME".
 * @throws {Deno.errors.TimedOut} after `timeout`, or when the kernel has given up.
 * @throws {Deno.errors.NotCapable} when a permission is missing; it never prompts.
 * @throws {Deno.errors.NotSupported} on macOS, and on a kernel that connects no socket twice (gVisor).
 * @throws {SocketError} when the kernel refuses an option.
 * @throws {OptionAssertionError} when an option is not as asked, if `strict`.
 * @throws {TypeError} when an option is of the wrong kind, or there is no such option.
 * @throws {RangeError} when an option is out of range.
 * @throws the reason of the signal.
 */
export async function connect(options: ConnectOptions): Promise<Deno.TcpConn> {
  checkNamed("connect()", options, optionsOf(CONNECT_CHECKS));
  const { port, signal, timeout = Infinity, localAddress } = options;
  if (port === undefined) throw new TypeError("connect(): port: expected a whole number");
  const list = settingOptions(options.settings ?? {});
  if (!isLinux) {
    throw new Deno.errors.NotSupported(
      `options before the SYN are set on Linux, not on ${platformName}: connect with Deno.connect(), then use applySettings()`,
    );
  }
  signal?.throwIfAborted();
  const hostname = withoutBrackets(options.hostname ?? "127.0.0.1");
  const to = netAddr(hostname, port);
  requireNet(to);

  const stop = new AbortController();
  const abort = (): void => stop.abort(signal!.reason);
  signal?.addEventListener("abort", abort);
  const late = (): void => stop.abort(tooLate(to, timeout));
  const cancel = after(timeout * 1000, late);
  try {
    const addresses = await addressesOf(to, localAddress, stop.signal);
    const open = (address: string): Promise<Deno.TcpConn> =>
      openOne(to, address, options, list, stop.signal);
    return await firstToOpen(addresses, open, stop);
  } catch (error) {
    throw error instanceof AggregateError ? asOne(to, error) : error;
  } finally {
    cancel();
    signal?.removeEventListener("abort", abort);
  }
}

function tooLate(to: Deno.NetAddr, timeout: number): Error {
  const message = `cannot connect to ${showAddr(to)}: no answer in ${timeout} s`;
  return networkError("ETIMEDOUT", message);
}

function netAddr(hostname: string, port: number): Deno.NetAddr {
  return { transport: "tcp", hostname, port };
}

function requireNet(to: Deno.NetAddr): void {
  if (mayUse(to)) return;
  const host = showAddr(to);
  const { hostname } = to;
  const own = !isAddressText(hostname)
    ? "127.0.0.1,[::1]"
    : isIpv6(hostname)
    ? "[::1]"
    : "127.0.0.1";
  throw new Deno.errors.NotCapable(
    `connecting to ${host} takes --allow-net, or --allow-net=${host},${own} for no more than that`,
  );
}

/** The addresses to try, in order. */
async function addressesOf(
  { hostname, port }: Deno.NetAddr,
  localAddress: string | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const all = isAddressText(hostname)
    ? [hostname]
    : await unlessAborted(lookUp(hostname), signal).catch((error) => {
      throw naming(`cannot connect to ${hostname}:${port}`, error);
    });
  const addresses = localAddress === undefined
    ? all
    : all.filter((each) => isIpv6(each) === isIpv6(localAddress));
  if (addresses.length > 0) return interleave(addresses);
  const message =
    `cannot connect to ${hostname} from ${localAddress}: it has no address of that family`;
  throw networkError("EADDRNOTAVAIL", message);
}

/** Waits for a promise until a signal is aborted, and then no longer. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

let choosesLate: OptionBytes | undefined;

/** Opens a connection to one address. */
async function openOne(
  to: Deno.NetAddr,
  address: string,
  options: ConnectOptions,
  settings: readonly OptionValue[],
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  const remote = address === to.hostname ? to : netAddr(address, to.port);
  const host = showAddr(remote);
  if (remote.hostname !== to.hostname && isDenied(remote)) {
    throw new Deno.errors.NotCapable(`connecting to ${host} is denied`);
  }
  const { localAddress, localPort = 0 } = options;
  const anywhere = isIpv6(remote.hostname) ? "::" : "0.0.0.0";
  const local = localAddress === undefined && localPort === 0
    ? undefined
    : netAddr(localAddress ?? anywhere, localPort);
  const prepare = (fd: number): void => {
    // a port is then picked for this peer alone, of which there are more
    if (local?.port === 0) {
      (choosesLate ??= OptionBytes.from(IP_BIND_ADDRESS_NO_PORT, true)).setOn(fd);
    }
    complain(settings.map((setting) => putInForce(fd, setting)), options);
  };
  try {
    return await openConnection({ remote, local, prepare }, signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const from = local === undefined ? "" : ` from ${showAddr(local)}`;
    throw naming(`cannot connect to ${host}${from}`, error);
  }
}

/** One error of the errors of all addresses. */
function asOne(to: Deno.NetAddr, cause: AggregateError): unknown {
  const errors: Error[] = cause.errors;
  const other = errors.find((error) => !isNetworkError(error));
  if (other !== undefined) return other;
  const last = errors.at(-1) as NetworkError;
  if (errors.length === 1) return last;
  const each = errors.map(({ message }) => message).join("; ");
  return networkError(last.code, `cannot connect to ${showAddr(to)}: ${each}`, cause);
}
