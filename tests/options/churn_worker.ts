/**
 * A worker of socket_fd_test.ts: opens, marks and closes connections beside others that do the same, and
 * tells how often an option reached a socket that was not meant.
 */

import { getOption, setOption, TCP_USER_TIMEOUT } from "../../mod.ts";

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const { hostname, port } = listener.addr;

function pair(): Promise<Deno.TcpConn[]> {
  return Promise.all([Deno.connect({ hostname, port }), listener.accept()]);
}

let wrong = 0;

/** Whether setting an option on a closed connection is refused. */
function isRefused(conn: Deno.TcpConn): boolean {
  try {
    setOption(conn, TCP_USER_TIMEOUT, 7);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === "EBADF";
  }
}

for (let round = 0; round < 60; round++) {
  const conns = (await Array.fromAsync({ length: 10 }, pair)).flat();
  // some are never asked for before they are closed
  const marks = conns.map((_, i) => i % 5 === 0 ? 0 : 1000 + 100 * round + i);
  conns.forEach((conn, i) => marks[i] !== 0 && setOption(conn, TCP_USER_TIMEOUT, marks[i]!));
  const closed = conns.filter((_, i) => i % 3 === 0);
  for (const conn of closed) conn.close();
  // these get the descriptors of those
  const fresh = await pair();
  wrong += closed.filter((conn) => !isRefused(conn)).length;
  conns.forEach((conn, i) => {
    if (i % 3 === 0) return;
    if (getOption(conn, TCP_USER_TIMEOUT) !== marks[i]) wrong++;
    conn.close();
  });
  for (const conn of fresh) {
    if (getOption(conn, TCP_USER_TIMEOUT) !== 0) wrong++;
    conn.close();
  }
}

listener.close();
(self as unknown as { postMessage(data: unknown): void }).postMessage(wrong);
