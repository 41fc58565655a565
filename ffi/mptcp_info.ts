/** `struct mptcp_info`: what the kernel knows of a connection of Multipath TCP. linux/mptcp.h. */

import { type Codec, LITTLE_ENDIAN } from "./codec.ts";
import { type Field, layOut, readFields, type Width } from "./fields.ts";

/**
 * What the kernel knows of a connection of Multipath TCP. Fields that the running kernel does not return are
 * `undefined`; those without a version are in every kernel that has the option.
 *
 * Source: linux/mptcp.h, RFC 8684.
 *
 * @category Diagnosis
 */
export interface MptcpInfo {
  /** Whether the connection has fallen back to plain TCP. */
  fallback: boolean;
  /** Whether the peer's key has arrived. */
  remoteKeyReceived: boolean;
  /** Paths beside the first one. */
  subflows: number;
  /** Addresses that were announced to the peer. */
  addAddrSignal: number;
  /** Addresses that the peer has announced and that were taken. */
  addAddrAccepted: number;
  /** The most paths beside the first one. */
  subflowsMax: number;
  /** The most addresses that are announced. */
  addAddrSignalMax: number;
  /** The most addresses of the peer that are taken. */
  addAddrAcceptedMax: number;
  /** The connection's number on this machine. */
  token: number;
  /** The sequence number of the next byte to be written. */
  writeSeq: bigint;
  /** The first sequence number that is not acknowledged. */
  sndUna: bigint;
  /** The sequence number that is expected next. */
  rcvNxt: bigint;
  /** Own addresses in use. */
  localAddrUsed?: number | undefined;
  /** The most of them. */
  localAddrMax?: number | undefined;
  /** 1 where data carries checksums. */
  csumEnabled?: number | undefined;
  /** Retransmissions from one path to another. Linux 6.5. */
  retransmits?: number | undefined;
  /** Bytes that were. Linux 6.5. */
  bytesRetrans?: bigint | undefined;
  /** Bytes sent. Linux 6.5. */
  bytesSent?: bigint | undefined;
  /** Bytes received. Linux 6.5. */
  bytesReceived?: bigint | undefined;
  /** Bytes that the peer has acknowledged. Linux 6.5. */
  bytesAcked?: bigint | undefined;
  /** All paths, the first one included. */
  subflowsTotal?: number | undefined;
  /** The most endpoints of kind laminar. */
  endpLaminarMax?: number | undefined;
  /** The most endpoints of kind fullmesh. */
  endpFullmeshMax?: number | undefined;
  /** Milliseconds since data was last sent. */
  lastDataSent?: number | undefined;
  /** Milliseconds since data last arrived. */
  lastDataRecv?: number | undefined;
  /** Milliseconds since an acknowledgement last arrived. */
  lastAckRecv?: number | undefined;
}

const FIELDS = [
  ["subflows", "u8"],
  ["addAddrSignal", "u8"],
  ["addAddrAccepted", "u8"],
  ["subflowsMax", "u8"],
  ["addAddrSignalMax", "u8"],
  ["addAddrAcceptedMax", "u8"],
  ["flags", "u32"],
  ["token", "u32"],
  ["writeSeq", "u64"],
  ["sndUna", "u64"],
  ["rcvNxt", "u64"],
  ["localAddrUsed", "u8"],
  ["localAddrMax", "u8"],
  ["csumEnabled", "u8"],
  ["retransmits", "u32"],
  ["bytesRetrans", "u64"],
  ["bytesSent", "u64"],
  ["bytesReceived", "u64"],
  ["bytesAcked", "u64"],
  ["subflowsTotal", "u8"],
  ["endpLaminarMax", "u8"],
  ["endpFullmeshMax", "u8"],
  ["lastDataSent", "u32"],
  ["lastDataRecv", "u32"],
  ["lastAckRecv", "u32"],
] as const satisfies readonly (readonly [keyof MptcpInfo | "flags", Width])[];

/** Each field of `struct mptcp_info`. */
export const MPTCP_INFO_LAYOUT: readonly Field<typeof FIELDS[number][0]>[] = layOut(FIELDS, 0);

/** What every kernel with the option returns: up to mptcpi_rcv_nxt. */
const LEAST = 40;

/** Decodes as much of `struct mptcp_info` as the kernel returned. */
export const mptcpInfo: Codec<MptcpInfo> = {
  size: 96,
  encode() {
    throw new TypeError("MPTCP_INFO can only be read");
  },
  decode(from) {
    if (from.byteLength < LEAST) throw new RangeError(`MPTCP_INFO has ${LEAST} bytes and more`);
    const flags = from.getUint32(8, LITTLE_ENDIAN);
    const { flags: _, ...fields } = readFields(MPTCP_INFO_LAYOUT, from);
    return {
      fallback: (flags & 1) !== 0, // MPTCP_INFO_FLAG_FALLBACK
      remoteKeyReceived: (flags & 2) !== 0, // MPTCP_INFO_FLAG_REMOTE_KEY_RECEIVED
      ...fields,
    } as MptcpInfo;
  },
};
