/** Node.js, without socket options: `node.mjs once|stream PORT`. */

import { createServer } from "node:net";

const [mode, port] = process.argv.slice(2);

createServer((socket) => {
  socket.on("error", () => {}); // the client has gone
  if (mode === "once") socket.once("data", (data) => socket.end(data));
  else socket.pipe(socket);
}).listen({ host: "127.0.0.1", port: Number(port), backlog: 511 });
