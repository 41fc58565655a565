/**
 * What a descriptor tells of its socket by itself: what kind it is, whom it connects, and how it is.
 *
 * @module
 */

import type { SocketDomain } from "./codec.ts";
import { libc } from "./libc.ts";
import {
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_MEMINFO,
  SO_PEERNAME,
  SO_PROTOCOL,
  SO_TYPE,
} from "./options/socket.ts";
import { TCP_INFO } from "./options/tcp.ts";
import { isDarwin } from "./platform.ts";
import { tryReadOption } from "./socket.ts";
import { socketName } from "./sockaddr.ts";
import type { ReadableOption } from "./socket_option.ts";
import { type TcpState, tcpState } from "./tcp_info.ts";

/** No more of TCP_INFO than the state. */
export const TCP_STATE: ReadableOption<TcpState> = { ...TCP_INFO, codec: tcpState };

/**
 * How a socket that is not one of TCP stands.
 *
 * @category Diagnosis
 */
export type PlainState = "listen" | "connected" | "unconnected";

/** What a socket is. */
export interface SocketDescription {
  /**
   * Its protocol: "tcp", "mptcp", "udp", "unix", "unixpacket" (datagrams, as Deno calls them), "unixseqpacket", "vsock",
   * "raw"; another one as the kernel's tables name it, such as "icmp" or "netlink".
   */
  readonly kind: string;
  /** Its own address, of those families that Deno has addresses of. */
  readonly local: Deno.Addr | undefined;
  /** Its peer's address, where it has a peer, or is connecting to one. */
  readonly remote: Deno.Addr | undefined;
  /** The state of TCP: RFC 9293 section 3.3.2; of others whether it listens, or has a peer. */
  readonly state: TcpState | PlainState;
}

/** Describes the socket that a descriptor stands for now; `undefined` where it is none. */
export function describeSocket(fd: number): SocketDescription | undefined {
  const type = tryReadOption(fd, SO_TYPE);
  if (type === undefined) return undefined;
  const kind = kindOf(fd, type);
  const transport = TRANSPORTS[kind];
  const local = transport && socketName(fd, "getsockname", transport);
  const remote = transport && socketName(fd, "getpeername", transport);
  const isTcp = kind === "tcp" || kind === "mptcp";
  const state = isTcp ? tryReadOption(fd, TCP_STATE) : undefined;
  if (state === "syn-sent") {
    // getpeername(2) tells nothing of a peer that has not answered
    return { kind, local, remote: tryReadOption(fd, SO_PEERNAME), state };
  }
  if (state !== undefined) return { kind, local, remote, state };
  const listens = tryReadOption(fd, SO_ACCEPTCONN) === true;
  const plain = listens ? "listen" : remote === undefined ? "unconnected" : "connected";
  return { kind, local, remote, state: plain };
}

/** What Deno calls the addresses of each kind. */
const TRANSPORTS: Readonly<Record<string, Deno.Addr["transport"] | undefined>> = {
  tcp: "tcp",
  mptcp: "tcp",
  udp: "udp",
  udplite: "udp",
  unix: "unix",
  unixpacket: "unixpacket",
  unixseqpacket: "unix",
  vsock: "vsock",
};

const UNIX_KINDS: Readonly<Record<string, string>> = {
  stream: "unix",
  dgram: "unixpacket",
  seqpacket: "unixseqpacket",
};

function kindOf(fd: number, type: string): string {
  const domain = isDarwin ? domainByName(fd) : tryReadOption(fd, SO_DOMAIN);
  if (domain === "unix") return UNIX_KINDS[type] ?? domain;
  if (domain !== "inet" && domain !== "inet6") return domain ?? "unknown";
  if (type === "raw") return type; // of any protocol
  return tryReadOption(fd, SO_PROTOCOL) ?? (type === "dgram" ? "udp" : "tcp");
}

/** macOS does not tell the family of a socket, but every socket has a name. */
function domainByName(fd: number): SocketDomain | undefined {
  const name = socketName(fd, "getsockname", "tcp");
  return name === undefined ? undefined : "path" in name ? "unix" : "inet";
}

/** What waits in a socket, as `ss` shows it. What the kernel does not tell is `undefined`. */
export interface QueueLengths {
  /**
   * Bytes that have arrived and were not read; of a listener the connections that wait to be accepted. Of datagrams it is
   * the memory that the kernel charges for them, in which those that were read last may still be: `ss` leaves these out.
   */
  readonly receive: number | undefined;
  /** Bytes that were written and not acknowledged; of a listener how many connections may wait. */
  readonly send: number | undefined;
}

// linux/sockios.h
const SIOCINQ = 0x541bn;
const SIOCOUTQ = 0x5411n;

/** How much waits in a socket of Linux. */
export function queueLengths(fd: number, { kind, state }: SocketDescription): QueueLengths {
  if (state === "listen") {
    const info = tryReadOption(fd, TCP_INFO);
    return { receive: info?.unacked, send: info?.sacked };
  }
  // of datagrams it is the length of the next one that SIOCINQ tells
  const receive = OF_DATAGRAMS.has(kind)
    ? tryReadOption(fd, SO_MEMINFO)?.rmemAlloc
    : ask(fd, SIOCINQ);
  return { receive, send: ask(fd, SIOCOUTQ) };
}

const OF_DATAGRAMS: ReadonlySet<string> = new Set(["udp", "udplite", "raw", "packet"]);

const answer = new Int32Array(1);
const answerBytes = new Uint8Array(answer.buffer);

function ask(fd: number, operation: bigint): number | undefined {
  return libc().ioctl(fd, operation, answerBytes) === 0 ? answer[0] : undefined;
}
