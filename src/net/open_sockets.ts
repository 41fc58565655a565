import { describeSocket } from "../../ffi/describe_socket.ts";
import { socketCookie } from "../../ffi/find_fd.ts";
import { openFds } from "../../ffi/open_fds.ts";
import type { OpenSocket } from "../options/socket_like.ts";

/**
 * Every socket of this process, from the lowest descriptor up, whoever has opened it: what `fetch`, a database driver or a
 * pool keeps to itself is among them, and so is what Deno has opened for its own use. Each entry is a socket for the other
 * functions of this package; one that is closed meanwhile is an error there, as any other.
 *
 * @category Any option
 *
 * @example What `fetch` keeps open to a server is given up when it does not answer
 * ```ts
 * import { assertOption, openSockets, setOption, TCP_USER_TIMEOUT } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = Deno.serve({ port: 0, onListen() {} }, () => new Response("hello"));
 * const { port } = server.addr;
 * const response = await fetch(`http://127.0.0.1:${port}/`);
 * await response.text();
 *
 * const toServer = openSockets().filter(({ remoteAddr }) =>
 *   remoteAddr?.transport === "tcp" && remoteAddr.port === port
 * );
 * assertEquals(toServer.length, 1);
 * for (const socket of toServer) {
 *   setOption(socket, TCP_USER_TIMEOUT, 3000);
 *   assertOption(socket, TCP_USER_TIMEOUT, 3000);
 * }
 * ```
 *
 * @returns The sockets that are open now.
 */
export function openSockets(): OpenSocket[] {
  const sockets: OpenSocket[] = [];
  for (const fd of openFds()) {
    const cookie = socketCookie(fd);
    const description = describeSocket(fd);
    // another thread may have closed it while it was described
    if (description === undefined || socketCookie(fd) !== cookie) continue;
    const { kind, state, local: localAddr, remote: remoteAddr } = description;
    sockets.push({ fd, cookie, kind, state, localAddr, remoteAddr });
  }
  return sockets;
}
