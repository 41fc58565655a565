/** Addresses of clients and balancers: subnets of them, and which of them are one client. */

import { show } from "../../ffi/codec.ts";
import { IN6_ADDR_SIZE, parseMapped } from "../../ffi/sockaddr.ts";

/** Room for one address, as IPv6 has it. */
const address = new Uint8Array(IN6_ADDR_SIZE);
const view = new DataView(address.buffer);

/** How many bits stand in front of an IPv4 address that is mapped into IPv6. */
const MAPPED = 96;

/** Whether {@linkcode address} is one of IPv4. */
function isMapped(): boolean {
  return view.getBigUint64(0) === 0n && view.getUint32(8) === 0xffff;
}

/** A subnet, such as 10.0.0.0/8 or 2001:db8::/32; an address alone is one of itself. */
export class Subnet {
  readonly #bytes: Uint8Array;
  readonly #bits: number;
  readonly #isIpv4: boolean;

  /**
   * @param text In the notation of CIDR.
   * @throws {TypeError} when it is none.
   */
  constructor(text: string) {
    const [, base = "", bits] = /^([^/]+?)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const most = base.includes(":") ? 128 : 32;
    if (!parseMapped(base, address) || Number(bits ?? most) > most) {
      throw new TypeError(`expected an address or a subnet such as 10.0.0.0/8, got ${show(text)}`);
    }
    this.#bytes = address.slice();
    this.#bits = Number(bits ?? most) + (most === 32 ? MAPPED : 0);
    this.#isIpv4 = isMapped() && this.#bits >= MAPPED;
  }

  /** Whether an address is in it. IPv4 and the same mapped into IPv6 are one, and ::/0 is all of IPv6 alone. */
  has(hostname: string): boolean {
    if (!parseMapped(hostname, address) || isMapped() !== this.#isIpv4) return false;
    for (let i = 0; i * 8 < this.#bits; i++) {
      const rest = Math.max(8 - (this.#bits - i * 8), 0);
      if ((address[i]! ^ this.#bytes[i]!) >> rest !== 0) return false;
    }
    return true;
  }
}

/**
 * A text that all addresses of one client have: an IPv4 address, and of IPv6 the first 64 bits, as each site has at
 * least one such subnet.
 */
export function clientOf(hostname: string): string {
  if (!hostname.includes(":")) return hostname;
  if (!parseMapped(hostname, address)) return hostname;
  if (isMapped()) return address.subarray(12).join(".");
  const group = (n: number): string => view.getUint16(2 * n).toString(16);
  return `${group(0)}:${group(1)}:${group(2)}:${group(3)}::/64`;
}
