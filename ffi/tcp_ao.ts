/**
 * Codecs of the TCP Authentication Option: linux/tcp.h, RFC 5925, the kernel's networking/tcp_ao document.
 *
 * @module
 */

import {
  asBytes,
  checkBytes,
  checkInteger,
  checkObject,
  type Codec,
  flagOf,
  LITTLE_ENDIAN,
  part,
  show,
  string,
} from "./codec.ts";
import type { AskedOption } from "./socket_option.ts";
import { IN6_ADDR_SIZE, readSockaddr, SOCKADDR_STORAGE, writeSockaddr } from "./sockaddr.ts";

/**
 * A key of a peer is known by its IDs: a "master key tuple" of RFC 5925 section 3.1.
 *
 * @category Signed segments
 */
export interface TcpAoKeyId {
  /** The peer. Its port counts for nothing. */
  addr: Deno.NetAddr;
  /** How many bits of the address count. Absent: all; of "0.0.0.0" and "::" none, which is every peer. */
  prefixLength?: number;
  /** SendID, which goes out with segments that are signed with it: 0 to 255. */
  sndid: number;
  /** RecvID, with which the peer's segments name it: 0 to 255. */
  rcvid: number;
  /** The index of the VRF device for which it counts. Absent: any. */
  ifindex?: number;
}

/**
 * A key that is added: `struct tcp_ao_add`.
 *
 * @category Signed segments
 */
export interface TcpAoKey extends TcpAoKeyId {
  /** The algorithm, as the kernel's crypto names it: "hmac(sha1)" and "cmac(aes128)" of RFC 5926, "hmac(sha256)". */
  algorithm: string;
  /** The secret, at most 80 bytes. */
  key: Uint8Array;
  /** How many bytes of each signature are sent. Absent: 12. */
  maclen?: number;
  /** Whether the signature leaves the other TCP options out. Absent: `false`. */
  excludeOptions?: boolean;
  /** Whether segments are signed with it from now on. Not on a listener. Absent: `false`. */
  current?: boolean;
  /** Whether the peer is asked to sign with it from now on. Not on a listener. Absent: `false`. */
  rnext?: boolean;
}

/**
 * A key that is removed: `struct tcp_ao_del`.
 *
 * @category Signed segments
 */
export interface TcpAoKeyRemoval extends TcpAoKeyId {
  /** The SendID of the key that takes its place where it is the current one. */
  currentKey?: number;
  /** The RecvID of the key that takes its place where the peer is asked to sign with it. */
  rnext?: number;
  /** Whether not to wait until nobody looks at it any more. Listeners only. Absent: `false`. */
  async?: boolean;
}

/**
 * What a socket is asked for its keys by: all, the one in use, the one that the peer is asked for, or one by its IDs.
 *
 * @category Signed segments
 */
export type TcpAoKeyQuestion = "all" | "current" | "rnext" | TcpAoKeyId;

/**
 * A key that a socket has: `struct tcp_ao_getsockopt`.
 *
 * @category Signed segments
 */
export interface TcpAoKeyState extends Required<Omit<TcpAoKey, "ifindex">> {
  /** The index of the VRF device for which it counts; absent where it counts for any. */
  ifindex?: number;
  /** How many segments it has verified. */
  good: bigint;
  /** How many segments have failed. */
  bad: bigint;
}

/**
 * How many segments were counted on a socket.
 *
 * @category Signed segments
 */
export interface TcpAoCounters {
  /** Verified. */
  good: bigint;
  /** Wrongly signed. */
  bad: bigint;
  /** Signed with a key that the socket does not have. */
  keyNotFound: bigint;
  /** Not signed, where a signature was due. */
  required: bigint;
  /** ICMP errors that were ignored. */
  droppedIcmp: bigint;
}

/**
 * The state of the TCP Authentication Option on a socket: `struct tcp_ao_info_opt`.
 *
 * @category Signed segments
 */
export interface TcpAoInfo {
  /** The SendID of the key that signs. Set: changes to it; absent leaves it. */
  currentKey?: number;
  /** The RecvID of the key that the peer is asked for. Set: changes to it; absent leaves it. */
  rnext?: number;
  /** Whether connections that are not signed are refused. */
  required: boolean;
  /** Whether ICMP errors are believed. */
  acceptIcmps: boolean;
  /** Read, how many segments there were. Set, what they are counted on from; absent leaves them. */
  counters?: TcpAoCounters;
}

/**
 * The sequence numbers of a connection that is being restored: `struct tcp_ao_repair`.
 *
 * @category Restored connections
 */
export interface TcpAoRepair {
  /** The first sequence number that was sent. */
  sntIsn: number;
  /** The first sequence number that was received. */
  rcvIsn: number;
  /** The upper half of the sequence number that is sent: how often the lower one has wrapped. */
  sndSne: number;
  /** The same of what is received. */
  rcvSne: number;
}

const KEY_FIELDS = ["addr", "prefixLength", "sndid", "rcvid", "ifindex"] as const;

/** TCP_AO_MAXKEYLEN. */
const LONGEST_KEY = 80;
const algorithmName = string(64);

/** TCP_AO_KEYF_IFINDEX. */
const KEYF_IFINDEX = 1;
/** TCP_AO_KEYF_EXCLUDE_OPT. */
const KEYF_EXCLUDE_OPT = 2;

/** Where the fields of a key's identity are, which each structure has elsewhere. */
interface KeyIdOffsets {
  readonly ifindex: number;
  readonly prefix: number;
  readonly sndid: number;
  readonly rcvid: number;
  readonly keyflags: number;
}

function writeKeyId(value: TcpAoKeyId, into: DataView, at: KeyIdOffsets): void {
  const { addr, prefixLength, sndid, rcvid, ifindex } = value;
  // a port that is not 0 is refused
  writeSockaddr({ ...addr, port: 0 }, part(into, 0, SOCKADDR_STORAGE), "addr");
  if (prefixLength !== undefined) {
    checkInteger(prefixLength, 0, 128, "prefixLength to be a whole number");
  }
  checkInteger(sndid, 0, 255, "sndid to be a whole number");
  checkInteger(rcvid, 0, 255, "rcvid to be a whole number");
  if (ifindex !== undefined) {
    checkInteger(ifindex, 0, 2 ** 31 - 1, "ifindex to be a whole number");
  }
  into.setInt32(at.ifindex, ifindex ?? 0, LITTLE_ENDIAN);
  into.setUint8(at.prefix, prefixLength ?? wholePrefix(addr.hostname, into));
  into.setUint8(at.sndid, sndid);
  into.setUint8(at.rcvid, rcvid);
  into.setUint8(at.keyflags, ifindex === undefined ? 0 : KEYF_IFINDEX);
}

function readKeyId(from: DataView, at: KeyIdOffsets): TcpAoKeyId & { prefixLength: number } {
  const hasIfindex = (from.getUint8(at.keyflags) & KEYF_IFINDEX) !== 0;
  return {
    addr: readSockaddr(part(from, 0, SOCKADDR_STORAGE), "tcp") as Deno.NetAddr,
    prefixLength: from.getUint8(at.prefix),
    sndid: from.getUint8(at.sndid),
    rcvid: from.getUint8(at.rcvid),
    ...hasIfindex && { ifindex: from.getInt32(at.ifindex, LITTLE_ENDIAN) },
  };
}

/** `offsetof(struct sockaddr_in6, sin6_addr)`. */
const SIN6_ADDR = 8;

/** How many bits an address has that was written; an IPv4-mapped one counts as IPv4, "any" has none. */
function wholePrefix(hostname: string, sockaddr: DataView): number {
  const isIpv6 = hostname.includes(":");
  const address = isIpv6
    ? asBytes(part(sockaddr, SIN6_ADDR, IN6_ADDR_SIZE))
    : asBytes(part(sockaddr, 4, 4));
  if (address.every((byte) => byte === 0)) return 0;
  const isMapped = address.subarray(0, 10).every((byte) => byte === 0) &&
    address[10] === 0xff && address[11] === 0xff;
  return isIpv6 && !isMapped ? 128 : 32;
}

function writeKey(key: Uint8Array, keylen: number, into: DataView, at: number): void {
  checkBytes(key, LONGEST_KEY);
  into.setUint8(keylen, key.length);
  asBytes(part(into, at, LONGEST_KEY)).set(key);
}

/** An ID that is set where it is there: a flag says so. */
function writeId(
  id: number | undefined,
  what: string,
  into: DataView,
  at: number,
  flag: number,
): number {
  if (id === undefined) return 0;
  checkInteger(id, 0, 255, `${what} to be a whole number`);
  into.setUint8(at, id);
  return flag;
}

const ADD: KeyIdOffsets = { ifindex: 192, prefix: 202, sndid: 203, rcvid: 204, keyflags: 206 };

/** `struct tcp_ao_add`: linux/tcp.h. */
export const tcpAoAdd: Codec<TcpAoKey> = {
  size: 288,
  encode(value, into) {
    checkObject(value, [
      ...KEY_FIELDS,
      "algorithm",
      "key",
      "maclen",
      "excludeOptions",
      "current",
      "rnext",
    ]);
    writeKeyId(value, into, ADD);
    algorithmName.encode(value.algorithm, part(into, 128, 64)); // alg_name
    const set = flagOf(value.current, "current", 1) | flagOf(value.rnext, "rnext", 2);
    into.setUint32(196, set, LITTLE_ENDIAN); // set_current, set_rnext
    checkInteger(value.maclen ?? 0, 0, 255, "maclen to be a number of bytes");
    into.setUint8(205, value.maclen ?? 0); // maclen
    const exclude = flagOf(value.excludeOptions, "excludeOptions", KEYF_EXCLUDE_OPT);
    into.setUint8(206, into.getUint8(206) | exclude); // keyflags
    writeKey(value.key, 207, into, 208); // keylen, key
    return 288;
  },
  decode() {
    throw new TypeError("TCP_AO_ADD_KEY can only be written");
  },
};

const DELETE: KeyIdOffsets = { ifindex: 128, prefix: 138, sndid: 139, rcvid: 140, keyflags: 143 };

/** `struct tcp_ao_del`: linux/tcp.h. */
export const tcpAoDelete: Codec<TcpAoKeyRemoval> = {
  size: 144,
  encode(value, into) {
    checkObject(value, [...KEY_FIELDS, "currentKey", "rnext", "async"]);
    writeKeyId(value, into, DELETE);
    const set = writeId(value.currentKey, "currentKey", into, 141, 1) | // set_current, current_key
      writeId(value.rnext, "rnext", into, 142, 2) | // set_rnext, rnext
      flagOf(value.async, "async", 4); // del_async
    into.setUint32(132, set, LITTLE_ENDIAN);
    return 144;
  },
  decode() {
    throw new TypeError("TCP_AO_DEL_KEY can only be written");
  },
};

const COUNTERS = ["good", "bad", "keyNotFound", "required", "droppedIcmp"] as const;

/** `struct tcp_ao_info_opt`: linux/tcp.h. */
export const tcpAoInfo: Codec<TcpAoInfo> = {
  size: 48,
  encode(value, into) {
    checkObject(value, ["currentKey", "rnext", "required", "acceptIcmps", "counters"]);
    const { counters } = value;
    let set = writeId(value.currentKey, "currentKey", into, 6, 1) | // set_current, current_key
      writeId(value.rnext, "rnext", into, 7, 2) | // set_rnext, rnext
      flagOf(value.required, "required", 4) | // ao_required
      flagOf(value.acceptIcmps, "acceptIcmps", 16); // accept_icmps
    if (counters !== undefined) {
      checkObject(counters, COUNTERS);
      set |= 8; // set_counters
      COUNTERS.forEach((name, i) => {
        const count = counters[name];
        if (typeof count !== "bigint" || count < 0n || count >= 1n << 64n) {
          throw new TypeError(`expected counters.${name} to be a bigint of 64 bits`);
        }
        into.setBigUint64(8 + 8 * i, count, LITTLE_ENDIAN); // pkt_good and so on
      });
    }
    into.setUint32(0, set, LITTLE_ENDIAN);
    return 48;
  },
  decode(from) {
    const set = from.getUint32(0, LITTLE_ENDIAN);
    return {
      ...(set & 1) !== 0 && { currentKey: from.getUint8(6) },
      ...(set & 2) !== 0 && { rnext: from.getUint8(7) },
      required: (set & 4) !== 0,
      acceptIcmps: (set & 16) !== 0,
      counters: Object.fromEntries(
        COUNTERS.map((name, i) => [name, from.getBigUint64(8 + 8 * i, LITTLE_ENDIAN)]),
      ) as unknown as TcpAoCounters,
    };
  },
};

/** `struct tcp_ao_repair`: linux/tcp.h. */
export const tcpAoRepair: Codec<TcpAoRepair> = {
  size: 16,
  encode(value, into) {
    const names = ["sntIsn", "rcvIsn", "sndSne", "rcvSne"] as const;
    checkObject(value, names);
    for (const name of names) {
      checkInteger(value[name], 0, 2 ** 32 - 1, `${name} to be a whole number`);
    }
    into.setUint32(0, value.sntIsn); // snt_isn, in network byte order
    into.setUint32(4, value.rcvIsn); // rcv_isn, in network byte order
    into.setUint32(8, value.sndSne, LITTLE_ENDIAN); // snd_sne
    into.setUint32(12, value.rcvSne, LITTLE_ENDIAN); // rcv_sne
    return 16;
  },
  decode: (from) => ({
    sntIsn: from.getUint32(0),
    rcvIsn: from.getUint32(4),
    sndSne: from.getUint32(8, LITTLE_ENDIAN),
    rcvSne: from.getUint32(12, LITTLE_ENDIAN),
  }),
};

const GET: KeyIdOffsets = { ifindex: 284, prefix: 280, sndid: 278, rcvid: 279, keyflags: 282 };

/** `sizeof(struct tcp_ao_getsockopt)`. */
const KEY_STATE = 304;

/** As many keys as a connection can have: their IDs have 8 bits. */
const MOST_KEYS = 256;

function readKeyState(from: DataView): TcpAoKeyState {
  const is = from.getUint16(276, LITTLE_ENDIAN); // is_current, is_rnext
  const { prefixLength, ...id } = readKeyId(from, GET);
  return {
    ...id,
    prefixLength,
    algorithm: algorithmName.decode(part(from, 128, 64)), // alg_name
    key: asBytes(part(from, 192, from.getUint8(283))).slice(), // keylen, key
    maclen: from.getUint8(281), // maclen
    excludeOptions: (from.getUint8(282) & KEYF_EXCLUDE_OPT) !== 0, // keyflags
    current: (is & 1) !== 0,
    rnext: (is & 2) !== 0,
    good: from.getBigUint64(288, LITTLE_ENDIAN), // pkt_good
    bad: from.getBigUint64(296, LITTLE_ENDIAN), // pkt_bad
  };
}

/** An array of `struct tcp_ao_getsockopt`, of which the first tells how many there are: linux/tcp.h. */
export const tcpAoKeys: Codec<readonly TcpAoKeyState[]> = {
  size: KEY_STATE * MOST_KEYS,
  encode() {
    throw new TypeError("TCP_AO_GET_KEYS can only be read");
  },
  decode(from) {
    const keys = from.getUint32(272, LITTLE_ENDIAN); // nkeys
    if (keys > MOST_KEYS) {
      throw new RangeError(`the socket has ${keys} keys, read are at most ${MOST_KEYS}`);
    }
    return Array.from(
      { length: keys },
      (_, i) => readKeyState(part(from, KEY_STATE * i, KEY_STATE)),
    );
  },
};

const QUESTIONS = new Map<unknown, number>([["current", 1], ["rnext", 2], ["all", 4]]);

/** What TCP_AO_GET_KEYS is read of: the first entry of the array says which keys, and for how many there is room. */
export const tcpAoKeysQuestion: AskedOption<unknown, TcpAoKeyQuestion>["question"] = {
  size: tcpAoKeys.size,
  fillsMemory: true,
  encode(value, into) {
    const which = QUESTIONS.get(value); // is_current, is_rnext, get_all
    if (which !== undefined) into.setUint16(276, which, LITTLE_ENDIAN);
    else if (typeof value === "string") {
      throw new TypeError(`expected "all", "current", "rnext" or a key's IDs, got ${show(value)}`);
    } else {
      checkObject(value, KEY_FIELDS);
      writeKeyId(value, into, GET);
    }
    into.setUint32(272, MOST_KEYS, LITTLE_ENDIAN); // nkeys
    return KEY_STATE;
  },
};
