/**
 * The load of TLS: `tls_load.ts oneshot|stream PORT CLIENTS SECONDS CA`, as load.c has it without. Each client compares
 * every byte of 64. Prints one line of JSON.
 */

const [kind, number, clients, seconds, ca] = Deno.args;
const to = {
  hostname: "127.0.0.1",
  port: Number(number),
  caCerts: [Deno.readTextFileSync(ca!)],
};
const end = performance.now() + Number(seconds) * 1000;
let done = 0;
let bad = 0;
let failed = 0;

/** Sends a message and reads its echo; `false` where the connection has ended. */
async function exchange(conn: Deno.TlsConn, message: Uint8Array<ArrayBuffer>): Promise<boolean> {
  message[done % message.length]!++;
  await conn.write(message);
  const reply = new Uint8Array(message.length);
  for (let n = 0; n < reply.length;) {
    const read = await conn.read(reply.subarray(n));
    if (read === null) return false;
    n += read;
  }
  done++;
  if (reply.some((byte, i) => byte !== message[i])) bad++;
  return true;
}

async function client(first: number): Promise<void> {
  const message = new Uint8Array(64).map((_, i) => first + i);
  while (performance.now() < end) {
    try {
      using conn = await Deno.connectTls(to);
      if (!await exchange(conn, message)) throw new Error("no echo");
      if (kind === "oneshot") {
        if (await conn.read(message.slice()) !== null) bad++;
        continue;
      }
      while (performance.now() < end) {
        if (!await exchange(conn, message)) throw new Error("the connection ends");
      }
    } catch {
      failed++;
      // a server that serves no more is not asked again and again
      if (failed > 100) return;
    }
  }
}

await Promise.all(Array.from({ length: Number(clients) }, (_, i) => client(i * 7)));
console.log(JSON.stringify({ done, bad, failed, unfinished: 0 }));
