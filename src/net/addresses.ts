/** Where a server listens: what the names that it is given stand for. */

import { LookupError, lookUpNow } from "../../ffi/lookup.ts";
import { isAddressText, isIpv6 } from "../../ffi/sockaddr.ts";
import { hasIpv6 } from "../../ffi/socket.ts";

/** One address to listen on. */
export interface ListenAddress {
  readonly hostname: string;
  /** Whether it takes no IPv4 connections. */
  readonly ipv6Only: boolean;
  /** Whether it is one of several of a name, some of which may be out of use. */
  readonly isOptional: boolean;
}

/** Whether a name means every interface of the machine. */
function isEveryInterface(hostname: string): boolean {
  return hostname === "" || hostname === "*";
}

/** An IPv6 address may stand in brackets, as in a URL. */
export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** An address or a name without brackets; every interface is "::", or "0.0.0.0" without IPv6. */
export function plainHostname(hostname: string): string {
  if (!isEveryInterface(hostname)) return withoutBrackets(hostname);
  return hasIpv6() ? "::" : "0.0.0.0";
}

/** "::", however it is written. */
function isAnyIpv6(hostname: string): boolean {
  return isIpv6(hostname) && /^[0:]+$/.test(hostname);
}

/**
 * The addresses that some hostnames stand for, each once: a name stands for all that it has.
 *
 * @param hostnames Addresses and names.
 * @param ipv6Only Whether IPv6 addresses take IPv6 connections alone. Where that is not said, "::" leaves IPv4 to IPv4
 *   addresses, if there are any.
 */
export function listenAddresses(
  hostnames: readonly string[],
  ipv6Only: boolean | undefined,
): ListenAddress[] {
  const found = new Map<string, Pick<ListenAddress, "hostname" | "isOptional">>();
  for (const hostname of hostnames.map(plainHostname)) {
    const addresses = addressesOf(hostname);
    const isOptional = addresses.length > 1;
    for (const address of addresses) {
      if (found.get(address)?.isOptional === false) continue;
      // of a name that stands for one address, Deno may have the permission
      found.set(address, { hostname: isOptional ? address : hostname, isOptional });
    }
  }
  const hasIpv4 = [...found.keys()].some((address) => !isIpv6(address));
  return [...found].map(([address, each]) => ({
    ...each,
    ipv6Only: ipv6Only ?? (isAnyIpv6(address) && hasIpv4),
  }));
}

/** The addresses of a name. One that cannot be looked up stands for itself: Deno says then what is wrong with it. */
export function addressesOf(hostname: string): string[] {
  if (isAddressText(hostname)) return [hostname];
  try {
    return lookUpNow(hostname);
  } catch (error) {
    if (error instanceof LookupError) return [hostname];
    throw error;
  }
}

/** Whether listening has failed because this machine does not have the address, or its family. */
export function isNotThere(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT";
}
