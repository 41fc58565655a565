/** `listen()`: a listener of Deno's with socket options in force. */

import { checkListenOptions, LISTEN_CHECKS, type ListenOptions } from "./listen_options.ts";
import { prepareListener } from "./prepare_listener.ts";

/**
 * `Deno.listen()` with socket options: they are in force before the first connection is accepted, so
 * that every connection inherits them. SO_REUSEADDR and SO_REUSEPORT are asserted, the rest is read back.
 *
 * @category Opening sockets
 *
 * @example Your own accept loop
 * ```ts
 * import { assertOption, listen, TCP_NODELAY } from "@sockopt/tcp";
 *
 * using listener = listen({ hostname: "127.0.0.1", port: 0, settings: { noDelay: true } });
 * using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
 * using conn = await listener.accept();
 * assertOption(conn, TCP_NODELAY, true);
 * ```
 *
 * @param options Where and how.
 * @returns The listener.
 * @throws {Deno.errors.AddrInUse} when the address is in use.
 * @throws {Deno.errors.NotCapable} when a permission is missing.
 * @throws {Deno.errors.NotSupported} when the kernel binds no socket twice, and so sets nothing before bind(2).
 * @throws {OptionAssertionError} when an option is not as asked: SO_REUSEADDR and SO_REUSEPORT always,
 *   the others if `strict`.
 * @throws {SocketError} when the kernel refuses an option.
 * @throws {TypeError} when an option is of the wrong kind, or there is no such option.
 * @throws {RangeError} when an option is out of range.
 */
export function listen(options: ListenOptions): Deno.TcpListener {
  checkListenOptions("listen()", options, LISTEN_CHECKS);
  return prepareListener(options, (to) => Deno.listen(to)).listener;
}
