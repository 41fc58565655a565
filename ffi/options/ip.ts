/**
 * Options of level IPPROTO_IP: ip(7), linux/in.h.
 *
 * @module
 */

import {
  bool,
  bytes,
  int,
  integer,
  type MtuDiscover,
  mtuDiscover,
  uint32BigEndian,
} from "../codec.ts";
import {
  type GroupFilter,
  groupFilter,
  groupFilterQuestion,
  type GroupRequest,
  groupRequest,
  type GroupSourceRequest,
  groupSourceRequest,
  type Membership,
  membership,
  multicastInterface,
  type PortRange,
  portRange,
  type SourceFilter,
  sourceFilter,
  type SourceFilterQuestion,
  sourceFilterQuestion,
  type SourceMembership,
  sourceMembership,
} from "../ip_structs.ts";
import { sockaddr } from "../structs.ts";
import { type AskedOption, askedOption, option, type SocketOption } from "../socket_option.ts";

/**
 * Joins a multicast group.
 *
 * Write only. Platform: Linux 1.2; macOS.
 *
 * Source:
 * [IP_ADD_MEMBERSHIP(2const)](https://man7.org/linux/man-pages/man2/IP_ADD_MEMBERSHIP.2const.html).
 *
 * Sysctl: [`net.ipv4.igmp_max_memberships`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IP_DROP_MEMBERSHIP}, {@linkcode IP_MULTICAST_IF},
 * {@linkcode IP_MULTICAST_LOOP}, {@linkcode IP_MULTICAST_TTL}, {@linkcode IP_MULTICAST_ALL}.
 *
 * @category Multicast
 *
 * @example Hear a group on the loopback interface
 * ```ts
 * import { IP_ADD_MEMBERSHIP, setOption } from "@sockopt/tcp";
 *
 * const socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 0 });
 * setOption(socket, IP_ADD_MEMBERSHIP, { multiaddr: "239.1.2.3", address: "127.0.0.1" });
 * socket.close();
 * ```
 */
export const IP_ADD_MEMBERSHIP: SocketOption<Membership, "write-only"> = option(
  "IPPROTO_IP",
  "IP_ADD_MEMBERSHIP",
  35,
  membership,
  { access: "write-only" },
);

/**
 * Joins a multicast group for one source, or allows one more.
 *
 * Write only. Platform: Linux 2.4.22; macOS.
 *
 * Source:
 * [IP_ADD_SOURCE_MEMBERSHIP(2const)](https://man7.org/linux/man-pages/man2/IP_ADD_SOURCE_MEMBERSHIP.2const.html),
 * [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678).
 *
 * Sysctl: [`net.ipv4.igmp_max_msf`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IP_DROP_SOURCE_MEMBERSHIP}, {@linkcode IP_MSFILTER}.
 *
 * @category Multicast
 *
 * @example Hear one source of a group
 * ```ts
 * import { IP_ADD_SOURCE_MEMBERSHIP, setOption } from "@sockopt/tcp";
 *
 * const socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 0 });
 * setOption(socket, IP_ADD_SOURCE_MEMBERSHIP, {
 *   multiaddr: "239.1.2.3",
 *   sourceaddr: "127.0.0.9",
 *   interface: "127.0.0.1",
 * });
 * socket.close();
 * ```
 */
export const IP_ADD_SOURCE_MEMBERSHIP: SocketOption<SourceMembership, "write-only"> = option(
  "IPPROTO_IP",
  "IP_ADD_SOURCE_MEMBERSHIP",
  39,
  sourceMembership,
  { access: "write-only" },
);

/**
 * Whether bind(2) with port 0 leaves the choice of the port to connect(2), which has more to
 * choose from.
 *
 * Default: off. Platform: Linux 4.2.
 *
 * Source:
 * [IP_BIND_ADDRESS_NO_PORT(2const)](https://man7.org/linux/man-pages/man2/IP_BIND_ADDRESS_NO_PORT.2const.html).
 *
 * Sysctl: [`net.ipv4.ip_local_port_range`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IP_LOCAL_PORT_RANGE}.
 *
 * @category Binding and routes
 */
export const IP_BIND_ADDRESS_NO_PORT: SocketOption<boolean> = option(
  "IPPROTO_IP",
  "IP_BIND_ADDRESS_NO_PORT",
  24,
  bool,
  { setBefore: "bind" },
);

/**
 * Stops hearing one source of a multicast group.
 *
 * Write only. Platform: Linux 2.4.22; macOS.
 *
 * Source:
 * [IP_BLOCK_SOURCE(2const)](https://man7.org/linux/man-pages/man2/IP_BLOCK_SOURCE.2const.html),
 * [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678).
 *
 * See also: {@linkcode IP_UNBLOCK_SOURCE}.
 *
 * @category Multicast
 */
export const IP_BLOCK_SOURCE: SocketOption<SourceMembership, "write-only"> = option(
  "IPPROTO_IP",
  "IP_BLOCK_SOURCE",
  38,
  sourceMembership,
  { access: "write-only" },
);

/**
 * Whether each received datagram tells its checksum as the device computed it.
 *
 * Default: off. Platform: Linux 4.0.
 *
 * Source: linux/in.h, not in [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * See also: {@linkcode IP_PKTINFO}.
 *
 * @category Control messages
 */
export const IP_CHECKSUM: SocketOption<boolean> = option("IPPROTO_IP", "IP_CHECKSUM", 23, bool);

/**
 * The index of the interface by which all packets leave and come; 0 for any.
 *
 * Default: 0. Platform: macOS.
 *
 * Source: netinet/in.h of macOS.
 *
 * See also: {@linkcode IPV6_BOUND_IF}.
 *
 * @category Binding and routes
 */
export const IP_BOUND_IF: SocketOption<number> = option("IPPROTO_IP", "IP_BOUND_IF", -1, int);

/**
 * Leaves a multicast group.
 *
 * Write only. Platform: Linux 1.2; macOS.
 *
 * Source:
 * [IP_DROP_MEMBERSHIP(2const)](https://man7.org/linux/man-pages/man2/IP_DROP_MEMBERSHIP.2const.html).
 *
 * See also: {@linkcode IP_ADD_MEMBERSHIP}, {@linkcode IP_MULTICAST_IF},
 * {@linkcode IP_MULTICAST_LOOP}, {@linkcode IP_MULTICAST_TTL}, {@linkcode IP_MULTICAST_ALL}.
 *
 * @category Multicast
 */
export const IP_DROP_MEMBERSHIP: SocketOption<Membership, "write-only"> = option(
  "IPPROTO_IP",
  "IP_DROP_MEMBERSHIP",
  36,
  membership,
  { access: "write-only" },
);

/**
 * Stops allowing one source of a multicast group.
 *
 * Write only. Platform: Linux 2.4.22; macOS.
 *
 * Source:
 * [IP_DROP_SOURCE_MEMBERSHIP(2const)](https://man7.org/linux/man-pages/man2/IP_DROP_SOURCE_MEMBERSHIP.2const.html),
 * [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678).
 *
 * See also: {@linkcode IP_ADD_SOURCE_MEMBERSHIP}, {@linkcode IP_MSFILTER}.
 *
 * @category Multicast
 */
export const IP_DROP_SOURCE_MEMBERSHIP: SocketOption<SourceMembership, "write-only"> = option(
  "IPPROTO_IP",
  "IP_DROP_SOURCE_MEMBERSHIP",
  40,
  sourceMembership,
  { access: "write-only" },
);

/**
 * Whether an address may be bound that no interface has yet.
 *
 * Default: off. Platform: Linux 2.4.
 *
 * Source: [IP_FREEBIND(2const)](https://man7.org/linux/man-pages/man2/IP_FREEBIND.2const.html).
 *
 * Sysctl: [`net.ipv4.ip_nonlocal_bind`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IPV6_FREEBIND}.
 *
 * @category Binding and routes
 */
export const IP_FREEBIND: SocketOption<boolean> = option("IPPROTO_IP", "IP_FREEBIND", 15, bool, {
  setBefore: "bind",
});

/**
 * Whether the data that is sent on a raw socket begins with an IP header.
 *
 * Default: off. Platform: Linux 2.0; macOS.
 *
 * Source: [IP_HDRINCL(2const)](https://man7.org/linux/man-pages/man2/IP_HDRINCL.2const.html),
 * [raw(7)](https://man7.org/linux/man-pages/man7/raw.7.html).
 *
 * See also: {@linkcode IPV6_HDRINCL}, {@linkcode IP_NODEFRAG}.
 *
 * @category Packet headers
 */
export const IP_HDRINCL: SocketOption<boolean> = option("IPPROTO_IP", "IP_HDRINCL", 3, bool);

/**
 * The ports out of which the kernel chooses one for this socket, within the sysctl
 * net.ipv4.ip_local_port_range.
 *
 * Default: both ends 0. Platform: Linux 6.3.
 *
 * Source:
 * [IP_LOCAL_PORT_RANGE(2const)](https://man7.org/linux/man-pages/man2/IP_LOCAL_PORT_RANGE.2const.html).
 *
 * Sysctl: [`net.ipv4.ip_local_port_range`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IP_BIND_ADDRESS_NO_PORT}.
 *
 * @category Binding and routes
 *
 * @example The ports of this socket's outgoing connections
 * ```ts
 * import { getOption, IP_LOCAL_PORT_RANGE, setOption } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * setOption(listener, IP_LOCAL_PORT_RANGE, { low: 40_000, high: 40_100 });
 * assertEquals(getOption(listener, IP_LOCAL_PORT_RANGE), { low: 40_000, high: 40_100 });
 * ```
 */
export const IP_LOCAL_PORT_RANGE: SocketOption<PortRange> = option(
  "IPPROTO_IP",
  "IP_LOCAL_PORT_RANGE",
  51,
  portRange,
  { setBefore: "bind" },
);

/**
 * The least time to live of packets that are taken: those from farther away are dropped.
 *
 * Default: 0. Platform: Linux.
 *
 * Source: linux/in.h, [RFC 5082](https://www.rfc-editor.org/rfc/rfc5082), not in
 * [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * See also: {@linkcode IP_TTL}, {@linkcode IP_MULTICAST_TTL}, {@linkcode IPV6_UNICAST_HOPS}.
 *
 * @category Packet headers
 *
 * @example Peers that are directly connected, which send with a time to live of 255
 * ```ts
 * import { IP_MINTTL, setOption } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * setOption(listener, IP_MINTTL, 255);
 * ```
 */
export const IP_MINTTL: SocketOption<number> = option(
  "IPPROTO_IP",
  "IP_MINTTL",
  21,
  integer(0, 255),
);

/**
 * The sources of a multicast group that are heard, all at once.
 *
 * Read of one group: `getOption(socket, IP_MSFILTER, group)`. Platform: Linux 2.4.22; macOS.
 *
 * Source: [IP_MSFILTER(2const)](https://man7.org/linux/man-pages/man2/IP_MSFILTER.2const.html),
 * [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678).
 *
 * Sysctl: [`net.ipv4.igmp_max_msf`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IP_ADD_SOURCE_MEMBERSHIP}, {@linkcode IP_DROP_SOURCE_MEMBERSHIP}.
 *
 * @category Multicast
 *
 * @example The sources of a group, set and read
 * ```ts
 * import { getOption, IP_ADD_SOURCE_MEMBERSHIP, IP_MSFILTER, setOption } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * const group = { multiaddr: "239.1.2.3", interface: "127.0.0.1" };
 * const socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 0 });
 * setOption(socket, IP_ADD_SOURCE_MEMBERSHIP, { ...group, sourceaddr: "127.0.0.9" });
 * setOption(socket, IP_MSFILTER, { ...group, mode: "include", sources: ["127.0.0.5"] });
 * assertEquals(getOption(socket, IP_MSFILTER, group).sources, ["127.0.0.5"]);
 * socket.close();
 * ```
 */
export const IP_MSFILTER: AskedOption<SourceFilter, SourceFilterQuestion> = askedOption(
  "IPPROTO_IP",
  "IP_MSFILTER",
  41,
  sourceFilter,
  sourceFilterQuestion,
);

/**
 * The path's MTU in bytes, of a connected socket.
 *
 * Read only. Platform: Linux 2.2.
 *
 * Source: [IP_MTU(2const)](https://man7.org/linux/man-pages/man2/IP_MTU.2const.html).
 *
 * See also: {@linkcode IP_MTU_DISCOVER}.
 *
 * @category Path MTU
 */
export const IP_MTU: SocketOption<number, "read-only"> = option("IPPROTO_IP", "IP_MTU", 14, int, {
  access: "read-only",
});

/**
 * Whether packets may be fragmented on their way: "want" discovers the path's MTU and fragments
 * what is too long, "do" refuses to send it, "dont" lets routers fragment, "probe" ignores the
 * MTU that was found.
 *
 * Default: "want", or as the sysctl net.ipv4.ip_no_pmtu_disc says. Platform: Linux 2.2.
 *
 * Source:
 * [IP_MTU_DISCOVER(2const)](https://man7.org/linux/man-pages/man2/IP_MTU_DISCOVER.2const.html),
 * [RFC 1191](https://www.rfc-editor.org/rfc/rfc1191).
 *
 * Sysctl: [`net.ipv4.ip_no_pmtu_disc`](https://docs.kernel.org/networking/ip-sysctl.html),
 * [`net.ipv4.tcp_mtu_probing`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IP_MTU}, {@linkcode IPV6_MTU_DISCOVER}.
 *
 * @category Path MTU
 *
 * @example Refuse datagrams that are longer than the path's MTU
 * ```ts
 * import { IP_MTU_DISCOVER, setOption } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port });
 * setOption(conn, IP_MTU_DISCOVER, "do");
 * ```
 */
export const IP_MTU_DISCOVER: SocketOption<MtuDiscover> = option(
  "IPPROTO_IP",
  "IP_MTU_DISCOVER",
  10,
  mtuDiscover,
);

/**
 * Whether the socket receives for every group that any socket of this machine has joined.
 *
 * Default: on. Platform: Linux 2.6.31.
 *
 * Source:
 * [IP_MULTICAST_ALL(2const)](https://man7.org/linux/man-pages/man2/IP_MULTICAST_ALL.2const.html).
 *
 * See also: {@linkcode IP_ADD_MEMBERSHIP}, {@linkcode IP_DROP_MEMBERSHIP},
 * {@linkcode IP_MULTICAST_IF}, {@linkcode IP_MULTICAST_LOOP}, {@linkcode IP_MULTICAST_TTL}.
 *
 * @category Multicast
 */
export const IP_MULTICAST_ALL: SocketOption<boolean> = option(
  "IPPROTO_IP",
  "IP_MULTICAST_ALL",
  49,
  bool,
);

/**
 * The interface by which multicasts leave: its address, or its index; "0.0.0.0" leaves it to the kernel. What was set by
 * index reads back as "0.0.0.0".
 *
 * Default: "0.0.0.0". Platform: Linux 1.2; macOS.
 *
 * Source:
 * [IP_MULTICAST_IF(2const)](https://man7.org/linux/man-pages/man2/IP_MULTICAST_IF.2const.html).
 *
 * See also: {@linkcode IP_ADD_MEMBERSHIP}, {@linkcode IP_DROP_MEMBERSHIP},
 * {@linkcode IP_MULTICAST_LOOP}, {@linkcode IP_MULTICAST_TTL}, {@linkcode IP_MULTICAST_ALL}.
 *
 * @category Multicast
 */
export const IP_MULTICAST_IF: SocketOption<string | number> = option(
  "IPPROTO_IP",
  "IP_MULTICAST_IF",
  32,
  multicastInterface,
);

/**
 * Whether multicasts that are sent come back to sockets of this machine.
 *
 * Default: on. Platform: Linux 1.2; macOS.
 *
 * Source:
 * [IP_MULTICAST_LOOP(2const)](https://man7.org/linux/man-pages/man2/IP_MULTICAST_LOOP.2const.html).
 *
 * See also: {@linkcode IP_ADD_MEMBERSHIP}, {@linkcode IP_DROP_MEMBERSHIP},
 * {@linkcode IP_MULTICAST_IF}, {@linkcode IP_MULTICAST_TTL}, {@linkcode IP_MULTICAST_ALL}.
 *
 * @category Multicast
 */
export const IP_MULTICAST_LOOP: SocketOption<boolean> = option(
  "IPPROTO_IP",
  "IP_MULTICAST_LOOP",
  34,
  bool,
);

/**
 * How many hops multicasts go: 0 to 255, -1 for the default.
 *
 * Default: 1. Platform: Linux 1.2; macOS.
 *
 * Source:
 * [IP_MULTICAST_TTL(2const)](https://man7.org/linux/man-pages/man2/IP_MULTICAST_TTL.2const.html).
 *
 * See also: {@linkcode IP_TTL}, {@linkcode IP_MINTTL}, {@linkcode IPV6_UNICAST_HOPS},
 * {@linkcode IP_ADD_MEMBERSHIP}, {@linkcode IP_DROP_MEMBERSHIP}, {@linkcode IP_MULTICAST_IF},
 * {@linkcode IP_MULTICAST_LOOP}, {@linkcode IP_MULTICAST_ALL}.
 *
 * @category Multicast
 */
export const IP_MULTICAST_TTL: SocketOption<number> = option(
  "IPPROTO_IP",
  "IP_MULTICAST_TTL",
  33,
  integer(-1, 255),
  { onConnection: "the time to live of the first packet that its peer has sent" },
);

/**
 * Whether fragments that are sent on a raw socket are not put together by the packet filter.
 *
 * Default: off. Platform: Linux 2.6.36.
 *
 * Source: [IP_NODEFRAG(2const)](https://man7.org/linux/man-pages/man2/IP_NODEFRAG.2const.html).
 *
 * See also: {@linkcode IP_HDRINCL}.
 *
 * @category Packet headers
 */
export const IP_NODEFRAG: SocketOption<boolean> = option("IPPROTO_IP", "IP_NODEFRAG", 22, bool);

/**
 * The IP options that each packet carries, at most 40 bytes.
 *
 * Default: none. Platform: Linux 2.0; macOS.
 *
 * Source: [IP_OPTIONS(2const)](https://man7.org/linux/man-pages/man2/IP_OPTIONS.2const.html), [RFC
 * 791](https://www.rfc-editor.org/rfc/rfc791).
 *
 * See also: {@linkcode IP_RECVOPTS}, {@linkcode IP_RETOPTS}.
 *
 * @category Packet headers
 */
export const IP_OPTIONS: SocketOption<Uint8Array> = option(
  "IPPROTO_IP",
  "IP_OPTIONS",
  4,
  bytes(40),
  { inherited: false },
);

/**
 * Whether each received datagram tells the security label of its packet.
 *
 * Default: off. Platform: Linux 2.6.17.
 *
 * Source: [IP_PASSSEC(2const)](https://man7.org/linux/man-pages/man2/IP_PASSSEC.2const.html).
 *
 * See also: {@linkcode SO_PASSSEC}.
 *
 * @category Control messages
 */
export const IP_PASSSEC: SocketOption<boolean> = option("IPPROTO_IP", "IP_PASSSEC", 18, bool);

/**
 * Whether each received datagram tells by which interface it came and to which address.
 *
 * Default: off. Platform: Linux 2.2; macOS.
 *
 * Source: [IP_PKTINFO(2const)](https://man7.org/linux/man-pages/man2/IP_PKTINFO.2const.html).
 *
 * See also: {@linkcode IPV6_RECVPKTINFO}, {@linkcode IP_PKTOPTIONS}, {@linkcode IP_RECVDSTADDR},
 * {@linkcode IP_CHECKSUM}.
 *
 * @category Control messages
 */
export const IP_PKTINFO: SocketOption<boolean> = option("IPPROTO_IP", "IP_PKTINFO", 8, bool);

/**
 * The control messages of the last packet of a TCP connection, in the layout of cmsg(3).
 *
 * Read only. Platform: Linux.
 *
 * Source: linux/in.h, not in [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * See also: {@linkcode IP_PKTINFO}.
 *
 * @category Control messages
 */
export const IP_PKTOPTIONS: SocketOption<Uint8Array, "read-only"> = option(
  "IPPROTO_IP",
  "IP_PKTOPTIONS",
  9,
  bytes(1024),
  { access: "read-only" },
);

/**
 * The protocol number of a raw socket. Other sockets read back their local port.
 *
 * Read only. Platform: Linux 6.4.
 *
 * Source: linux/in.h, not in [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * See also: {@linkcode SO_PROTOCOL}.
 *
 * @category Diagnosis
 */
export const IP_PROTOCOL: SocketOption<number, "read-only"> = option(
  "IPPROTO_IP",
  "IP_PROTOCOL",
  52,
  int,
  { access: "read-only" },
);

/**
 * Whether each received datagram tells the address it was sent to.
 *
 * Default: off. Platform: macOS; Linux has IP_PKTINFO.
 *
 * Source: ip(4) of macOS.
 *
 * See also: {@linkcode IP_PKTINFO}.
 *
 * @category Control messages
 */
export const IP_RECVDSTADDR: SocketOption<boolean> = option(
  "IPPROTO_IP",
  "IP_RECVDSTADDR",
  -1,
  bool,
);

/**
 * Whether errors that the network reports are queued with their details, to be read with
 * MSG_ERRQUEUE.
 *
 * Default: off. Platform: Linux 2.2.
 *
 * Source: [IP_RECVERR(2const)](https://man7.org/linux/man-pages/man2/IP_RECVERR.2const.html).
 *
 * See also: {@linkcode IP_RECVERR_RFC4884}, {@linkcode SO_SELECT_ERR_QUEUE}.
 *
 * @category Control messages
 */
export const IP_RECVERR: SocketOption<boolean> = option("IPPROTO_IP", "IP_RECVERR", 11, bool);

/**
 * Whether such errors come with the extensions of RFC 4884.
 *
 * Default: off. Platform: Linux 5.9.
 *
 * Source: linux/in.h, not in [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * See also: {@linkcode IP_RECVERR}, {@linkcode SO_SELECT_ERR_QUEUE}.
 *
 * @category Control messages
 */
export const IP_RECVERR_RFC4884: SocketOption<boolean> = option(
  "IPPROTO_IP",
  "IP_RECVERR_RFC4884",
  26,
  bool,
);

/**
 * Whether each received datagram tells the size of its largest fragment.
 *
 * Default: off. Platform: Linux 4.10.
 *
 * Source: linux/in.h, not in [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * See also: {@linkcode IPV6_RECVFRAGSIZE}.
 *
 * @category Path MTU
 */
export const IP_RECVFRAGSIZE: SocketOption<boolean> = option(
  "IPPROTO_IP",
  "IP_RECVFRAGSIZE",
  25,
  bool,
);

/**
 * Whether each received datagram tells its IP options.
 *
 * Default: off. Platform: Linux 2.2; macOS.
 *
 * Source: [IP_RECVOPTS(2const)](https://man7.org/linux/man-pages/man2/IP_RECVOPTS.2const.html).
 *
 * See also: {@linkcode IP_RETOPTS}, {@linkcode IP_OPTIONS}.
 *
 * @category Control messages
 */
export const IP_RECVOPTS: SocketOption<boolean> = option("IPPROTO_IP", "IP_RECVOPTS", 6, bool);

/**
 * Whether each received datagram tells the address it was sent to before it was redirected.
 *
 * Default: off. Platform: Linux 2.6.29.
 *
 * Source:
 * [IP_RECVORIGDSTADDR(2const)](https://man7.org/linux/man-pages/man2/IP_RECVORIGDSTADDR.2const.html).
 *
 * See also: {@linkcode IPV6_RECVORIGDSTADDR}, {@linkcode SO_ORIGINAL_DST}.
 *
 * @category Control messages
 */
export const IP_RECVORIGDSTADDR: SocketOption<boolean> = option(
  "IPPROTO_IP",
  "IP_RECVORIGDSTADDR",
  20,
  bool,
);

/**
 * Whether each received datagram tells its type of service.
 *
 * Default: off. Platform: Linux 2.2; macOS.
 *
 * Source: [IP_RECVTOS(2const)](https://man7.org/linux/man-pages/man2/IP_RECVTOS.2const.html).
 *
 * See also: {@linkcode IPV6_RECVTCLASS}.
 *
 * @category Control messages
 */
export const IP_RECVTOS: SocketOption<boolean> = option("IPPROTO_IP", "IP_RECVTOS", 13, bool);

/**
 * Whether each received datagram tells its time to live.
 *
 * Default: off. Platform: Linux 2.2; macOS.
 *
 * Source: [IP_RECVTTL(2const)](https://man7.org/linux/man-pages/man2/IP_RECVTTL.2const.html).
 *
 * See also: {@linkcode IPV6_RECVHOPLIMIT}.
 *
 * @category Control messages
 */
export const IP_RECVTTL: SocketOption<boolean> = option("IPPROTO_IP", "IP_RECVTTL", 12, bool);

/**
 * Whether each received datagram tells its IP options as the kernel has them, unprocessed.
 *
 * Default: off. Platform: Linux 2.2; macOS.
 *
 * Source: [IP_RETOPTS(2const)](https://man7.org/linux/man-pages/man2/IP_RETOPTS.2const.html).
 *
 * See also: {@linkcode IP_RECVOPTS}, {@linkcode IP_OPTIONS}.
 *
 * @category Control messages
 */
export const IP_RETOPTS: SocketOption<boolean> = option("IPPROTO_IP", "IP_RETOPTS", 7, bool);

/**
 * Whether a raw socket receives packets with the router alert option that are only passing
 * through. Older kernels do not read it back.
 *
 * Default: off. Platform: Linux 2.2.
 *
 * Source:
 * [IP_ROUTER_ALERT(2const)](https://man7.org/linux/man-pages/man2/IP_ROUTER_ALERT.2const.html).
 *
 * See also: {@linkcode IPV6_ROUTER_ALERT}.
 *
 * @category Packet headers
 */
export const IP_ROUTER_ALERT: SocketOption<boolean> = option(
  "IPPROTO_IP",
  "IP_ROUTER_ALERT",
  5,
  bool,
);

/**
 * The type of service of the packets that are sent: the upper six bits are the DSCP, the lower
 * two ECN, which TCP keeps for itself.
 *
 * Default: 0. Platform: Linux 1.0; macOS.
 *
 * Source: [IP_TOS(2const)](https://man7.org/linux/man-pages/man2/IP_TOS.2const.html), [RFC
 * 2474](https://www.rfc-editor.org/rfc/rfc2474).
 *
 * Sysctl: [`net.ipv4.tcp_reflect_tos`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IPV6_TCLASS}, {@linkcode SO_PRIORITY}.
 *
 * @category Packet headers
 *
 * @example Expedited forwarding: DSCP 46 in the upper six bits
 * ```ts
 * import { IP_TOS, setOption } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port });
 * setOption(conn, IP_TOS, 46 << 2);
 * ```
 */
export const IP_TOS: SocketOption<number> = option("IPPROTO_IP", "IP_TOS", 1, integer(0, 255));

/**
 * Whether addresses that are not of this machine may be bound and connections to them taken, as a
 * transparent proxy does.
 *
 * Default: off. Takes CAP_NET_ADMIN or CAP_NET_RAW. Platform: Linux 2.6.24.
 *
 * Source:
 * [IP_TRANSPARENT(2const)](https://man7.org/linux/man-pages/man2/IP_TRANSPARENT.2const.html).
 *
 * Sysctl: [`net.ipv4.ip_nonlocal_bind`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IPV6_TRANSPARENT}.
 *
 * @category Binding and routes
 */
export const IP_TRANSPARENT: SocketOption<boolean> = option(
  "IPPROTO_IP",
  "IP_TRANSPARENT",
  19,
  bool,
  { capability: "CAP_NET_ADMIN or CAP_NET_RAW", setBefore: "bind" },
);

/**
 * How many hops packets go: 1 to 255, -1 for the default.
 *
 * Default: the sysctl net.ipv4.ip_default_ttl, 64. Platform: Linux 1.0; macOS.
 *
 * Source: [IP_TTL(2const)](https://man7.org/linux/man-pages/man2/IP_TTL.2const.html).
 *
 * Sysctl: [`net.ipv4.ip_default_ttl`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IP_MULTICAST_TTL}, {@linkcode IP_MINTTL}, {@linkcode IPV6_UNICAST_HOPS}.
 *
 * @category Packet headers
 */
export const IP_TTL: SocketOption<number> = option("IPPROTO_IP", "IP_TTL", 2, integer(-1, 255));

/**
 * Hears a source of a multicast group again.
 *
 * Write only. Platform: Linux 2.4.22; macOS.
 *
 * Source:
 * [IP_UNBLOCK_SOURCE(2const)](https://man7.org/linux/man-pages/man2/IP_UNBLOCK_SOURCE.2const.html),
 * [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678).
 *
 * See also: {@linkcode IP_BLOCK_SOURCE}.
 *
 * @category Multicast
 */
export const IP_UNBLOCK_SOURCE: SocketOption<SourceMembership, "write-only"> = option(
  "IPPROTO_IP",
  "IP_UNBLOCK_SOURCE",
  37,
  sourceMembership,
  { access: "write-only" },
);

/**
 * The index of the interface by which unicasts leave, if the routes allow it; 0 leaves it to the
 * kernel.
 *
 * Default: 0. Platform: Linux.
 *
 * Source: linux/in.h, not in [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * See also: {@linkcode IPV6_UNICAST_IF}.
 *
 * @category Binding and routes
 */
export const IP_UNICAST_IF: SocketOption<number> = option(
  "IPPROTO_IP",
  "IP_UNICAST_IF",
  50,
  uint32BigEndian,
);

/**
 * Stops hearing one source of an IPv4 multicast group.
 *
 * Write only. Platform: Linux; not macOS.
 *
 * Source: [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678), not in
 * [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * See also: {@linkcode MCAST_UNBLOCK_SOURCE}.
 *
 * @category Multicast
 */
export const MCAST_BLOCK_SOURCE: SocketOption<GroupSourceRequest, "write-only"> = option(
  "IPPROTO_IP",
  "MCAST_BLOCK_SOURCE",
  43,
  groupSourceRequest,
  { access: "write-only" },
);

/**
 * Joins an IPv4 multicast group.
 *
 * Write only. Platform: Linux; not macOS.
 *
 * Source: [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678), not in
 * [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * Sysctl: [`net.ipv4.igmp_max_memberships`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode MCAST_LEAVE_GROUP}, {@linkcode MCAST_JOIN_SOURCE_GROUP},
 * {@linkcode MCAST_MSFILTER}.
 *
 * @category Multicast
 *
 * @example By the index of an interface
 * ```ts
 * import { MCAST_JOIN_GROUP, setOption } from "@sockopt/tcp";
 *
 * const socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 0 });
 * const group: Deno.NetAddr = { transport: "udp", hostname: "239.1.2.3", port: 0 };
 * setOption(socket, MCAST_JOIN_GROUP, { interface: 1, group }); // 1 is the loopback interface
 * socket.close();
 * ```
 */
export const MCAST_JOIN_GROUP: SocketOption<GroupRequest, "write-only"> = option(
  "IPPROTO_IP",
  "MCAST_JOIN_GROUP",
  42,
  groupRequest,
  { access: "write-only" },
);

/**
 * Joins an IPv4 multicast group for one source, or allows one more.
 *
 * Write only. Platform: Linux; not macOS.
 *
 * Source: [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678), not in
 * [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * Sysctl: [`net.ipv4.igmp_max_msf`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode MCAST_JOIN_GROUP}, {@linkcode MCAST_LEAVE_GROUP},
 * {@linkcode MCAST_MSFILTER}, {@linkcode MCAST_LEAVE_SOURCE_GROUP}.
 *
 * @category Multicast
 */
export const MCAST_JOIN_SOURCE_GROUP: SocketOption<GroupSourceRequest, "write-only"> = option(
  "IPPROTO_IP",
  "MCAST_JOIN_SOURCE_GROUP",
  46,
  groupSourceRequest,
  { access: "write-only" },
);

/**
 * Leaves an IPv4 multicast group.
 *
 * Write only. Platform: Linux; not macOS.
 *
 * Source: [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678), not in
 * [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * See also: {@linkcode MCAST_JOIN_GROUP}, {@linkcode MCAST_JOIN_SOURCE_GROUP},
 * {@linkcode MCAST_MSFILTER}.
 *
 * @category Multicast
 */
export const MCAST_LEAVE_GROUP: SocketOption<GroupRequest, "write-only"> = option(
  "IPPROTO_IP",
  "MCAST_LEAVE_GROUP",
  45,
  groupRequest,
  { access: "write-only" },
);

/**
 * Stops allowing one source of an IPv4 multicast group.
 *
 * Write only. Platform: Linux; not macOS.
 *
 * Source: [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678), not in
 * [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * See also: {@linkcode MCAST_JOIN_SOURCE_GROUP}.
 *
 * @category Multicast
 */
export const MCAST_LEAVE_SOURCE_GROUP: SocketOption<GroupSourceRequest, "write-only"> = option(
  "IPPROTO_IP",
  "MCAST_LEAVE_SOURCE_GROUP",
  47,
  groupSourceRequest,
  { access: "write-only" },
);

/**
 * The sources of an IPv4 multicast group that are heard, all at once.
 *
 * Read of one group: `getOption(socket, MCAST_MSFILTER, group)`. Platform: Linux; not macOS.
 *
 * Source: [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678), not in
 * [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * Sysctl: [`net.ipv4.igmp_max_msf`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode MCAST_JOIN_GROUP}, {@linkcode MCAST_LEAVE_GROUP},
 * {@linkcode MCAST_JOIN_SOURCE_GROUP}.
 *
 * @category Multicast
 */
export const MCAST_MSFILTER: AskedOption<GroupFilter, GroupRequest> = askedOption(
  "IPPROTO_IP",
  "MCAST_MSFILTER",
  48,
  groupFilter,
  groupFilterQuestion,
);

/**
 * Hears a source of an IPv4 multicast group again.
 *
 * Write only. Platform: Linux; not macOS.
 *
 * Source: [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678), not in
 * [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * See also: {@linkcode MCAST_BLOCK_SOURCE}.
 *
 * @category Multicast
 */
export const MCAST_UNBLOCK_SOURCE: SocketOption<GroupSourceRequest, "write-only"> = option(
  "IPPROTO_IP",
  "MCAST_UNBLOCK_SOURCE",
  44,
  groupSourceRequest,
  { access: "write-only" },
);

/**
 * Where an IPv4 connection was going before the packet filter redirected it to this machine.
 *
 * Read only. Platform: Linux.
 *
 * Source: linux/netfilter_ipv4.h, not in [ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html).
 *
 * See also: {@linkcode IP_RECVORIGDSTADDR}, {@linkcode IPV6_RECVORIGDSTADDR},
 * {@linkcode IP6T_SO_ORIGINAL_DST}, {@linkcode SO_PEERNAME}.
 *
 * @category Diagnosis
 */
export const SO_ORIGINAL_DST: SocketOption<Deno.Addr, "read-only"> = option(
  "IPPROTO_IP",
  "SO_ORIGINAL_DST",
  80,
  sockaddr,
  { access: "read-only" },
);
