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
  string,
  uint32,
  uint32BigEndian,
  uint32List,
  uint64,
} from "../ffi/codec.ts";
export {
  groupRequest,
  groupSourceRequest,
  inAddr,
  ipv6Membership,
  linger,
  membership,
  sockaddr,
  sourceMembership,
  timeval,
  ucred,
} from "../ffi/structs.ts";
