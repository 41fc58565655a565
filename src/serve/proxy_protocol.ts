/** The PROXY protocol, versions 1 and 2: what a balancer sends ahead of a connection's own bytes, read from bytes alone. */

import { IN6_ADDR_SIZE, IN_ADDR_SIZE, normalAddress, readAddress } from "../../ffi/sockaddr.ts";
import { showBytes } from "./show_bytes.ts";

/**
 * What a balancer says of a connection in front of its first byte.
 *
 * @category Serving
 */
export interface ProxyHeader {
  /** The version of the protocol. */
  readonly version: 1 | 2;
  /**
   * The client's address. Absent where the header names none: LOCAL and UNKNOWN, which are the balancer's own health checks,
   * and clients that came by something else than TCP.
   */
  readonly source?: Deno.NetAddr;
  /** The address that the client has connected to; there where `source` is. */
  readonly destination?: Deno.NetAddr;
  /** The protocol of the application that was negotiated with TLS, such as "h2": PP2_TYPE_ALPN. */
  readonly alpn?: string;
  /** The name of the host that the client asked for, as by SNI: PP2_TYPE_AUTHORITY. */
  readonly authority?: string;
  /** The balancer's own name for the connection: PP2_TYPE_UNIQUE_ID. */
  readonly uniqueId?: Uint8Array;
  /** The name of the network namespace: PP2_TYPE_NETNS. */
  readonly netns?: string;
  /** What the balancer says of the client's TLS: PP2_TYPE_SSL. */
  readonly tls?: ProxyTls;
  /** Everything that came with the addresses, as it came: those above, and those of one vendor. Version 2 alone has any. */
  readonly tlvs: readonly ProxyTlv[];
}

/**
 * One value of a header: type, length, value.
 *
 * @category Serving
 */
export interface ProxyTlv {
  /** Its type; from 0xE0 on they are the vendors' own, such as AWS's 0xEA. */
  readonly type: number;
  /** Its bytes. */
  readonly value: Uint8Array;
}

/**
 * What a balancer says of its client's TLS.
 *
 * @category Serving
 */
export interface ProxyTls {
  /** Whether the client has connected by TLS. */
  readonly encrypted: boolean;
  /** Whether it has shown a certificate, on this connection or earlier in its session. */
  readonly certified: boolean;
  /** Whether the balancer has found that certificate good; without one, `true` says nothing. */
  readonly verified: boolean;
  /** Such as "TLSv1.3". */
  readonly version?: string;
  /** The common name of the client's certificate. */
  readonly commonName?: string;
  /** Such as "TLS_AES_256_GCM_SHA384". */
  readonly cipher?: string;
  /** By which the balancer's certificate is signed, such as "SHA256". */
  readonly signatureAlgorithm?: string;
  /** Of the balancer's key, such as "RSA2048". */
  readonly keyAlgorithm?: string;
  /** The client's certificate, in DER. */
  readonly certificate?: Uint8Array;
}

/** Why a connection has no header that counts, under the codes that `stats().errors` has. */
export type ProxyFailure =
  | "PROXY_MISSING"
  | "PROXY_MALFORMED"
  | "PROXY_TOO_LONG"
  | "PROXY_TOO_SLOW"
  | "PROXY_NOT_ALLOWED";

/** A connection has no header that counts. */
export class ProxyProtocolError extends Error {
  /** Always "ProxyProtocolError". */
  override readonly name = "ProxyProtocolError";

  constructor(readonly code: ProxyFailure, message: string) {
    super(message);
  }
}

/** What a header of version 1 begins with, and one of version 2. */
const LINE = new TextEncoder().encode("PROXY ");
const SIGNATURE = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10);

/** The shortest header is "PROXY UNKNOWN\r\n"; what a version 2 header has before its addresses is one byte longer. */
const SHORTEST = 15;
const FIXED = 16;
/** The longest line with its end; the longest header of version 2 that is taken, as HAProxy's buffers have it. */
const LONGEST_LINE = 107;
const LONGEST = 16 * 1024;

const CR = 13;
const LF = 10;

/**
 * How many bytes belong to the header for certain, from the first on. The header is complete where they are all there, and
 * what is beyond them is the client's: who reads no more than this takes nothing of it.
 *
 * @param bytes What has arrived so far.
 * @throws {ProxyProtocolError} where it cannot become a header.
 */
export function headerSize(bytes: Uint8Array): number {
  if (startsLike(bytes, SIGNATURE)) {
    if (bytes.length < SHORTEST) return SHORTEST;
    if (bytes.length < FIXED) return FIXED;
    const size = FIXED + (bytes[14]! << 8 | bytes[15]!);
    if (size <= LONGEST) return size;
    throw tooLong(`${size} bytes, of at most ${LONGEST}`);
  }
  if (!startsLike(bytes, LINE)) {
    throw new ProxyProtocolError("PROXY_MISSING", `it begins with ${showBytes(bytes)}`);
  }
  if (bytes.length < SHORTEST) return SHORTEST;
  const end = bytes.indexOf(LF);
  const size = end >= 0 ? end + 1 : bytes.length + (bytes.at(-1) === CR ? 1 : 2);
  if (size <= LONGEST_LINE) return size;
  throw tooLong(`a line of more than ${LONGEST_LINE} bytes`);
}

/** Whether bytes are the beginning of some others, as far as they are there. */
function startsLike(bytes: Uint8Array, beginning: Uint8Array): boolean {
  const length = Math.min(bytes.length, beginning.length);
  for (let i = 0; i < length; i++) {
    if (bytes[i] !== beginning[i]) return false;
  }
  return true;
}

function tooLong(what: string): ProxyProtocolError {
  return new ProxyProtocolError("PROXY_TOO_LONG", `it is too long: ${what}`);
}

function malformed(what: string): ProxyProtocolError {
  return new ProxyProtocolError("PROXY_MALFORMED", `it is malformed: ${what}`);
}

/**
 * Reads a header.
 *
 * @param bytes The whole header, and no more: {@linkcode headerSize}.
 * @throws {ProxyProtocolError} where it is malformed.
 */
export function parseProxyHeader(bytes: Uint8Array<ArrayBuffer>): ProxyHeader {
  return bytes[0] === CR ? parseBinary(bytes) : parseLine(bytes);
}

const LINE_FORM = /^PROXY TCP([46]) ([0-9a-fA-F.:]+) ([0-9a-fA-F.:]+) (\d{1,5}) (\d{1,5})\r\n$/;

function parseLine(bytes: Uint8Array): ProxyHeader {
  const line = String.fromCharCode(...bytes);
  // what follows UNKNOWN is to be ignored
  if (/^PROXY UNKNOWN[ \r]/.test(line) && line.endsWith("\r\n")) return { version: 1, tlvs: [] };
  const [, family, from, to, fromPort, toPort] = LINE_FORM.exec(line) ?? [];
  const size = family === "4" ? IN_ADDR_SIZE : IN6_ADDR_SIZE;
  const source = address(normalAddress(from ?? "", size), fromPort);
  const destination = address(normalAddress(to ?? "", size), toPort);
  if (source === undefined || destination === undefined) throw malformed(showBytes(bytes));
  return { version: 1, source, destination, tlvs: [] };
}

/** `undefined` where it is none. */
function address(
  hostname: string | undefined,
  digits: string | undefined,
): Deno.NetAddr | undefined {
  const port = /^(0|[1-9]\d*)$/.test(digits ?? "") ? Number(digits) : Infinity;
  if (hostname === undefined || port > 65_535) return undefined;
  return { transport: "tcp", hostname, port };
}

/** The low half of the 13th byte, under the version 2. */
const LOCAL = 0x20;
const PROXY = 0x21;

/** The 14th byte: the address family, and below it the protocol; by it, how long the addresses are. */
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
const ADDRESSES: Readonly<Record<number, number>> = {
  0x00: 0, // UNSPEC
  [TCP_OVER_IPV4]: 12,
  0x12: 12, // UDP
  [TCP_OVER_IPV6]: 36,
  0x22: 36, // UDP
  0x31: 216, // AF_UNIX, a stream
  0x32: 216, // AF_UNIX, datagrams
};

function parseBinary(bytes: Uint8Array<ArrayBuffer>): ProxyHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const command = view.getUint8(12);
  const family = view.getUint8(13);
  if (command !== LOCAL && command !== PROXY) {
    throw malformed(`version and command ${hex(command)}`);
  }
  // what follows LOCAL is to be ignored, whatever it is, but for its length
  if (command === LOCAL) return { version: 2, tlvs: [] };
  const size = ADDRESSES[family];
  if (size === undefined) throw malformed(`address family and protocol ${hex(family)}`);
  if (FIXED + size > bytes.length) throw malformed(`${bytes.length - FIXED} bytes of addresses`);
  const tlvs = parseTlvs(bytes.subarray(FIXED + size), "the header");
  checkSum(bytes, tlvs);
  return { version: 2, ...readAddresses(view, family), ...known(tlvs), tlvs };
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}

function readAddresses(
  view: DataView,
  family: number,
): Pick<ProxyHeader, "source" | "destination"> | undefined {
  if (family !== TCP_OVER_IPV4 && family !== TCP_OVER_IPV6) return undefined;
  const size = family === TCP_OVER_IPV4 ? IN_ADDR_SIZE : IN6_ADDR_SIZE;
  const end = (n: 0 | 1): Deno.NetAddr => ({
    transport: "tcp",
    hostname: readAddress(
      new DataView(view.buffer, view.byteOffset + FIXED + n * size, size),
      size,
    ),
    port: view.getUint16(FIXED + 2 * size + 2 * n),
  });
  return { source: end(0), destination: end(1) };
}

/** The types of values. */
const TYPE = {
  alpn: 0x01,
  authority: 0x02,
  crc32c: 0x03,
  uniqueId: 0x05,
  tls: 0x20,
  tlsVersion: 0x21,
  tlsCommonName: 0x22,
  tlsCipher: 0x23,
  tlsSignatureAlgorithm: 0x24,
  tlsKeyAlgorithm: 0x25,
  tlsCertificate: 0x28,
  netns: 0x30,
} as const;

function parseTlvs(bytes: Uint8Array, of: string): ProxyTlv[] {
  const tlvs: ProxyTlv[] = [];
  for (let at = 0; at < bytes.length;) {
    const type = bytes[at]!;
    const start = at + 3;
    const end = start + (bytes[at + 1]! << 8 | bytes[at + 2]!);
    if (start > bytes.length || end > bytes.length) throw malformed(`${of} ends within a value`);
    tlvs.push({ type, value: bytes.slice(start, end) });
    at = end;
  }
  return tlvs;
}

/** The values that have a name. */
function known(tlvs: readonly ProxyTlv[]): Partial<ProxyHeader> {
  const find = finder(tlvs);
  const tls = find(TYPE.tls);
  return defined({
    alpn: text(find(TYPE.alpn)),
    authority: text(find(TYPE.authority)),
    uniqueId: find(TYPE.uniqueId),
    netns: text(find(TYPE.netns)),
    tls: tls && parseTls(tls),
  });
}

/** PP2_CLIENT_SSL, _CERT_CONN and _CERT_SESS, in the first byte. */
const ENCRYPTED = 1;
const CERTIFIED = 2 | 4;
/** `struct pp2_tlv_ssl` up to its values. */
const TLS_FIXED = 5;

function parseTls(bytes: Uint8Array): ProxyTls {
  if (bytes.length < TLS_FIXED) throw malformed(`${bytes.length} bytes of TLS`);
  const find = finder(parseTlvs(bytes.subarray(TLS_FIXED), "what it says of TLS"));
  return {
    encrypted: (bytes[0]! & ENCRYPTED) !== 0,
    certified: (bytes[0]! & CERTIFIED) !== 0,
    verified: bytes.subarray(1, TLS_FIXED).every((byte) => byte === 0),
    ...defined({
      version: text(find(TYPE.tlsVersion)),
      commonName: text(find(TYPE.tlsCommonName)),
      cipher: text(find(TYPE.tlsCipher)),
      signatureAlgorithm: text(find(TYPE.tlsSignatureAlgorithm)),
      keyAlgorithm: text(find(TYPE.tlsKeyAlgorithm)),
      certificate: find(TYPE.tlsCertificate),
    }),
  };
}

function finder(tlvs: readonly ProxyTlv[]): (type: number) => Uint8Array | undefined {
  return (wanted) => tlvs.find(({ type }) => type === wanted)?.value;
}

const decoder = new TextDecoder();

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && decoder.decode(bytes);
}

/** An object without what is not there. */
function defined<T extends object>(fields: T): { [Name in keyof T]?: NonNullable<T[Name]> } {
  const there = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(there) as { [Name in keyof T]?: NonNullable<T[Name]> };
}

/** Checks the sum of a header that has one: who can must. */
function checkSum(header: Uint8Array, tlvs: readonly ProxyTlv[]): void {
  const sum = finder(tlvs)(TYPE.crc32c);
  if (sum === undefined) return;
  if (sum.length !== 4) throw malformed(`a checksum of ${sum.length} bytes`);
  // the sum is that of the header with zeros in its place
  const zeroed = header.slice();
  let at = header.length;
  for (const { type, value } of tlvs.toReversed()) {
    at -= value.length;
    if (type === TYPE.crc32c) zeroed.fill(0, at, at + value.length);
    at -= 3;
  }
  const expected = new DataView(sum.buffer, sum.byteOffset).getUint32(0);
  if (crc32c(zeroed) !== expected) throw malformed("its checksum is wrong");
}

/** The polynomial of CRC32C, RFC 3720 appendix B.4, reversed. */
const POLYNOMIAL = 0x82f63b78;

/** CRC32C, bit by bit: a header is short, and few have a sum. */
export function crc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  }
  return ~crc >>> 0;
}
