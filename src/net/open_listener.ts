/**
 * How a listener of Deno's comes to be with its descriptor known, and with the port shared where that is asked for.
 *
 * @module
 */

import { candidateFds, listeningSockets, socketCookie } from "../../ffi/find_fd.ts";
import { likelyFds } from "../../ffi/open_fds.ts";
import { SO_REUSEPORT } from "../../ffi/options/socket.ts";
import { rebind } from "../../ffi/rebind.ts";
import { showAddr, socketName } from "../../ffi/sockaddr.ts";
import { writeOption } from "../../ffi/socket.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import { resourceId } from "../options/deno_internals.ts";
import { rememberFd } from "../options/socket_fd.ts";

/** What Deno's own functions that listen for TCP or TLS take. */
export interface DenoListenOptions {
  hostname: string;
  port: number;
  tcpBacklog: number;
  reusePort: boolean;
}

/** One of Deno's functions that listen. */
export type OpenListener<L extends Deno.Listener> = (options: DenoListenOptions) => L;

/** A listener with its descriptor. */
interface FoundListener<L extends Deno.Listener> {
  readonly listener: L;
  readonly fd: number;
}

/**
 * Opens a listener and finds its descriptor. It never prompts.
 *
 * @throws {Deno.errors.NotCapable} when a permission is missing.
 */
export function openAndFind<L extends Deno.Listener>(
  options: DenoListenOptions,
  open: OpenListener<L>,
): FoundListener<L> {
  const { hostname, port, reusePort } = options;
  requireNet(hostname, port);
  if (!reusePort) return openUnique(() => namingAddress(options, () => open(options)));
  if (mayListen(hostname, 0)) {
    const shared = openAgain(options, open);
    if (shared !== undefined) return shared;
  }
  if (mayReusePort()) return openAmongMany(() => namingAddress(options, () => open(options)));
  throw mayListen(hostname, 0)
    ? new Deno.errors.NotSupported(
      "sharing a port takes --unstable-net here, as this kernel binds no socket twice",
    )
    : new Deno.errors.NotCapable(
      `sharing a port takes --allow-net, or --allow-net=${showHost(hostname, port)},` +
        `${showHost(hostname, 0)} for no more than that`,
    );
}

/**
 * Opens a listener on a port that is picked for it alone, so that its descriptor is found without doubt, and binds it again
 * with SO_REUSEPORT to the port that was asked for. Deno's own `reusePort` is an unstable feature.
 *
 * @returns `undefined` on a kernel that binds no socket twice.
 */
function openAgain<L extends Deno.Listener>(
  options: DenoListenOptions,
  open: OpenListener<L>,
): FoundListener<L> | undefined {
  const { port, tcpBacklog } = options;
  const found = openUnique(() =>
    namingAddress(options, () => open({ ...options, port: 0, reusePort: false }))
  );
  const { listener, fd } = found;
  try {
    // without an await, as Deno must not see the socket while it does not listen
    rebind(fd, port, tcpBacklog, () => writeOption(fd, SO_REUSEPORT, true));
    Object.defineProperty(listener, "addr", { value: socketName(fd, "getsockname", "tcp") });
    return found;
  } catch (error) {
    listener.close();
    if (!(error instanceof SocketError)) throw error;
    if (error.syscall === "bind" && error.code === "EINVAL") return undefined;
    throw asDenoError(error, options);
  }
}

/** Opens a listener whose address no other socket of this process has. */
function openUnique<L extends Deno.Listener>(open: () => L): FoundListener<L> {
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
  const host = showHost(hostname, port);
  return Deno.permissions.querySync({ name: "net", host }).state === "granted";
}

/** Deno would ask on a terminal for a permission that is missing. */
function requireNet(hostname: string, port: number): void {
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
    if (!(error instanceof Error)) throw error;
    throw cannotListen(options, error.constructor as ErrorClass, error);
  }
}

type ErrorClass = new (message: string, options: ErrorOptions) => Error;

/** The classes that Deno has for the errors of bind(2). */
const DENO_ERRORS: Record<string, ErrorClass> = {
  EADDRINUSE: Deno.errors.AddrInUse,
  EADDRNOTAVAIL: Deno.errors.AddrNotAvailable,
  EACCES: Deno.errors.PermissionDenied,
};

/** The error that Deno throws where its own call fails in the same way. */
function asDenoError(error: SocketError, options: DenoListenOptions): Error {
  const Kind = DENO_ERRORS[error.code];
  return Kind === undefined ? error : cannotListen(options, Kind, error);
}

function cannotListen(
  { hostname, port }: DenoListenOptions,
  Kind: ErrorClass,
  cause: Error,
): Error {
  const advice = Kind === Deno.errors.AddrInUse
    ? "; choose another port, or let all that listen there reuse it"
    : "";
  const message = `cannot listen on ${showHost(hostname, port)}: ${cause.message}${advice}`;
  return new Kind(message, { cause });
}
