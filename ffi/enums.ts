/**
 * Names for numbers that options of several levels have in common.
 *
 * @module
 */

import { type Codec, enumeration } from "./codec.ts";

const darwin = Deno.build.os === "darwin";

/** The address families of sockets, as SO_DOMAIN names them; another one as its number: socket(2). */
export type SocketDomain = "unix" | "inet" | "inet6" | "netlink" | "packet" | "vsock";

/** An address family. */
export const socketDomain: Codec<SocketDomain> = enumeration({
  unix: 1,
  inet: 2,
  inet6: darwin ? 30 : 10,
  netlink: 16,
  packet: 17,
  vsock: 40,
});

/** Whether packets may be fragmented: ip(7), ipv6(7). */
export type MtuDiscover = "dont" | "want" | "do" | "probe" | "interface" | "omit";

/** IP_PMTUDISC_DONT and so on. */
export const mtuDiscover: Codec<MtuDiscover> = enumeration({
  dont: 0,
  want: 1,
  do: 2,
  probe: 3,
  interface: 4,
  omit: 5,
});
