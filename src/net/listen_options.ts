/** What is asked for where a listener is opened. */

import {
  type Check,
  checkNamed,
  optionsOf,
  type,
  wholeNumber,
} from "../options/check_arguments.ts";
import { checkSettings, type SocketSettings } from "../options/settings.ts";
import type { Logger } from "./logger.ts";

/**
 * What `listen()` is asked for.
 *
 * @category Opening sockets
 */
export interface ListenOptions {
  /**
   * The address to listen on; "" or "*" is every interface. Of a name it is the first address that Deno finds:
   * `serve()` listens on all that it has.
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

/** What each of the options must be. */
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

/**
 * Checks what a function that listens is asked for.
 *
 * @param name The function, such as "listen()".
 * @param options What it is given.
 * @param checks What each of its options must be.
 */
export function checkListenOptions(
  name: string,
  options: { readonly [option in "fd" | typeof FIXED[number]]?: unknown },
  checks: Readonly<Record<string, Check>>,
): void {
  checkNamed(name, options, optionsOf(checks));
  if (options.fd === undefined) return;
  const other = FIXED.find((other) => options[other] !== undefined);
  if (other === undefined) return;
  throw new TypeError(`${name}: fd goes without ${other}: the socket has it already`);
}
