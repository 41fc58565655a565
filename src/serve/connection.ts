/**
 * The connections of a server: what is known of each, all that are open, and how one is ended.
 *
 * @module
 */

import type { SocketSettings } from "../options/settings.ts";
import type { ConnInfo } from "./conn_handler.ts";
import type { ReadyLogger } from "../net/logger.ts";

/** What a server accepts. */
export type AnyConn = Deno.TcpConn | Deno.TlsConn;

/** What can be among {@linkcode Connections}: in one list at a time. */
class Linked {
  /** The one before, and the one after; `undefined` while it is in no list. */
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
}

/** A connection of the server, which is what its handler is told as well. */
export class Connection extends Linked implements ConnInfo {
  bytesIn = 0;
  bytesOut = 0;
  linger = false;
  closed = false;
  onClosed: (() => void) | undefined = undefined;
  /** When to ask again whether it is idle. */
  idleAt: number;
  #controller: AbortController | undefined;
  #ending = false;

  constructor(
    readonly conn: AnyConn,
    readonly number: number,
    readonly logger: ReadyLogger,
    readonly settings: SocketSettings,
    idleAt: number,
  ) {
    super();
    this.idleAt = idleAt;
  }

  get remoteAddr(): Deno.NetAddr {
    return this.conn.remoteAddr;
  }

  get localAddr(): Deno.NetAddr {
    return this.conn.localAddr;
  }

  /** Made when somebody asks, as most handlers do not. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#ending) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** Tells the handler that the connection should end. */
  end(): void {
    this.#ending = true;
    this.#controller?.abort();
  }
}

/**
 * The connections that are open: a list whose items hold the links themselves. To add and to delete takes no memory
 * and no hash of an object, of which a `Set` makes one for each: that was a twentieth of what a short connection takes.
 */
export class Connections {
  readonly #end: Linked = new Linked();
  #size = 0;

  constructor() {
    this.#end.previous = this.#end.next = this.#end;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds one that is in no list. */
  add(connection: Connection): void {
    const end = this.#end;
    const last = end.previous!;
    connection.previous = last;
    connection.next = end;
    last.next = end.previous = connection;
    this.#size++;
  }

  /** Takes one out; `false` where it is out already. */
  delete(connection: Connection): boolean {
    const { previous, next } = connection;
    if (previous === undefined || next === undefined) return false;
    previous.next = next;
    next.previous = previous;
    connection.previous = connection.next = undefined;
    this.#size--;
    return true;
  }

  /** All that are there now, in the order in which they were added. */
  toArray(): Connection[] {
    const connections: Connection[] = [];
    for (let at = this.#end.next!; at !== this.#end; at = at.next!) {
      connections.push(at as Connection);
    }
    return connections;
  }
}

/** How long the peer may take over the rest of what it sends. */
const LINGERING_TIME = 5_000;
/** How much of it is read and dropped. */
const LINGERING_BYTES = 64 * 1024 * 1024;

/** Where what is dropped goes: shared, as nobody looks at it. */
const dropped = new Uint8Array(64 * 1024);

/**
 * Ends a connection whose peer may still be sending: says that nothing more will come, reads and drops
 * what arrives until the peer has ended as well, and leaves the closing to the caller. Without this the
 * kernel answers further data with a reset, which can cost the peer the end of what it was sent.
 *
 * It takes at most 5 seconds and 64 MiB, and any failure ends it: the connection is over anyway.
 */
export async function lingeringClose(conn: Deno.Conn): Promise<void> {
  const timer = setTimeout(() => close(conn), LINGERING_TIME);
  try {
    await conn.closeWrite();
    for (let total = 0; total < LINGERING_BYTES;) {
      const n = await conn.read(dropped);
      if (n === null) return;
      total += n;
    }
  } catch {
    // reset by the peer, or closed because it took too long
  } finally {
    clearTimeout(timer);
  }
}

/** Closes a connection that may be closed already. */
export function close(conn: { close(): void }): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
