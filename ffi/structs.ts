/**
 * Codecs of options of sockets and of TCP whose value is a C structure; those of IP are in ip_structs.ts.
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
  flags,
  list,
  LITTLE_ENDIAN,
  oneOf,
  part,
  show,
} from "./codec.ts";
import { readSockaddr, SOCKADDR_STORAGE, writeSockaddr } from "./sockaddr.ts";

/**
 * How close(2) treats data that was not sent yet: wait so many seconds for it, or not at all.
 *
 * @category Time-outs
 */
export type Linger = number | false;

/** `struct linger` as seconds, or `false` for off. */
export const linger: Codec<Linger> = {
  size: 8,
  encode(value, into) {
    if (value !== false) checkInteger(value, 0, 2 ** 31 - 1, "false or a whole number of seconds");
    into.setInt32(0, value === false ? 0 : 1, LITTLE_ENDIAN); // l_onoff
    into.setInt32(4, value === false ? 0 : value, LITTLE_ENDIAN); // l_linger
    return 8;
  },
  decode: (from) => from.getInt32(0, LITTLE_ENDIAN) !== 0 && from.getInt32(4, LITTLE_ENDIAN),
  parse(text) {
    if (text === "off") return false;
    const seconds = /^(?:on,)?(\d+)$/.exec(text)?.[1];
    if (seconds !== undefined) return Number(seconds);
    throw new TypeError(`expected off, or on and seconds such as on,3, got ${show(text)}`);
  },
};

/** `struct timeval` as milliseconds, rounded to whole microseconds. 0: no limit. */
export const timeval: Codec<number> = {
  size: 16,
  encode(value, into) {
    if (typeof value !== "number") {
      throw new TypeError(`expected a number of milliseconds, got ${show(value)}`);
    }
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`expected a number of milliseconds of at least 0, got ${value}`);
    }
    let microseconds = BigInt(Math.floor(value / 1000)) * 1_000_000n +
      BigInt(Math.round((value % 1000) * 1000));
    if (microseconds === 0n && value > 0) microseconds = 1n; // 0 is no limit
    into.setBigInt64(0, microseconds / 1_000_000n, LITTLE_ENDIAN); // tv_sec
    into.setBigInt64(8, microseconds % 1_000_000n, LITTLE_ENDIAN); // tv_usec
    return 16;
  },
  decode: (from) =>
    Number(from.getBigInt64(0, LITTLE_ENDIAN)) * 1000 +
    from.getInt32(8, LITTLE_ENDIAN) / 1000,
  parse(text) {
    if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
    throw new TypeError(`expected a number of milliseconds, got ${show(text)}`);
  },
};

/** A structure of 32-bit numbers, as its fields in order. */
function words<Name extends string>(
  ...names: readonly Name[]
): Codec<Record<Name, number>> {
  return {
    size: 4 * names.length,
    encode(value, into) {
      checkObject(value, names);
      names.forEach((name, i) => {
        checkInteger(value[name], 0, 2 ** 32 - 1, `${name} to be a whole number`);
        into.setUint32(4 * i, value[name], LITTLE_ENDIAN);
      });
      return 4 * names.length;
    },
    decode(from) {
      const present = names.filter((_, i) => 4 * i + 4 <= from.byteLength);
      const fields = present.map((name, i) => [name, from.getUint32(4 * i, LITTLE_ENDIAN)]);
      return Object.fromEntries(fields);
    },
  };
}

/**
 * Who a process is, as the kernel vouches for it: `struct ucred`.
 *
 * @category Unix sockets
 */
export interface Ucred {
  /** Process ID; 0 if it is not in this process's PID namespace. */
  pid: number;
  /** User ID; 4294967295 if there is no peer. */
  uid: number;
  /** Group ID; 4294967295 if there is no peer. */
  gid: number;
}

/** `struct ucred`. */
export const ucred: Codec<Ucred> = words("pid", "uid", "gid");

/**
 * The memory that a socket uses, in bytes: the fields of SO_MEMINFO.
 *
 * @category Diagnosis
 */
export interface SocketMemory {
  /** Received data, with the kernel's bookkeeping. */
  rmemAlloc: number;
  /** The limit of it: SO_RCVBUF. */
  rcvbuf: number;
  /** Data to be sent that the device still holds, with the kernel's bookkeeping. */
  wmemAlloc: number;
  /** The limit of data to be sent: SO_SNDBUF. */
  sndbuf: number;
  /** Memory that is set aside and not in use. */
  fwdAlloc: number;
  /** Data queued to be sent, with the kernel's bookkeeping. */
  wmemQueued: number;
  /** Memory of options and filters. */
  optmem: number;
  /** Packets that wait while the socket is in use. */
  backlog: number;
  /** How many packets were dropped for lack of space: a count, not bytes. */
  drops: number;
}

/** The array of SO_MEMINFO: linux/sock_diag.h. */
export const socketMemory: Codec<SocketMemory> = words(
  "rmemAlloc",
  "rcvbuf",
  "wmemAlloc",
  "sndbuf",
  "fwdAlloc",
  "wmemQueued",
  "optmem",
  "backlog",
  "drops",
);

/**
 * The window of a connection that is being restored: `struct tcp_repair_window`.
 *
 * @category Restored connections
 */
export interface RepairWindow {
  /** The segment that last updated the send window. */
  sndWl1: number;
  /** The peer's window. */
  sndWnd: number;
  /** The largest window that the peer has offered. */
  maxWindow: number;
  /** The own window. */
  rcvWnd: number;
  /** Up to where it was last offered. */
  rcvWup: number;
}

/** `struct tcp_repair_window`. */
export const repairWindow: Codec<RepairWindow> = words(
  "sndWl1",
  "sndWnd",
  "maxWindow",
  "rcvWnd",
  "rcvWup",
);

/**
 * A TCP option of a connection that is being restored: `struct tcp_repair_opt`.
 *
 * @category Restored connections
 */
export interface RepairOption {
  /** Its kind, as on the wire: 2 segment size, 3 window scale, 4 SACK permitted, 8 timestamps. */
  code: number;
  /** Its value; of the window scale, the own one in the upper 16 bits and the peer's in the lower. */
  value: number;
}

/** An array of `struct tcp_repair_opt`. */
export const repairOptions: Codec<readonly RepairOption[]> = list(words("code", "value"), 16);

/**
 * The clocks by which packets can be scheduled: clock_gettime(2).
 *
 * @category Congestion control
 */
export type Clock = "realtime" | "monotonic" | "tai";

const CLOCKS: Record<Clock, number> = { realtime: 0, monotonic: 1, tai: 11 };

/**
 * How packets are sent at a time of their own: `struct sock_txtime`.
 *
 * @category Congestion control
 */
export interface TxTime {
  /** The clock that the times refer to. */
  clock: Clock;
  /** Whether a packet's time is a deadline. */
  deadline: boolean;
  /** Whether packets that were dropped are reported on the error queue. */
  reportErrors: boolean;
}

/** `struct sock_txtime`: linux/net_tstamp.h. */
export const txTime: Codec<TxTime> = {
  size: 8,
  encode(value, into) {
    checkObject(value, ["clock", "deadline", "reportErrors"]);
    if (!Object.hasOwn(CLOCKS, value.clock)) {
      throw new TypeError(`expected clock to be one of ${oneOf(CLOCKS)}, got ${show(value.clock)}`);
    }
    into.setInt32(0, CLOCKS[value.clock], LITTLE_ENDIAN); // clockid
    const bits = flagOf(value.deadline, "deadline", 1) |
      flagOf(value.reportErrors, "reportErrors", 2);
    into.setUint32(4, bits, LITTLE_ENDIAN); // flags
    return 8;
  },
  decode(from) {
    const clockid = from.getInt32(0, LITTLE_ENDIAN);
    const bits = from.getUint32(4, LITTLE_ENDIAN);
    return {
      clock: (Object.keys(CLOCKS) as Clock[]).find((name) => CLOCKS[name] === clockid) ??
        "realtime",
      deadline: (bits & 1) !== 0,
      reportErrors: (bits & 2) !== 0,
    };
  },
};

/**
 * What SO_TIMESTAMPING can be asked for: the kernel's timestamping document.
 *
 * @category Control messages
 */
export type TimestampingFlag =
  | "txHardware"
  | "txSoftware"
  | "rxHardware"
  | "rxSoftware"
  | "software"
  | "sysHardware"
  | "rawHardware"
  | "optId"
  | "txSched"
  | "txAck"
  | "optCmsg"
  | "optTsonly"
  | "optStats"
  | "optPktinfo"
  | "optTxSwhw"
  | "bindPhc"
  | "optIdTcp"
  | "optRxFilter"
  | "txCompletion";

const TIMESTAMPING: Record<TimestampingFlag, number> = {
  txHardware: 1 << 0,
  txSoftware: 1 << 1,
  rxHardware: 1 << 2,
  rxSoftware: 1 << 3,
  software: 1 << 4,
  sysHardware: 1 << 5,
  rawHardware: 1 << 6,
  optId: 1 << 7,
  txSched: 1 << 8,
  txAck: 1 << 9,
  optCmsg: 1 << 10,
  optTsonly: 1 << 11,
  optStats: 1 << 12,
  optPktinfo: 1 << 13,
  optTxSwhw: 1 << 14,
  bindPhc: 1 << 15,
  optIdTcp: 1 << 16,
  optRxFilter: 1 << 17,
  txCompletion: 1 << 18,
};

const timestampingFlags = flags(TIMESTAMPING);

/**
 * Which timestamps are made and reported: `struct so_timestamping`.
 *
 * @category Control messages
 */
export interface Timestamping {
  /** What is made and reported. */
  flags: readonly TimestampingFlag[];
  /** The hardware clock that is meant, where `flags` has "bindPhc"; otherwise 0. */
  phc: number;
}

/** `struct so_timestamping`: linux/net_tstamp.h. */
export const timestamping: Codec<Timestamping> = {
  size: 8,
  encode(value, into) {
    checkObject(value, ["flags", "phc"]);
    checkInteger(value.phc, 0, 2 ** 31 - 1, "phc to be a whole number");
    timestampingFlags.encode(value.flags, into); // flags
    into.setInt32(4, value.phc, LITTLE_ENDIAN); // bind_phc
    return 8;
  },
  decode: (from) => ({
    flags: timestampingFlags.decode(from),
    phc: from.byteLength >= 8 ? from.getInt32(4, LITTLE_ENDIAN) : 0,
  }),
};

/**
 * What congestion control tells of itself: `union tcp_cc_info`.
 *
 * @category Diagnosis
 */
export type CongestionInfo =
  | {
    /** BBR. */
    kind: "bbr";
    /** The bandwidth that it estimates, in bytes per second. */
    bandwidth: bigint;
    /** The shortest round-trip time, in microseconds. */
    minRtt: number;
    /** How much faster than the bandwidth it sends, times 256. */
    pacingGain: number;
    /** How much more than the path holds may be on its way, times 256. */
    cwndGain: number;
  }
  | {
    /** Another algorithm; those that tell nothing, such as cubic, have no bytes. */
    kind: "other";
    /** What it tells, in a layout of its own: linux/inet_diag.h. */
    bytes: Uint8Array;
  };

/** `sizeof(struct tcp_bbr_info)`, which no other algorithm's structure has. */
const BBR_INFO = 20;

/** `union tcp_cc_info`: linux/inet_diag.h. */
export const congestionInfo: Codec<CongestionInfo> = {
  size: 64,
  encode() {
    throw new TypeError("TCP_CC_INFO can only be read");
  },
  decode(from) {
    if (from.byteLength !== BBR_INFO) return { kind: "other", bytes: asBytes(from).slice() };
    return {
      kind: "bbr",
      bandwidth: from.getBigUint64(0, LITTLE_ENDIAN), // bbr_bw_lo, bbr_bw_hi
      minRtt: from.getUint32(8, LITTLE_ENDIAN), // bbr_min_rtt
      pacingGain: from.getUint32(12, LITTLE_ENDIAN), // bbr_pacing_gain
      cwndGain: from.getUint32(16, LITTLE_ENDIAN), // bbr_cwnd_gain
    };
  },
};

/**
 * The key with which the segments of a connection are signed: RFC 2385.
 *
 * @category Signed segments
 */
export interface Md5Signature {
  /** The peer. Its port counts for nothing. */
  addr: Deno.NetAddr;
  /** The key, at most 80 bytes; none removes the key of this peer. */
  key: Uint8Array;
  /** How many bits of the address count. Only with TCP_MD5SIG_EXT. */
  prefixLength?: number;
  /** The index of the interface for which the key counts. Only with TCP_MD5SIG_EXT. */
  ifindex?: number;
}

const MD5SIG_KEY = 80;

/** `struct tcp_md5sig`: linux/tcp.h. */
export const md5Signature: Codec<Md5Signature> = {
  size: 216,
  encode(value, into) {
    checkObject(value, ["addr", "key", "prefixLength", "ifindex"]);
    const { addr, key, prefixLength, ifindex } = value;
    checkBytes(key, MD5SIG_KEY);
    writeSockaddr(addr, part(into, 0, SOCKADDR_STORAGE), "addr"); // tcpm_addr
    if (prefixLength !== undefined) {
      checkInteger(prefixLength, 0, 128, "prefixLength to be a whole number");
    }
    if (ifindex !== undefined) {
      checkInteger(ifindex, 0, 2 ** 31 - 1, "ifindex to be a whole number");
    }
    const flags = (prefixLength === undefined ? 0 : 1) | (ifindex === undefined ? 0 : 2);
    into.setUint8(128, flags); // tcpm_flags: TCP_MD5SIG_FLAG_PREFIX, TCP_MD5SIG_FLAG_IFINDEX
    into.setUint8(129, prefixLength ?? 0); // tcpm_prefixlen
    into.setUint16(130, key.length, LITTLE_ENDIAN); // tcpm_keylen
    into.setInt32(132, ifindex ?? 0, LITTLE_ENDIAN); // tcpm_ifindex
    asBytes(part(into, 136, MD5SIG_KEY)).set(key); // tcpm_key
    return 216;
  },
  decode() {
    throw new TypeError("TCP_MD5SIG can only be written");
  },
};

/** `struct sockaddr_storage` as Deno writes addresses. */
export const sockaddr: Codec<Deno.Addr> = {
  size: SOCKADDR_STORAGE,
  encode(value, into) {
    writeSockaddr(value, into);
    return SOCKADDR_STORAGE;
  },
  decode: (from) => readSockaddr(from, "tcp"),
};

/** `struct sockaddr_in6` or `struct sockaddr_in`, each of its exact size. */
export const internetSockaddr: Codec<Deno.Addr> = { ...sockaddr, exactSizes: [28, 16] };
