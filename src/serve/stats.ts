/** The statistics of a server. */

import type { Bytes } from "./byte_count.ts";

/**
 * The accept queue of one listener.
 *
 * @category Serving
 */
export interface AcceptQueue {
  /** Where it listens. */
  readonly addr: Deno.NetAddr;
  /** How many connections wait to be accepted now; `undefined` where the kernel does not tell (macOS). */
  readonly length: number | undefined;
  /** How many may. */
  readonly limit: number | undefined;
}

/**
 * What a server has done since it was started.
 *
 * @category Serving
 */
export interface ServerStats {
  /** Connections accepted. */
  readonly accepted: number;
  /** Connections that are open now. */
  readonly active: number;
  /** Connections that have ended. */
  readonly closed: number;
  /**
   * Bytes received on connections that have ended. The handlers of this package count them, of others the kernel is asked.
   * It is `undefined` from the first connection on of which that cannot be told: one that its handler has closed by its
   * streams, one of TLS, one on a kernel that does not count (macOS, gVisor). A handler that counts by `info.bytesIn` and
   * `info.bytesOut` is always right.
   */
  readonly bytesIn: number | undefined;
  /** Bytes sent on connections that have ended, as far as that can be told: see `bytesIn`. */
  readonly bytesOut: number | undefined;
  /** Errors of handlers, of accepting and of handshakes, by the error's name or code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Connections that were closed because an assertion on them failed. */
  readonly assertionFailures: number;
  /** Connections that were closed because nothing happened on them for too long. */
  readonly timedOut: number;
  /** Connections that were closed at once because their client had as many open as it may. */
  readonly refused: number;
  /** How often accepting was put off because it had failed. */
  readonly acceptPauses: number;
  /** The accept queue of each listener that is open. */
  readonly queues: readonly AcceptQueue[];
  /** Seconds since the server was started. */
  readonly uptime: number;
}

/** The account that a server keeps of what it does. */
export class Account {
  accepted = 0;
  assertionFailures = 0;
  timedOut = 0;
  refused = 0;
  acceptPauses = 0;
  #bytesIn: number | undefined = 0;
  #bytesOut: number | undefined = 0;
  readonly #errors: Record<string, number> = {};
  readonly #startedAt = performance.now();

  /** Counts an error by its code. */
  count(code: string): void {
    this.#errors[code] = (this.#errors[code] ?? 0) + 1;
  }

  /** Adds the bytes of a connection that has ended. */
  add(bytes: Bytes | undefined): void {
    this.#bytesIn = sumIfKnown(this.#bytesIn, bytes?.bytesIn);
    this.#bytesOut = sumIfKnown(this.#bytesOut, bytes?.bytesOut);
  }

  /** The statistics, with what is known elsewhere. */
  stats(active: number, queues: readonly AcceptQueue[]): ServerStats {
    const { accepted, assertionFailures, timedOut, refused, acceptPauses } = this;
    return {
      accepted,
      active,
      closed: accepted - active,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      errors: { ...this.#errors },
      assertionFailures,
      timedOut,
      refused,
      acceptPauses,
      queues,
      uptime: (performance.now() - this.#startedAt) / 1000,
    };
  }
}

/** A sum, if both of its parts are known. */
export function sumIfKnown(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}
