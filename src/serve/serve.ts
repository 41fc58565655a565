/** `serve()`: TCP served with socket options in force. */

import { show } from "../../ffi/codec.ts";
import {
  abortSignal,
  type Check,
  optionsOf,
  seconds,
  type,
  wholeNumber,
} from "../options/check_arguments.ts";
import { checkListenOptions, LISTEN_CHECKS } from "../net/listen_options.ts";
import type { ConnHandler } from "./conn_handler.ts";
import type { AnyConn } from "./connection.ts";
import { allowedPeers } from "./read_proxy_header.ts";
import type { ServeOptions, ServeTlsOptions, TcpServer } from "./serve_options.ts";
import { Server } from "./server.ts";

/** One address, or several. */
const hostnames: Check = (value) => {
  const list = typeof value === "string" ? [value] : value;
  if (Array.isArray(list) && list.length > 0 && list.every((each) => typeof each === "string")) {
    return;
  }
  throw new TypeError(`expected an address or a list of them, got ${Deno.inspect(value)}`);
};

/** How many connections: a whole number, or no limit. */
const connections: Check = (value) => {
  if (value !== Infinity) wholeNumber(1, Number.MAX_SAFE_INTEGER)(value);
};

/** Whether headers are read, or whose. */
const proxyProtocol: Check = (value) => {
  if (typeof value === "boolean") return;
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`expected a boolean or an object, got ${show(value)}`);
  }
  optionsOf({ from: subnets })(value);
};

/** A list of addresses and subnets. */
const subnets: Check = (value) => {
  if (!Array.isArray(value) || value.length === 0) {
    throw new TypeError(`expected a list of addresses or subnets, got ${Deno.inspect(value)}`);
  }
  allowedPeers({ from: value });
};

/** One descriptor, or several. */
const fds: Check = (value) => {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) {
    throw new TypeError("expected a file descriptor or a list of them, got []");
  }
  for (const each of list) LISTEN_CHECKS.fd(each);
  if (new Set(list).size < list.length) {
    throw new TypeError(`expected each file descriptor once, got ${Deno.inspect(list)}`);
  }
};

/** Names of protocols, each as short as its length is. */
const alpnProtocols: Check = (value) => {
  const isName = (each: unknown): boolean =>
    typeof each === "string" && /^[\x21-\x7e]{1,255}$/.test(each);
  if (Array.isArray(value) && value.length > 0 && value.every(isName)) return;
  throw new TypeError(
    `expected a list of names such as "h2", of up to 255 characters, got ${Deno.inspect(value)}`,
  );
};

/** What the options of {@linkcode serve} must be. */
const SERVE_CHECKS: Record<keyof ServeTlsOptions, Check> = {
  ...LISTEN_CHECKS,
  hostname: hostnames,
  fd: fds,
  signal: abortSignal,
  onListen: type("function"),
  onError: type("function"),
  maxConnections: connections,
  maxConnectionsPerClient: connections,
  proxyProtocol,
  idleTimeout: seconds,
  handshakeTimeout: seconds,
  gracePeriod: (value) => value === 0 || seconds(value),
  assertions: type("boolean"),
  cert: type("string"),
  key: type("string"),
  alpnProtocols,
};

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
 * @category Serving
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
 * @category Serving
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
  checkListenOptions("serve()", options, SERVE_CHECKS);
  if (typeof handler !== "function") {
    throw new TypeError(`serve() expects a handler after its options, got ${show(handler)}`);
  }
  if ("alpnProtocols" in options && !("cert" in options)) {
    throw new TypeError("serve(): alpnProtocols goes with cert and key: it is a part of TLS");
  }
  if ("cert" in options && options.proxyProtocol) {
    throw new TypeError(
      "serve(): proxyProtocol does not go with cert: Deno begins TLS with the first byte; let the balancer end TLS",
    );
  }
  return new Server(options, handler as ConnHandler<AnyConn>);
}
