/**
 * @module
 */

import type { ConnHandler } from "./conn_handler.ts";
import type { BufferedProtocol, Protocol } from "./protocol.ts";
import { ConnTransport } from "./transport.ts";

/**
 * A handler that serves each connection with a protocol of its own: asyncio's callback API.
 *
 * The callbacks come in asyncio's order: `connectionMade()` once, then data, then `eofReceived()` at most once,
 * then `connectionLost()` once; never two at a time, and none after `connectionLost()`. An error that a callback
 * throws closes the transport, goes to `connectionLost()` and to the server's `onError`, and to nobody else.
 *
 * @example
 * ```ts
 * import { type Protocol, protocolHandler, serve, type Transport } from "@sockopt/tcp";
 *
 * class EchoProtocol implements Protocol {
 *   #transport!: Transport;
 *   connectionMade(transport: Transport): void {
 *     this.#transport = transport;
 *   }
 *   dataReceived(data: Uint8Array): void {
 *     this.#transport.write(data);
 *     this.#transport.close();
 *   }
 * }
 *
 * await using server = serve(
 *   { hostname: "127.0.0.1", port: 0 },
 *   protocolHandler(() => new EchoProtocol()),
 * );
 * ```
 *
 * @param factory Makes a protocol for each connection.
 * @returns The handler.
 */
export function protocolHandler(
  factory: () => Protocol | BufferedProtocol,
): ConnHandler<Deno.Conn<Deno.NetAddr>> {
  return (conn, info) => new ConnTransport(conn, info, factory()).run();
}
