import assert from "node:assert/strict";
import { getOption, SO_ACCEPTCONN, SO_COOKIE, SO_TYPE, socketFd } from "../mod.ts";
import { connectTo, python, testWith, testWitnessed, witness } from "./helpers.ts";

/** Reads a byte, then closes with a reset, as Deno's own close() never does: it ends with a FIN first. */
const RESETTING_CLIENT = `
import socket, struct, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.recv(1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
s.close()`;

const local = { hostname: "127.0.0.1", port: 0 };

testWitnessed("socketFd() finds both ends of a connection, and the listener", async () => {
  using listener = Deno.listen(local);
  using client = await connectTo(listener);
  using conn = await listener.accept();
  const names = "s.getsockname()[1], s.getpeername()[1]";
  const { port } = listener.addr;
  assert.equal(await witness(socketFd(conn), names), `${port} ${client.localAddr.port}`);
  assert.equal(await witness(socketFd(client), names), `${client.localAddr.port} ${port}`);
  assert.equal(await witness(socketFd(listener), "s.getsockname()[1]"), `${port}`);
  assert.equal(getOption(listener, SO_ACCEPTCONN), true);
});

Deno.test("socketFd() of a closed socket is EBADF, also when another socket has its number", async () => {
  using listener = Deno.listen(local);
  const client = await connectTo(listener);
  const conn = await listener.accept();
  const fd = socketFd(conn);
  conn.close();
  assert.throws(() => socketFd(conn), { code: "EBADF", message: /closed/ });
  using next = await connectTo(listener);
  assert.equal(socketFd(next), fd, "the kernel gives the lowest free number");
  assert.throws(() => socketFd(conn), { code: "EBADF" });
  client.close();
  assert.throws(() => socketFd(client), { code: "EBADF" });
});

Deno.test("socketFd() tells listeners apart that share an address", () => {
  using first = Deno.listen({ ...local, reusePort: true });
  const before = getOption(first, SO_COOKIE);
  using second = Deno.listen({ ...local, port: first.addr.port, reusePort: true });
  assert.notEqual(getOption(second, SO_COOKIE), before);
  assert.equal(getOption(first, SO_COOKIE), before);
});

Deno.test("socketFd() says so where two sockets cannot be told apart", () => {
  using first = Deno.listen({ ...local, reusePort: true });
  using _second = Deno.listen({ ...local, port: first.addr.port, reusePort: true });
  assert.throws(() => socketFd(first), {
    name: "SocketError",
    code: "EEXIST",
    message: /listen\(\)/,
  });
});

testWith("python3", "socketFd() finds a connection that its peer has reset", async () => {
  using listener = Deno.listen(local);
  const client = python(RESETTING_CLIENT, listener.addr.port);
  using conn = await listener.accept();
  await conn.write(new Uint8Array(1));
  await client;
  await assert.rejects(conn.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  assert.equal(getOption(conn, SO_TYPE), "stream");
});

Deno.test("socketFd() takes a number as it is", () => {
  assert.equal(socketFd(7), 7);
  assert.throws(() => getOption(0, SO_COOKIE), { name: "SocketError", code: "ENOTSOCK" });
});
