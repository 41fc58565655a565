/**
 * A listening socket that Deno did not make becomes a listener of Deno's: one of systemd's, one that was inherited or
 * handed over, or one of a protocol that Deno does not know.
 *
 * Deno opens a listener of its own on a free port of the loopback interface, and the other socket takes its place: its
 * descriptor, and the record by which Deno's event loop waits for it. Each step is proven, and where one fails, that
 * listener is closed and the other socket is as it was.
 *
 * @module
 */

import { replaceSocket } from "../../ffi/event_loop.ts";
import { SO_ACCEPTCONN, SO_DOMAIN, SO_TYPE } from "../../ffi/options/socket.ts";
import { isLinux, platformName } from "../../ffi/platform.ts";
import { socketName } from "../../ffi/sockaddr.ts";
import { closeFd, isNonBlocking, readOption, setNonBlocking } from "../../ffi/socket.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import { rememberFd } from "../options/socket_fd.ts";
import {
  type FoundListener,
  type OpenListener,
  openUnique,
  requireNet,
  tellAddress,
} from "./open_listener.ts";

/** Where Deno's own listener is opened first. */
const LOOPBACK = "127.0.0.1";

/**
 * Makes a listener of Deno's of a listening socket. The descriptor is used up: it is closed, and the listener has another
 * one.
 *
 * @category Opening sockets
 * @param fd The socket.
 * @param open Deno's function.
 * @throws {TypeError} when it is not a listening socket of TCP, or is Deno's already.
 * @throws {SocketError} EBADF and the like.
 * @throws {Deno.errors.NotSupported} where Deno cannot take it: see {@linkcode replaceSocket}.
 * @throws {Deno.errors.NotCapable} when a permission is missing.
 */
export function adopt<L extends Deno.Listener>(
  fd: number,
  open: OpenListener<L>,
): FoundListener<L> {
  if (!isLinux) {
    throw new Deno.errors.NotSupported(`Deno takes no other listener on ${platformName}`);
  }
  const local = addressOfListener(fd);
  requireNet(local.hostname, local.port);
  requireNet(LOOPBACK, 0);
  const found = openUnique(() => open({ hostname: LOOPBACK, port: 0, tcpBacklog: 1 }));
  const { listener } = found;
  const blocks = !isNonBlocking(fd);
  try {
    // Deno would wait for the next connection, and for nothing else
    if (blocks) setNonBlocking(fd, true);
    replaceSocket(found.fd, fd);
  } catch (error) {
    if (blocks) setNonBlocking(fd, false);
    listener.close();
    throw error;
  }
  rememberFd(listener, found.fd, { kind: "listener", local });
  tellAddress(found);
  closeFd(fd);
  return found;
}

/** The address of a socket, which must listen for TCP. */
export function addressOfListener(fd: number): Deno.NetAddr {
  const which = `descriptor ${fd}`;
  try {
    const type = readOption(fd, SO_TYPE);
    const domain = readOption(fd, SO_DOMAIN);
    if (type !== "stream" || (domain !== "inet" && domain !== "inet6")) {
      throw new TypeError(`${which} is a socket of ${domain}, ${type}, and not of TCP`);
    }
    if (!readOption(fd, SO_ACCEPTCONN)) throw new TypeError(`${which} does not listen`);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    const { syscall, errno, code } = error;
    const reason = code === "EBADF" ? `${which} is not open` : `${which} is no socket`;
    throw new SocketError(syscall, errno, { reason });
  }
  return socketName(fd, "getsockname", "tcp") as Deno.NetAddr;
}
