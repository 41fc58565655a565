/**
 * `connect()` of this package, or `Deno.connect`: `connect.ts sockopt|deno PORT`. For each line of standard input, a count,
 * it makes so many connections, each with 64 bytes and their echo, and prints a line when they are over.
 */

import { connect } from "../../mod.ts";

const [whose, number] = Deno.args;
const to = { hostname: "127.0.0.1", port: Number(number) };
const open = whose === "sockopt"
  ? () => connect({ ...to, settings: { noDelay: true } })
  : () => Deno.connect(to);
const message = new Uint8Array(64).fill(120);
const AT_ONCE = 16;

async function exchange(buffer: Uint8Array<ArrayBuffer>): Promise<void> {
  const conn = await open();
  if (whose !== "sockopt") conn.setNoDelay(true);
  await conn.write(message);
  let n = 0;
  for (let read; (read = await conn.read(buffer)) !== null;) n += read;
  conn.close();
  if (n !== message.length) throw new Error(`${n} bytes came back`);
}

async function run(count: number): Promise<void> {
  const client = async () => {
    const buffer = new Uint8Array(1024);
    while (count-- > 0) await exchange(buffer);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
}

for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  await run(Number(text));
  console.log("done");
}
