/**
 * The codecs that are ready for {@linkcode defineOption}.
 *
 * @module
 */

export {
  bool,
  bytes,
  enumeration,
  flags,
  int,
  integer,
  string,
  uint32,
  uint32BigEndian,
  uint32List,
  uint64,
} from "../../ffi/codec.ts";
export {
  groupRequest,
  groupSourceRequest,
  inAddr,
  ipv6Membership,
  membership,
  sourceMembership,
} from "../../ffi/ip_structs.ts";
export { linger, sockaddr, timeval, ucred } from "../../ffi/structs.ts";
