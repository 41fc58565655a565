/** A bare Deno.listen loop, without socket options: `deno_bare.ts once|stream PORT [CERT KEY]`. */

const [mode, number, cert, key] = Deno.args;
const to = { hostname: "127.0.0.1", port: Number(number) };
const listener: Deno.Listener<Deno.TcpConn | Deno.TlsConn> = cert === undefined
  ? Deno.listen(to)
  : Deno.listenTls({ ...to, cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key!) });
const pool: Uint8Array<ArrayBuffer>[] = [];

async function handle(conn: Deno.Conn): Promise<void> {
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
