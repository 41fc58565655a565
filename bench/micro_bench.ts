/** What one call costs, beside the raw call of libc: `deno task bench:micro`. */

import { libc } from "../ffi/libc.ts";
import {
  applySettings,
  connect,
  getOption,
  readOptions,
  setOption,
  SO_RCVBUF,
  socketFd,
  TCP_INFO,
  TCP_NODELAY,
} from "../mod.ts";

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
const conn = await listener.accept();
const fd = socketFd(conn);

const value = new Uint8Array(4);
const length = new Uint32Array(1);
const lengthBytes = new Uint8Array(length.buffer);
const { getsockopt, setsockopt } = libc();

Deno.bench({ name: "getsockopt(2)", group: "read", baseline: true }, () => {
  length[0] = 4;
  getsockopt(fd, SO_RCVBUF.level, SO_RCVBUF.optname, value, lengthBytes);
});
Deno.bench({ name: "getOption(fd)", group: "read" }, () => {
  getOption(fd, SO_RCVBUF);
});
Deno.bench({ name: "getOption(conn)", group: "read" }, () => {
  getOption(conn, SO_RCVBUF);
});

const info = new Uint8Array(TCP_INFO.codec.size);
Deno.bench({ name: "getsockopt(2) TCP_INFO", group: "TCP_INFO", baseline: true }, () => {
  length[0] = info.length;
  getsockopt(fd, TCP_INFO.level, TCP_INFO.optname, info, lengthBytes);
});
Deno.bench({ name: "getOption(fd, TCP_INFO)", group: "TCP_INFO" }, () => {
  getOption(fd, TCP_INFO);
});
Deno.bench({ name: "getOption(conn, TCP_INFO)", group: "TCP_INFO" }, () => {
  getOption(conn, TCP_INFO);
});

Deno.bench({ name: "setsockopt(2)", group: "write", baseline: true }, () => {
  setsockopt(fd, TCP_NODELAY.level, TCP_NODELAY.optname, value, 4);
});
Deno.bench({ name: "setOption(fd)", group: "write" }, () => {
  setOption(fd, TCP_NODELAY, false);
});
Deno.bench({ name: "setOption(conn)", group: "write" }, () => {
  setOption(conn, TCP_NODELAY, false);
});

Deno.bench("applySettings(conn, { noDelay, keepAlive })", () => {
  applySettings(conn, { noDelay: true, keepAlive: { idle: 30, interval: 5, count: 3 } });
});
Deno.bench("readOptions(conn)", () => {
  readOptions(conn);
});
Deno.bench("socketFd(conn) from accept()", () => {
  socketFd(conn);
});
Deno.bench("socketFd(conn) from Deno.connect()", () => {
  socketFd(client);
});

/** A listener whose connections are closed at once. */
const closing = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 4096 });
(async (): Promise<void> => {
  for await (const each of closing) each.close();
})();
const to = { hostname: "127.0.0.1", port: closing.addr.port };

Deno.bench({ name: "Deno.connect(), close()", group: "connect", baseline: true }, async () => {
  (await Deno.connect(to)).close();
});
Deno.bench({ name: "connect(), close()", group: "connect" }, async () => {
  (await connect(to)).close();
});
Deno.bench({ name: "connect() with five settings, close()", group: "connect" }, async () => {
  const keepAlive = { idle: 30, interval: 5, count: 3 };
  (await connect({ ...to, settings: { noDelay: true, keepAlive } })).close();
});
Deno.bench({ name: "connect() from an address, close()", group: "connect" }, async () => {
  (await connect({ ...to, localAddress: "127.0.0.2" })).close();
});
