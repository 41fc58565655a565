/** A socket that is closed is never taken for another one that has its address, even if it was never asked for before. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { getOption, SO_TYPE, SocketError, socketFd, type SocketLike } from "../../mod.ts";
import { connectTo, ROOT, testWith } from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };
const pem = (name: string): string => Deno.readTextFileSync(`${ROOT}tests/tls/${name}.pem`);

function assertClosed(socket: SocketLike): void {
  const error = assertThrows(() => socketFd(socket), SocketError);
  assertEquals(error.code, "EBADF");
  assertThrows(() => getOption(socket, SO_TYPE), SocketError);
}

/** What opens a listener on an address that another one had. */
const LISTENERS: Record<string, (after?: Deno.Listener) => Deno.Listener> = {
  "a listener": (after) =>
    Deno.listen({ ...local, port: (after?.addr as Deno.NetAddr)?.port ?? 0 }),
  "a TLS listener": (after) =>
    Deno.listenTls({
      ...local,
      port: (after?.addr as Deno.NetAddr)?.port ?? 0,
      cert: pem("cert"),
      key: pem("key"),
    }),
  "a Unix listener": (after) => {
    const path = (after?.addr as Deno.UnixAddr)?.path ?? `${Deno.makeTempDirSync()}/socket`;
    try {
      Deno.removeSync(path); // Deno 2.4 leaves it there
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return Deno.listen({ transport: "unix", path });
  },
};

for (const [kind, open] of Object.entries(LISTENERS)) {
  Deno.test(`socketFd() of ${kind} that is closed is EBADF, also when another one has its address`, () => {
    const first = open();
    first.close();
    using second = open(first);
    assert(socketFd(second) > 2);
    assertClosed(first);
  });
}

Deno.test("socketFd() of a Unix connection that is closed is EBADF, also when another one has its address", async () => {
  const path = `${Deno.makeTempDirSync()}/socket`;
  using listener = Deno.listen({ transport: "unix", path });
  const first = await Deno.connect({ transport: "unix", path });
  const accepted = await listener.accept();
  first.close();
  accepted.close();
  using second = await Deno.connect({ transport: "unix", path });
  using secondAccepted = await listener.accept();
  assertClosed(first);
  assertClosed(accepted);
  assert(socketFd(second) !== socketFd(secondAccepted));
});

/** Opens a connection with the same two ports as often as it is asked to. */
const SAME_PORT_CLIENT = `
import socket, struct, sys
port, own = int(sys.argv[1]), 0
for line in sys.stdin:
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", own))
    own = s.getsockname()[1]
    s.connect(("127.0.0.1", port))
    sys.stdin.readline()
    # no TIME_WAIT: the ports are free at once
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()`;

for (const kind of ["a connection", "a TLS connection"]) {
  testWith(
    "python3",
    `socketFd() of ${kind} that is closed is EBADF, also when another one has both addresses`,
    async () => {
      const listener: Deno.Listener<Deno.TcpConn | Deno.TlsConn> = kind === "a connection"
        ? Deno.listen(local)
        : Deno.listenTls({ ...local, cert: pem("cert"), key: pem("key") });
      const process = new Deno.Command("python3", {
        args: ["-c", SAME_PORT_CLIENT, `${(listener.addr as Deno.NetAddr).port}`],
        stdin: "piped",
      }).spawn();
      const stdin = process.stdin.getWriter();
      const line = new TextEncoder().encode("\n");
      await stdin.write(line);
      const first = await listener.accept();
      first.close();
      await stdin.write(line);
      await stdin.write(line);
      using second = await listener.accept();
      assertEquals(second.remoteAddr, first.remoteAddr);
      assertEquals(second.localAddr, first.localAddr);
      assertClosed(first);
      assert(socketFd(second) > 2);
      await stdin.write(line);
      await stdin.close();
      await process.status;
      listener.close();
    },
  );
}

testWith(
  "unstable net",
  "socketFd() of a datagram socket that was asked for once is EBADF when it is closed",
  () => {
    const first = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    socketFd(first);
    const { port } = first.addr as Deno.NetAddr;
    first.close();
    const second = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
    assert(socketFd(second) > 2);
    assertClosed(first);
    second.close();
  },
);

Deno.test("socketFd() works while a write is pending", async () => {
  using listener = Deno.listen(local);
  const client = await connectTo(listener);
  const conn = await listener.accept();
  const writing = conn.write(new Uint8Array(64 << 20)).catch(() => {});
  assertEquals(getOption(conn, SO_TYPE), "stream");
  assertEquals(getOption(client, SO_TYPE), "stream");
  conn.close();
  client.close();
  // until then the kernel still has the socket
  await writing;
  assertClosed(conn);
});
