/** Options of level SOL_MPTCP: linux/mptcp.h, the kernel's networking/mptcp document. */

import { type MptcpInfo, mptcpInfo } from "../mptcp_info.ts";
import { option, type SocketOption } from "../socket_option.ts";

/**
 * What the kernel knows of a connection of Multipath TCP: paths, addresses, bytes. A connection that has fallen back to TCP
 * refuses it with EOPNOTSUPP, or says so in `fallback`; TCP_IS_MPTCP tells for every connection.
 *
 * Read only. Platform: Linux 5.16. Source: linux/mptcp.h, RFC 8684.
 */
export const MPTCP_INFO: SocketOption<MptcpInfo, "read-only"> = option(
  "SOL_MPTCP",
  "MPTCP_INFO",
  1,
  mptcpInfo,
  { access: "read-only", measures: true },
);
