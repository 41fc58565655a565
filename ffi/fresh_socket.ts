/**
 * Sockets that nobody has set anything on, of the kind of a given one: what the kernel's own values are.
 *
 * @module
 */

import { int, LITTLE_ENDIAN } from "./codec.ts";
import { libc } from "./libc.ts";
import { newSocket, SOCK_STREAM } from "./new_socket.ts";
import {
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_NETNS_COOKIE,
  SO_PROTOCOL,
  SO_TYPE,
} from "./options/socket.ts";
import { isLinkLocal, isUnspecified, loopback, SOCKADDR_STORAGE, socketName } from "./sockaddr.ts";
import { setNonBlocking, tryReadOption } from "./socket.ts";

/** What kind of socket a fresh one is to be, by the kernel's numbers. */
export interface SocketKind {
  readonly domain: number;
  readonly type: number;
  readonly protocol: number;
  /** What it is for: a listener and a connection of TCP have other values than a socket that is new. */
  readonly use: "listener" | "connection" | "other";
  /** Whether it is bound to one address: then IPV6_V6ONLY is set by the kernel. */
  readonly hasAddress: boolean;
  /** Whether its address is good for one link alone: then the kernel binds its connections to that. */
  readonly isOfOneLink: boolean;
}

/** Of what kind a socket is; `undefined` where that is not told. */
export function socketKind(fd: number): SocketKind | undefined {
  const domain = tryReadOption(fd, { ...SO_DOMAIN, codec: int });
  const type = tryReadOption(fd, { ...SO_TYPE, codec: int });
  const protocol = tryReadOption(fd, { ...SO_PROTOCOL, codec: int });
  if (domain === undefined || type === undefined || protocol === undefined) return undefined;
  const local = socketName(fd, "getsockname", "tcp");
  const hasAddress = local !== undefined && "hostname" in local && !isUnspecified(local);
  const use = type !== SOCK_STREAM || !STREAMS.has(protocol)
    ? "other"
    : tryReadOption(fd, SO_ACCEPTCONN)
    ? "listener"
    : "connection";
  const isOfOneLink = hasAddress && isLinkLocal(local);
  return { domain, type, protocol, use, hasAddress, isOfOneLink };
}

/** IPPROTO_TCP and IPPROTO_MPTCP. */
const STREAMS: ReadonlySet<number> = new Set([6, 262]);

/**
 * Makes fresh sockets of a kind, for as long as a function takes. Of a connection there are two, the one that has
 * connected and the one that was accepted, in this order. There is none where this process may not make it, and one that
 * is not connected where there is no loopback interface. A listener for every address is open on every address meanwhile, on
 * a port that nobody has been told.
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
    if (first < 0) return read(open);
    const name = loopback(kind.domain);
    if (kind.use === "other") {
      // it may have got its address from bind(2) or from connect(2)
      if (kind.hasAddress && make() >= 0) c.bind(open[1]!, name, name.length);
      return read(open);
    }
    if (kind.hasAddress || kind.use === "connection") c.bind(first, name, name.length);
    const listens = c.listen(first, 1) === 0; // on all addresses, where it has none
    if (kind.use === "listener" || !listens) return read([first]);
    const client = make();
    const [address, length] = boundTo(first);
    if (client < 0) return read([first]);
    // a firewall may drop what is sent, and then nothing is waited for
    setNonBlocking(client, true);
    c.connect(client, address, length);
    if (!hasClient(first)) return read([first]);
    const accepted = c.accept(first, address, new Uint8Array(new Uint32Array([length]).buffer));
    if (accepted < 0) return read([client]);
    open.push(accepted);
    return read([client, accepted]);
  } finally {
    for (const fd of open) c.close(fd);
  }
}

/** How many milliseconds a connection over loopback may take. */
const PATIENCE = 200;
const POLLIN = 1;

/** Whether a listener has a connection to accept, now or in a moment. */
function hasClient(listener: number): boolean {
  const pollfd = new DataView(new ArrayBuffer(8));
  pollfd.setInt32(0, listener, LITTLE_ENDIAN);
  pollfd.setInt16(4, POLLIN, LITTLE_ENDIAN);
  return libc().poll(new Uint8Array(pollfd.buffer), 1n, PATIENCE) > 0;
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
