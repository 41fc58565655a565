/**
 * `struct sockaddr`: socket addresses as the kernel writes them, and as Deno does.
 *
 * @module
 */

import { libc } from "./libc.ts";

const darwin = Deno.build.os === "darwin";

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = darwin ? 30 : 10;

/** `sizeof(struct sockaddr_storage)`. */
export const SOCKADDR_STORAGE = 128;
/** `sizeof(struct in_addr)`. */
export const IN_ADDR_SIZE = 4;
/** `sizeof(struct in6_addr)`. */
export const IN6_ADDR_SIZE = 16;

// Ports and addresses are in network byte order.
/** `offsetof(struct sockaddr_in, sin_port)`, and of sin6_port. */
export const PORT = 2;
const IN_ADDR = 4; // sin_addr
const IN6_ADDR = 8; // sin6_addr
const SUN_PATH = 2; // sun_path

/** sa_family; BSD has the structure's length in the byte before it. */
function readFamily(from: DataView): number {
  return darwin ? from.getUint8(1) : from.getUint16(0, true);
}

function writeFamily(family: number, length: number, into: DataView): void {
  if (!darwin) return into.setUint16(0, family, true);
  into.setUint8(0, length);
  into.setUint8(1, family);
}

/** Reads `struct sockaddr`, of which the view is just the part that the kernel wrote. */
export function readSockaddr(from: DataView, transport: Deno.Addr["transport"]): Deno.Addr {
  if (readFamily(from) === AF_UNIX) {
    return { transport: transport === "unixpacket" ? transport : "unix", path: readPath(from) };
  }
  return {
    transport: transport === "udp" ? transport : "tcp",
    hostname: readHostname(from),
    port: from.byteLength >= IN_ADDR ? from.getUint16(PORT) : 0,
  };
}

/**
 * Writes `struct sockaddr`.
 *
 * @throws {TypeError} when it is not an Internet address.
 */
export function writeSockaddr(addr: Deno.Addr, into: DataView): void {
  if (typeof addr !== "object" || addr === null || !("hostname" in addr)) {
    throw new TypeError("expected an address with hostname and port");
  }
  const isIpv6 = addr.hostname.includes(":");
  const at = isIpv6 ? IN6_ADDR : IN_ADDR;
  const size = isIpv6 ? IN6_ADDR_SIZE : IN_ADDR_SIZE;
  writeFamily(isIpv6 ? AF_INET6 : AF_INET, isIpv6 ? 28 : 16, into);
  into.setUint16(PORT, addr.port);
  writeAddress(addr.hostname, new DataView(into.buffer, into.byteOffset + at), size);
}

/** The address as text; "" where it is not an Internet address. */
function readHostname(from: DataView): string {
  switch (readFamily(from)) {
    case AF_INET:
      return `${from.getUint8(4)}.${from.getUint8(5)}.${from.getUint8(6)}.${from.getUint8(7)}`;
    case AF_INET6:
      return readAddress(new DataView(from.buffer, from.byteOffset + IN6_ADDR), IN6_ADDR_SIZE);
    default:
      return "";
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The path; "" for an unnamed socket, with a leading NUL for an abstract name. */
function readPath(from: DataView): string {
  const path = new Uint8Array(from.buffer, from.byteOffset + SUN_PATH, from.byteLength - SUN_PATH);
  // the kernel counts a path's closing NUL, and an abstract name has none
  const isPath = path.length > 0 && path[0] !== 0;
  const end = isPath ? path.indexOf(0) : -1;
  return decoder.decode(end < 0 ? path : path.subarray(0, end));
}

const text = new Uint8Array(64);

/** The text of an address of 4 or 16 bytes: inet_ntop(3). */
export function readAddress(from: DataView, size: number): string {
  const address = new Uint8Array(from.buffer as ArrayBuffer, from.byteOffset, size);
  libc().inet_ntop(size === IN_ADDR_SIZE ? AF_INET : AF_INET6, address, text, text.length);
  return decoder.decode(text.subarray(0, text.indexOf(0)));
}

/**
 * Writes an address of 4 or 16 bytes: inet_pton(3).
 *
 * @throws {TypeError} when the text is not such an address.
 */
export function writeAddress(address: string, into: DataView, size: number): void {
  const bytes = new Uint8Array(into.buffer as ArrayBuffer, into.byteOffset, size);
  if (!parseAddress(address, bytes)) {
    throw new TypeError(
      `expected an IPv${size === IN_ADDR_SIZE ? 4 : 6} address, got ${JSON.stringify(address)}`,
    );
  }
}

/** inet_pton(3) into 4 or 16 bytes; `false` where the text is not such an address. */
function parseAddress(address: string, into: Uint8Array<ArrayBuffer>): boolean {
  const { written } = encoder.encodeInto(`${address}`, text.subarray(0, text.length - 1));
  text[written] = 0;
  return libc().inet_pton(into.length === IN_ADDR_SIZE ? AF_INET : AF_INET6, text, into) === 1;
}

/** The call that asks for one of a socket's two addresses. */
export type NameCall = "getsockname" | "getpeername";

/** How a socket's address compares with what is expected of it; "failed" leaves the reason in errno. */
export type NameResult = "same" | "other" | "failed";

const name = new Uint8Array(SOCKADDR_STORAGE);
const nameView = new DataView(name.buffer);
const length = new Uint32Array(1);
const lengthBytes = new Uint8Array(length.buffer);

/** Asks for an address; `false` where that failed. */
function readName(fd: number, call: NameCall): boolean {
  length[0] = SOCKADDR_STORAGE;
  const c = libc();
  const result = call === "getsockname"
    ? c.getsockname(fd, name, lengthBytes)
    : c.getpeername(fd, name, lengthBytes);
  return result === 0;
}

/** Asks for one of a socket's addresses; `undefined` where that failed, with the reason in errno. */
export function socketName(
  fd: number,
  call: NameCall,
  transport: Deno.Addr["transport"],
): Deno.Addr | undefined {
  if (!readName(fd, call)) return undefined;
  return readSockaddr(new DataView(name.buffer, 0, length[0]), transport);
}

/** Compares one of a socket's addresses with what Deno says it is. */
export function compareName(fd: number, call: NameCall, expected: Deno.Addr): NameResult {
  if (!readName(fd, call)) return "failed";
  if ("path" in expected) {
    if (readFamily(nameView) !== AF_UNIX) return "other";
    // Deno has `null` for an unnamed socket
    return readPath(new DataView(name.buffer, 0, length[0])) === (expected.path ?? "")
      ? "same"
      : "other";
  }
  if (!("hostname" in expected) || nameView.getUint16(PORT) !== expected.port) return "other";
  const { hostname } = expected;
  if (readFamily(nameView) === AF_INET) {
    // without a call, a copy or a text, as every connection comes by here
    const number = ipv4Number(hostname);
    if (number >= 0) return nameView.getUint32(IN_ADDR) === number ? "same" : "other";
  }
  return readHostname(nameView) === hostname || isAddress(hostname) ? "same" : "other";
}

/** The number that an IPv4 address stands for; -1 for what is not written as Deno writes one. */
function ipv4Number(address: string): number {
  let number = 0;
  let part = 0;
  let dots = 0;
  for (let i = 0; i < address.length; i++) {
    const c = address.charCodeAt(i);
    if (c === DOT) {
      number = number * 256 + part;
      part = 0;
      dots++;
    } else if (c >= ZERO && c <= NINE) {
      part = part * 10 + (c - ZERO);
    } else {
      return -1;
    }
  }
  return dots === 3 ? number * 256 + part : -1;
}

const DOT = ".".charCodeAt(0);
const ZERO = "0".charCodeAt(0);
const NINE = "9".charCodeAt(0);

const wanted = new Uint8Array(IN6_ADDR_SIZE);
const found = new Uint8Array(IN6_ADDR_SIZE);

/** Whether the last name is this address, however it is written: `127.0.0.1` is `::ffff:127.0.0.1`. */
function isAddress(hostname: string): boolean {
  if (!parseMapped(hostname, wanted)) return false;
  switch (readFamily(nameView)) {
    case AF_INET:
      setMapped(found, name.subarray(IN_ADDR, IN_ADDR + IN_ADDR_SIZE));
      break;
    case AF_INET6:
      found.set(name.subarray(IN6_ADDR, IN6_ADDR + IN6_ADDR_SIZE));
      break;
    default:
      return false;
  }
  return found.every((byte, i) => byte === wanted[i]);
}

/** Parses an address of either family, without its scope; IPv4 in the form that is mapped into IPv6. */
function parseMapped(hostname: string, into: Uint8Array<ArrayBuffer>): boolean {
  const address = hostname.replace(/%.*/, "");
  if (parseAddress(address, into)) return true;
  const ipv4 = new Uint8Array(IN_ADDR_SIZE);
  if (!parseAddress(address, ipv4)) return false;
  setMapped(into, ipv4);
  return true;
}

function setMapped(into: Uint8Array, ipv4: Uint8Array): void {
  into.fill(0);
  into.fill(0xff, 10, 12);
  into.set(ipv4, 12);
}
