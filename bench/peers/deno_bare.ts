/** A bare Deno.listen loop, without socket options: `deno_bare.ts once|stream PORT`. */

const [mode, port] = Deno.args;
const listener = Deno.listen({ hostname: "127.0.0.1", port: Number(port) });
const pool: Uint8Array<ArrayBuffer>[] = [];

async function handle(conn: Deno.TcpConn): Promise<void> {
  const buffer = pool.pop() ?? new Uint8Array(65_536);
  try {
    do {
      const n = await conn.read(buffer);
      if (n === null) break;
      for (let sent = 0; sent < n;) sent += await conn.write(buffer.subarray(sent, n));
    } while (mode === "stream");
  } catch {
    // the client has gone
  } finally {
    conn.close();
    pool.push(buffer);
  }
}

for await (const conn of listener) handle(conn);
