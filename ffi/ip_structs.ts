/**
 * Codecs of options of IP and IPv6 whose value is a C structure.
 *
 * @module
 */

import {
  checkInteger,
  checkObject,
  type Codec,
  flagBits,
  list,
  LITTLE_ENDIAN,
  oneOf,
  part,
  show,
} from "./codec.ts";
import { isDarwin } from "./platform.ts";
import {
  IN6_ADDR_SIZE,
  IN_ADDR_SIZE,
  readAddress,
  readSockaddr,
  SOCKADDR_STORAGE,
  writeAddress,
  writeSockaddr,
} from "./sockaddr.ts";
import { sockaddr } from "./structs.ts";

/** `struct in_addr`: an IPv4 address. */
export const inAddr: Codec<string> = {
  size: IN_ADDR_SIZE,
  encode(value, into) {
    writeAddress(value, into, IN_ADDR_SIZE);
    return IN_ADDR_SIZE;
  },
  decode: (from) => readAddress(from, IN_ADDR_SIZE),
  parse: (text) => text, // encode() knows an address
};

/**
 * A multicast group and the interface on which it is joined: `struct ip_mreqn`.
 *
 * @category Multicast
 */
export interface Membership {
  /** The group's address. */
  multiaddr: string;
  /** The address of the interface. Absent: the kernel chooses. */
  address?: string;
  /** The index of the interface, which goes before its address. */
  ifindex?: number;
}

/** `struct ip_mreqn`: linux/in.h. */
export const membership: Codec<Membership> = {
  size: 12,
  encode(value, into) {
    checkObject(value, ["multiaddr", "address", "ifindex"]);
    writeAddress(value.multiaddr, into, IN_ADDR_SIZE, "multiaddr"); // imr_multiaddr
    writeAddress(value.address ?? "0.0.0.0", part(into, 4), IN_ADDR_SIZE, "address"); // imr_address
    checkInteger(value.ifindex ?? 0, 0, 2 ** 31 - 1, "ifindex to be a whole number");
    into.setInt32(8, value.ifindex ?? 0, LITTLE_ENDIAN); // imr_ifindex
    return 12;
  },
  decode: (from) => ({
    multiaddr: readAddress(from, IN_ADDR_SIZE),
    address: readAddress(part(from, 4), IN_ADDR_SIZE),
    ifindex: from.getInt32(8, LITTLE_ENDIAN),
  }),
};

/** The interface of multicasts: `struct in_addr`, or by its index `struct ip_mreqn`. */
export const multicastInterface: Codec<string | number> = {
  ...inAddr,
  size: 12,
  encode: (value, into) =>
    typeof value === "number"
      ? membership.encode({ multiaddr: "0.0.0.0", ifindex: value }, into)
      : inAddr.encode(value, into),
};

/**
 * A multicast group of which one source is meant: `struct ip_mreq_source`.
 *
 * @category Multicast
 */
export interface SourceMembership {
  /** The group's address. */
  multiaddr: string;
  /** The source's address. */
  sourceaddr: string;
  /** The address of the interface. Absent: the kernel chooses. */
  interface?: string;
}

// BSD has the source before the interface
const MREQ_INTERFACE = isDarwin ? 8 : 4;
const MREQ_SOURCE = isDarwin ? 4 : 8;

/** `struct ip_mreq_source`: linux/in.h. */
export const sourceMembership: Codec<SourceMembership> = {
  size: 12,
  encode(value, into) {
    checkObject(value, ["multiaddr", "sourceaddr", "interface"]);
    const { multiaddr, interface: device = "0.0.0.0", sourceaddr } = value;
    writeAddress(multiaddr, into, IN_ADDR_SIZE, "multiaddr"); // imr_multiaddr
    writeAddress(device, part(into, MREQ_INTERFACE), IN_ADDR_SIZE, "interface"); // imr_interface
    writeAddress(sourceaddr, part(into, MREQ_SOURCE), IN_ADDR_SIZE, "sourceaddr"); // imr_sourceaddr
    return 12;
  },
  decode: (from) => ({
    multiaddr: readAddress(from, IN_ADDR_SIZE),
    sourceaddr: readAddress(part(from, MREQ_SOURCE), IN_ADDR_SIZE),
    interface: readAddress(part(from, MREQ_INTERFACE), IN_ADDR_SIZE),
  }),
};

/**
 * An IPv6 multicast group or anycast address, and the interface: `struct ipv6_mreq`.
 *
 * @category Multicast
 */
export interface Ipv6Membership {
  /** The address. */
  multiaddr: string;
  /** The index of the interface. Absent: the kernel chooses. */
  ifindex?: number;
}

/** `struct ipv6_mreq`: linux/in6.h. */
export const ipv6Membership: Codec<Ipv6Membership> = {
  size: 20,
  encode(value, into) {
    checkObject(value, ["multiaddr", "ifindex"]);
    writeAddress(value.multiaddr, into, IN6_ADDR_SIZE, "multiaddr"); // ipv6mr_multiaddr
    checkInteger(value.ifindex ?? 0, 0, 2 ** 31 - 1, "ifindex to be a whole number");
    into.setInt32(16, value.ifindex ?? 0, LITTLE_ENDIAN); // ipv6mr_ifindex
    return 20;
  },
  decode: (from) => ({
    multiaddr: readAddress(from, IN6_ADDR_SIZE),
    ifindex: from.getInt32(16, LITTLE_ENDIAN),
  }),
};

/**
 * Where packets are sent from: `struct in6_pktinfo`.
 *
 * @category Binding and routes
 */
export interface Ipv6PacketInfo {
  /** The source address; "::" leaves it to the kernel. */
  addr: string;
  /** The index of the interface; 0 leaves it to the kernel. */
  ifindex: number;
}

/** `struct in6_pktinfo`: linux/ipv6.h. */
export const ipv6PacketInfo: Codec<Ipv6PacketInfo> = {
  size: 20,
  encode(value, into) {
    checkObject(value, ["addr", "ifindex"]);
    writeAddress(value.addr, into, IN6_ADDR_SIZE, "addr"); // ipi6_addr
    checkInteger(value.ifindex, 0, 2 ** 31 - 1, "ifindex to be a whole number");
    into.setInt32(16, value.ifindex, LITTLE_ENDIAN); // ipi6_ifindex
    return 20;
  },
  decode(from) {
    const { multiaddr, ifindex = 0 } = ipv6Membership.decode(from);
    return { addr: multiaddr, ifindex };
  },
};

/** `struct ip6_mtuinfo`, of which getsockopt(2) fills the MTU alone: linux/ipv6.h. */
export const pathMtu: Codec<number> = {
  size: 32,
  encode() {
    throw new TypeError("IPV6_PATHMTU can only be read");
  },
  decode: (from) => from.getUint32(28, LITTLE_ENDIAN), // ip6m_mtu
};

/**
 * A multicast group of either family: `struct group_req`.
 *
 * @category Multicast
 */
export interface GroupRequest {
  /** The index of the interface; 0 leaves it to the kernel. */
  interface: number;
  /** The group. Its port counts for nothing. */
  group: Deno.NetAddr;
}

/** Writes what `struct group_req`, `group_source_req` and `group_filter` begin with. */
function writeGroup(value: GroupRequest, into: DataView): void {
  checkInteger(value.interface, 0, 2 ** 31 - 1, "interface to be an index");
  into.setUint32(0, value.interface, LITTLE_ENDIAN); // gr_interface
  writeSockaddr(value.group, part(into, 8), "group"); // gr_group
}

/** `struct group_req`: linux/in.h. */
export const groupRequest: Codec<GroupRequest> = {
  size: 8 + SOCKADDR_STORAGE,
  encode(value, into) {
    checkObject(value, ["interface", "group"]);
    writeGroup(value, into);
    return groupRequest.size;
  },
  decode: (from) => ({
    interface: from.getUint32(0, LITTLE_ENDIAN),
    group: readSockaddr(part(from, 8), "udp") as Deno.NetAddr,
  }),
};

/**
 * A multicast group of either family of which one source is meant: `struct group_source_req`.
 *
 * @category Multicast
 */
export interface GroupSourceRequest extends GroupRequest {
  /** The source. Its port counts for nothing. */
  source: Deno.NetAddr;
}

/** `struct group_source_req`: linux/in.h. */
export const groupSourceRequest: Codec<GroupSourceRequest> = {
  size: 8 + 2 * SOCKADDR_STORAGE,
  encode(value, into) {
    checkObject(value, ["interface", "group", "source"]);
    writeGroup(value, into);
    writeSockaddr(value.source, part(into, groupRequest.size), "source"); // gsr_source
    return groupSourceRequest.size;
  },
  decode: (from) => ({
    ...groupRequest.decode(from),
    source: readSockaddr(part(from, groupRequest.size), "udp") as Deno.NetAddr,
  }),
};

/**
 * Whether the sources of a list are those that are heard, or those that are not.
 *
 * @category Multicast
 */
export type FilterMode = "include" | "exclude";

const FILTER_MODES: Record<FilterMode, number> = { exclude: 0, include: 1 };

function filterMode(mode: FilterMode): number {
  if (Object.hasOwn(FILTER_MODES, mode)) return FILTER_MODES[mode];
  throw new TypeError(`expected mode to be one of ${oneOf(FILTER_MODES)}, got ${show(mode)}`);
}

function readFilterMode(mode: number): FilterMode {
  return mode === FILTER_MODES.include ? "include" : "exclude";
}

/**
 * The sources of a multicast group that are heard: `struct ip_msfilter`.
 *
 * @category Multicast
 */
export interface SourceFilter {
  /** The group's address. */
  multiaddr: string;
  /** The address of the interface on which it was joined. */
  interface: string;
  /** What the sources are. */
  mode: FilterMode;
  /** The sources' addresses. */
  sources: readonly string[];
}

/** What the sysctl net.core.optmem_max leaves room for in `struct group_filter` where it is 128 KiB, its default. */
const MOST_SOURCES = 1022;

function checkSources(sources: unknown): void {
  if (!Array.isArray(sources)) {
    throw new TypeError(`expected sources to be a list, got ${show(sources)}`);
  }
}

/**
 * Of which group the filter is read.
 *
 * @category Multicast
 */
export type SourceFilterQuestion = Pick<SourceFilter, "multiaddr" | "interface">;

const sourceList = list(inAddr, MOST_SOURCES);

/** `struct ip_msfilter`: linux/in.h. */
export const sourceFilter: Codec<SourceFilter> = {
  size: 16 + IN_ADDR_SIZE * MOST_SOURCES,
  encode(value, into) {
    checkObject(value, ["multiaddr", "interface", "mode", "sources"]);
    checkSources(value.sources);
    writeAddress(value.multiaddr, into, IN_ADDR_SIZE, "multiaddr"); // imsf_multiaddr
    writeAddress(value.interface, part(into, 4), IN_ADDR_SIZE, "interface"); // imsf_interface
    into.setUint32(8, filterMode(value.mode), LITTLE_ENDIAN); // imsf_fmode
    into.setUint32(12, value.sources.length, LITTLE_ENDIAN); // imsf_numsrc
    return 16 + sourceList.encode(value.sources, part(into, 16)); // imsf_slist
  },
  decode: (from) => ({
    multiaddr: readAddress(from, IN_ADDR_SIZE),
    interface: readAddress(part(from, 4), IN_ADDR_SIZE),
    mode: readFilterMode(from.getUint32(8, LITTLE_ENDIAN)),
    sources: sourceList.decode(part(from, 16)),
  }),
};

/** What IP_MSFILTER is read of: all but the mode and the sources. */
export const sourceFilterQuestion: Pick<Codec<SourceFilterQuestion>, "size" | "encode"> = {
  size: sourceFilter.size,
  encode(value, into) {
    checkObject(value, ["multiaddr", "interface"]);
    sourceFilter.encode({ ...value, mode: "include", sources: [] }, into);
    into.setUint32(12, MOST_SOURCES, LITTLE_ENDIAN); // imsf_numsrc: for how many there is room
    return sourceFilter.size;
  },
};

/**
 * The sources of a multicast group of either family that are heard: `struct group_filter`.
 *
 * @category Multicast
 */
export interface GroupFilter extends GroupRequest {
  /** What the sources are. */
  mode: FilterMode;
  /** The sources. Their ports count for nothing. */
  sources: readonly Deno.NetAddr[];
}

const groupSourceList = list<Deno.Addr>(
  { ...sockaddr, decode: (from) => readSockaddr(from, "udp") },
  MOST_SOURCES,
);

/** `struct group_filter`: linux/in.h. */
export const groupFilter: Codec<GroupFilter> = {
  size: 144 + SOCKADDR_STORAGE * MOST_SOURCES,
  encode(value, into) {
    checkObject(value, ["interface", "group", "mode", "sources"]);
    checkSources(value.sources);
    writeGroup(value, into); // gf_interface, gf_group
    into.setUint32(136, filterMode(value.mode), LITTLE_ENDIAN); // gf_fmode
    into.setUint32(140, value.sources.length, LITTLE_ENDIAN); // gf_numsrc
    return 144 + groupSourceList.encode(value.sources, part(into, 144)); // gf_slist
  },
  decode: (from) => ({
    ...groupRequest.decode(from),
    mode: readFilterMode(from.getUint32(136, LITTLE_ENDIAN)),
    sources: groupSourceList.decode(part(from, 144)) as Deno.NetAddr[],
  }),
};

/** What MCAST_MSFILTER is read of: all but the mode and the sources. */
export const groupFilterQuestion: Pick<Codec<GroupRequest>, "size" | "encode"> = {
  size: groupFilter.size,
  encode(value, into) {
    groupRequest.encode(value, into);
    into.setUint32(140, MOST_SOURCES, LITTLE_ENDIAN); // gf_numsrc: for how many there is room
    return groupFilter.size;
  },
};

/**
 * What is done with a flow label.
 *
 * @category Packet headers
 */
export type FlowLabelAction = "get" | "put" | "renew";
/**
 * Who else may use a flow label.
 *
 * @category Packet headers
 */
export type FlowLabelShare = "none" | "excl" | "process" | "user" | "any";
/**
 * How a flow label is got.
 *
 * @category Packet headers
 */
export type FlowLabelFlag = "create" | "excl" | "reflect" | "remote";

const FLOW_LABEL_ACTIONS: Record<FlowLabelAction, number> = { get: 0, put: 1, renew: 2 };
const FLOW_LABEL_SHARES: Record<FlowLabelShare, number> = {
  none: 0,
  excl: 1,
  process: 2,
  user: 3,
  any: 255,
};
const FLOW_LABEL_FLAGS: Record<FlowLabelFlag, number> = {
  create: 1,
  excl: 2,
  reflect: 4,
  remote: 8,
};

/**
 * A request for a flow label: `struct in6_flowlabel_req`, RFC 6437.
 *
 * @category Packet headers
 */
export interface FlowLabelRequest {
  /** Where the flow leads. */
  dst: string;
  /** The label, of 20 bits; 0 lets the kernel choose, and what it chose stands here afterwards. */
  label: number;
  /** What is done with it. */
  action: FlowLabelAction;
  /** Who else may use it. */
  share: FlowLabelShare;
  /** How it is got. */
  flags: readonly FlowLabelFlag[];
  /** For how many seconds it is kept. */
  expires: number;
  /** For how many seconds it is kept from others after its last use. */
  linger: number;
}

/** `struct in6_flowlabel_req`: linux/in6.h. */
export const flowLabelRequest: Codec<FlowLabelRequest> = {
  size: 32,
  encode(value, into) {
    checkObject(value, ["dst", "label", "action", "share", "flags", "expires", "linger"]);
    const { dst, label, action, share, expires } = value;
    if (!Object.hasOwn(FLOW_LABEL_ACTIONS, action) || !Object.hasOwn(FLOW_LABEL_SHARES, share)) {
      throw new TypeError(
        `expected an action of ${oneOf(FLOW_LABEL_ACTIONS)} and a share of ${
          oneOf(FLOW_LABEL_SHARES)
        }`,
      );
    }
    checkInteger(label, 0, 2 ** 20 - 1, "label to be a whole number");
    checkInteger(expires, 0, 65535, "expires to be a whole number of seconds");
    checkInteger(value.linger, 0, 65535, "linger to be a whole number of seconds");
    writeAddress(dst, into, IN6_ADDR_SIZE, "dst"); // flr_dst
    into.setUint32(16, label); // flr_label, in network byte order
    into.setUint8(20, FLOW_LABEL_ACTIONS[action]); // flr_action
    into.setUint8(21, FLOW_LABEL_SHARES[share]); // flr_share
    into.setUint16(22, flagBits(FLOW_LABEL_FLAGS, value.flags), LITTLE_ENDIAN); // flr_flags
    into.setUint16(24, expires, LITTLE_ENDIAN); // flr_expires
    into.setUint16(26, value.linger, LITTLE_ENDIAN); // flr_linger
    return 32;
  },
  answered(from, value) {
    // an object that is frozen stays as it is
    if (value.label === 0) Reflect.set(value, "label", from.getUint32(16)); // flr_label
  },
  decode() {
    throw new TypeError("IPV6_FLOWLABEL_MGR can only be written");
  },
};

/**
 * A range of ports, both ends included. 0 leaves an end to the sysctl net.ipv4.ip_local_port_range.
 *
 * @category Binding and routes
 */
export interface PortRange {
  /** The lowest port. */
  low: number;
  /** The highest port. */
  high: number;
}

/** The number of IP_LOCAL_PORT_RANGE: the lowest port below, the highest above. */
export const portRange: Codec<PortRange> = {
  size: 4,
  encode(value, into) {
    checkObject(value, ["low", "high"]);
    checkInteger(value.low, 0, 65535, "low to be a port");
    checkInteger(value.high, 0, 65535, "high to be a port");
    into.setUint16(0, value.low, LITTLE_ENDIAN);
    into.setUint16(2, value.high, LITTLE_ENDIAN);
    return 4;
  },
  decode: (from) => ({
    low: from.getUint16(0, LITTLE_ENDIAN),
    high: from.getUint16(2, LITTLE_ENDIAN),
  }),
  parse(text) {
    const [, low, high] = /^(\d+)-(\d+)$/.exec(text) ?? [];
    if (low !== undefined) return { low: Number(low), high: Number(high) };
    throw new TypeError(`expected two ports such as 40000-50000, got ${show(text)}`);
  },
};
