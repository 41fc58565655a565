/**
 * Names every module that the program loads before it listens; server.ts imports it first, for nothing else.
 *
 * Of a file that is the first to import another one, Deno reads the source map as well, which of the large files here
 * takes a twentieth of the whole start. So this small one comes first.
 *
 * @module
 */

import "../../ffi/codec.ts";
import "../../ffi/darwin.ts";
import "../../ffi/find_fd.ts";
import "../../ffi/libc.ts";
import "../../ffi/options/socket.ts";
import "../../ffi/options/tcp.ts";
import "../../ffi/sockaddr.ts";
import "../../ffi/socket.ts";
import "../../ffi/socket_error.ts";
import "../../ffi/socket_option.ts";
import "../../ffi/structs.ts";
import "../../ffi/tcp_info.ts";
import "../options/settings.ts";
import "../options/assert_option.ts";
import "./command_line.ts";
import "../serve/connection.ts";
import "../serve/connection_check.ts";
import "../serve/echo.ts";
import "./late_logger.ts";
import "../net/listen.ts";
import "../net/logger.ts";
import "./serve_as.ts";
import "../serve/read_buffers.ts";
import "../serve/serve.ts";
import "../options/socket_fd.ts";
