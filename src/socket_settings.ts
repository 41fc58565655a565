/**
 * @module
 */

import type { Linger } from "../ffi/structs.ts";
import type { WritableOption } from "../ffi/socket_option.ts";
import { SO_KEEPALIVE, SO_LINGER, SO_RCVBUF, SO_SNDBUF } from "../ffi/options/socket.ts";
import {
  TCP_CONGESTION,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  TCP_QUICKACK,
  TCP_SYNCNT,
  TCP_USER_TIMEOUT,
} from "../ffi/options/tcp.ts";

/** When keep-alive probes are sent. What is absent is left as the kernel has it. */
export interface KeepAlive {
  /** Seconds without traffic until the first probe: TCP_KEEPIDLE. */
  idle?: number;
  /** Seconds between probes: TCP_KEEPINTVL. */
  interval?: number;
  /** Probes without an answer until the connection is given up: TCP_KEEPCNT. */
  count?: number;
}

/** An option together with its value, for {@linkcode SocketSettings.options}. */
export type OptionValue<T = unknown> = readonly [option: WritableOption<T>, value: T];

/** The options of a socket under the names of what they do. What is absent is left as the kernel has it. */
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
  /** SO_LINGER: seconds that closing waits for data to be sent, or `false`. */
  linger?: Linger;
  /** TCP_CONGESTION: the congestion control, such as "cubic" or "bbr". */
  congestion?: string;
  /** Any other options with their values, set after those above in the order given. */
  options?: readonly OptionValue[];
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
  list.push(...settings.options ?? []);
  return list;
}
