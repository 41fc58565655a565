/** `protocolHandler()`: connections of a server, each served by a protocol. */

import { checkNamed, type } from "../options/check_arguments.ts";
import { type ConnHandler, type ConnInfo, countingBytes } from "./conn_handler.ts";
import type { BufferedProtocol, Protocol } from "./protocol.ts";
import { ConnTransport } from "./transport.ts";

/**
 * A handler that serves each connection with a protocol of its own: asyncio's callback API.
 *
 * The callbacks come in asyncio's order: `connectionMade()` once, then data, then `eofReceived()` at most once,
 * then `connectionLost()` once; never two at a time, and none after `connectionLost()`. One that is `async` is not waited
 * for. An error that a callback throws, or its promise rejects with, closes the transport at once, goes to
 * `connectionLost()` and to the server's `onError`, and to nobody else.
 *
 * When the server stops, each transport is closed: what was written is still sent. A protocol that has something to say
 * before that is given the connection's {@linkcode ConnInfo} and listens to its `signal`.
 *
 * TCP_NODELAY is on, as asyncio has it for every connection, unless the server's settings say something of it.
 *
 * @category Protocols
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
 * @example A farewell when the server stops
 * ```ts
 * import { protocolHandler, serve } from "@sockopt/tcp";
 *
 * await using server = serve(
 *   { hostname: "127.0.0.1", port: 0 },
 *   protocolHandler(({ signal }) => ({
 *     connectionMade(transport) {
 *       const bye = new TextEncoder().encode("bye\n");
 *       signal.addEventListener("abort", () => transport.write(bye));
 *     },
 *   })),
 * );
 * ```
 *
 * @param factory Makes a protocol for each connection, of which it is told.
 * @returns The handler.
 */
export function protocolHandler(
  factory: (info: ConnInfo) => Protocol | BufferedProtocol,
): ConnHandler<Deno.Conn<Deno.NetAddr>> {
  checkNamed("protocolHandler()", factory, type("function"));
  return countingBytes((conn, info) => new ConnTransport(conn, info, factory(info)).run());
}
