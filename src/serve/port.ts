/** The listeners of a server, each with what belongs to it. */

import { TCP_DEFER_ACCEPT, TCP_INFO } from "../../ffi/options/tcp.ts";
import { hasHalfOpen } from "../../ffi/half_open.ts";
import { readOption, shutdown, tryReadOption, writeOption } from "../../ffi/socket.ts";
import { acceptQueue } from "../net/accept_queue.ts";
import { prepareListeners } from "../net/listen_all.ts";
import type { DenoListenOptions } from "../net/open_listener.ts";
import { Descriptor } from "../options/descriptor.ts";
import { settingOptions } from "../options/settings.ts";
import { type AnyConn, close } from "./connection.ts";
import { ConnectionCheck } from "./connection_check.ts";
import type { ServeOptions, ServeTlsOptions } from "./serve_options.ts";
import type { AcceptQueue } from "./stats.ts";
import { after } from "../net/timer.ts";

/** How many milliseconds a connection takes from the kernel's question to the accept queue: a round trip, and the timer. */
const RELEASE_SLACK = 300;

/** One address on which a server accepts. */
export class Port {
  readonly addr: Deno.NetAddr;
  /** Whether it was closed. */
  isStopped = false;
  /** Whether the kernel hands connections out with their first data, by whomever that was set. */
  readonly isDeferred: boolean;
  readonly #descriptor: Descriptor;
  readonly #isShared: boolean;
  /** Cancels the wait for what is about to be handed out; absent where nothing is. */
  #releasing: (() => void) | undefined = undefined;

  /**
   * @param listener A listener that is open now.
   * @param fd Its descriptor.
   * @param check What is asserted on its connections.
   * @param isShared Whether others may have the socket as well, and go on listening.
   */
  constructor(
    readonly listener: Deno.Listener<AnyConn>,
    fd: number,
    readonly check: ConnectionCheck | undefined,
    isShared: boolean,
  ) {
    this.#isShared = isShared;
    this.addr = listener.addr as Deno.NetAddr;
    this.#descriptor = new Descriptor(fd);
    this.isDeferred = (tryReadOption(fd, TCP_DEFER_ACCEPT) ?? 0) > 0;
  }

  /** Its accept queue; the lengths are `undefined` where it is closed, or where the kernel does not tell. */
  acceptQueue(): AcceptQueue {
    const fd = this.#descriptor.prove();
    const queue = fd < 0 ? undefined : acceptQueue(fd);
    return { addr: this.addr, length: queue?.length, limit: queue?.limit };
  }

  /** Whether the kernel tells when data last came and went. */
  tellsIdleTime(): boolean {
    const fd = this.#descriptor.prove();
    return fd >= 0 && tryReadOption(fd, TCP_INFO) !== undefined;
  }

  /**
   * Closes it as soon as no connection waits to be accepted: at once, if that is so. What the kernel holds back for its first
   * data is connected as far as the client knows, and is accepted before.
   */
  drain(): void {
    const time = this.#release();
    if (time === 0) return void this.stopIfDrained();
    this.#releasing = after(time, () => {
      this.#releasing = undefined;
      this.stopIfDrained();
    });
  }

  /**
   * Has the kernel hold no connection back any more, unless others have the socket as well. What it holds now it hands out
   * when it would have asked the client again: after the last of the times of 1, 2, 4… seconds that TCP_DEFER_ACCEPT is the
   * sum of.
   *
   * @returns In how many milliseconds all of it is there; 0 where there is none.
   */
  #release(): number {
    const fd = this.isDeferred && !this.#isShared ? this.#descriptor.prove() : -1;
    if (fd < 0) return 0;
    const seconds = readOption(fd, TCP_DEFER_ACCEPT);
    writeOption(fd, TCP_DEFER_ACCEPT, 0);
    return hasHalfOpen(this.addr.port) === false ? 0 : (seconds + 1) / 2 * 1000 + RELEASE_SLACK;
  }

  /** Closes it, if no connection waits to be accepted, nor is about to be handed out; whether it did. */
  stopIfDrained(): boolean {
    const isDrained = this.#releasing === undefined && (this.acceptQueue().length ?? 0) === 0;
    if (isDrained) this.stop();
    return isDrained;
  }

  /**
   * Closes it. Deno keeps its socket open for a moment while it waits to accept, and what came then would be lost: so the
   * kernel is told first. What comes to a socket that others have as well is theirs.
   */
  stop(): void {
    this.isStopped = true;
    this.#releasing?.();
    this.#releasing = undefined;
    const fd = this.#descriptor.prove();
    if (fd >= 0 && !this.#isShared) shutdown(fd);
    close(this.listener);
  }
}

/** Opens a listener on each address that a server is asked for; all of them or none. */
export function openPorts(options: ServeOptions | ServeTlsOptions): Port[] {
  const { settings = {}, assertions = true } = options;
  const open = (to: DenoListenOptions): Deno.Listener<AnyConn> => {
    if (!("cert" in options)) return Deno.listen(to);
    const { cert, key, alpnProtocols } = options;
    return Deno.listenTls({ ...to, cert, key, alpnProtocols: alpnProtocols && [...alpnProtocols] });
  };
  const opened = prepareListeners(options, open);
  try {
    return opened.map(({ listener, fd, isShared }) => {
      const check = assertions ? new ConnectionCheck(fd, settingOptions(settings)) : undefined;
      return new Port(listener, fd, check, isShared);
    });
  } catch (error) {
    for (const { listener } of opened) listener.close();
    throw error;
  }
}
