import { askOption, readOption } from "../../ffi/socket.ts";
import { type AskedOption, checkOption, type ReadableOption } from "../../ffi/socket_option.ts";
import { socketFd } from "./socket_fd.ts";
import type { SocketLike } from "./socket_like.ts";

/**
 * Reads a socket option: getsockopt(2) with the option's own type.
 *
 * @category Any option
 *
 * @example
 * ```ts
 * import { getOption, SO_RCVBUF, TCP_NODELAY } from "@sockopt/tcp";
 * import { assert, assertEquals } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * assertEquals(getOption(listener, TCP_NODELAY), false);
 * assert(getOption(listener, SO_RCVBUF) > 0);
 * ```
 *
 * @typeParam T The type of the option's value.
 * @param socket The socket.
 * @param option The option. One that can only be written does not compile.
 * @returns Its value.
 * @throws {SocketError} when the kernel refuses, or the socket is closed.
 * @throws {TypeError} when it is no socket, or no option.
 */
export function getOption<T>(socket: SocketLike, option: ReadableOption<T>): T;

/**
 * Reads an option of something, such as the filter of one multicast group.
 *
 * @category Any option
 * @typeParam T The type of the option's value.
 * @typeParam Question What says of what.
 * @param socket The socket.
 * @param option The option.
 * @param about Of what.
 * @returns Its value.
 * @throws {SocketError} when the kernel refuses, or the socket is closed.
 * @throws {TypeError} when it is not said of what.
 */
export function getOption<T, Question>(
  socket: SocketLike,
  option: AskedOption<T, Question>,
  about: NoInfer<Question>,
): T;

export function getOption(
  socket: SocketLike,
  option: ReadableOption<unknown> | AskedOption<unknown, unknown>,
  about?: unknown,
): unknown {
  checkOption(option);
  const fd = socketFd(socket);
  return "question" in option ? askOption(fd, option, about) : readOption(fd, option);
}
