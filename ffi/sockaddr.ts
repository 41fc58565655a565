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
const SOCKADDR_STORAGE = 128;

// Ports and addresses are in network byte order.
const PORT = 2; // sin_port, sin6_port
const IN_ADDR = 4; // sin_addr
const IN6_ADDR = 8; // sin6_addr
const SUN_PATH = 2; // sun_path

/** The call that asks for one of a socket's two addresses. */
export type NameCall = "getsockname" | "getpeername";

/** How a socket's address compares with what is expected of it; "failed" leaves the reason in errno. */
export type NameResult = "same" | "other" | "failed";

const bytes = new Uint8Array(SOCKADDR_STORAGE);
const view = new DataView(bytes.buffer);
const length = new Uint32Array(1);
const lengthBytes = new Uint8Array(length.buffer);

/** Reads an address into this module's buffer; `false` where that failed. */
function readName(fd: number, call: NameCall): boolean {
  length[0] = SOCKADDR_STORAGE;
  const c = libc();
  const result = call === "getsockname"
    ? c.getsockname(fd, bytes, lengthBytes)
    : c.getpeername(fd, bytes, lengthBytes);
  return result === 0;
}

/** sa_family; BSD has the structure's length in the byte before it. */
function family(): number {
  return darwin ? bytes[1]! : view.getUint16(0, true);
}

/** Asks for one of a socket's addresses; `undefined` where that failed, with the reason in errno. */
export function socketName(
  fd: number,
  call: NameCall,
  transport: Deno.Addr["transport"],
): Deno.Addr | undefined {
  if (!readName(fd, call)) return undefined;
  if (family() === AF_UNIX) {
    return { transport: transport === "unixpacket" ? transport : "unix", path: path() };
  }
  return {
    transport: transport === "udp" ? transport : "tcp",
    hostname: hostname(),
    port: view.getUint16(PORT),
  };
}

/** Compares one of a socket's addresses with what Deno says it is. */
export function compareName(fd: number, call: NameCall, expected: Deno.Addr): NameResult {
  if (!readName(fd, call)) return "failed";
  if ("path" in expected) {
    return family() === AF_UNIX && path() === expected.path ? "same" : "other";
  }
  if (!("hostname" in expected) || view.getUint16(PORT) !== expected.port) return "other";
  return hostname() === expected.hostname || isAddress(expected.hostname) ? "same" : "other";
}

/** The address in the buffer as text; "" where it is not an Internet address. */
function hostname(): string {
  switch (family()) {
    case AF_INET:
      return `${bytes[IN_ADDR]}.${bytes[IN_ADDR + 1]}.${bytes[IN_ADDR + 2]}.${bytes[IN_ADDR + 3]}`;
    case AF_INET6:
      return ipv6Text(bytes.subarray(IN6_ADDR, IN6_ADDR + 16));
    default:
      return "";
  }
}

/** The path in the buffer; "" for an unnamed socket, a leading NUL for an abstract name. */
function path(): string {
  let end = length[0]!;
  // the kernel counts a path's closing NUL, and an abstract name has none
  if (end > SUN_PATH && bytes[SUN_PATH] !== 0 && bytes[end - 1] === 0) end--;
  return decoder.decode(bytes.subarray(SUN_PATH, end));
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const text = new Uint8Array(64);

function ipv6Text(address: Uint8Array<ArrayBuffer>): string {
  libc().inet_ntop(AF_INET6, address, text, text.length);
  return decoder.decode(text.subarray(0, text.indexOf(0)));
}

const wanted = new Uint8Array(16);
const found = new Uint8Array(16);

/** Whether the buffer holds this address, however it is written: `127.0.0.1` and `::ffff:127.0.0.1` are one. */
function isAddress(hostname: string): boolean {
  if (!parseAddress(hostname, wanted)) return false;
  if (family() === AF_INET6) found.set(bytes.subarray(IN6_ADDR, IN6_ADDR + 16));
  else if (family() === AF_INET) setMapped(found, bytes.subarray(IN_ADDR, IN_ADDR + 4));
  else return false;
  return found.every((byte, i) => byte === wanted[i]);
}

/** Writes an address into 16 bytes, an IPv4 address in its mapped form; `false` where it is none. */
function parseAddress(hostname: string, into: Uint8Array<ArrayBuffer>): boolean {
  const scope = hostname.indexOf("%");
  const { written } = encoder.encodeInto(
    scope < 0 ? hostname : hostname.slice(0, scope),
    text.subarray(0, text.length - 1),
  );
  text[written] = 0;
  if (libc().inet_pton(AF_INET6, text, into) === 1) return true;
  const ipv4 = new Uint8Array(4);
  if (libc().inet_pton(AF_INET, text, ipv4) !== 1) return false;
  setMapped(into, ipv4);
  return true;
}

function setMapped(into: Uint8Array, ipv4: Uint8Array): void {
  into.fill(0);
  into.fill(0xff, 10, 12);
  into.set(ipv4, 12);
}
