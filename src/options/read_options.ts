import { OPTION_TABLE } from "../../ffi/option_table.ts";
import { SO_TYPE } from "../../ffi/options/socket.ts";
import { readOption, tryReadOption } from "../../ffi/socket.ts";
import { type AnySocketOption, isSupported, type ReadableOption } from "../../ffi/socket_option.ts";
import { socketFd } from "./socket_fd.ts";
import type { SocketLike } from "./socket_like.ts";

/** The options that can be read without changing the socket. */
export const READABLE_OPTIONS: readonly ReadableOption<unknown>[] = OPTION_TABLE.filter(isReadable);

function isReadable(option: AnySocketOption): option is AnySocketOption & ReadableOption<unknown> {
  return option.access !== "write-only" && isSupported(option) && option.consumes !== true;
}

/**
 * Reads every option that a socket has, by name. What does not apply to this kind of socket, or is not in
 * this kernel, is left out, and so are options that reading would change: SO_ERROR, SO_PEERPIDFD and
 * TCP_SAVED_SYN.
 *
 * @category Any option
 *
 * @example
 * ```ts
 * import { readOptions } from "@sockopt/tcp";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const options = readOptions(listener);
 * assertEquals(options.SO_ACCEPTCONN, true);
 * assertEquals(options.UDP_SEGMENT, undefined);
 * ```
 *
 * @param socket The socket.
 * @returns The values by the options' names.
 * @throws {SocketError} when the socket is closed, or it is a descriptor of something else.
 */
export function readOptions(socket: SocketLike): Record<string, unknown> {
  const fd = socketFd(socket);
  readOption(fd, SO_TYPE); // every socket has it
  const values: Record<string, unknown> = {};
  for (const option of READABLE_OPTIONS) {
    const value = tryReadOption(fd, option);
    if (value !== undefined) values[option.name] = value;
  }
  return values;
}
