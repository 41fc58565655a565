import { writeOption } from "../../ffi/socket.ts";
import { checkOption, type WritableOption } from "../../ffi/socket_option.ts";
import { socketFd } from "./socket_fd.ts";
import type { SocketLike } from "./socket_like.ts";

/**
 * Writes a socket option: setsockopt(2) with the option's own type.
 *
 * The kernel may make something else of the value: {@linkcode applySettings} and
 * {@linkcode assertOption} say what.
 *
 * @category Any option
 *
 * @example
 * ```ts
 * import { getOption, setOption, TCP_NODELAY } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * setOption(listener, TCP_NODELAY, true);
 * assertEquals(getOption(listener, TCP_NODELAY), true);
 * ```
 *
 * @typeParam T The type of the option's value.
 * @param socket The socket.
 * @param option The option. One that can only be read does not compile.
 * @param value Its new value.
 * @throws {SocketError} when the kernel refuses, or the socket is closed.
 * @throws {TypeError} when the value is of the wrong kind, or it is no socket or no option.
 * @throws {RangeError} when the value is out of range.
 */
export function setOption<T>(
  socket: SocketLike,
  option: WritableOption<T>,
  value: NoInfer<T>,
): void {
  checkOption(option);
  writeOption(socketFd(socket), option, value);
}
