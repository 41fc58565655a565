/** Who else listens at the address of a listener that shares its port. */

import { listeningSockets } from "../../ffi/find_fd.ts";
import { listenersAt } from "../../ffi/listeners.ts";
import { showAddr } from "../../ffi/sockaddr.ts";
import { type Logger, readyLogger } from "./logger.ts";

/** A server that is started twice by mistake splits its connections with itself, which nobody sees. */
export function tellWhoShares(addr: Deno.NetAddr, logger: Logger): void {
  const others = otherListeners(addr);
  if (others === 0) return;
  const who = others === 1 ? "1 other listener shares" : `${others} other listeners share`;
  const { hostname, port } = addr;
  readyLogger(logger).warn(`${who} ${showAddr(addr)}: connections are spread over all`, {
    event: "port_shared",
    hostname,
    port,
    others,
  });
}

/**
 * How many listeners of other processes have the address of one of this process; 0 where an earlier one of this process
 * has it as well, whose opener was told already, and where the kernel does not tell.
 */
function otherListeners(addr: Deno.NetAddr): number {
  const all = listenersAt(addr) ?? [];
  if (all.length <= 1) return 0;
  const own = listeningSockets();
  const others = all.filter((cookie) => !own.has(cookie));
  return all.length - others.length === 1 ? others.length : 0;
}
