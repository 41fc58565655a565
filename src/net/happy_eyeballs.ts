/**
 * RFC 8305, "Happy Eyeballs": of several addresses of one name the first that answers is taken, and one that does not
 * answer costs a quarter of a second.
 *
 * @module
 */

import { isIpv6 } from "../../ffi/sockaddr.ts";

/** How long one address may take before the next is tried beside it: RFC 8305 section 8. */
const NEXT_AFTER = 250; // ms

/** Why the others are stopped. */
const ENOUGH = new Error("another address has answered");

/** Puts addresses in the order in which they are tried: the families take turns, the first address stays first. */
export function interleave(addresses: readonly string[]): readonly string[] {
  if (addresses.length < 2) return addresses;
  const isOfFirst = (address: string): boolean => isIpv6(address) === isIpv6(addresses[0]!);
  const first = addresses.filter(isOfFirst);
  const second = addresses.filter((address) => !isOfFirst(address));
  return first.flatMap((address, i) => [address, ...second.slice(i, i + 1)])
    .concat(second.slice(first.length));
}

/**
 * Tries one address after the other, each a little later or as soon as the one before has failed, until one is open.
 *
 * @param addresses The addresses, in order.
 * @param open Opens one.
 * @param stop Stops all.
 * @returns The first that is open. All others are closed by then.
 * @throws {AggregateError} with each address's error, where all have failed; the reason of the signal, where it was that.
 */
export async function firstToOpen<T extends Disposable>(
  addresses: readonly string[],
  open: (address: string) => Promise<T>,
  stop: AbortController,
): Promise<T> {
  const { signal } = stop;
  const errors: unknown[] = [];
  const opened: T[] = [];
  const attempt = async (address: string): Promise<void> => {
    try {
      const conn = await open(address);
      if (signal.aborted) return conn[Symbol.dispose]();
      opened.push(conn);
      if (addresses.length > 1) stop.abort(ENOUGH);
    } catch (error) {
      errors.push(error);
    }
  };
  const attempts: Promise<void>[] = [];
  for (const [i, address] of addresses.entries()) {
    if (signal.aborted) break;
    const tried = attempt(address);
    attempts.push(tried);
    if (i < addresses.length - 1) await settledWithin(tried, NEXT_AFTER);
  }
  await Promise.all(attempts);
  const [winner] = opened;
  if (winner !== undefined) return winner;
  signal.throwIfAborted();
  throw new AggregateError(errors);
}

/** Waits for a promise, but not for long. */
async function settledWithin(promise: Promise<void>, milliseconds: number): Promise<void> {
  const { promise: time, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([promise, time]);
  clearTimeout(timer);
}
