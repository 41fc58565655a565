/**
 * Options of level IPPROTO_UDP: udp(7), linux/udp.h.
 *
 * @module
 */

import { bool, type Codec, enumeration, integer } from "../codec.ts";
import { option, type SocketOption } from "../socket_option.ts";

/**
 * The protocols that the kernel takes out of UDP datagrams: linux/udp.h.
 *
 * @category Datagrams
 */
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
 * Default: off. Platform: Linux 2.5.44.
 *
 * Source: [udp(7)](https://man7.org/linux/man-pages/man7/udp.7.html).
 *
 * See also: {@linkcode TCP_CORK}.
 *
 * @category Datagrams
 */
export const UDP_CORK: SocketOption<boolean> = option("IPPROTO_UDP", "UDP_CORK", 1, bool);

/**
 * Which protocol the kernel takes out of the datagrams itself. Some take a capability or are set
 * by the kernel alone.
 *
 * Default: "none". Platform: Linux.
 *
 * Source: linux/udp.h, not in [udp(7)](https://man7.org/linux/man-pages/man7/udp.7.html).
 *
 * See also: {@linkcode UDP_GRO}.
 *
 * @category Datagrams
 */
export const UDP_ENCAP: SocketOption<UdpEncap> = option("IPPROTO_UDP", "UDP_ENCAP", 100, udpEncap);

/**
 * Whether datagrams of one flow may be received joined together, with a control message that
 * tells their size.
 *
 * Default: off. Platform: Linux 5.0.
 *
 * Source: [udp(7)](https://man7.org/linux/man-pages/man7/udp.7.html).
 *
 * See also: {@linkcode UDP_SEGMENT}.
 *
 * @category Datagrams
 */
export const UDP_GRO: SocketOption<boolean> = option("IPPROTO_UDP", "UDP_GRO", 104, bool);

/**
 * Whether IPv6 datagrams without a checksum are taken.
 *
 * Default: off. Platform: Linux.
 *
 * Source: linux/udp.h, [RFC 6935](https://www.rfc-editor.org/rfc/rfc6935), not in
 * [udp(7)](https://man7.org/linux/man-pages/man7/udp.7.html).
 *
 * See also: {@linkcode UDP_NO_CHECK6_TX}, {@linkcode SO_NO_CHECK}.
 *
 * @category Packet headers
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
 * Default: off. Platform: Linux.
 *
 * Source: linux/udp.h, [RFC 6935](https://www.rfc-editor.org/rfc/rfc6935), not in
 * [udp(7)](https://man7.org/linux/man-pages/man7/udp.7.html).
 *
 * See also: {@linkcode UDP_NO_CHECK6_RX}, {@linkcode SO_NO_CHECK}.
 *
 * @category Packet headers
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
 * Default: 0. Platform: Linux 4.18.
 *
 * Source: [udp(7)](https://man7.org/linux/man-pages/man7/udp.7.html).
 *
 * See also: {@linkcode UDP_GRO}.
 *
 * @category Datagrams
 *
 * @example One write, many datagrams of 1200 bytes
 * ```ts
 * import { setOption, UDP_SEGMENT } from "@sockopt/tcp";
 *
 * const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
 * setOption(socket, UDP_SEGMENT, 1200);
 * socket.close();
 * ```
 */
export const UDP_SEGMENT: SocketOption<number> = option(
  "IPPROTO_UDP",
  "UDP_SEGMENT",
  103,
  integer(0, 65535),
);
