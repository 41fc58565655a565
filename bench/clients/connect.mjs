/** Node.js as a client: `connect.mjs PORT`, told as connect.ts is. */

import net from "node:net";
import { createInterface } from "node:readline";

const port = Number(process.argv[2]);
const message = Buffer.alloc(64, 120);
const AT_ONCE = 16;

const exchange = () =>
  new Promise((resolve, reject) => {
    const socket = net.connect({ host: "127.0.0.1", port, noDelay: true });
    let n = 0;
    socket.on("error", reject);
    socket.on("data", (data) => n += data.length);
    socket.on("close", () => n === message.length ? resolve() : reject(new Error(`${n} bytes`)));
    socket.write(message);
  });

for await (const line of createInterface({ input: process.stdin })) {
  let count = Number(line);
  const client = async () => {
    while (count-- > 0) await exchange();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  console.log("done");
}
