import { SO_LINGER } from "../../ffi/options/socket.ts";
import { disconnect } from "../../ffi/reconnect.ts";
import { writeOption } from "../../ffi/socket.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import { socketFd } from "../options/socket_fd.ts";

/** Under it a connection keeps what is called before it is taken apart: the kernel forgets what it has counted then. */
export const BEFORE_RESET: unique symbol = Symbol("sockopt.beforeReset");

/**
 * Ends a connection by a reset and closes it: the peer is sent a RST and nothing else, what was not sent yet is thrown away,
 * and no port is left in TIME_WAIT. It is for peers that misbehave: one that is well learns of the end from `close()`.
 *
 * SO_LINGER with 0 seconds does that in C. Deno's `close()` shuts the connection down before it closes it, so that the peer
 * sees a FIN first, and with it an orderly end.
 *
 * @category Opening sockets
 *
 * @example
 * ```ts
 * import { reset } from "@sockopt/tcp";
 * import { assertRejects } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
 * reset(await listener.accept());
 * await assertRejects(() => client.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
 * ```
 *
 * @param conn The connection: any of Deno's over TCP, with TLS or without. A read or write that waits on it ends with an error.
 * @throws {TypeError} when it is none over TCP.
 * @throws {SocketError} EBADF when it is closed already.
 */
export function reset(conn: Deno.TcpConn | Deno.TlsConn): void {
  const transport = conn?.localAddr?.transport;
  if (transport !== "tcp" || !("close" in conn)) {
    throw new TypeError(
      `reset() takes a connection of Deno over TCP, got ${
        transport === "tcp" ? "two addresses" : transport ?? "none"
      }`,
    );
  }
  const fd = socketFd(conn);
  try {
    (conn as { [BEFORE_RESET]?: () => void })[BEFORE_RESET]?.();
    disconnect(fd);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    writeOption(fd, SO_LINGER, 0); // a kernel without (gVisor, macOS): the RST comes after a FIN
  }
  conn[Symbol.dispose](); // one over TLS may be closed for Deno, and still be there
}
