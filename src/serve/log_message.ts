/** The lines of level debug on what a connection received and sent. */

import { showAddr } from "../../ffi/sockaddr.ts";
import type { ConnInfo } from "./conn_handler.ts";
import { showBytes } from "./show_bytes.ts";

/** The lines of level debug on a message that was received or sent, as the asyncio recipe has them. */
export function logMessage(info: ConnInfo, event: "received" | "sent", message: Uint8Array): void {
  if (!info.logger.debugging) return;
  info.logger.debug(`${event === "received" ? "recv" : "sent"}: ${showBytes(message)}`, {
    event,
    remote: showAddr(info.remoteAddr),
    bytes: message.length,
  });
}
