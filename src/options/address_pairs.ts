/**
 * The connections that are known by their two addresses alone: each request on one asks for it again, by a new object, and
 * looking through all descriptors takes a millisecond where there are thousands. Those of a server that listens everywhere
 * are not kept, as another connection may have them as well.
 *
 * @module
 */

import { showAddr } from "../../ffi/sockaddr.ts";
import type { Descriptor } from "./descriptor.ts";
import type { AddressPair, SocketLike } from "./socket_like.ts";

const descriptors = new Map<string, Descriptor>();

/** How many are kept: those that were found last. */
const MOST = 4096;

/** Whether there is no more of a socket than its addresses. */
export function isAddressPair(socket: Exclude<SocketLike, number>): socket is AddressPair {
  return "remoteAddr" in socket && !("close" in socket);
}

function keyOf({ localAddr, remoteAddr }: AddressPair): string {
  return `${showAddr(localAddr)} ${showAddr(remoteAddr)}`;
}

/** What was found for a pair of addresses; `undefined` where it is not known, or closed. */
export function knownBetween(pair: AddressPair): Descriptor | undefined {
  const key = keyOf(pair);
  const descriptor = descriptors.get(key);
  if (descriptor === undefined || descriptor.prove() >= 0) return descriptor;
  descriptors.delete(key);
  return undefined;
}

/** Keeps what was found for a pair of addresses. */
export function rememberBetween(pair: AddressPair, descriptor: Descriptor): void {
  descriptors.set(keyOf(pair), descriptor);
  if (descriptors.size > MOST) descriptors.delete(descriptors.keys().next().value!);
}
