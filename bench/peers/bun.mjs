/** Bun, without socket options: `bun.mjs once|stream PORT [CERT KEY]`. */

const [mode, port, cert, key] = process.argv.slice(2);
const { file, listen } = globalThis.Bun;

/** Sends what it can, and keeps the rest. */
function write(socket) {
  while (socket.data.length > 0) {
    const [first] = socket.data;
    const n = socket.write(first);
    if (n < first.length) {
      socket.data[0] = first.subarray(Math.max(n, 0));
      return;
    }
    socket.data.shift();
  }
}

listen({
  hostname: "127.0.0.1",
  port: Number(port),
  tls: cert === undefined ? undefined : { cert: file(cert), key: file(key) },
  socket: {
    open: (socket) => void (socket.data = []),
    data(socket, data) {
      if (mode === "once") return void socket.end(data);
      if (socket.data.length === 0) {
        const n = socket.write(data);
        if (n < data.length) socket.data.push(data.slice(Math.max(n, 0)));
      } else {
        socket.data.push(data.slice());
      }
    },
    drain: write,
    error() {},
  },
});
