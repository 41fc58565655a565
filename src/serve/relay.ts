/** `relay()`: what a proxy does with two connections. */

import { show } from "../../ffi/codec.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import { reset } from "../net/reset.ts";
import { checkNamed } from "../options/check_arguments.ts";
import { beforeClose } from "./byte_count.ts";
import { type AnyConn, close } from "./connection.ts";
import { errorCode } from "./errors.ts";
import { lingeringClose, Stream, type StreamInfo } from "./stream.ts";

/**
 * How much {@linkcode relay} has moved.
 *
 * @category Serving
 */
export interface Relayed {
  /** Bytes from the first connection to the second. */
  readonly there: number;
  /** Bytes from the second connection to the first. */
  readonly back: number;
}

/**
 * Joins two connections: what arrives on one is sent on the other, until both peers have ended.
 *
 * Each direction ends by itself. A peer that has ended its side still gets all of the answer, which a pair of
 * `a.readable.pipeTo(b.writable)` loses: to end a stream of Deno's closes its whole connection, both ways. A peer that
 * does not take what it is sent is waited for, and nothing more is read for it meanwhile. One that resets its
 * connection has the other one reset, so that what is cut short does not look complete; one that closes while it is
 * still sent to is read to its end.
 *
 * It has no time-outs of its own: a server's `idleTimeout` is for its connection, and so for both, and
 * `settings.userTimeout` and `settings.keepAlive` notice a peer that has vanished, each on its own side.
 *
 * @category Serving
 *
 * @example A proxy
 * ```ts
 * import { connect, echo, relay, serve } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = serve({ hostname: "127.0.0.1" }, echo());
 * await using proxy = serve({ hostname: "127.0.0.1", idleTimeout: 60 }, async (client) => {
 *   const upstream = await connect({ hostname: "127.0.0.1", port: server.addr.port, timeout: 5 });
 *   await relay(client, upstream);
 * });
 *
 * const conn = await Deno.connect({ hostname: "127.0.0.1", port: proxy.addr.port });
 * await conn.write(new TextEncoder().encode("hello"));
 * await conn.closeWrite(); // the answer comes all the same
 * assertEquals(await new Response(conn.readable).text(), "hello");
 * ```
 *
 * @param a One connection. Who closes it before has the other one reset.
 * @param b The other one, of which the same holds.
 * @returns How much was moved, once both are at their ends; both are closed then.
 * @throws The error by which a connection was lost; both are closed then as well.
 */
export async function relay(
  a: Deno.Conn<Deno.NetAddr>,
  b: Deno.Conn<Deno.NetAddr>,
): Promise<Relayed> {
  for (const conn of [a, b]) checkNamed("relay()", conn, connection);
  const there = new Direction(a, b);
  const back = new Direction(b, a);
  let isOver = false;
  for (const [one, other] of [[a, b], [b, a]] as const) {
    // such as by a server's time-out, when nobody reads it any more
    beforeClose(one, () => {
      if (isOver) return;
      isOver = true;
      end(other);
    });
  }
  try {
    // a connection that is lost ends both at once; a failure to write is told when both have ended
    await Promise.all([there.run(back), back.run(there)]);
    for (const { from, failure } of [there, back]) {
      // who could not be sent on may still be sending, and would lose the end of its answer to a reset
      if (failure !== undefined) await lingeringClose(from);
    }
    const failure = there.failure ?? back.failure;
    if (failure !== undefined) throw failure;
    return { there: there.bytes, back: back.bytes };
  } finally {
    isOver = true;
    close(a);
    close(b);
  }
}

/** What {@linkcode relay} takes. */
function connection(value: unknown): void {
  const { read, write, close } = (value ?? {}) as Partial<Deno.Conn>;
  if ([read, write, close].every((method) => typeof method === "function")) return;
  throw new TypeError(`expected two connections of Deno, got ${show(value)}`);
}

/** One of the two directions. */
class Direction {
  /** How much was moved. */
  bytes = 0;
  /** Why nothing more could be sent. */
  failure: unknown;
  /** What is being sent, or was last. */
  sending: Promise<void> | undefined;
  /** Whether the connection that it sends to was reset, as far as it was told. */
  isReset = false;

  constructor(readonly from: Deno.Conn<Deno.NetAddr>, readonly to: Deno.Conn<Deno.NetAddr>) {}

  /** Moves everything. Rejects where one of the connections is lost. */
  async run(opposite: Direction): Promise<void> {
    const from = new Stream(this.from, counter());
    const to = new Stream(this.to, counter());
    try {
      for (let n; (n = await this.#wait(from)) !== null;) {
        const data = from.take(n);
        const size = data.length;
        if (!await this.#try(() => to.send(data))) return;
        this.bytes += size;
        await from.turn();
      }
      // of a reset the kernel may have told who was sending: to a read it looks like an end
      if (from.isOver()) await opposite.sending?.catch(() => {});
      if (opposite.isReset) return;
      await this.#try(() => to.closeWrite());
    } finally {
      from.release();
    }
  }

  async #wait(from: Stream): Promise<number | null> {
    try {
      return await from.wait();
    } catch (error) {
      end(this.to);
      throw error;
    }
  }

  /** Whether it could be sent. Where not, what the other side had sent before may still be on its way back. */
  async #try(send: () => Promise<void> | undefined): Promise<boolean> {
    try {
      await (this.sending = send());
      return true;
    } catch (error) {
      this.isReset = errorCode(error) === "ECONNRESET";
      if (this.isReset) {
        end(this.from);
        throw error;
      }
      this.failure ??= error;
      return false;
    }
  }
}

/** What a stream counts in. */
function counter(): StreamInfo {
  return { bytesIn: 0, bytesOut: 0, linger: false };
}

/** Ends a connection by a reset, or closes it where it is closed for the kernel already. */
function end(conn: Deno.Conn<Deno.NetAddr>): void {
  try {
    reset(conn as AnyConn); // Deno has no others over TCP
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    close(conn);
  }
}
