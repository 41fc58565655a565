/** Opening a listener for Multipath TCP, which Deno does not know. */

import { LookupError, lookUpNow } from "../../ffi/lookup.ts";
import { mptcpListener } from "../../ffi/mptcp_listener.ts";
import { SO_REUSEADDR } from "../../ffi/options/socket.ts";
import { isLinux, platformName } from "../../ffi/platform.ts";
import { isAddressText } from "../../ffi/sockaddr.ts";
import { closeFd, writeOption } from "../../ffi/socket.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import { adopt } from "./adopt.ts";
import {
  cannotListen,
  type DenoListenOptions,
  type OpenedListener,
  type OpenListener,
  requireNet,
} from "./open_listener.ts";

/** What socket(2) says where there is no MPTCP. */
const MISSING = ["EPROTONOSUPPORT", "EINVAL", "ENOPROTOOPT"];

/** The address to listen on: the first one of a name. */
function addressOf(options: DenoListenOptions): string {
  const { hostname } = options;
  if (isAddressText(hostname)) return hostname;
  try {
    return lookUpNow(hostname)[0]!;
  } catch (error) {
    throw error instanceof LookupError ? cannotListen(options, error) : error;
  }
}

/**
 * Opens a listener for MPTCP, and for TCP as well.
 *
 * @param options Where.
 * @param set Sets what must be set before bind(2).
 * @param open Deno's function.
 * @throws {Deno.errors.NotSupported} where the kernel has no MPTCP, or Deno takes no socket that it has not made.
 */
export function openMptcp<L extends Deno.Listener>(
  options: DenoListenOptions,
  set: (fd: number) => void,
  open: OpenListener<L>,
): OpenedListener<L> {
  const { port, tcpBacklog } = options;
  if (!isLinux) throw new Deno.errors.NotSupported(`${platformName} has no MPTCP sockets`);
  requireNet(options.hostname, port);
  const hostname = addressOf(options);
  let fd: number;
  try {
    fd = mptcpListener({ transport: "tcp", hostname, port }, tcpBacklog, (fd) => {
      writeOption(fd, SO_REUSEADDR, true); // as Deno does
      set(fd);
    });
  } catch (error) {
    if (!(error instanceof SocketError) || error.syscall === "setsockopt") throw error;
    if (error.syscall !== "socket" || !MISSING.includes(error.code)) {
      throw cannotListen(options, error);
    }
    throw new Deno.errors.NotSupported(`the kernel has no MPTCP, or net.mptcp.enabled is 0`);
  }
  try {
    return { ...adopt(fd, open), isPrepared: true };
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}
