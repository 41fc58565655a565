/**
 * Options of level IPPROTO_UDP: udp(7), linux/udp.h.
 *
 * @module
 */

import { bool, type Codec, enumeration, integer } from "../codec.ts";
import { option, type SocketOption } from "../socket_option.ts";

/** The protocols that the kernel takes out of UDP datagrams: linux/udp.h. */
export type UdpEncap =
  | "none"
  | "espinudp-non-ike"
  | "espinudp"
  | "l2tpinudp"
  | "gtp0"
  | "gtp1u"
  | "rxrpc";

const udpEncap: Codec<UdpEncap> = enumeration({
  none: 0,
  "espinudp-non-ike": 1,
  espinudp: 2,
  l2tpinudp: 3,
  gtp0: 4,
  gtp1u: 5,
  rxrpc: 6,
});

/**
 * Whether what is written is gathered into one datagram, which is sent when this is switched off.
 *
 * Default: off. Platform: Linux 2.5.44. Source: udp(7).
 */
export const UDP_CORK: SocketOption<boolean> = option("IPPROTO_UDP", "UDP_CORK", 1, bool);

/**
 * Which protocol the kernel takes out of the datagrams itself. Some take a capability or are set
 * by the kernel alone.
 *
 * Default: "none". Platform: Linux 2.5.67. Source: linux/udp.h.
 */
export const UDP_ENCAP: SocketOption<UdpEncap> = option("IPPROTO_UDP", "UDP_ENCAP", 100, udpEncap);

/**
 * Whether datagrams of one flow may be received joined together, with a control message that
 * tells their size.
 *
 * Default: off. Platform: Linux 5.0. Source: udp(7).
 */
export const UDP_GRO: SocketOption<boolean> = option("IPPROTO_UDP", "UDP_GRO", 104, bool);

/**
 * Whether IPv6 datagrams without a checksum are taken.
 *
 * Default: off. Platform: Linux 3.16. Source: linux/udp.h, RFC 6935.
 */
export const UDP_NO_CHECK6_RX: SocketOption<boolean> = option(
  "IPPROTO_UDP",
  "UDP_NO_CHECK6_RX",
  102,
  bool,
);

/**
 * Whether IPv6 datagrams are sent without a checksum.
 *
 * Default: off. Platform: Linux 3.16. Source: linux/udp.h, RFC 6935.
 */
export const UDP_NO_CHECK6_TX: SocketOption<boolean> = option(
  "IPPROTO_UDP",
  "UDP_NO_CHECK6_TX",
  101,
  bool,
);

/**
 * The size in bytes into which a long write is cut, to be sent as so many datagrams; 0 sends it
 * as one.
 *
 * Default: 0. Platform: Linux 4.18. Source: udp(7).
 */
export const UDP_SEGMENT: SocketOption<number> = option(
  "IPPROTO_UDP",
  "UDP_SEGMENT",
  103,
  integer(0, 65535),
);
