/**
 * @module
 */

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
