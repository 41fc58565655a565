/** What is asserted on every connection of a server, and how a connection is described. */

import {
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_TYPE,
} from "../../ffi/options/socket.ts";
import { TCP_QUICKACK } from "../../ffi/options/tcp.ts";
import { compareName, type NameCall, socketName } from "../../ffi/sockaddr.ts";
import {
  isNonBlocking,
  OptionBytes,
  readOption,
  tryReadOption,
  writeOption,
} from "../../ffi/socket.ts";
import { errnoNumber, lastErrno, SocketError } from "../../ffi/socket_error.ts";
import type { ReadableOption } from "../../ffi/socket_option.ts";
import {
  isForConnections,
  type OptionValue,
  type ReadableValue,
  settingsInForce,
  type SocketSettings,
} from "../options/settings.ts";
import { OptionAssertionError } from "../options/assert_option.ts";
import type { KernelLimits } from "../options/kernel_limits.ts";

/** An option that every connection must have as the listener has it. */
interface Expectation {
  readonly option: ReadableOption<unknown>;
  readonly expected: OptionBytes;
  /** Set on every connection, as the kernel may have dropped it since. */
  readonly always: OptionBytes | undefined;
  /** How to set it, where it was asked for: what a connection did not inherit is set on it. */
  readonly setting: OptionValue | undefined;
}

/** What is asserted on every connection of a listener. Made once, so that each takes little. */
export class ConnectionCheck {
  readonly #expectations: readonly Expectation[];

  /**
   * @param listenerFd The listener, with its settings in force.
   * @param settings The settings that are in force on it.
   */
  constructor(listenerFd: number, settings: readonly OptionValue[]) {
    const expect = (option: ReadableOption<unknown>, setting?: OptionValue): Expectation => ({
      option,
      expected: OptionBytes.of(listenerFd, option),
      always: setting !== undefined && option.lapses === true
        ? OptionBytes.from(...setting)
        : undefined,
      setting,
    });
    this.#expectations = [
      expect(SO_TYPE),
      ...[SO_REUSEADDR, SO_REUSEPORT].map((option) =>
        expect(option, [option, readOption(listenerFd, option)])
      ),
      ...settingsInForce(settings).filter(isForConnections)
        .filter((setting) => isThere(listenerFd, setting))
        .map((setting) => expect(setting[0], setting)),
    ];
  }

  /**
   * Asserts that a connection is as the listener's settings and Deno say.
   *
   * @param fd Its descriptor.
   * @param conn The connection.
   * @returns `false` where the peer has already reset it and there is nothing to assert.
   * @throws {OptionAssertionError} when something is not as expected.
   */
  run(fd: number, conn: Deno.Conn<Deno.NetAddr>): boolean {
    if (!assertName(fd, "getpeername", conn.remoteAddr)) return false;
    if (!assertName(fd, "getsockname", conn.localAddr)) return false;
    if (!isNonBlocking(fd)) throw new OptionAssertionError("O_NONBLOCK", true, false);
    for (const expectation of this.#expectations) {
      // a failure shows in what is read
      expectation.always?.setOn(fd);
      if (!expectation.expected.isOn(fd)) repair(fd, expectation);
    }
    return true;
  }
}

/** Whether the kernel has an option. One that may lapse was done without where it has not. */
function isThere(fd: number, [option, value]: ReadableValue): boolean {
  if (option.lapses !== true) return true;
  return OptionBytes.from(option, value).setOn(fd) && tryReadOption(fd, option) !== undefined;
}

/** Asserts one address; `false` where the peer has gone. */
function assertName(fd: number, call: NameCall, expected: Deno.NetAddr): boolean {
  const result = compareName(fd, call, expected);
  if (result === "same") return true;
  if (result === "failed") {
    const errno = lastErrno();
    if (errno === errnoNumber("ENOTCONN")) return false;
    throw new SocketError(call, errno);
  }
  throw new OptionAssertionError(call, expected, socketName(fd, call, expected.transport));
}

/**
 * Sets on a connection what it did not inherit, as when it was established before the listener had its
 * settings, or when the kernel does not pass the option on.
 */
function repair(fd: number, { option, expected, setting }: Expectation): void {
  if (setting !== undefined) writeOption(fd, ...setting);
  if (expected.isOn(fd)) return;
  throw new OptionAssertionError(option.name, expected.decode(option), readOption(fd, option));
}

/** The lines on a connection's options that the asyncio recipe logs. */
export function describeOptions(
  fd: number,
  limits: KernelLimits,
  settings: SocketSettings,
): string[] {
  const lines = [
    `recv buffer size: ${readOption(fd, SO_RCVBUF)} (max=${limits.rmemMax ?? "unknown"})`,
    `send buffer size: ${readOption(fd, SO_SNDBUF)} (max=${limits.wmemMax ?? "unknown"})`,
  ];
  // the kernel may have left the mode since it was asserted
  const quickAck = settings.quickAck === true || tryReadOption(fd, TCP_QUICKACK);
  if (quickAck !== undefined) lines.push(`TCP quick ACK: ${quickAck}`);
  return lines;
}
