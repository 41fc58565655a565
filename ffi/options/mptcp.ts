/** Options of level SOL_MPTCP: linux/mptcp.h, the kernel's networking/mptcp document. */

import { type MptcpInfo, mptcpInfo } from "../mptcp_info.ts";
import { option, type SocketOption } from "../socket_option.ts";

/**
 * What the kernel knows of a connection of Multipath TCP: paths, addresses, bytes. A connection that has fallen back to TCP
 * refuses it with EOPNOTSUPP, or says so in `fallback`; TCP_IS_MPTCP tells for every connection.
 *
 * Read only. Platform: Linux.
 *
 * Source: linux/mptcp.h, [RFC 8684](https://www.rfc-editor.org/rfc/rfc8684), not in
 * [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
 *
 * Sysctl: [`net.mptcp.enabled`](https://docs.kernel.org/networking/mptcp-sysctl.html).
 *
 * See also: {@linkcode TCP_IS_MPTCP}, {@linkcode TCP_INFO}.
 *
 * @category Diagnosis
 */
export const MPTCP_INFO: SocketOption<MptcpInfo, "read-only"> = option(
  "SOL_MPTCP",
  "MPTCP_INFO",
  1,
  mptcpInfo,
  { access: "read-only", measures: true },
);
