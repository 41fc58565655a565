/**
 * How a listener of Deno's comes to be with its descriptor known, and with options in force before bind(2).
 *
 * @module
 */

import { candidateFds, listeningSockets, socketCookie } from "../../ffi/find_fd.ts";
import { likelyFds } from "../../ffi/open_fds.ts";
import { SO_REUSEPORT } from "../../ffi/options/socket.ts";
import { rebind } from "../../ffi/rebind.ts";
import { isIpv6, showAddr, socketName } from "../../ffi/sockaddr.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import { resourceId } from "../options/deno_internals.ts";
import type { OptionValue } from "../options/settings.ts";
import { rememberFd } from "../options/socket_fd.ts";
import { addressesOf } from "./addresses.ts";
import { networkError } from "./network_error.ts";
import { isDenied, mayUse } from "./permission.ts";

/** What Deno's own functions that listen for TCP or TLS take. */
export interface DenoListenOptions {
  hostname: string;
  port: number;
  tcpBacklog: number;
  reusePort?: boolean;
}

/** One of Deno's functions that listen. */
export type OpenListener<L extends Deno.Listener> = (options: DenoListenOptions) => L;

/** The options that must be set before bind(2). */
export interface EarlyOptions {
  /** Their values. */
  readonly values: readonly OptionValue[];
  /** Sets them all. */
  set(fd: number): void;
}

/** A listener with its descriptor. */
export interface FoundListener<L extends Deno.Listener> {
  readonly listener: L;
  readonly fd: number;
}

/** A listener that was opened. */
export interface OpenedListener<L extends Deno.Listener> extends FoundListener<L> {
  /** Whether the options that must be set before bind(2) were set on it. */
  readonly isPrepared: boolean;
}

/**
 * Opens a listener and finds its descriptor. It never prompts.
 *
 * @param options Where.
 * @param early What must be set before bind(2), if anything.
 * @param open Deno's function.
 * @throws {Deno.errors.NotCapable} when a permission is missing.
 */
export function openAndFind<L extends Deno.Listener>(
  options: DenoListenOptions,
  early: EarlyOptions,
  open: OpenListener<L>,
): OpenedListener<L> {
  const { hostname, port } = options;
  requireNet(hostname, port);
  if (early.values.length === 0) return { ...openPlain(options, open), isPrepared: false };
  const onlyShares = early.values.every(([option]) => option === SO_REUSEPORT);
  const what = onlyShares
    ? "sharing a port"
    : `setting ${early.values.map(([option]) => option.name).join(", ")} before bind`;
  if (!mayListen(hostname, 0)) {
    throw new Deno.errors.NotCapable(
      `${what} takes --allow-net, or --allow-net=${showHost(hostname, port)},` +
        `${showHost(hostname, 0)} for no more than that`,
    );
  }
  const found = openAgain(options, early, open);
  if (found !== undefined) return { ...found, isPrepared: true };
  if (onlyShares && mayReusePort()) {
    const openShared = (): L => open({ ...options, reusePort: true });
    const shared = openAmongMany(() => namingAddress(options, openShared));
    return { ...shared, isPrepared: false };
  }
  const reason = "as this kernel binds no socket twice";
  throw new Deno.errors.NotSupported(
    onlyShares ? `${what} takes --unstable-net here, ${reason}` : `${what} fails here, ${reason}`,
  );
}

function openPlain<L extends Deno.Listener>(
  options: DenoListenOptions,
  open: OpenListener<L>,
): FoundListener<L> {
  const found = openUnique(() => namingAddress(options, () => open(options)));
  tellAddress(found);
  try {
    refuseDenied(addressOf(found.fd)); // not every Deno looks at the address of a name
    return found;
  } catch (error) {
    found.listener.close();
    throw error;
  }
}

/** Refuses an address that may not be listened on, even under a name that may. */
function refuseDenied(addr: Deno.NetAddr): void {
  if (isDenied(addr)) throw new Deno.errors.NotCapable(`listening on ${showAddr(addr)} is denied`);
}

/**
 * Opens a listener on a port that is picked for it alone, so that its descriptor is found without doubt, and binds it again
 * with options in force to the port that was asked for. Deno itself sets none but SO_REUSEPORT, as an unstable feature.
 *
 * @returns `undefined` on a kernel that binds no socket twice.
 */
function openAgain<L extends Deno.Listener>(
  options: DenoListenOptions,
  early: EarlyOptions,
  open: OpenListener<L>,
): FoundListener<L> | undefined {
  const { port, tcpBacklog } = options;
  const { found, hostname } = openAnywhere(options, open);
  const { listener, fd } = found;
  try {
    const to: Deno.NetAddr = { transport: "tcp", hostname, port };
    refuseDenied(to);
    // without an await, as Deno must not see the socket while it does not listen
    rebind(fd, to, tcpBacklog, () => early.set(fd));
    tellAddress(found);
    return found;
  } catch (error) {
    listener.close();
    if (!(error instanceof SocketError) || error.syscall === "setsockopt") throw error;
    if (error.syscall === "bind" && error.code === "EINVAL") return undefined;
    throw cannotListen(options, error);
  }
}

/**
 * Opens a listener on a free port of an address, or where nobody may be bound to that yet, of the loopback interface.
 *
 * @returns The listener, and the address to which it is to be bound.
 */
function openAnywhere<L extends Deno.Listener>(
  options: DenoListenOptions,
  open: OpenListener<L>,
): { found: FoundListener<L>; hostname: string } {
  const at = (hostname: string): FoundListener<L> =>
    openUnique(() => namingAddress(options, () => open({ ...options, hostname, port: 0 })));
  const { hostname } = options;
  try {
    const found = at(hostname);
    return { found, hostname: addressOf(found.fd).hostname };
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrNotAvailable)) throw error;
    const [address = hostname] = addressesOf(hostname);
    const loopback = isIpv6(address) ? "::1" : "127.0.0.1";
    if (!mayListen(loopback, 0)) throw error;
    return { found: at(loopback), hostname: address };
  }
}

/** The address of a socket that is bound. */
function addressOf(fd: number): Deno.NetAddr {
  return socketName(fd, "getsockname", "tcp") as Deno.NetAddr;
}

/** Has a listener tell the address that it has: Deno tells the first one, and leaves out the zone of one of a link. */
export function tellAddress({ listener, fd }: FoundListener<Deno.Listener>): void {
  const addr = addressOf(fd);
  const { hostname, port } = listener.addr as Deno.NetAddr;
  if (addr.hostname === hostname && addr.port === port) return;
  Object.defineProperty(listener, "addr", { value: addr });
}

/** Opens a listener whose address no other socket of this process has. */
export function openUnique<L extends Deno.Listener>(open: () => L): FoundListener<L> {
  const listener = open();
  const found = findListener(
    listener,
    (local) => candidateFds({ kind: "listener", local }, likelyFds(resourceId(listener)), true),
  );
  if (found !== undefined) return found;
  throw new Error(`the listener on ${showAddr(listener.addr as Deno.NetAddr)} cannot be found`);
}

/** How often to try again when another thread opens a listener on the same address at the same time. */
const ATTEMPTS = 10;

/** Opens a listener whose address others have: compares all that listen before and after. */
function openAmongMany<L extends Deno.Listener>(open: () => L): FoundListener<L> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = listeningSockets();
    const found = findListener(
      open(),
      (local) =>
        candidateFds({ kind: "listener", local }, []).filter((fd) =>
          !before.has(socketCookie(fd) ?? fd)
        ),
    );
    if (found !== undefined) return found;
    pause(Math.random() * attempt);
  }
  throw new Error("cannot tell which of several sockets is the listener");
}

/** The one descriptor that fits; closes the listener where that is not one. */
function findListener<L extends Deno.Listener>(
  listener: L,
  candidates: (local: Deno.Addr) => number[],
): FoundListener<L> | undefined {
  try {
    const local = listener.addr;
    const [fd, ...others] = candidates(local);
    if (fd !== undefined && others.length === 0) {
      rememberFd(listener, fd, { kind: "listener", local });
      return { listener, fd };
    }
  } catch (error) {
    listener.close();
    throw error;
  }
  listener.close();
  return undefined;
}

/** Lets other threads go on for some milliseconds. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Whether Deno lets a program set SO_REUSEPORT itself; it ends the process where one tries without. */
function mayReusePort(): boolean {
  return "listenDatagram" in Deno;
}

function showHost(hostname: string, port: number): string {
  return showAddr({ transport: "tcp", hostname, port });
}

function mayListen(hostname: string, port: number): boolean {
  return mayUse({ transport: "tcp", hostname, port });
}

/** Deno would ask on a terminal for a permission that is missing. */
export function requireNet(hostname: string, port: number): void {
  if (mayListen(hostname, port)) return;
  const host = showHost(hostname, port);
  throw new Deno.errors.NotCapable(
    `listening on ${host} takes --allow-net, or --allow-net=${host} for no more than that`,
  );
}

/** Lets Deno's errors say which address they are about. */
function namingAddress<T>(options: DenoListenOptions, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw error instanceof Error ? cannotListen(options, error) : error;
  }
}

type ErrorClass = new (message: string, options: ErrorOptions) => Error;

/** The error that Deno throws where listening fails, with the address and the code. */
export function cannotListen(
  { hostname, port }: DenoListenOptions,
  cause: Error & { code?: string },
): Error {
  const advice = cause.code === "EADDRINUSE"
    ? "; choose another port, or let all that listen there reuse it"
    : "";
  const message = `cannot listen on ${showHost(hostname, port)}: ${cause.message}${advice}`;
  return cause.code === undefined
    ? new (cause.constructor as ErrorClass)(message, { cause })
    : networkError(cause.code, message, cause);
}
