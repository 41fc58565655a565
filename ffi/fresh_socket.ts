/**
 * Sockets that nobody has set anything on, of the kind of a given one: what the kernel's own values are.
 *
 * @module
 */

import { int } from "./codec.ts";
import { libc } from "./libc.ts";
import { newSocket } from "./new_socket.ts";
import {
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_NETNS_COOKIE,
  SO_PROTOCOL,
  SO_TYPE,
} from "./options/socket.ts";
import { loopback, SOCKADDR_STORAGE } from "./sockaddr.ts";
import { tryReadOption } from "./socket.ts";

/** What kind of socket a fresh one is to be, by the kernel's numbers. */
export interface SocketKind {
  readonly domain: number;
  readonly type: number;
  readonly protocol: number;
  /** What it is for: a listener and a connection of TCP have other values than a socket that is new. */
  readonly use: "listener" | "connection" | "other";
}

/** Of what kind a socket is; `undefined` where that is not told. */
export function socketKind(fd: number): SocketKind | undefined {
  const domain = tryReadOption(fd, { ...SO_DOMAIN, codec: int });
  const type = tryReadOption(fd, { ...SO_TYPE, codec: int });
  const protocol = tryReadOption(fd, { ...SO_PROTOCOL, codec: int });
  if (domain === undefined || type === undefined || protocol === undefined) return undefined;
  if (!STREAMS.has(protocol)) return { domain, type, protocol, use: "other" };
  const use = tryReadOption(fd, SO_ACCEPTCONN) ? "listener" : "connection";
  return { domain, type, protocol, use };
}

/** IPPROTO_TCP and IPPROTO_MPTCP. */
const STREAMS: ReadonlySet<number> = new Set([6, 262]);

/**
 * Makes fresh sockets of a kind, for as long as a function takes. Of a connection there are two, the one that has
 * connected and the one that was accepted, in this order. There is none where this process may not make it, and one that
 * is not connected where there is no loopback interface.
 */
export function withFreshSockets<T>(kind: SocketKind, read: (fds: readonly number[]) => T): T {
  const c = libc();
  const open: number[] = [];
  const make = (): number => {
    const fd = newSocket(kind.domain, kind.type, kind.protocol);
    if (fd >= 0) open.push(fd);
    return fd;
  };
  try {
    const first = make();
    if (first < 0 || kind.use === "other") return read(open);
    const name = loopback(kind.domain);
    const listens = c.bind(first, name, name.length) === 0 && c.listen(first, 1) === 0;
    if (kind.use === "listener" || !listens) return read([first]);
    const client = make();
    const [address, length] = boundTo(first);
    if (client < 0 || c.connect(client, address, length) !== 0) return read([first]);
    const accepted = c.accept(first, address, new Uint8Array(new Uint32Array([length]).buffer));
    if (accepted < 0) return read([client]);
    open.push(accepted);
    return read([client, accepted]);
  } finally {
    for (const fd of open) c.close(fd);
  }
}

function boundTo(fd: number): [address: Uint8Array<ArrayBuffer>, length: number] {
  const address = new Uint8Array(SOCKADDR_STORAGE);
  const length = new Uint32Array([address.length]);
  libc().getsockname(fd, address, new Uint8Array(length.buffer));
  return [address, length[0]!];
}

/** The network namespace of a socket, as a number that no other one has; `undefined` before Linux 5.14. */
export function networkOf(fd: number): bigint | undefined {
  return tryReadOption(fd, SO_NETNS_COOKIE);
}

const CLONE_NEWNET = 0x40000000;
const O_RDONLY = 0;

/**
 * Calls a function in the network namespace of a process: what it opens belongs there. It takes CAP_SYS_ADMIN.
 *
 * @returns `undefined` where it may not be entered.
 */
export function inNetworkOf<T>(pid: number, call: () => T): T | undefined {
  const c = libc();
  const path = (of: string): Uint8Array<ArrayBuffer> =>
    new TextEncoder().encode(`/proc/${of}/ns/net\0`);
  const [here, there] = [c.open(path("thread-self"), O_RDONLY), c.open(path(`${pid}`), O_RDONLY)];
  try {
    if (here < 0 || there < 0 || c.setns(there, CLONE_NEWNET) !== 0) return undefined;
    try {
      return call();
    } finally {
      // only this thread has moved, and it must not stay
      if (c.setns(here, CLONE_NEWNET) !== 0) Deno.exit(70);
    }
  } finally {
    if (here >= 0) c.close(here);
    if (there >= 0) c.close(there);
  }
}
