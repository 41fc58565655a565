/** `serve()`: TCP served with socket options in force. */

import type { ConnHandler } from "./conn_handler.ts";
import type { AnyConn } from "./connection.ts";
import type { ServeOptions, ServeTlsOptions, TcpServer } from "./serve_options.ts";
import { Server } from "./server.ts";

/**
 * Serves TCP, in the manner of `Deno.serve()`.
 *
 * Connections inherit the settings from the listener, and on every one of them, through the kernel's own
 * calls, is asserted that it is a non-blocking stream socket, that its addresses are those that Deno
 * says, that SO_REUSEADDR and SO_REUSEPORT are as configured, and each setting. A connection on which
 * that fails is closed, an error line names the option, and the server goes on.
 *
 * A failure to accept never ends the server: at the limit of file descriptors it waits until there are
 * some again.
 *
 * @example
 * ```ts
 * import { echoOnce, serve } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = serve(
 *   { hostname: "127.0.0.1", port: 0, settings: { quickAck: true, receiveBufferSize: 65536 } },
 *   echoOnce(),
 * );
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
 * await conn.write(new TextEncoder().encode("hello"));
 * const reply = new Uint8Array(5);
 * await conn.read(reply);
 * assertEquals(new TextDecoder().decode(reply), "hello");
 * ```
 *
 * @param options Where and how.
 * @param handler What to do with each connection.
 * @returns The server, which listens already.
 * @throws What {@linkcode listen} throws.
 */
export function serve(options: ServeOptions, handler: ConnHandler): TcpServer;
/**
 * Serves TCP with TLS.
 *
 * @param options Where and how, with the certificate and its key.
 * @param handler What to do with each connection, once its handshake is done.
 * @returns The server, which listens already.
 * @throws What {@linkcode listen} throws.
 */
export function serve(options: ServeTlsOptions, handler: ConnHandler<Deno.TlsConn>): TcpServer;
export function serve(
  options: ServeOptions | ServeTlsOptions,
  handler: ConnHandler | ConnHandler<Deno.TlsConn>,
): TcpServer {
  return new Server(options, handler as ConnHandler<AnyConn>);
}
