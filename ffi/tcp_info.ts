/**
 * `struct tcp_info`: what the kernel knows of a TCP socket. linux/tcp.h.
 *
 * @module
 */

import { type Codec, LITTLE_ENDIAN } from "./codec.ts";
import { type Field, layOut, readFields, type Width } from "./fields.ts";
import { linuxRelease } from "./kernel_release.ts";

/**
 * The states of a connection: RFC 9293 section 3.3.2.
 *
 * @category Diagnosis
 */
export type TcpState =
  | "established"
  | "syn-sent"
  | "syn-recv"
  | "fin-wait-1"
  | "fin-wait-2"
  | "time-wait"
  | "close"
  | "close-wait"
  | "last-ack"
  | "listen"
  | "closing"
  | "new-syn-recv";

/**
 * The states of congestion control: what it makes of the losses it sees.
 *
 * @category Diagnosis
 */
export type CongestionState = "open" | "disorder" | "cwr" | "recovery" | "loss";

/**
 * How the connection negotiated Explicit Congestion Notification.
 *
 * @category Diagnosis
 */
export type EcnMode = "disabled" | "rfc3168" | "accecn" | "pending";

/**
 * Why TCP Fast Open did not work for this client: RFC 7413.
 *
 * @category Diagnosis
 */
export type FastOpenFailure =
  | "none"
  | "cookie-unavailable"
  | "data-not-acked"
  | "syn-retransmitted";

/**
 * What was negotiated in the handshake, or seen since.
 *
 * @category Diagnosis
 */
export interface TcpInfoOptions {
  /** Timestamps are in use: RFC 7323. */
  timestamps: boolean;
  /** Selective acknowledgement is in use: RFC 2018. */
  sack: boolean;
  /** Windows are scaled: RFC 7323. */
  wscale: boolean;
  /** Explicit Congestion Notification was negotiated: RFC 3168. */
  ecn: boolean;
  /** At least one packet with an ECN-capable mark has arrived. */
  ecnSeen: boolean;
  /** Data travelled in the SYN and was acknowledged: TCP Fast Open, RFC 7413. */
  synData: boolean;
  /** The kernel's own timestamps of this connection count microseconds. Linux 6.7. */
  usecTs: boolean;
  /** The connection was accepted by way of TCP Fast Open. Linux 6.17. */
  tfoChild: boolean;
}

/**
 * What the kernel knows of a TCP socket. Every field is there that the newest kernel headers have; those
 * that the running kernel does not return are `undefined`. Fields without a version are in every kernel.
 *
 * Source: linux/tcp.h; RFC 4898 for the counters.
 *
 * @category Diagnosis
 */
export interface TcpInfo {
  /** The connection's state. */
  state: TcpState;
  /** What congestion control makes of the losses it sees. */
  caState: CongestionState;
  /** Timeouts in a row without an acknowledgement. */
  retransmits: number;
  /** Keep-alive or zero-window probes that were not answered. */
  probes: number;
  /** How often the retransmission timeout was doubled. */
  backoff: number;
  /** What was negotiated in the handshake, or seen since. */
  options: TcpInfoOptions;
  /** The peer's window scale: its windows count in units of 2 ** sndWscale bytes. */
  sndWscale: number;
  /** The own window scale. */
  rcvWscale: number;
  /** `deliveryRate` was held down by the application, which had nothing to send. Linux 4.9. */
  deliveryRateAppLimited: boolean;
  /** Why TCP Fast Open did not work for this client. Linux 5.5. */
  fastopenClientFail: FastOpenFailure;
  /** The retransmission timeout, in microseconds. */
  rto: number;
  /** The delayed acknowledgement's timeout, in microseconds. */
  ato: number;
  /** The segment size that is sent, in bytes, without headers. */
  sndMss: number;
  /** The segment size that is received, as estimated, in bytes. */
  rcvMss: number;
  /** Segments sent and not acknowledged. On a listener: the present length of the accept queue. */
  unacked: number;
  /** Segments acknowledged selectively. On a listener: the limit of the accept queue. */
  sacked: number;
  /** Segments taken for lost. */
  lost: number;
  /** Retransmitted segments that are on their way. */
  retrans: number;
  /** Kept for compatibility; 0 since Linux 4.15. */
  fackets: number;
  /** Milliseconds since data was last sent. */
  lastDataSent: number;
  /** Kept for compatibility; always 0. */
  lastAckSent: number;
  /** Milliseconds since data last arrived. */
  lastDataRecv: number;
  /** Milliseconds since an acknowledgement last arrived. */
  lastAckRecv: number;
  /** The path's MTU, in bytes. */
  pmtu: number;
  /** The limit to which the receive window grows at present, in bytes. */
  rcvSsthresh: number;
  /** The smoothed round-trip time, in microseconds. */
  rtt: number;
  /** How much the round-trip time varies, in microseconds. */
  rttvar: number;
  /** The slow start threshold, in segments. 2147483647: not met yet. */
  sndSsthresh: number;
  /** The congestion window, in segments. */
  sndCwnd: number;
  /** The segment size that was advertised to the peer, in bytes. */
  advmss: number;
  /** How many segments may overtake one another before a loss is assumed. */
  reordering: number;
  /** The receiver's estimate of the round-trip time, in microseconds; 0: none yet. */
  rcvRtt: number;
  /** The space that receive buffer tuning aims at, in bytes. */
  rcvSpace: number;
  /** Segments retransmitted over the life of the connection. */
  totalRetrans: number;
  /** The rate to which sending is spread out, in bytes per second. Linux 3.15. */
  pacingRate?: bigint | undefined;
  /** The most that pacing may reach (SO_MAX_PACING_RATE), in bytes per second. Linux 3.15. */
  maxPacingRate?: bigint | undefined;
  /** Bytes that the peer acknowledged. Linux 4.1. */
  bytesAcked?: bigint | undefined;
  /** Bytes that arrived in order, a FIN counting as one. Linux 4.1. */
  bytesReceived?: bigint | undefined;
  /** Segments sent, with those that carry no data. Linux 4.2. */
  segsOut?: number | undefined;
  /** Segments received, with those that carry no data. Linux 4.2. */
  segsIn?: number | undefined;
  /** Bytes written and not sent yet. Linux 4.6. */
  notsentBytes?: number | undefined;
  /** The shortest round-trip time seen lately, in microseconds. Linux 4.6. */
  minRtt?: number | undefined;
  /** Segments with data received. Linux 4.6. */
  dataSegsIn?: number | undefined;
  /** Segments with data sent. Linux 4.6. */
  dataSegsOut?: number | undefined;
  /** The rate at which data last reached the peer, in bytes per second. Linux 4.9. */
  deliveryRate?: bigint | undefined;
  /** Microseconds in which there was data to send. Linux 4.10. */
  busyTime?: bigint | undefined;
  /** Microseconds in which the peer's window held sending up. Linux 4.10. */
  rwndLimited?: bigint | undefined;
  /** Microseconds in which the send buffer held sending up. Linux 4.10. */
  sndbufLimited?: bigint | undefined;
  /** Segments with data that reached the peer, retransmitted ones included. Linux 4.18. */
  delivered?: number | undefined;
  /** Those of them that were marked as having met congestion. Linux 4.18. */
  deliveredCe?: number | undefined;
  /** Bytes of data sent, retransmitted ones included. Linux 4.19. */
  bytesSent?: bigint | undefined;
  /** Bytes of data retransmitted. Linux 4.19. */
  bytesRetrans?: bigint | undefined;
  /** Duplicates that the peer reported (RFC 3708). Linux 4.19. */
  dsackDups?: number | undefined;
  /** How often reordering was seen. Linux 4.19. */
  reordSeen?: number | undefined;
  /** Segments that arrived out of order. Linux 5.4. */
  rcvOoopack?: number | undefined;
  /** The peer's receive window, in bytes. Linux 5.4. */
  sndWnd?: number | undefined;
  /** The receive window offered to the peer, in bytes. Linux 6.2. */
  rcvWnd?: number | undefined;
  /** How often another path was tried after a timeout. Linux 6.2. */
  rehash?: number | undefined;
  /** Retransmission timeouts over the life of the connection. Linux 6.7. */
  totalRto?: number | undefined;
  /** Times that the connection recovered from timeouts. Linux 6.7. */
  totalRtoRecoveries?: number | undefined;
  /** Milliseconds spent in retransmission timeouts. Linux 6.7. */
  totalRtoTime?: number | undefined;
  /** Segments that arrived marked as having met congestion. Linux 6.18. */
  receivedCe?: number | undefined;
  /** Bytes that reached the peer marked ECT(1), modulo 2^32. Linux 6.18. */
  deliveredE1Bytes?: number | undefined;
  /** Bytes that reached the peer marked ECT(0), modulo 2^32. Linux 6.18. */
  deliveredE0Bytes?: number | undefined;
  /** Bytes that reached the peer marked as having met congestion, modulo 2^32. Linux 6.18. */
  deliveredCeBytes?: number | undefined;
  /** Bytes that arrived marked ECT(1), modulo 2^32. Linux 6.18. */
  receivedE1Bytes?: number | undefined;
  /** Bytes that arrived marked ECT(0), modulo 2^32. Linux 6.18. */
  receivedE0Bytes?: number | undefined;
  /** Bytes that arrived marked as having met congestion, modulo 2^32. Linux 6.18. */
  receivedCeBytes?: number | undefined;
  /** How Explicit Congestion Notification was negotiated. Linux 7.0. */
  ecnMode?: EcnMode | undefined;
  /** Which Accurate ECN option arrived: 0 none, 1 empty, 2 with counters, 3 failed. Linux 6.18. */
  accecnOptSeen?: number | undefined;
  /** How Accurate ECN failed, a bit each: 1 ACE sending, 2 ACE receiving, 4 option sending, 8 option receiving. Linux 6.18. */
  accecnFailMode?: number | undefined;
}

const STATES: readonly TcpState[] = [
  "close", // no state has the number 0
  "established",
  "syn-sent",
  "syn-recv",
  "fin-wait-1",
  "fin-wait-2",
  "time-wait",
  "close",
  "close-wait",
  "last-ack",
  "listen",
  "closing",
  "new-syn-recv",
];

const CONGESTION_STATES: readonly CongestionState[] = [
  "open",
  "disorder",
  "cwr",
  "recovery",
  "loss",
];

const FAST_OPEN_FAILURES: readonly FastOpenFailure[] = [
  "none",
  "cookie-unavailable",
  "data-not-acked",
  "syn-retransmitted",
];

const ECN_MODES: readonly EcnMode[] = ["disabled", "rfc3168", "accecn", "pending"];

/** The fields that are plain numbers, in the order of the header, from offset 8 on. */
const FIELDS = [
  ["rto", "u32"],
  ["ato", "u32"],
  ["sndMss", "u32"],
  ["rcvMss", "u32"],
  ["unacked", "u32"],
  ["sacked", "u32"],
  ["lost", "u32"],
  ["retrans", "u32"],
  ["fackets", "u32"],
  ["lastDataSent", "u32"],
  ["lastAckSent", "u32"],
  ["lastDataRecv", "u32"],
  ["lastAckRecv", "u32"],
  ["pmtu", "u32"],
  ["rcvSsthresh", "u32"],
  ["rtt", "u32"],
  ["rttvar", "u32"],
  ["sndSsthresh", "u32"],
  ["sndCwnd", "u32"],
  ["advmss", "u32"],
  ["reordering", "u32"],
  ["rcvRtt", "u32"],
  ["rcvSpace", "u32"],
  ["totalRetrans", "u32"],
  ["pacingRate", "u64"],
  ["maxPacingRate", "u64"],
  ["bytesAcked", "u64"],
  ["bytesReceived", "u64"],
  ["segsOut", "u32"],
  ["segsIn", "u32"],
  ["notsentBytes", "u32"],
  ["minRtt", "u32"],
  ["dataSegsIn", "u32"],
  ["dataSegsOut", "u32"],
  ["deliveryRate", "u64"],
  ["busyTime", "u64"],
  ["rwndLimited", "u64"],
  ["sndbufLimited", "u64"],
  ["delivered", "u32"],
  ["deliveredCe", "u32"],
  ["bytesSent", "u64"],
  ["bytesRetrans", "u64"],
  ["dsackDups", "u32"],
  ["reordSeen", "u32"],
  ["rcvOoopack", "u32"],
  ["sndWnd", "u32"],
  ["rcvWnd", "u32"],
  ["rehash", "u32"],
  ["totalRto", "u16"],
  ["totalRtoRecoveries", "u16"],
  ["totalRtoTime", "u32"],
  ["receivedCe", "u32"],
  ["deliveredE1Bytes", "u32"],
  ["deliveredE0Bytes", "u32"],
  ["deliveredCeBytes", "u32"],
  ["receivedE1Bytes", "u32"],
  ["receivedE0Bytes", "u32"],
  ["receivedCeBytes", "u32"],
] as const satisfies readonly (readonly [keyof TcpInfo, Width])[];

/** Each field of `struct tcp_info` that is a plain number. */
export const TCP_INFO_LAYOUT: readonly Field<typeof FIELDS[number][0]>[] = layOut(FIELDS, 8);

/** What every kernel returns, since Linux 2.4: up to tcpi_total_retrans. */
const LEAST = 104;

/** After the plain numbers, one word on Accurate ECN, of which Linux 7.0 has changed the layout and not the size. */
const ACCECN = 276;

const SIZE = 280;

type AccurateEcn = Pick<TcpInfo, "ecnMode" | "accecnOptSeen" | "accecnFailMode">;

/** The word on Accurate ECN; nothing where the kernel's version does not tell which layout it has. */
export function accurateEcn(
  from: DataView,
  [major, minor]: readonly [major: number, minor: number],
): AccurateEcn {
  if (from.byteLength < SIZE) return {};
  if (major >= 7) {
    // tcpi_ecn_mode:2, tcpi_accecn_opt_seen:2, tcpi_accecn_fail_mode:4, tcpi_options2:24
    const bits = from.getUint8(ACCECN);
    return {
      ecnMode: ECN_MODES[bits & 3],
      accecnOptSeen: bits >> 2 & 3,
      accecnFailMode: bits >> 4,
    };
  }
  if (major === 6 && minor >= 18) {
    return {
      accecnFailMode: from.getUint16(ACCECN, LITTLE_ENDIAN), // tcpi_accecn_fail_mode
      accecnOptSeen: from.getUint16(ACCECN + 2, LITTLE_ENDIAN), // tcpi_accecn_opt_seen
    };
  }
  return {};
}

function encode(): never {
  throw new TypeError("TCP_INFO can only be read");
}

/** The first byte of `struct tcp_info`, which is cheaper than all: tcpi_state. */
export const tcpState: Codec<TcpState> = {
  size: 1,
  encode,
  decode: (from) => STATES[from.getUint8(0)] ?? "close",
};

/** Decodes as much of `struct tcp_info` as the kernel returned. */
export const tcpInfo: Codec<TcpInfo> = {
  size: SIZE,
  encode,
  decode(from) {
    if (from.byteLength < LEAST) throw new RangeError(`TCP_INFO has ${LEAST} bytes and more`);
    const flags = from.getUint8(5);
    const info: Record<string, unknown> = {
      state: tcpState.decode(from),
      caState: CONGESTION_STATES[from.getUint8(1)] ?? "open",
      retransmits: from.getUint8(2),
      probes: from.getUint8(3),
      backoff: from.getUint8(4),
      options: {
        timestamps: (flags & 1) !== 0,
        sack: (flags & 2) !== 0,
        wscale: (flags & 4) !== 0,
        ecn: (flags & 8) !== 0,
        ecnSeen: (flags & 16) !== 0,
        synData: (flags & 32) !== 0,
        usecTs: (flags & 64) !== 0,
        tfoChild: (flags & 128) !== 0,
      },
      sndWscale: from.getUint8(6) & 0xf,
      rcvWscale: from.getUint8(6) >> 4,
      deliveryRateAppLimited: (from.getUint8(7) & 1) !== 0,
      fastopenClientFail: FAST_OPEN_FAILURES[from.getUint8(7) >> 1 & 3],
    };
    Object.assign(info, readFields(TCP_INFO_LAYOUT, from));
    if (from.byteLength >= SIZE) Object.assign(info, accurateEcn(from, linuxRelease()));
    return info as unknown as TcpInfo;
  },
};
