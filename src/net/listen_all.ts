/** Listening on several addresses, and on all addresses of a name. */

import { isNotThere, type ListenAddress, listenAddresses } from "./addresses.ts";
import type { ListenOptions } from "./listen_options.ts";
import type { OpenListener } from "./open_listener.ts";
import { type ApplyOption, type PreparedListener, prepareListener } from "./prepare_listener.ts";

/** What {@linkcode prepareListeners} is asked for. */
export interface ListenAllOptions extends Omit<ListenOptions, "fd" | "hostname"> {
  /** Addresses and names. */
  hostname?: string | readonly string[];
  /** Listening sockets to take over instead. */
  fd?: number | readonly number[];
}

/** How often to try when the port that was picked for one address is taken on another one, as most are on a busy proxy. */
const ATTEMPTS = 100;

/**
 * Opens a listener on each address that some hostnames stand for, all with one port; all of them or none. Of a name's
 * addresses those are left out that this machine does not have.
 *
 * @param options What was asked for.
 * @param open Deno's function.
 * @param apply How each setting is put in force.
 */
export function prepareListeners<L extends Deno.Listener>(
  options: ListenAllOptions,
  open: OpenListener<L>,
  apply?: ApplyOption,
): PreparedListener<L>[] {
  const { fd, hostname = "0.0.0.0", ipv6Only, port = 0, ...rest } = options;
  if (fd !== undefined) {
    const fds = typeof fd === "number" ? [fd] : fd;
    return openEach(fds, (fd) => prepareListener({ ...rest, fd }, open, apply));
  }
  const addresses = listenAddresses(typeof hostname === "string" ? [hostname] : hostname, ipv6Only);
  for (let attempt = 1;; attempt++) {
    try {
      return openAddresses(
        addresses,
        (address, port) => prepareListener({ ...rest, ...address, port }, open, apply),
        port,
      );
    } catch (error) {
      const isTaken = error instanceof Deno.errors.AddrInUse && addresses.length > 1;
      if (!isTaken || port !== 0 || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Opens addresses, all with one port: the one that was asked for, or that was picked for the first. */
function openAddresses<L extends Deno.Listener>(
  addresses: readonly ListenAddress[],
  open: (address: ListenAddress, port: number) => PreparedListener<L>,
  port: number,
): PreparedListener<L>[] {
  let missing: unknown;
  const opened = openEach(addresses, (address) => {
    try {
      const prepared = open(address, port);
      port = (prepared.listener.addr as Deno.NetAddr).port;
      return prepared;
    } catch (error) {
      if (!address.isOptional || !isNotThere(error)) throw error;
      missing = error;
      return undefined;
    }
  });
  if (opened.length === 0) throw missing;
  return opened;
}

/** Opens all, or, where one fails, none. */
function openEach<T, L extends Deno.Listener>(
  places: readonly T[],
  open: (place: T) => PreparedListener<L> | undefined,
): PreparedListener<L>[] {
  const opened: PreparedListener<L>[] = [];
  try {
    for (const place of places) {
      const prepared = open(place);
      if (prepared !== undefined) opened.push(prepared);
    }
    return opened;
  } catch (error) {
    for (const { listener } of opened) listener.close();
    throw error;
  }
}
