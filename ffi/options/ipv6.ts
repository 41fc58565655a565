/**
 * Options of level IPPROTO_IPV6: ipv6(7), RFC 3493, RFC 3542, linux/in6.h.
 *
 * @module
 */

import {
  bool,
  bytes,
  type Codec,
  flags,
  int,
  integer,
  type MtuDiscover,
  mtuDiscover,
  type SocketDomain,
  socketDomain,
  uint32BigEndian,
} from "../codec.ts";
import {
  type FlowLabelRequest,
  flowLabelRequest,
  type GroupFilter,
  groupFilter,
  groupFilterQuestion,
  type GroupRequest,
  groupRequest,
  type GroupSourceRequest,
  groupSourceRequest,
  type Ipv6Membership,
  ipv6Membership,
  type Ipv6PacketInfo,
  ipv6PacketInfo,
  pathMtu,
} from "../ip_structs.ts";
import { sockaddr } from "../structs.ts";
import { type AskedOption, askedOption, option, type SocketOption } from "../socket_option.ts";

/**
 * Kinds of source address, as IPV6_ADDR_PREFERENCES names them: RFC 5014.
 *
 * @category Binding and routes
 */
export type AddrPreference =
  | "temporary"
  | "public"
  | "care-of"
  | "cga"
  | "public-or-temporary"
  | "home"
  | "non-cga";

const addrPreferences: Codec<readonly AddrPreference[]> = flags({
  temporary: 0x0001,
  public: 0x0002,
  "care-of": 0x0004,
  cga: 0x0008,
  "public-or-temporary": 0x0100,
  home: 0x0400,
  "non-cga": 0x0800,
});

/**
 * Where an IPv6 connection was going before the packet filter redirected it to this machine.
 *
 * Read only. Platform: Linux.
 *
 * Source: linux/netfilter_ipv6/ip6_tables.h, not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode SO_ORIGINAL_DST}.
 *
 * @category Diagnosis
 */
export const IP6T_SO_ORIGINAL_DST: SocketOption<Deno.Addr, "read-only"> = option(
  "IPPROTO_IPV6",
  "IP6T_SO_ORIGINAL_DST",
  80,
  sockaddr,
  { access: "read-only" },
);

/**
 * The same as IPV6_RECVDSTOPTS in the manner of RFC 2292.
 *
 * Default: off. Platform: Linux 2.6.14.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_RECVDSTOPTS}.
 *
 * @category Control messages
 */
export const IPV6_2292DSTOPTS: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_2292DSTOPTS",
  4,
  bool,
);

/**
 * The same as IPV6_RECVHOPLIMIT in the manner of RFC 2292.
 *
 * Default: off. Platform: Linux 2.6.14.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_RECVHOPLIMIT}.
 *
 * @category Control messages
 */
export const IPV6_2292HOPLIMIT: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_2292HOPLIMIT",
  8,
  bool,
);

/**
 * The same as IPV6_RECVHOPOPTS in the manner of RFC 2292.
 *
 * Default: off. Platform: Linux 2.6.14.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_RECVHOPOPTS}.
 *
 * @category Control messages
 */
export const IPV6_2292HOPOPTS: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_2292HOPOPTS",
  3,
  bool,
);

/**
 * The same as IPV6_RECVPKTINFO in the manner of RFC 2292.
 *
 * Default: off. Platform: Linux 2.6.14.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_RECVPKTINFO}.
 *
 * @category Control messages
 */
export const IPV6_2292PKTINFO: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_2292PKTINFO",
  2,
  bool,
);

/**
 * The control messages that go with every packet, in the manner of RFC 2292; read, those of the
 * last packet of a TCP connection.
 *
 * Default: none. Platform: Linux 2.6.14.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_PKTINFO}.
 *
 * @category Packet headers
 */
export const IPV6_2292PKTOPTIONS: SocketOption<Uint8Array> = option(
  "IPPROTO_IPV6",
  "IPV6_2292PKTOPTIONS",
  6,
  bytes(2048),
);

/**
 * The same as IPV6_RECVRTHDR in the manner of RFC 2292.
 *
 * Default: off. Platform: Linux 2.6.14.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_RECVRTHDR}.
 *
 * @category Control messages
 */
export const IPV6_2292RTHDR: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_2292RTHDR",
  5,
  bool,
);

/**
 * The address family. Setting "inet" makes an IPv4 socket of a connected one whose peer has an
 * IPv4-mapped address, for good.
 *
 * Default: "inet6". Platform: Linux.
 *
 * Source: [IPV6_ADDRFORM(2const)](https://man7.org/linux/man-pages/man2/IPV6_ADDRFORM.2const.html).
 *
 * See also: {@linkcode IPV6_V6ONLY}.
 *
 * @category Binding and routes
 */
export const IPV6_ADDRFORM: SocketOption<SocketDomain> = option(
  "IPPROTO_IPV6",
  "IPV6_ADDRFORM",
  1,
  socketDomain,
);

/**
 * Which kinds of source address are preferred.
 *
 * Default: as the sysctl net.ipv6.conf.*.use_tempaddr says. Platform: Linux.
 *
 * Source: linux/in6.h, [RFC 5014](https://www.rfc-editor.org/rfc/rfc5014), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * Sysctl: [`net.ipv6.conf.*.use_tempaddr`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IPV6_PKTINFO}.
 *
 * @category Binding and routes
 */
export const IPV6_ADDR_PREFERENCES: SocketOption<readonly AddrPreference[]> = option(
  "IPPROTO_IPV6",
  "IPV6_ADDR_PREFERENCES",
  72,
  addrPreferences,
);

/**
 * Joins a multicast group. The same as IPV6_JOIN_GROUP.
 *
 * Write only. Platform: Linux; macOS.
 *
 * Source:
 * [IPV6_ADD_MEMBERSHIP(2const)](https://man7.org/linux/man-pages/man2/IPV6_ADD_MEMBERSHIP.2const.html),
 * [RFC 3493](https://www.rfc-editor.org/rfc/rfc3493).
 *
 * See also: {@linkcode IPV6_DROP_MEMBERSHIP}, {@linkcode IPV6_MULTICAST_IF},
 * {@linkcode IPV6_MULTICAST_LOOP}, {@linkcode IPV6_MULTICAST_HOPS}, {@linkcode IPV6_MULTICAST_ALL},
 * {@linkcode IPV6_JOIN_GROUP}, {@linkcode IPV6_LEAVE_GROUP}.
 *
 * @category Multicast
 */
export const IPV6_ADD_MEMBERSHIP: SocketOption<Ipv6Membership, "write-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_ADD_MEMBERSHIP",
  20,
  ipv6Membership,
  { access: "write-only" },
);

/**
 * The index of the interface by which all packets leave and come; 0 for any.
 *
 * Default: 0. Platform: macOS.
 *
 * Source: netinet6/in6.h of macOS.
 *
 * See also: {@linkcode IP_BOUND_IF}.
 *
 * @category Binding and routes
 */
export const IPV6_BOUND_IF: SocketOption<number> = option(
  "IPPROTO_IPV6",
  "IPV6_BOUND_IF",
  -1,
  int,
);

/**
 * Whether packets get a flow label that is made of their connection.
 *
 * Default: as the sysctl net.ipv6.auto_flowlabels says. Platform: Linux 3.17.
 *
 * Source: linux/in6.h, [RFC 6438](https://www.rfc-editor.org/rfc/rfc6438), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * Sysctl: [`net.ipv6.auto_flowlabels`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IPV6_FLOWINFO_SEND}, {@linkcode IPV6_FLOWLABEL_MGR},
 * {@linkcode IPV6_FLOWINFO}.
 *
 * @category Packet headers
 */
export const IPV6_AUTOFLOWLABEL: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_AUTOFLOWLABEL",
  70,
  bool,
);

/**
 * Where in the data of a raw socket its checksum is, in bytes; -1: it has none.
 *
 * Default: -1. Platform: Linux; macOS.
 *
 * Source: [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_HDRINCL}.
 *
 * @category Packet headers
 */
export const IPV6_CHECKSUM: SocketOption<number> = option("IPPROTO_IPV6", "IPV6_CHECKSUM", 7, int);

/**
 * Whether packets that are too long are refused rather than fragmented, on UDP and raw sockets.
 *
 * Default: off. Platform: Linux; macOS.
 *
 * Source: [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_MTU}, {@linkcode IPV6_MTU_DISCOVER}, {@linkcode IPV6_PATHMTU}.
 *
 * @category Path MTU
 */
export const IPV6_DONTFRAG: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_DONTFRAG",
  62,
  bool,
);

/**
 * Leaves a multicast group. The same as IPV6_LEAVE_GROUP.
 *
 * Write only. Platform: Linux; macOS.
 *
 * Source:
 * [IPV6_DROP_MEMBERSHIP(2const)](https://man7.org/linux/man-pages/man2/IPV6_DROP_MEMBERSHIP.2const.html),
 * [RFC 3493](https://www.rfc-editor.org/rfc/rfc3493).
 *
 * See also: {@linkcode IPV6_ADD_MEMBERSHIP}, {@linkcode IPV6_MULTICAST_IF},
 * {@linkcode IPV6_MULTICAST_LOOP}, {@linkcode IPV6_MULTICAST_HOPS}, {@linkcode IPV6_MULTICAST_ALL},
 * {@linkcode IPV6_LEAVE_GROUP}.
 *
 * @category Multicast
 */
export const IPV6_DROP_MEMBERSHIP: SocketOption<Ipv6Membership, "write-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_DROP_MEMBERSHIP",
  21,
  ipv6Membership,
  { access: "write-only" },
);

/**
 * The destination options header of every packet; empty for none.
 *
 * Default: none. Takes CAP_NET_RAW. Platform: Linux 2.6.14; macOS.
 *
 * Source: [IPV6_DSTOPTS(2const)](https://man7.org/linux/man-pages/man2/IPV6_DSTOPTS.2const.html),
 * [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542).
 *
 * See also: {@linkcode IPV6_RECVDSTOPTS}.
 *
 * @category Packet headers
 */
export const IPV6_DSTOPTS: SocketOption<Uint8Array> = option(
  "IPPROTO_IPV6",
  "IPV6_DSTOPTS",
  59,
  bytes(2048),
  { capability: "CAP_NET_RAW" },
);

/**
 * Whether each received datagram tells its flow label and traffic class.
 *
 * Default: off. Platform: Linux.
 *
 * Source: [IPV6_FLOWINFO(2const)](https://man7.org/linux/man-pages/man2/IPV6_FLOWINFO.2const.html),
 * linux/in6.h.
 *
 * See also: {@linkcode IPV6_AUTOFLOWLABEL}, {@linkcode IPV6_FLOWINFO_SEND},
 * {@linkcode IPV6_FLOWLABEL_MGR}.
 *
 * @category Control messages
 */
export const IPV6_FLOWINFO: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_FLOWINFO",
  11,
  bool,
);

/**
 * Whether the flow label of the address that is connected or sent to is used.
 *
 * Default: off. Platform: Linux.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_AUTOFLOWLABEL}, {@linkcode IPV6_FLOWLABEL_MGR},
 * {@linkcode IPV6_FLOWINFO}.
 *
 * @category Packet headers
 */
export const IPV6_FLOWINFO_SEND: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_FLOWINFO_SEND",
  33,
  bool,
);

/**
 * Gets a flow label for use, gives it back, or keeps it longer.
 *
 * Write only. Platform: Linux.
 *
 * Source: linux/in6.h, [RFC 6437](https://www.rfc-editor.org/rfc/rfc6437), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * Sysctl: [`net.ipv6.flowlabel_state_ranges`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IPV6_AUTOFLOWLABEL}, {@linkcode IPV6_FLOWINFO_SEND},
 * {@linkcode IPV6_FLOWINFO}.
 *
 * @category Packet headers
 *
 * @example A label that the kernel chooses
 * ```ts
 * import { type FlowLabelRequest, IPV6_FLOWLABEL_MGR, setOption } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "::1", port: 0 });
 * const request: FlowLabelRequest = {
 *   dst: "::1",
 *   label: 0,
 *   action: "get",
 *   share: "excl",
 *   flags: ["create"],
 *   expires: 6,
 *   linger: 6,
 * };
 * setOption(listener, IPV6_FLOWLABEL_MGR, request);
 * console.log(request.label.toString(16));
 * ```
 */
export const IPV6_FLOWLABEL_MGR: SocketOption<FlowLabelRequest, "write-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_FLOWLABEL_MGR",
  32,
  flowLabelRequest,
  { access: "write-only" },
);

/**
 * Whether an address may be bound that no interface has yet.
 *
 * Default: off. Platform: Linux 4.15.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * Sysctl: [`net.ipv6.ip_nonlocal_bind`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IP_FREEBIND}.
 *
 * @category Binding and routes
 */
export const IPV6_FREEBIND: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_FREEBIND",
  78,
  bool,
  { setBefore: "bind" },
);

/**
 * Whether the data that is sent on a raw socket begins with an IPv6 header.
 *
 * Default: off. Platform: Linux 4.5.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IP_HDRINCL}.
 *
 * @category Packet headers
 */
export const IPV6_HDRINCL: SocketOption<boolean> = option("IPPROTO_IPV6", "IPV6_HDRINCL", 36, bool);

/**
 * The hop-by-hop options header of every packet; empty for none.
 *
 * Default: none. Takes CAP_NET_RAW. Platform: Linux 2.6.14; macOS.
 *
 * Source: [IPV6_HOPOPTS(2const)](https://man7.org/linux/man-pages/man2/IPV6_HOPOPTS.2const.html),
 * [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542).
 *
 * See also: {@linkcode IPV6_RECVHOPOPTS}.
 *
 * @category Packet headers
 */
export const IPV6_HOPOPTS: SocketOption<Uint8Array> = option(
  "IPPROTO_IPV6",
  "IPV6_HOPOPTS",
  54,
  bytes(2048),
  { capability: "CAP_NET_RAW" },
);

/**
 * Takes part in an anycast address.
 *
 * Write only. Takes CAP_NET_ADMIN. Platform: Linux.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_LEAVE_ANYCAST}.
 *
 * @category Binding and routes
 */
export const IPV6_JOIN_ANYCAST: SocketOption<Ipv6Membership, "write-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_JOIN_ANYCAST",
  27,
  ipv6Membership,
  { access: "write-only", capability: "CAP_NET_ADMIN" },
);

/**
 * Joins a multicast group: RFC 3493's name of IPV6_ADD_MEMBERSHIP.
 *
 * Write only. Platform: Linux; macOS.
 *
 * Source: [RFC 3493](https://www.rfc-editor.org/rfc/rfc3493), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_LEAVE_GROUP}, {@linkcode IPV6_ADD_MEMBERSHIP}.
 *
 * @category Multicast
 *
 * @example Hear a group of the link
 * ```ts
 * import { IPV6_JOIN_GROUP, setOption } from "@sockopt/tcp";
 *
 * const socket = Deno.listenDatagram({ transport: "udp", hostname: "::1", port: 0 });
 * setOption(socket, IPV6_JOIN_GROUP, { multiaddr: "ff02::1234", ifindex: 1 });
 * socket.close();
 * ```
 */
export const IPV6_JOIN_GROUP: SocketOption<Ipv6Membership, "write-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_JOIN_GROUP",
  20,
  ipv6Membership,
  { access: "write-only" },
);

/**
 * Takes no longer part in an anycast address.
 *
 * Write only. Platform: Linux.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_JOIN_ANYCAST}.
 *
 * @category Binding and routes
 */
export const IPV6_LEAVE_ANYCAST: SocketOption<Ipv6Membership, "write-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_LEAVE_ANYCAST",
  28,
  ipv6Membership,
  { access: "write-only" },
);

/**
 * Leaves a multicast group: RFC 3493's name of IPV6_DROP_MEMBERSHIP.
 *
 * Write only. Platform: Linux; macOS.
 *
 * Source: [RFC 3493](https://www.rfc-editor.org/rfc/rfc3493), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_JOIN_GROUP}, {@linkcode IPV6_ADD_MEMBERSHIP},
 * {@linkcode IPV6_DROP_MEMBERSHIP}.
 *
 * @category Multicast
 */
export const IPV6_LEAVE_GROUP: SocketOption<Ipv6Membership, "write-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_LEAVE_GROUP",
  21,
  ipv6Membership,
  { access: "write-only" },
);

/**
 * MCAST_BLOCK_SOURCE of level IPPROTO_IPV6: stops hearing one source of a multicast group.
 *
 * Write only. Platform: Linux; not macOS.
 *
 * Source: [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_MCAST_UNBLOCK_SOURCE}.
 *
 * @category Multicast
 */
export const IPV6_MCAST_BLOCK_SOURCE: SocketOption<GroupSourceRequest, "write-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_MCAST_BLOCK_SOURCE",
  43,
  groupSourceRequest,
  { access: "write-only" },
);

/**
 * MCAST_JOIN_GROUP of level IPPROTO_IPV6: joins a multicast group.
 *
 * Write only. Platform: Linux; not macOS.
 *
 * Source: [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_MCAST_LEAVE_GROUP}, {@linkcode IPV6_MCAST_JOIN_SOURCE_GROUP},
 * {@linkcode IPV6_MCAST_MSFILTER}.
 *
 * @category Multicast
 */
export const IPV6_MCAST_JOIN_GROUP: SocketOption<GroupRequest, "write-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_MCAST_JOIN_GROUP",
  42,
  groupRequest,
  { access: "write-only" },
);

/**
 * MCAST_JOIN_SOURCE_GROUP of level IPPROTO_IPV6: joins a multicast group for one source, or
 * allows one more.
 *
 * Write only. Platform: Linux; not macOS.
 *
 * Source: [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * Sysctl: [`net.ipv6.mld_max_msf`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IPV6_MCAST_JOIN_GROUP}, {@linkcode IPV6_MCAST_LEAVE_GROUP},
 * {@linkcode IPV6_MCAST_MSFILTER}, {@linkcode IPV6_MCAST_LEAVE_SOURCE_GROUP}.
 *
 * @category Multicast
 */
export const IPV6_MCAST_JOIN_SOURCE_GROUP: SocketOption<GroupSourceRequest, "write-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_MCAST_JOIN_SOURCE_GROUP",
  46,
  groupSourceRequest,
  { access: "write-only" },
);

/**
 * MCAST_LEAVE_GROUP of level IPPROTO_IPV6: leaves a multicast group.
 *
 * Write only. Platform: Linux; not macOS.
 *
 * Source: [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_MCAST_JOIN_GROUP}, {@linkcode IPV6_MCAST_JOIN_SOURCE_GROUP},
 * {@linkcode IPV6_MCAST_MSFILTER}.
 *
 * @category Multicast
 */
export const IPV6_MCAST_LEAVE_GROUP: SocketOption<GroupRequest, "write-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_MCAST_LEAVE_GROUP",
  45,
  groupRequest,
  { access: "write-only" },
);

/**
 * MCAST_LEAVE_SOURCE_GROUP of level IPPROTO_IPV6: stops allowing one source of a multicast group.
 *
 * Write only. Platform: Linux; not macOS.
 *
 * Source: [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_MCAST_JOIN_SOURCE_GROUP}.
 *
 * @category Multicast
 */
export const IPV6_MCAST_LEAVE_SOURCE_GROUP: SocketOption<GroupSourceRequest, "write-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_MCAST_LEAVE_SOURCE_GROUP",
  47,
  groupSourceRequest,
  { access: "write-only" },
);

/**
 * MCAST_MSFILTER of level IPPROTO_IPV6: the sources of a multicast group that are heard, all at
 * once.
 *
 * Read of one group: `getOption(socket, IPV6_MCAST_MSFILTER, group)`. Platform: Linux; not macOS.
 *
 * Source: [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * Sysctl: [`net.ipv6.mld_max_msf`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IPV6_MCAST_JOIN_GROUP}, {@linkcode IPV6_MCAST_LEAVE_GROUP},
 * {@linkcode IPV6_MCAST_JOIN_SOURCE_GROUP}.
 *
 * @category Multicast
 */
export const IPV6_MCAST_MSFILTER: AskedOption<GroupFilter, GroupRequest> = askedOption(
  "IPPROTO_IPV6",
  "IPV6_MCAST_MSFILTER",
  48,
  groupFilter,
  groupFilterQuestion,
);

/**
 * MCAST_UNBLOCK_SOURCE of level IPPROTO_IPV6: hears a source of a multicast group again.
 *
 * Write only. Platform: Linux; not macOS.
 *
 * Source: [RFC 3678](https://www.rfc-editor.org/rfc/rfc3678), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_MCAST_BLOCK_SOURCE}.
 *
 * @category Multicast
 */
export const IPV6_MCAST_UNBLOCK_SOURCE: SocketOption<GroupSourceRequest, "write-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_MCAST_UNBLOCK_SOURCE",
  44,
  groupSourceRequest,
  { access: "write-only" },
);

/**
 * The least hop limit of packets that are taken: those from farther away are dropped.
 *
 * Default: 0. Platform: Linux.
 *
 * Source: linux/in6.h, [RFC 5082](https://www.rfc-editor.org/rfc/rfc5082), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_UNICAST_HOPS}, {@linkcode IPV6_MULTICAST_HOPS}.
 *
 * @category Packet headers
 */
export const IPV6_MINHOPCOUNT: SocketOption<number> = option(
  "IPPROTO_IPV6",
  "IPV6_MINHOPCOUNT",
  73,
  integer(0, 255),
);

/**
 * The path's MTU in bytes, of a connected socket; set, the most that is sent, at least 1280.
 *
 * Platform: Linux.
 *
 * Source: [IPV6_MTU(2const)](https://man7.org/linux/man-pages/man2/IPV6_MTU.2const.html).
 *
 * Sysctl: [`net.ipv6.conf.*.mtu`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IPV6_MTU_DISCOVER}, {@linkcode IPV6_PATHMTU}, {@linkcode IPV6_DONTFRAG}.
 *
 * @category Path MTU
 */
export const IPV6_MTU: SocketOption<number> = option("IPPROTO_IPV6", "IPV6_MTU", 24, int, {
  onConnection: "the MTU of its path",
});

/**
 * Whether packets may be fragmented by the sender, as IP_MTU_DISCOVER.
 *
 * Default: "want". Platform: Linux.
 *
 * Source:
 * [IPV6_MTU_DISCOVER(2const)](https://man7.org/linux/man-pages/man2/IPV6_MTU_DISCOVER.2const.html),
 * [RFC 8201](https://www.rfc-editor.org/rfc/rfc8201).
 *
 * See also: {@linkcode IPV6_MTU}, {@linkcode IPV6_PATHMTU}, {@linkcode IPV6_DONTFRAG},
 * {@linkcode IP_MTU_DISCOVER}.
 *
 * @category Path MTU
 */
export const IPV6_MTU_DISCOVER: SocketOption<MtuDiscover> = option(
  "IPPROTO_IPV6",
  "IPV6_MTU_DISCOVER",
  23,
  mtuDiscover,
);

/**
 * Whether the socket receives for every group that any socket of this machine has joined.
 *
 * Default: on. Platform: Linux 4.20.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_ADD_MEMBERSHIP}, {@linkcode IPV6_DROP_MEMBERSHIP},
 * {@linkcode IPV6_MULTICAST_IF}, {@linkcode IPV6_MULTICAST_LOOP}, {@linkcode IPV6_MULTICAST_HOPS}.
 *
 * @category Multicast
 */
export const IPV6_MULTICAST_ALL: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_MULTICAST_ALL",
  29,
  bool,
);

/**
 * How many hops multicasts go: 0 to 255, -1 for the default.
 *
 * Default: 1. Platform: Linux; macOS.
 *
 * Source:
 * [IPV6_MULTICAST_HOPS(2const)](https://man7.org/linux/man-pages/man2/IPV6_MULTICAST_HOPS.2const.html),
 * [RFC 3493](https://www.rfc-editor.org/rfc/rfc3493).
 *
 * See also: {@linkcode IPV6_UNICAST_HOPS}, {@linkcode IPV6_MINHOPCOUNT},
 * {@linkcode IPV6_ADD_MEMBERSHIP}, {@linkcode IPV6_DROP_MEMBERSHIP}, {@linkcode IPV6_MULTICAST_IF},
 * {@linkcode IPV6_MULTICAST_LOOP}, {@linkcode IPV6_MULTICAST_ALL}.
 *
 * @category Multicast
 */
export const IPV6_MULTICAST_HOPS: SocketOption<number> = option(
  "IPPROTO_IPV6",
  "IPV6_MULTICAST_HOPS",
  18,
  integer(-1, 255),
  { onConnection: "the hop limit of the first packet that its peer has sent" },
);

/**
 * The index of the interface by which multicasts leave; 0 leaves it to the kernel.
 *
 * Default: 0. Platform: Linux; macOS.
 *
 * Source:
 * [IPV6_MULTICAST_IF(2const)](https://man7.org/linux/man-pages/man2/IPV6_MULTICAST_IF.2const.html),
 * [RFC 3493](https://www.rfc-editor.org/rfc/rfc3493).
 *
 * See also: {@linkcode IPV6_ADD_MEMBERSHIP}, {@linkcode IPV6_DROP_MEMBERSHIP},
 * {@linkcode IPV6_MULTICAST_LOOP}, {@linkcode IPV6_MULTICAST_HOPS}, {@linkcode IPV6_MULTICAST_ALL}.
 *
 * @category Multicast
 */
export const IPV6_MULTICAST_IF: SocketOption<number> = option(
  "IPPROTO_IPV6",
  "IPV6_MULTICAST_IF",
  17,
  int,
  { onConnection: "the interface by which its peer has come" },
);

/**
 * Whether multicasts that are sent come back to sockets of this machine.
 *
 * Default: on. Platform: Linux; macOS.
 *
 * Source:
 * [IPV6_MULTICAST_LOOP(2const)](https://man7.org/linux/man-pages/man2/IPV6_MULTICAST_LOOP.2const.html),
 * [RFC 3493](https://www.rfc-editor.org/rfc/rfc3493).
 *
 * See also: {@linkcode IPV6_ADD_MEMBERSHIP}, {@linkcode IPV6_DROP_MEMBERSHIP},
 * {@linkcode IPV6_MULTICAST_IF}, {@linkcode IPV6_MULTICAST_HOPS}, {@linkcode IPV6_MULTICAST_ALL}.
 *
 * @category Multicast
 */
export const IPV6_MULTICAST_LOOP: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_MULTICAST_LOOP",
  19,
  bool,
);

/**
 * The path's MTU in bytes, of a connected socket.
 *
 * Read only. Platform: Linux; macOS.
 *
 * Source: [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_MTU}, {@linkcode IPV6_MTU_DISCOVER}, {@linkcode IPV6_DONTFRAG},
 * {@linkcode IPV6_RECVPATHMTU}.
 *
 * @category Path MTU
 */
export const IPV6_PATHMTU: SocketOption<number, "read-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_PATHMTU",
  61,
  pathMtu,
  { access: "read-only" },
);

/**
 * The source address and the interface of every packet.
 *
 * Write only. Platform: Linux 2.6.14; macOS.
 *
 * Source: [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_RECVPKTINFO}.
 *
 * @category Binding and routes
 */
export const IPV6_PKTINFO: SocketOption<Ipv6PacketInfo, "write-only"> = option(
  "IPPROTO_IPV6",
  "IPV6_PKTINFO",
  50,
  ipv6PacketInfo,
  { access: "write-only" },
);

/**
 * Whether each received datagram tells its destination options.
 *
 * Default: off. Platform: Linux 2.6.14; macOS.
 *
 * Source: [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_DSTOPTS}, {@linkcode IPV6_2292DSTOPTS}.
 *
 * @category Control messages
 */
export const IPV6_RECVDSTOPTS: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_RECVDSTOPTS",
  58,
  bool,
);

/**
 * Whether errors that the network reports are queued with their details, to be read with
 * MSG_ERRQUEUE.
 *
 * Default: off. Platform: Linux.
 *
 * Source: [IPV6_RECVERR(2const)](https://man7.org/linux/man-pages/man2/IPV6_RECVERR.2const.html).
 *
 * See also: {@linkcode IPV6_RECVERR_RFC4884}, {@linkcode SO_SELECT_ERR_QUEUE}.
 *
 * @category Control messages
 */
export const IPV6_RECVERR: SocketOption<boolean> = option("IPPROTO_IPV6", "IPV6_RECVERR", 25, bool);

/**
 * Whether such errors come with the extensions of RFC 4884.
 *
 * Default: off. Platform: Linux 5.9.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_RECVERR}, {@linkcode SO_SELECT_ERR_QUEUE}.
 *
 * @category Control messages
 */
export const IPV6_RECVERR_RFC4884: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_RECVERR_RFC4884",
  31,
  bool,
);

/**
 * Whether each received datagram tells the size of its largest fragment.
 *
 * Default: off. Platform: Linux 4.10.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IP_RECVFRAGSIZE}.
 *
 * @category Path MTU
 */
export const IPV6_RECVFRAGSIZE: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_RECVFRAGSIZE",
  77,
  bool,
);

/**
 * Whether each received datagram tells its hop limit.
 *
 * Default: off. Platform: Linux 2.6.14; macOS.
 *
 * Source: [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IP_RECVTTL}, {@linkcode IPV6_2292HOPLIMIT}.
 *
 * @category Control messages
 */
export const IPV6_RECVHOPLIMIT: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_RECVHOPLIMIT",
  51,
  bool,
);

/**
 * Whether each received datagram tells its hop-by-hop options.
 *
 * Default: off. Platform: Linux 2.6.14; macOS.
 *
 * Source: [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_HOPOPTS}, {@linkcode IPV6_2292HOPOPTS}.
 *
 * @category Control messages
 */
export const IPV6_RECVHOPOPTS: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_RECVHOPOPTS",
  53,
  bool,
);

/**
 * Whether each received datagram tells the address it was sent to before it was redirected.
 *
 * Default: off. Platform: Linux.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IP_RECVORIGDSTADDR}, {@linkcode SO_ORIGINAL_DST}.
 *
 * @category Control messages
 */
export const IPV6_RECVORIGDSTADDR: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_RECVORIGDSTADDR",
  74,
  bool,
);

/**
 * Whether a socket is told when the MTU of a path changes.
 *
 * Default: off. Platform: Linux; macOS.
 *
 * Source: [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_PATHMTU}.
 *
 * @category Path MTU
 */
export const IPV6_RECVPATHMTU: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_RECVPATHMTU",
  60,
  bool,
);

/**
 * Whether each received datagram tells by which interface it came and to which address.
 *
 * Default: off. Platform: Linux 2.6.14; macOS.
 *
 * Source:
 * [IPV6_RECVPKTINFO(2const)](https://man7.org/linux/man-pages/man2/IPV6_RECVPKTINFO.2const.html),
 * [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542).
 *
 * See also: {@linkcode IP_PKTINFO}, {@linkcode IPV6_PKTINFO}, {@linkcode IPV6_2292PKTINFO}.
 *
 * @category Control messages
 */
export const IPV6_RECVPKTINFO: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_RECVPKTINFO",
  49,
  bool,
);

/**
 * Whether each received datagram tells its routing header.
 *
 * Default: off. Platform: Linux 2.6.14; macOS.
 *
 * Source: [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_RTHDR}, {@linkcode IPV6_RTHDRDSTOPTS}, {@linkcode IPV6_2292RTHDR}.
 *
 * @category Control messages
 */
export const IPV6_RECVRTHDR: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_RECVRTHDR",
  56,
  bool,
);

/**
 * Whether each received datagram tells its traffic class.
 *
 * Default: off. Platform: Linux; macOS.
 *
 * Source: [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IP_RECVTOS}.
 *
 * @category Control messages
 */
export const IPV6_RECVTCLASS: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_RECVTCLASS",
  66,
  bool,
);

/**
 * The router alert value for which a raw socket receives packets that are only passing through;
 * -1: none. Read, 1 or 0 for whether there is one, which older kernels do not tell.
 *
 * Default: 0. Platform: Linux.
 *
 * Source:
 * [IPV6_ROUTER_ALERT(2const)](https://man7.org/linux/man-pages/man2/IPV6_ROUTER_ALERT.2const.html).
 *
 * See also: {@linkcode IP_ROUTER_ALERT}, {@linkcode IPV6_ROUTER_ALERT_ISOLATE}.
 *
 * @category Packet headers
 */
export const IPV6_ROUTER_ALERT: SocketOption<number> = option(
  "IPPROTO_IPV6",
  "IPV6_ROUTER_ALERT",
  22,
  int,
);

/**
 * Whether such packets come only from the socket's own network namespace.
 *
 * Default: off. Platform: Linux 5.1.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_ROUTER_ALERT}.
 *
 * @category Packet headers
 */
export const IPV6_ROUTER_ALERT_ISOLATE: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_ROUTER_ALERT_ISOLATE",
  30,
  bool,
);

/**
 * The routing header of every packet; empty for none.
 *
 * Default: none. Platform: Linux 2.6.14; macOS.
 *
 * Source: [IPV6_RTHDR(2const)](https://man7.org/linux/man-pages/man2/IPV6_RTHDR.2const.html), [RFC
 * 3542](https://www.rfc-editor.org/rfc/rfc3542).
 *
 * See also: {@linkcode IPV6_RECVRTHDR}, {@linkcode IPV6_RTHDRDSTOPTS}.
 *
 * @category Packet headers
 */
export const IPV6_RTHDR: SocketOption<Uint8Array> = option(
  "IPPROTO_IPV6",
  "IPV6_RTHDR",
  57,
  bytes(2048),
);

/**
 * The destination options header before the routing header of every packet; empty for none.
 *
 * Default: none. Takes CAP_NET_RAW. Platform: Linux 2.6.14.
 *
 * Source: [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IPV6_RTHDR}, {@linkcode IPV6_RECVRTHDR}.
 *
 * @category Packet headers
 */
export const IPV6_RTHDRDSTOPTS: SocketOption<Uint8Array> = option(
  "IPPROTO_IPV6",
  "IPV6_RTHDRDSTOPTS",
  55,
  bytes(2048),
  { capability: "CAP_NET_RAW" },
);

/**
 * The traffic class of the packets that are sent: 0 to 255, -1 for the default. The upper six
 * bits are the DSCP.
 *
 * Default: 0. Platform: Linux; macOS.
 *
 * Source: [RFC 3542](https://www.rfc-editor.org/rfc/rfc3542), not in
 * [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IP_TOS}, {@linkcode SO_PRIORITY}.
 *
 * @category Packet headers
 */
export const IPV6_TCLASS: SocketOption<number> = option(
  "IPPROTO_IPV6",
  "IPV6_TCLASS",
  67,
  integer(-1, 255),
);

/**
 * Whether addresses that are not of this machine may be bound and connections to them taken, as a
 * transparent proxy does.
 *
 * Default: off. Takes CAP_NET_ADMIN or CAP_NET_RAW. Platform: Linux.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * Sysctl: [`net.ipv6.ip_nonlocal_bind`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IP_TRANSPARENT}.
 *
 * @category Binding and routes
 */
export const IPV6_TRANSPARENT: SocketOption<boolean> = option(
  "IPPROTO_IPV6",
  "IPV6_TRANSPARENT",
  75,
  bool,
  { capability: "CAP_NET_ADMIN or CAP_NET_RAW", setBefore: "bind" },
);

/**
 * How many hops packets go: 0 to 255, -1 for the default.
 *
 * Default: 64. Platform: Linux; macOS.
 *
 * Source:
 * [IPV6_UNICAST_HOPS(2const)](https://man7.org/linux/man-pages/man2/IPV6_UNICAST_HOPS.2const.html),
 * [RFC 3493](https://www.rfc-editor.org/rfc/rfc3493).
 *
 * Sysctl: [`net.ipv6.conf.*.hop_limit`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IP_TTL}, {@linkcode IP_MULTICAST_TTL}, {@linkcode IP_MINTTL},
 * {@linkcode IPV6_MULTICAST_HOPS}, {@linkcode IPV6_MINHOPCOUNT}.
 *
 * @category Packet headers
 */
export const IPV6_UNICAST_HOPS: SocketOption<number> = option(
  "IPPROTO_IPV6",
  "IPV6_UNICAST_HOPS",
  16,
  integer(-1, 255),
);

/**
 * The index of the interface by which unicasts leave, if the routes allow it; 0 leaves it to the
 * kernel.
 *
 * Default: 0. Platform: Linux.
 *
 * Source: linux/in6.h, not in [ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html).
 *
 * See also: {@linkcode IP_UNICAST_IF}.
 *
 * @category Binding and routes
 */
export const IPV6_UNICAST_IF: SocketOption<number> = option(
  "IPPROTO_IPV6",
  "IPV6_UNICAST_IF",
  76,
  uint32BigEndian,
);

/**
 * Whether the socket is for IPv6 alone. Off, a socket bound to "::" takes IPv4 as well, with
 * addresses such as ::ffff:127.0.0.1. It must be set before bind(2): later it
 * is refused with EINVAL.
 *
 * Default: the sysctl net.ipv6.bindv6only, off. Platform: Linux 2.4.21; macOS.
 *
 * Source: [IPV6_V6ONLY(2const)](https://man7.org/linux/man-pages/man2/IPV6_V6ONLY.2const.html),
 * [RFC 3493](https://www.rfc-editor.org/rfc/rfc3493).
 *
 * Sysctl: [`net.ipv6.bindv6only`](https://docs.kernel.org/networking/ip-sysctl.html).
 *
 * See also: {@linkcode IPV6_ADDRFORM}.
 *
 * @category Binding and routes
 *
 * @example What a listener on "::" takes
 * ```ts
 * import { getOption, IPV6_V6ONLY } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "::", port: 0 });
 * console.log(getOption(listener, IPV6_V6ONLY)); // false: IPv4 as well
 * ```
 */
export const IPV6_V6ONLY: SocketOption<boolean> = option("IPPROTO_IPV6", "IPV6_V6ONLY", 26, bool, {
  setBefore: "bind",
});
