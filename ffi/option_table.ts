/**
 * The whole option table.
 *
 * @module
 */

import * as ip from "./options/ip.ts";
import * as ipv6 from "./options/ipv6.ts";
import * as mptcp from "./options/mptcp.ts";
import * as socket from "./options/socket.ts";
import * as tcp from "./options/tcp.ts";
import * as udp from "./options/udp.ts";
import * as vsock from "./options/vsock.ts";
import type { AnySocketOption } from "./socket_option.ts";

/**
 * The options of the table by their names.
 *
 * @category Any option
 */
export type OptionTable =
  & typeof ip
  & typeof ipv6
  & typeof socket
  & typeof tcp
  & typeof udp
  & typeof mptcp
  & typeof vsock;

/** Every option of the table, also those that this platform does not have. */
export const OPTION_TABLE: readonly AnySocketOption[] = [socket, tcp, ip, ipv6, udp, mptcp, vsock]
  .flatMap(
    (level) => Object.values(level) as AnySocketOption[],
  );
