/**
 * The echo server with @std/cli, @std/log and @std/assert, for those who reach JSR.
 *
 * What parseArgs() returns goes into serve(), a logger of @std/log is handed to it, and assertions of @std/assert
 * check what getOption() returns. The package itself needs none of them. Of @std/log there will be no more versions;
 * LogTape's loggers fit in the same place.
 *
 *     deno run --allow-net --allow-ffi examples/with_std.ts --port 8888 --recv-buffer 65536
 */

import { assert, assertEquals } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { ConsoleHandler, getLogger, setup } from "@std/log";
import { getOption, serve, SO_RCVBUF, SO_REUSEADDR, SO_TYPE, TCP_QUICKACK } from "@sockopt/tcp";

const args = parseArgs(Deno.args, {
  string: ["hostname", "port", "recv-buffer"],
  boolean: ["reuse-port", "quick-ack", "verbose"],
  negatable: ["reuse-port", "quick-ack"],
  default: { hostname: "127.0.0.1", port: "8888", "reuse-port": true, "quick-ack": true },
});
const recvBuffer = args["recv-buffer"];

setup({
  handlers: { console: new ConsoleHandler("DEBUG") },
  loggers: { default: { level: args.verbose ? "DEBUG" : "INFO", handlers: ["console"] } },
});

const server = serve({
  hostname: args.hostname,
  port: Number(args.port),
  reusePort: args["reuse-port"],
  settings: {
    quickAck: args["quick-ack"],
    receiveBufferSize: recvBuffer === undefined ? undefined : Number(recvBuffer),
  },
  logger: getLogger(),
}, async (conn) => {
  assertEquals(getOption(conn, SO_TYPE), "stream");
  assertEquals(getOption(conn, SO_REUSEADDR), true);
  assertEquals(getOption(conn, TCP_QUICKACK), args["quick-ack"]);
  if (recvBuffer !== undefined) assert(getOption(conn, SO_RCVBUF) >= Number(recvBuffer));

  const buffer = new Uint8Array(64 * 1024);
  const length = await conn.read(buffer);
  if (length !== null) await conn.write(buffer.subarray(0, length));
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => void server.shutdown());
}
await server.finished;
Deno.exit();
