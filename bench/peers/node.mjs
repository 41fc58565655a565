/** Node.js, without socket options: `node.mjs once|stream PORT [CERT KEY]`. */

import { readFileSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";

const [mode, port, cert, key] = process.argv.slice(2);

function handle(socket) {
  socket.on("error", () => {}); // the client has gone
  if (mode === "once") socket.once("data", (data) => socket.end(data));
  else socket.pipe(socket);
}

const server = cert === undefined
  ? net.createServer(handle)
  : tls.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, handle);
server.listen({ host: "127.0.0.1", port: Number(port), backlog: 511 });
