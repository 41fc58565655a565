/**
 * How a connection of Deno's comes to be with its options in force before the SYN: Deno is sent elsewhere, and its socket
 * is taken from there before Deno looks at it.
 *
 * @module
 */

import { type Connecting, reconnect, Waypoint } from "../../ffi/reconnect.ts";
import { isIpv6, socketName } from "../../ffi/sockaddr.ts";
import { shutdown } from "../../ffi/socket.ts";
import { Descriptor } from "../options/descriptor.ts";
import { rememberFd, socketFd } from "../options/socket_fd.ts";
import { mayUse } from "./permission.ts";

/** How often to start again: other threads, which open and close sockets meanwhile, make it miss its own. */
const ATTEMPTS = 20;

/**
 * Opens a connection to one address.
 *
 * @param how Where to, where from and with which options.
 * @param signal Stops it.
 * @throws {SocketError} what the kernel refuses at once.
 * @throws what Deno throws where nobody answers, and the signal's reason.
 */
export async function openConnection(how: Connecting, signal: AbortSignal): Promise<Deno.TcpConn> {
  for (let i = 0; i < ATTEMPTS; i++) {
    signal.throwIfAborted();
    let opened = await openWaiting(how, signal);
    if (opened === "deferred") opened = await openDeferred(how, signal);
    if (opened !== "missed") return opened;
  }
  throw new Deno.errors.NotSupported(
    "connect() cannot set options before the SYN here: it takes a kernel that is Linux, and a Deno that makes its sockets at " +
      "once; connect with Deno.connect() and set them by applySettings()",
  );
}

/**
 * Opens a connection for which Deno waits, as for any of its own.
 *
 * @returns "missed" where the socket was not found; "deferred" where the kernel sends no SYN before there is data to go with
 *   it, as TCP_FASTOPEN_CONNECT has it: Deno would take it for one that has failed.
 */
async function openWaiting(
  how: Connecting,
  signal: AbortSignal,
): Promise<Deno.TcpConn | "deferred" | "missed"> {
  const opening = sendAway(how);
  const { fd } = opening;
  if (fd === undefined) return await opening.miss();
  let began: "connecting" | "deferred";
  try {
    // in one stretch with the beginning, so that Deno sees nothing of the waypoint
    began = reconnect(fd, how);
  } catch (error) {
    await opening.giveUp();
    throw error;
  }
  if (began === "deferred") await opening.giveUp();
  return began === "connecting" ? await opening.finish(signal) : began;
}

/** Has Deno make a socket, which comes back from the waypoint as one that was refused. */
function sendAway({ remote }: Connecting): Opening {
  using waypoint = new Waypoint(remote.hostname);
  return new Opening(waypoint);
}

/**
 * Opens a connection for which no SYN is sent yet: Deno has to be connected somewhere first.
 *
 * @returns "missed" where the socket was not found, or where the kernel now sends the SYN at once.
 */
async function openDeferred(
  how: Connecting,
  signal: AbortSignal,
): Promise<Deno.TcpConn | "missed"> {
  using waypoint = new Waypoint(how.remote.hostname);
  waypoint.listen();
  const opening = new Opening(waypoint);
  if (opening.fd === undefined) return await opening.miss();
  const conn = await opening.finish(signal);
  try {
    const fd = socketFd(conn);
    if (reconnect(fd, how) === "deferred") {
      Object.defineProperties(conn, {
        localAddr: { value: socketName(fd, "getsockname", "tcp") },
        remoteAddr: { value: how.remote },
      });
      return conn;
    }
  } catch (error) {
    conn.close();
    throw error;
  }
  conn.close();
  return "missed";
}

/** A connection that Deno is opening, to a waypoint. */
class Opening {
  readonly #conn: Promise<Deno.TcpConn>;
  /** The descriptor of its socket, until the next `await`; `undefined` where it is not found. */
  readonly fd: number | undefined;
  /** What proves it later. */
  readonly #descriptor: Descriptor | undefined;

  constructor(waypoint: Waypoint) {
    const { hostname, port } = waypoint;
    if (!mayUse({ transport: "tcp", hostname, port })) {
      const host = isIpv6(hostname) ? `[${hostname}]` : hostname;
      throw new Deno.errors.NotCapable(
        `connect() takes --allow-net, or ${host} in its list beside where it connects to: ` +
          "a socket of Deno's can be found there before it sends anything elsewhere",
      );
    }
    const { promise, resolve } = Promise.withResolvers<Deno.TcpConn>();
    this.#conn = promise;
    promise.catch(() => {}); // who waits for it is told
    // no literal, as not every Deno has all of them in its types
    const options = { hostname, port, autoSelectFamily: false };
    this.fd = waypoint.find(() => resolve(Deno.connect(options)));
    if (this.fd !== undefined) this.#descriptor = new Descriptor(this.fd);
  }

  /**
   * Waits until Deno is connected, or a signal stops it. Deno is not given the signal: it leaves a connection open that is
   * made at the moment in which the signal fires.
   */
  async finish(signal: AbortSignal): Promise<Deno.TcpConn> {
    const stop = (): void => {
      const fd = this.#descriptor!.prove();
      if (fd >= 0) shutdown(fd); // which Deno sees, whether it is connected by now or not
    };
    signal.addEventListener("abort", stop);
    let conn: Deno.TcpConn;
    try {
      conn = await this.#conn;
    } finally {
      signal.removeEventListener("abort", stop);
    }
    if (signal.aborted) {
      conn.close();
      throw signal.reason;
    }
    const { localAddr: local, remoteAddr: remote } = conn;
    rememberFd(conn, this.fd!, { kind: "connection", local, remote });
    return conn;
  }

  /** Lets Deno see that the socket is connected to nobody, and waits until it has closed it. Call it before any `await`. */
  async giveUp(): Promise<void> {
    shutdown(this.fd!);
    await this.#conn.then((conn) => conn.close(), () => {});
  }

  /** Waits until what was not found has come back from the waypoint, as it does by itself. */
  async miss(): Promise<"missed"> {
    try {
      (await this.#conn).close();
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error; // such as EMFILE
    }
    return "missed";
  }
}
