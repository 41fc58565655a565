/**
 * `struct sockaddr`: socket addresses as the kernel writes them, and as Deno does.
 *
 * @module
 */

import { asBytes, checkInteger, part, show } from "./codec.ts";
import { libc } from "./libc.ts";
import { isDarwin } from "./platform.ts";

const AF_UNIX = 1;
const AF_INET = 2;
/** The family of IPv6. */
export const AF_INET6: number = isDarwin ? 30 : 10;
const AF_VSOCK = 40;

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
const SCOPE_ID = 24; // sin6_scope_id
const SUN_PATH = 2; // sun_path
const SVM_PORT = 4; // svm_port
const SVM_CID = 8; // svm_cid

// `sizeof(struct sockaddr_in)`, `sizeof(struct sockaddr_in6)`
const SOCKADDR_IN = 16;
const SOCKADDR_IN6 = 28;

/** sa_family; BSD has the structure's length in the byte before it, and none of an unnamed socket. */
function readFamily(from: DataView): number {
  if (from.byteLength < SUN_PATH) return AF_UNIX;
  return isDarwin ? from.getUint8(1) : from.getUint16(0, true);
}

function writeFamily(family: number, length: number, into: DataView): void {
  if (!isDarwin) return into.setUint16(0, family, true);
  into.setUint8(0, length);
  into.setUint8(1, family);
}

/** Reads `struct sockaddr`, of which the view is just the part that the kernel wrote. */
export function readSockaddr(from: DataView, transport: Deno.Addr["transport"]): Deno.Addr {
  if (readFamily(from) === AF_UNIX) {
    return { transport: transport === "unixpacket" ? transport : "unix", path: readPath(from) };
  }
  if (readFamily(from) === AF_VSOCK && from.byteLength >= SVM_CID + 4) {
    const [cid, port] = [from.getUint32(SVM_CID, true), from.getUint32(SVM_PORT, true)];
    return { transport: "vsock", cid, port };
  }
  return {
    transport: transport === "udp" ? transport : "tcp",
    hostname: readHostname(from),
    port: from.byteLength >= IN_ADDR ? from.getUint16(PORT) : 0,
  };
}

/**
 * Writes `struct sockaddr`. An IPv6 address may name its zone: `fe80::1%eth0`, `fe80::1%2`.
 *
 * @param what What the address is of, as a message names it.
 * @throws {TypeError} when it is not an Internet address.
 */
export function writeSockaddr(addr: Deno.Addr, into: DataView, what = "an address"): void {
  if (typeof addr !== "object" || addr === null || !("hostname" in addr)) {
    throw new TypeError(`expected ${what} with hostname and port, got ${show(addr)}`);
  }
  const { hostname, port } = addr;
  const [address = "", zone] = `${hostname}`.split("%", 2);
  writeFamily(familyOf(address), sizeOf(address), into);
  checkInteger(port, 0, 65535, `the port of ${what}`);
  into.setUint16(PORT, port);
  if (!isIpv6(address)) return writeAddress(hostname, part(into, IN_ADDR), IN_ADDR_SIZE, what);
  writeAddress(address, part(into, IN6_ADDR), IN6_ADDR_SIZE, what);
  if (zone !== undefined) into.setUint32(SCOPE_ID, zoneIndex(zone), true);
}

/** Whether an address is one of IPv6: those of IPv4, and names, have no colon. */
export function isIpv6(hostname: string): boolean {
  return hostname.includes(":");
}

/** The family of an address: AF_INET or AF_INET6. */
export function familyOf(hostname: string): number {
  return isIpv6(hostname) ? AF_INET6 : AF_INET;
}

function sizeOf(hostname: string): number {
  return isIpv6(hostname) ? SOCKADDR_IN6 : SOCKADDR_IN;
}

/** An Internet address as bind(2) and connect(2) take it: `struct sockaddr_in` or `struct sockaddr_in6`. */
export function sockaddrOf(addr: Deno.NetAddr): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeOf(addr.hostname));
  writeSockaddr(addr, new DataView(bytes.buffer));
  return bytes;
}

/** The same of the loopback interface in a family, with port 0: the kernel picks one. */
export function loopback(family: number): Uint8Array<ArrayBuffer> {
  const hostname = family === AF_INET6 ? "::1" : "127.0.0.1";
  return sockaddrOf({ transport: "tcp", hostname, port: 0 });
}

/** The index of an interface, which is given by its name or by the index itself. */
function zoneIndex(zone: string): number {
  if (/^\d{1,9}$/.test(zone)) return Number(zone);
  const index = zone.includes("\0") ? 0 : libc().if_nametoindex(encoder.encode(`${zone}\0`));
  if (index === 0) throw new TypeError(`there is no network interface ${show(zone)}`);
  return index;
}

/** The address as text, with its zone; "" where it is not an Internet address. */
function readHostname(from: DataView): string {
  const family = readFamily(from);
  if (family === AF_INET && from.byteLength >= IN_ADDR + IN_ADDR_SIZE) {
    return `${from.getUint8(4)}.${from.getUint8(5)}.${from.getUint8(6)}.${from.getUint8(7)}`;
  }
  if (family !== AF_INET6 || from.byteLength < SOCKADDR_IN6) return "";
  const address = readAddress(part(from, IN6_ADDR), IN6_ADDR_SIZE);
  const scope = from.getUint32(SCOPE_ID, true);
  return scope === 0 ? address : `${address}%${zoneName(scope)}`;
}

/** IF_NAMESIZE */
const ifName = new Uint8Array(16);

/** The name of an interface; its index where it has gone. */
function zoneName(index: number): string {
  if (libc().if_indextoname(index, ifName) === null) return `${index}`;
  return decoder.decode(ifName.subarray(0, ifName.indexOf(0)));
}

/** An address as `host:port`, the host in brackets where it is IPv6, or as a path. */
export function showAddr(addr: Deno.Addr): string {
  if ("path" in addr) return addr.path ?? "";
  if (!("hostname" in addr)) return `${addr.cid}:${addr.port}`;
  const { hostname, port } = addr;
  return isIpv6(hostname) ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The path; "" for an unnamed socket, with a leading NUL for an abstract name. */
function readPath(from: DataView): string {
  const path = asBytes(from).subarray(SUN_PATH);
  // the kernel counts a path's closing NUL, and an abstract name has none
  const isPath = path.length > 0 && path[0] !== 0;
  const end = isPath ? path.indexOf(0) : -1;
  return decoder.decode(end < 0 ? path : path.subarray(0, end));
}

const text = new Uint8Array(64);

/** The text of an address of 4 or 16 bytes: inet_ntop(3). */
export function readAddress(from: DataView, size: number): string {
  const address = addressBytes(from, size);
  libc().inet_ntop(size === IN_ADDR_SIZE ? AF_INET : AF_INET6, address, text, text.length);
  return decoder.decode(text.subarray(0, text.indexOf(0)));
}

/**
 * Writes an address of 4 or 16 bytes: inet_pton(3).
 *
 * @param what What the address is of, as a message names it.
 * @throws {TypeError} when the text is not such an address.
 */
export function writeAddress(address: string, into: DataView, size: number, what?: string): void {
  if (parseAddress(address, addressBytes(into, size))) return;
  const kind = `an IPv${size === IN_ADDR_SIZE ? 4 : 6} address`;
  throw new TypeError(
    `expected ${what === undefined ? kind : `${what} to be ${kind}`}, got ${show(address)}`,
  );
}

/** The first bytes of a view, all of which must be there: C reads or writes so many. */
function addressBytes(view: DataView, size: number): Uint8Array<ArrayBuffer> {
  if (view.byteLength < size) throw new RangeError(`${view.byteLength} bytes are no address`);
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, size);
}

/** inet_pton(3) into 4 or 16 bytes; `false` where the text is not such an address. */
function parseAddress(address: string, into: Uint8Array<ArrayBuffer>): boolean {
  if (typeof address !== "string" || address.includes("\0")) return false; // C would end there
  const { written } = encoder.encodeInto(address, text.subarray(0, text.length - 1));
  text[written] = 0;
  return libc().inet_pton(into.length === IN_ADDR_SIZE ? AF_INET : AF_INET6, text, into) === 1;
}

const normal = new Uint8Array(IN6_ADDR_SIZE);

/** An address of 4 or 16 bytes as the kernel's calls write it; `undefined` where the text is not such an address. */
export function normalAddress(address: string, size: number): string | undefined {
  if (!parseAddress(address, normal.subarray(0, size))) return undefined;
  return readAddress(new DataView(normal.buffer), size);
}

/** Whether an address stands for every address of its family: that of a listener, never that of a connection. */
export function isUnspecified(addr: Deno.Addr): boolean {
  return "hostname" in addr && (addr.hostname === "0.0.0.0" || addr.hostname === "::");
}

/** Whether an address is good for one link alone: fe80::/10, RFC 4291. */
export function isLinkLocal(addr: Deno.Addr): boolean {
  return "hostname" in addr && /^fe[89ab][0-9a-f]:/i.test(addr.hostname);
}

/** Whether a host is an address, of IPv4 or of IPv6 with or without a zone; `false` where it is a name. */
export function isAddressText(hostname: string): boolean {
  return parseMapped(hostname, wanted);
}

/** The call that asks for one of a socket's two addresses. */
export type NameCall = "getsockname" | "getpeername";

/** How a socket's address compares with what is expected of it; "failed" leaves the reason in errno. */
export type NameResult = "same" | "other" | "failed";

const name = new Uint8Array(SOCKADDR_STORAGE);
const nameView = new DataView(name.buffer);
const length = new Uint32Array(1);
const lengthBytes = new Uint8Array(length.buffer);

/** Asks for an address: how many bytes of {@linkcode name} it takes, or -1 where that failed. */
function readName(fd: number, call: NameCall): number {
  length[0] = name.length;
  const c = libc();
  const result = call === "getsockname"
    ? c.getsockname(fd, name, lengthBytes)
    : c.getpeername(fd, name, lengthBytes);
  // of a longer address the kernel tells the length that it would take
  return result === 0 ? Math.min(length[0], name.length) : -1;
}

/** Asks for one of a socket's addresses; `undefined` where that failed, with the reason in errno. */
export function socketName(
  fd: number,
  call: NameCall,
  transport: Deno.Addr["transport"],
): Deno.Addr | undefined {
  const size = readName(fd, call);
  return size < 0 ? undefined : readSockaddr(new DataView(name.buffer, 0, size), transport);
}

/**
 * Compares one of a socket's addresses with what Deno says it is.
 *
 * @param anyHost Whether the port alone is compared.
 */
export function compareName(
  fd: number,
  call: NameCall,
  expected: Deno.Addr,
  anyHost = false,
): NameResult {
  const size = readName(fd, call);
  if (size < 0) return "failed";
  if ("path" in expected) {
    const found = readSockaddr(new DataView(name.buffer, 0, size), "unix");
    // Deno has `null` for an unnamed socket
    return "path" in found && found.path === (expected.path ?? "") ? "same" : "other";
  }
  if (!("hostname" in expected)) {
    const found = readSockaddr(new DataView(name.buffer, 0, size), "vsock");
    const { cid, port } = expected;
    return "cid" in found && found.cid === cid && found.port === port ? "same" : "other";
  }
  if (nameView.getUint16(PORT) !== expected.port) return "other";
  const { hostname } = expected;
  if (anyHost) return readFamily(nameView) === AF_UNIX ? "other" : "same";
  return readHostname(nameView) === hostname || isAddress(hostname) ? "same" : "other";
}

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

/**
 * Parses an address of either family, without its scope; IPv4 in the form that is mapped into IPv6.
 *
 * @returns `false` where the text is no address.
 */
export function parseMapped(hostname: string, into: Uint8Array<ArrayBuffer>): boolean {
  if (parseAddress(hostname.replace(/%.*/, ""), into)) return true;
  const ipv4 = new Uint8Array(IN_ADDR_SIZE);
  if (!parseAddress(hostname, ipv4)) return false; // IPv4 has no scopes
  setMapped(into, ipv4);
  return true;
}

function setMapped(into: Uint8Array, ipv4: Uint8Array): void {
  into.fill(0);
  into.fill(0xff, 10, 12);
  into.set(ipv4, 12);
}
