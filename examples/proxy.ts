/**
 * A TCP proxy: each direction ends by itself, nobody's slowness costs memory, and both sides have options of their own.
 *
 * Two connections make a proxied one. Traps: a pair of `a.readable.pipeTo(b.writable)` loses answers, since the end of a
 * stream closes its whole connection, so that a client which has ended its side gets nothing more; what is read faster
 * than it is sent fills the memory; a reset must not look like an end; and a peer that vanishes is noticed by the
 * side that it is on, by keep-alive while nothing is sent and TCP_USER_TIMEOUT while something is. relay() does the first
 * three; settings are for the last. Behind a packet filter's REDIRECT, SO_ORIGINAL_DST tells where a client was going;
 * what the proxy opens itself has a mark (CAP_NET_ADMIN), so that the filter lets it pass:
 *   nft add rule ip nat output meta mark != 7 tcp dport 7000 redirect to :9000
 *
 * `deno task example proxy 9000 db.example:5432` listens on port 9000 and connects there; without the second argument to
 * where each client was going. Sources: RFC 9293 section 3.6 (half-close), tcp(7), linux/netfilter_ipv4.h.
 */

import {
  connect,
  type ConnInfo,
  getOption,
  type Logger,
  relay,
  serve,
  SO_MARK,
  SO_ORIGINAL_DST,
  type SocketSettings,
  type TcpServer,
} from "@sockopt/tcp";

/** Towards clients: one that is silent for long is asked whether it is there; one that takes nothing is given up. */
const towardsClients: SocketSettings = {
  noDelay: true,
  keepAlive: { idle: 60, interval: 10, count: 3 },
  userTimeout: 30_000,
};

/** Towards servers, which are near: a vanished one is noticed sooner. */
const towardsServers: SocketSettings = {
  noDelay: true,
  keepAlive: { idle: 15, interval: 5, count: 3 },
  userTimeout: 10_000,
};

/** The mark of what the proxy opens where clients are redirected to it. */
const MARK = 7;

/** Where connections are accepted, and where they go. */
interface ProxyOptions {
  hostname?: string;
  port?: number;
  /** Absent where it is as each client meant it. */
  upstream?: { hostname: string; port: number };
  logger?: Logger;
  /** How many seconds both sides may be silent. */
  idleTimeout?: number;
}

/** Starts a proxy. */
export function proxy({ upstream, ...options }: ProxyOptions): TcpServer {
  const settings: SocketSettings = upstream === undefined
    ? { ...towardsServers, options: [[SO_MARK, MARK]] }
    : towardsServers;
  return serve(
    { hostname: "127.0.0.1", idleTimeout: 300, settings: towardsClients, ...options },
    async (client: Deno.TcpConn, info: ConnInfo) => {
      const { hostname, port } = upstream ?? meant(client, info);
      await relay(client, await connect({ hostname, port, settings, timeout: 5 }));
    },
  );
}

/** Where a redirected client was going. */
function meant(client: Deno.TcpConn, { localAddr }: ConnInfo): { hostname: string; port: number } {
  const { hostname, port } = getOption(client, SO_ORIGINAL_DST) as Deno.NetAddr;
  // one that was not redirected was going to the proxy itself
  if (hostname !== localAddr.hostname || port !== localAddr.port) return { hostname, port };
  throw new Error("the client was not redirected, so there is nowhere to go");
}

if (import.meta.main) {
  const [port = "9000", to] = Deno.args;
  const [, hostname = "", toPort] = /^\[?(.+?)\]?:(\d+)$/.exec(to ?? "") ?? [];
  if (!/^\d+$/.test(port) || to !== undefined && toPort === undefined) {
    console.error("usage: proxy [PORT [HOST:PORT]]");
    Deno.exit(2);
  }
  const upstream = to === undefined ? undefined : { hostname, port: Number(toPort) };
  const server = proxy({ port: Number(port), upstream, logger: console });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => void server.shutdown());
  }
  await server.finished;
}
