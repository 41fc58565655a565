/** What `serve()` takes, and what it returns. */

import type { ListenOptions } from "../net/listen_options.ts";
import type { ConnInfo } from "./conn_handler.ts";
import type { OpenConnection } from "./open_connection.ts";
import type { ServerStats } from "./stats.ts";

/**
 * What {@linkcode serve} is asked for.
 *
 * @category Serving
 */
export interface ServeOptions extends Omit<ListenOptions, "fd" | "hostname" | "ipv6Only"> {
  /**
   * The address to listen on, or several. "::" takes IPv6 and IPv4 connections, "" or "*" is every interface, and a name
   * all addresses that it has. With port 0 all of them get the same one.
   *
   * @default {"0.0.0.0"}
   */
  hostname?: string | readonly string[];
  /**
   * Listening sockets to take over in place of new ones, as those that systemd passes from 3 on: see
   * {@linkcode ListenOptions.fd}. Whoever has a copy of one goes on listening when this server stops.
   */
  fd?: number | readonly number[];
  /**
   * Whether IPv6 addresses take no IPv4 connections: IPV6_V6ONLY. By default "::" takes them, whatever
   * net.ipv6.bindv6only says, unless IPv4 addresses are listened on as well.
   */
  ipv6Only?: boolean;
  /** Stops the server when it fires, as `shutdown()` does. Where it has fired before, `serve()` throws its reason. */
  signal?: AbortSignal;
  /** Called once for each listener, when it listens. By default a line is logged. */
  onListen?: (addr: Deno.NetAddr) => void;
  /**
   * Called when a handler throws or rejects. Its connection is closed in any case. By default a line is
   * logged: at level debug if the client has gone, otherwise at level error.
   */
  onError?: (error: unknown, info: ConnInfo) => void;
  /**
   * How many connections may be open at once, on all addresses together. At the limit the server stops accepting, and
   * the next ones wait in the accept queue until one ends.
   *
   * @default {Infinity}
   */
  maxConnections?: number;
  /**
   * How many connections one client may have open at once: one IPv4 address, or one IPv6 subnet of 64 bits. More are
   * closed at once and counted as `refused`, and one warning stands for all of them until none has come for ten
   * seconds. With `proxyProtocol` the client is the one that the header names.
   *
   * @default {Infinity}
   */
  maxConnectionsPerClient?: number;
  /**
   * Whether each connection begins with a header of the PROXY protocol, version 1 or 2, by which a balancer tells the
   * client's address: HAProxy's `send-proxy-v2`, `proxy_protocol on` in nginx, and the balancers of AWS, Envoy and
   * others. A connection without one is closed, and so is one whose header is malformed, of more than 16 KiB, or takes
   * longer than `handshakeTimeout`: a warning says so, and `stats().errors` counts it. One that ends without a byte is
   * closed without either, and one whose header names no client is served under the addresses of its own: both are
   * health checks.
   *
   * Whoever can connect can name any address. So either nobody but the balancer can connect, or `from` says who it is.
   *
   * It does not go with `cert`: Deno begins TLS with the first byte. A balancer that ends TLS tells about it in the header.
   *
   * @default {false}
   */
  proxyProtocol?: boolean | ProxyProtocolOptions;
  /**
   * After how many seconds without a byte either way a connection is closed. What is sent again because the client does not
   * answer does not count. The kernel's own clock is asked, so it costs nothing per message. A kernel that does not tell
   * (macOS, gVisor) is no obstacle to `echo()`, `echoOnce()` and `protocolHandler()`; other handlers are not timed then,
   * and a warning says so.
   *
   * @default {Infinity}
   */
  idleTimeout?: number;
  /**
   * How many seconds a TLS handshake may take, or the header of `proxyProtocol`.
   *
   * @default {10}
   */
  handshakeTimeout?: number;
  /**
   * How many seconds connections may take to end once the server is told to stop. Of those that begin with TLS, or with the
   * header of a balancer, the ones that have sent nothing within a quarter of a second end then.
   *
   * @default {10}
   */
  gracePeriod?: number;
  /**
   * Whether the options and addresses of every connection are asserted. Settings are put in force on the
   * listener in any case.
   *
   * @default {true}
   */
  assertions?: boolean;
}

/**
 * Whose headers are believed.
 *
 * @category Serving
 */
export interface ProxyProtocolOptions {
  /**
   * The balancers: addresses, or subnets such as "10.0.0.0/8" and "2001:db8::/32". Connections from elsewhere are closed.
   *
   * @default everybody's
   */
  from?: readonly string[];
}

/**
 * {@linkcode ServeOptions} with what TLS takes.
 *
 * @category Serving
 */
export interface ServeTlsOptions extends ServeOptions {
  /** The certificate chain in PEM. */
  cert: string;
  /** The private key in PEM. */
  key: string;
  /**
   * The protocols that may be negotiated (ALPN), such as "h2", the best first. A client that asks for others alone is
   * refused; one that asks for none is served. What was agreed on is `(await conn.handshake()).alpnProtocol`, which a
   * handler has at once.
   *
   * @default none are negotiated
   */
  alpnProtocols?: readonly string[];
}

/**
 * A running server.
 *
 * @category Serving
 */
export interface TcpServer extends AsyncDisposable {
  /** The address of the first listener. */
  readonly addr: Deno.NetAddr;
  /** The addresses of all listeners. */
  readonly addrs: readonly Deno.NetAddr[];
  /** Resolves when the server has stopped and its last connection has ended. */
  readonly finished: Promise<void>;
  /**
   * Stops gracefully: serves what the kernel has accepted already, closes the listeners, lets handlers
   * finish, and after the grace period closes what is left. A second call closes it at once.
   */
  shutdown(): Promise<void>;
  /** What the server has done so far. */
  stats(): ServerStats;
  /**
   * The connections that are open now, in the order in which they were accepted.
   *
   * @example
   * ```ts
   * import { echo, serve } from "@sockopt/tcp";
   *
   * await using server = serve({ hostname: "127.0.0.1", port: 0 }, echo());
   * for (const { remoteAddr, age, tcpInfo } of server.connections()) {
   *   console.log(remoteAddr.hostname, `${age} s`, `${tcpInfo()?.rtt} µs`);
   * }
   * ```
   */
  connections(): OpenConnection[];
  /** Keeps the process running while the server listens; it does so from the start. */
  ref(): void;
  /** Lets the process end although the server listens. */
  unref(): void;
}
