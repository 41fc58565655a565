/**
 * Which sockets of this machine listen at an address, as the kernel tells everybody through netlink: sock_diag(7).
 *
 * @module
 */

import { libc } from "./libc.ts";
import { newSocket, SOCK_DGRAM } from "./new_socket.ts";
import { isLinux } from "./platform.ts";
import { familyOf, isIpv6, sockaddrOf } from "./sockaddr.ts";

const AF_NETLINK = 16;
const NETLINK_SOCK_DIAG = 4;

const IPPROTO_TCP = 6;
/** `1 << TCP_LISTEN`. */
const LISTENING = 1 << 10;

// struct nlmsghdr { u32 len; u16 type; u16 flags; u32 seq; u32 pid; }
const HEADER_SIZE = 16;
const SOCK_DIAG_BY_FAMILY = 20;
const NLMSG_DONE = 3;
const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;

// struct inet_diag_sockid { be16 sport, dport; be32 src[4], dst[4]; u32 if; u32 cookie[2]; }: in the request after
// { u8 family, protocol, ext, pad; u32 states; }, in the answer after { u8 family, state, timer, retrans; }
const REQUEST_SIZE = HEADER_SIZE + 56;
const REQUEST_ID = HEADER_SIZE + 8;
const ANSWER_ID = HEADER_SIZE + 4;
const SRC = 4;
const COOKIE = 40;

const MSG_DONTWAIT = 0x40;

/** More than the kernel puts into one datagram. */
const LONGEST = 32_768;

/**
 * The cookies of all sockets of TCP that listen at exactly this address, in the network namespace of this process.
 *
 * @returns `undefined` where the kernel does not tell: macOS, gVisor, a sandbox.
 */
export function listenersAt(addr: Deno.NetAddr): bigint[] | undefined {
  if (!isLinux) return undefined;
  const c = libc();
  const fd = newSocket(AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG);
  if (fd < 0) return undefined;
  try {
    const request = requestFor(addr);
    if (c.send(fd, request, BigInt(request.length), 0) !== request.length) return undefined;
    return readAnswers(fd, addr);
  } finally {
    c.close(fd);
  }
}

/** Asks for those who listen on a port in a family: `struct nlmsghdr`, `struct inet_diag_req_v2`. */
export function requestFor(addr: Deno.NetAddr): Uint8Array<ArrayBuffer> {
  const request = new Uint8Array(REQUEST_SIZE);
  const view = new DataView(request.buffer);
  view.setUint32(0, REQUEST_SIZE, true);
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
  view.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, true);
  view.setUint8(HEADER_SIZE, familyOf(addr.hostname));
  view.setUint8(HEADER_SIZE + 1, IPPROTO_TCP);
  view.setUint32(HEADER_SIZE + 4, LISTENING, true);
  view.setUint16(REQUEST_ID, addr.port);
  return request;
}

/** Reads datagrams of messages up to the last one. */
function readAnswers(fd: number, addr: Deno.NetAddr): bigint[] | undefined {
  const name = sockaddrOf(addr);
  const address = isIpv6(addr.hostname) ? name.subarray(8, 24) : name.subarray(4, 8);
  const cookies: bigint[] = [];
  const bytes = new Uint8Array(LONGEST);
  for (;;) {
    const size = libc().recv(fd, bytes, BigInt(bytes.length), MSG_DONTWAIT);
    if (size <= 0) return undefined;
    for (let at = 0; at + HEADER_SIZE <= size;) {
      const message = new DataView(bytes.buffer, at, size - at);
      const type = message.getUint16(4, true);
      if (type === NLMSG_DONE) return cookies;
      if (type !== SOCK_DIAG_BY_FAMILY) return undefined;
      const source = at + ANSWER_ID + SRC;
      const isThere = message.getUint16(ANSWER_ID) === addr.port &&
        address.every((byte, i) => bytes[source + i] === byte);
      if (isThere) cookies.push(message.getBigUint64(ANSWER_ID + COOKIE, true));
      at += Math.ceil(message.getUint32(0, true) / 4) * 4;
    }
  }
}
