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
 * Write only. Platform: Linux 1.2; macOS. Source: ip(7).
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
 * Write only. Platform: Linux 2.4.22; macOS. Source: ip(7), RFC 3678.
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
 * Default: off. Platform: Linux 4.2. Source: ip(7).
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
 * Write only. Platform: Linux 2.4.22; macOS. Source: ip(7), RFC 3678.
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
 * Default: off. Platform: Linux 4.0. Source: linux/in.h.
 */
export const IP_CHECKSUM: SocketOption<boolean> = option("IPPROTO_IP", "IP_CHECKSUM", 23, bool);

/**
 * The index of the interface by which all packets leave and come; 0 for any.
 *
 * Default: 0. Platform: macOS. Source: netinet/in.h of macOS.
 */
export const IP_BOUND_IF: SocketOption<number> = option("IPPROTO_IP", "IP_BOUND_IF", -1, int);

/**
 * Leaves a multicast group.
 *
 * Write only. Platform: Linux 1.2; macOS. Source: ip(7).
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
 * Write only. Platform: Linux 2.4.22; macOS. Source: ip(7), RFC 3678.
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
 * Default: off. Platform: Linux 2.4. Source: ip(7).
 */
export const IP_FREEBIND: SocketOption<boolean> = option("IPPROTO_IP", "IP_FREEBIND", 15, bool, {
  setBefore: "bind",
});

/**
 * Whether the data that is sent on a raw socket begins with an IP header.
 *
 * Default: off. Platform: Linux; macOS. Source: ip(7), raw(7).
 */
export const IP_HDRINCL: SocketOption<boolean> = option("IPPROTO_IP", "IP_HDRINCL", 3, bool);

/**
 * The ports out of which the kernel chooses one for this socket, within the sysctl
 * net.ipv4.ip_local_port_range.
 *
 * Default: both ends 0. Platform: Linux 6.3. Source: ip(7).
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
 * Default: 0. Platform: Linux 2.6.34. Source: linux/in.h, RFC 5082.
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
 * Read of one group: `getOption(socket, IP_MSFILTER, group)`. Platform: Linux 2.4.22; macOS. Source: ip(7), RFC 3678.
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
 * Read only. Platform: Linux 2.2. Source: ip(7).
 */
export const IP_MTU: SocketOption<number, "read-only"> = option("IPPROTO_IP", "IP_MTU", 14, int, {
  access: "read-only",
});

/**
 * Whether packets may be fragmented on their way: "want" discovers the path's MTU and fragments
 * what is too long, "do" refuses to send it, "dont" lets routers fragment, "probe" ignores the
 * MTU that was found.
 *
 * Default: "want", or as the sysctl net.ipv4.ip_no_pmtu_disc says. Platform: Linux 2.2. Source:
 * ip(7), RFC 1191.
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
 * Default: on. Platform: Linux 2.6.31. Source: ip(7).
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
 * Default: "0.0.0.0". Platform: Linux 1.2, by index since 2.2; macOS. Source: ip(7).
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
 * Default: on. Platform: Linux 1.2; macOS. Source: ip(7).
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
 * Default: 1. Platform: Linux 1.2; macOS. Source: ip(7).
 */
export const IP_MULTICAST_TTL: SocketOption<number> = option(
  "IPPROTO_IP",
  "IP_MULTICAST_TTL",
  33,
  integer(-1, 255),
);

/**
 * Whether fragments that are sent on a raw socket are not put together by the packet filter.
 *
 * Default: off. Platform: Linux 2.6.36. Source: ip(7).
 */
export const IP_NODEFRAG: SocketOption<boolean> = option("IPPROTO_IP", "IP_NODEFRAG", 22, bool);

/**
 * The IP options that each packet carries, at most 40 bytes.
 *
 * Default: none. Platform: Linux 1.2; macOS. Source: ip(7), RFC 791.
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
 * Default: off. Platform: Linux 2.6.17. Source: ip(7).
 */
export const IP_PASSSEC: SocketOption<boolean> = option("IPPROTO_IP", "IP_PASSSEC", 18, bool);

/**
 * Whether each received datagram tells by which interface it came and to which address.
 *
 * Default: off. Platform: Linux 2.2; macOS. Source: ip(7).
 */
export const IP_PKTINFO: SocketOption<boolean> = option("IPPROTO_IP", "IP_PKTINFO", 8, bool);

/**
 * The control messages of the last packet of a TCP connection, in the layout of cmsg(3).
 *
 * Read only. Platform: Linux. Source: linux/in.h.
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
 * Read only. Platform: Linux 6.4. Source: linux/in.h.
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
 * Default: off. Platform: macOS; Linux has IP_PKTINFO. Source: ip(4) of macOS.
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
 * Default: off. Platform: Linux 2.2. Source: ip(7).
 */
export const IP_RECVERR: SocketOption<boolean> = option("IPPROTO_IP", "IP_RECVERR", 11, bool);

/**
 * Whether such errors come with the extensions of RFC 4884.
 *
 * Default: off. Platform: Linux 5.9. Source: linux/in.h.
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
 * Default: off. Platform: Linux 4.10. Source: linux/in.h.
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
 * Default: off. Platform: Linux 2.2; macOS. Source: ip(7).
 */
export const IP_RECVOPTS: SocketOption<boolean> = option("IPPROTO_IP", "IP_RECVOPTS", 6, bool);

/**
 * Whether each received datagram tells the address it was sent to before it was redirected.
 *
 * Default: off. Platform: Linux 2.6.29. Source: ip(7).
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
 * Default: off. Platform: Linux 2.2; macOS. Source: ip(7).
 */
export const IP_RECVTOS: SocketOption<boolean> = option("IPPROTO_IP", "IP_RECVTOS", 13, bool);

/**
 * Whether each received datagram tells its time to live.
 *
 * Default: off. Platform: Linux 2.2; macOS. Source: ip(7).
 */
export const IP_RECVTTL: SocketOption<boolean> = option("IPPROTO_IP", "IP_RECVTTL", 12, bool);

/**
 * Whether each received datagram tells its IP options as the kernel has them, unprocessed.
 *
 * Default: off. Platform: Linux 2.2; macOS. Source: ip(7).
 */
export const IP_RETOPTS: SocketOption<boolean> = option("IPPROTO_IP", "IP_RETOPTS", 7, bool);

/**
 * Whether a raw socket receives packets with the router alert option that are only passing
 * through.
 *
 * Default: off. Platform: Linux 2.2, read back since 6.9. Source: ip(7).
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
 * Default: 0. Platform: Linux 1.0; macOS. Source: ip(7), RFC 2474.
 */
export const IP_TOS: SocketOption<number> = option("IPPROTO_IP", "IP_TOS", 1, integer(0, 255));

/**
 * Whether addresses that are not of this machine may be bound and connections to them taken, as a
 * transparent proxy does.
 *
 * Default: off. Takes CAP_NET_ADMIN or CAP_NET_RAW. Platform: Linux 2.6.24. Source: ip(7).
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
 * Default: the sysctl net.ipv4.ip_default_ttl, 64. Platform: Linux 1.0; macOS. Source: ip(7).
 */
export const IP_TTL: SocketOption<number> = option("IPPROTO_IP", "IP_TTL", 2, integer(-1, 255));

/**
 * Hears a source of a multicast group again.
 *
 * Write only. Platform: Linux 2.4.22; macOS. Source: ip(7), RFC 3678.
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
 * Default: 0. Platform: Linux 3.4. Source: linux/in.h.
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
 * Write only. Platform: Linux 2.5.68; not macOS. Source: RFC 3678.
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
 * Write only. Platform: Linux 2.5.68; not macOS. Source: RFC 3678.
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
 * Write only. Platform: Linux 2.5.68; not macOS. Source: RFC 3678.
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
 * Write only. Platform: Linux 2.5.68; not macOS. Source: RFC 3678.
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
 * Write only. Platform: Linux 2.5.68; not macOS. Source: RFC 3678.
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
 * Read of one group: `getOption(socket, MCAST_MSFILTER, group)`. Platform: Linux 2.5.68; not macOS. Source: RFC 3678.
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
 * Write only. Platform: Linux 2.5.68; not macOS. Source: RFC 3678.
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
 * Read only. Platform: Linux 2.4. Source: linux/netfilter_ipv4.h.
 */
export const SO_ORIGINAL_DST: SocketOption<Deno.Addr, "read-only"> = option(
  "IPPROTO_IP",
  "SO_ORIGINAL_DST",
  80,
  sockaddr,
  { access: "read-only" },
);
