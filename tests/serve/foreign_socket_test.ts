/** No byte reaches a socket that is not meant, whoever closes what and when. */

import { assert, assertEquals } from "@std/assert";
import {
  getOption,
  type Protocol,
  protocolHandler,
  serve,
  SO_ACCEPTCONN,
  socketFd,
  type Transport,
} from "../../mod.ts";
import { libc } from "../../ffi/libc.ts";
import { bytes, connectTo, python, testWith } from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };

/** Opens connections until one has a descriptor; `undefined` where another one got it. */
async function takeFd(fd: number, open: () => Promise<Deno.TcpConn>): Promise<Deno.TcpConn[]> {
  const conns: Deno.TcpConn[] = [];
  for (let i = 0; i < 200; i++) {
    const conn = await open();
    conns.push(conn);
    if (socketFd(conn) === fd) return conns;
  }
  throw new Error(`nothing got descriptor ${fd}`);
}

for (const closes of ["while reading is paused", "before it writes"]) {
  Deno.test(`a protocol that closes its own socket ${closes} reaches no other one`, async () => {
    using bystander = Deno.listen(local);
    const { promise: made, resolve } = Promise.withResolvers<Transport>();
    const arrived = Promise.withResolvers<void>();
    class Sleeper implements Protocol {
      connectionMade(transport: Transport): void {
        if (closes === "while reading is paused") transport.pauseReading();
        resolve(transport);
      }
      dataReceived(): void {
        arrived.resolve();
      }
    }
    let conn: Deno.Conn | undefined;
    const handler = protocolHandler(() => new Sleeper());
    await using server = serve(local, (accepted, info) => handler(conn = accepted, info));
    using client = await connectTo(server);
    const transport = await made;
    await client.write(bytes("x".repeat(2000)));
    if (closes === "before it writes") await arrived.promise;
    const fd = socketFd(transport.getExtraInfo("socket"));
    conn!.close();
    const others = await takeFd(fd, () => connectTo(bystander));
    const accepted = await Array.fromAsync(others, () => bystander.accept());
    transport.resumeReading();
    transport.write(bytes("secret"));
    transport.writeMany([bytes("more"), bytes("of it")]);
    // what was sent to them by mistake would come before this
    await Promise.all(others.map((conn) => conn.write(bytes("own"))));
    await Promise.all(accepted.map((conn) => conn.write(bytes("own"))));
    for (const conn of [...others, ...accepted]) {
      const buffer = new Uint8Array(100);
      const n = await conn.read(buffer);
      assertEquals(new TextDecoder().decode(buffer.subarray(0, n!)), "own");
      conn.close();
    }
  });
}

for (const mode of ["echo", "once"] as const) {
  Deno.test(`handlers that close their connections in three threads reach no foreign client: ${mode}`, async () => {
    const threads: Worker[] = [];
    let port = 0;
    for (let i = 0; i < 3; i++) {
      const thread = new Worker(new URL("foreign_socket_worker.ts", import.meta.url), {
        type: "module",
      });
      threads.push(thread);
      thread.postMessage({ port, mode });
      port = await new Promise((resolve) => thread.onmessage = ({ data }) => resolve(data));
    }
    const end = performance.now() + 5_000;
    let right = 0;
    let foreign = 0;
    await Promise.all(Array.from({ length: 64 }, async (_, number) => {
      const message = bytes(`${number}`.padStart(8, "0").repeat(number % 2 === 0 ? 8 : 300));
      const reply = new Uint8Array(message.length);
      while (performance.now() < end) {
        using conn = await Deno.connect({ hostname: "127.0.0.1", port });
        try {
          for (;;) {
            await conn.write(message);
            let length = 0;
            while (length < message.length) {
              const n = await conn.read(reply.subarray(length));
              if (n === null) break;
              length += n;
            }
            if (length < message.length) break;
            if (reply.every((byte, i) => byte === message[i])) right++;
            else foreign++;
          }
        } catch {
          // closed by the handler
        }
      }
    }));
    for (const thread of threads) thread.postMessage("stop");
    assertEquals(foreign, 0);
    assert(right > 100, `${right} messages`);
  });
}

Deno.test("a server at its limit that is told to stop shuts down nobody else's socket", async () => {
  const release = Promise.withResolvers<void>();
  const server = serve({ ...local, maxConnections: 1, gracePeriod: 60 }, () => release.promise);
  using first = await connectTo(server);
  while (server.stats().active < 1) await new Promise((resolve) => setTimeout(resolve, 1));
  // the accept loop now waits for the first one to end
  const listenerFd = socketFd({ addr: server.addr, accept() {} } as unknown as Deno.Listener);
  const stopped = server.shutdown();
  using bystander = Deno.listen(local);
  const pairs: Deno.TcpConn[] = [];
  // whatever gets the number of the listener must stay as it is
  const isTaken = (): boolean =>
    [bystander, ...pairs].some((socket) => socketFd(socket) === listenerFd);
  while (!isTaken() && pairs.length < 200) {
    pairs.push(await connectTo(bystander), await bystander.accept());
  }
  assert(isTaken());
  release.resolve();
  await stopped;
  assertEquals(getOption(bystander, SO_ACCEPTCONN), true);
  for (let i = 0; i < pairs.length; i += 2) {
    const [client, conn] = [pairs[i]!, pairs[i + 1]!];
    await client.write(bytes("still"));
    const buffer = new Uint8Array(5);
    assertEquals(await conn.read(buffer), 5);
    client.close();
    conn.close();
  }
  first[Symbol.dispose]();
});

/** A Python client that connects, is greeted and resets, a number of times. */
const RESETS = `
import socket, struct, sys
for _ in range(int(sys.argv[2])):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.recv(1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()`;

testWith(
  "python3",
  "a client that resets is looked for nowhere, however many are open",
  async () => {
    const ended = Promise.withResolvers<void>();
    let resets = 0;
    await using server = serve(local, async (conn) => {
      await conn.write(bytes("!"));
      try {
        await conn.read(new Uint8Array(1));
      } finally {
        if (++resets === 50) ended.resolve();
      }
    });
    const { poll } = libc();
    let searches = 0;
    // who looks through the open descriptors asks poll(2) for them
    const count: typeof poll = (...args) => (searches++, poll(...args));
    Object.defineProperty(libc(), "poll", { configurable: true, value: count });
    try {
      await python(RESETS, server.addr.port, 50);
      await ended.promise;
      await server.shutdown();
    } finally {
      Object.defineProperty(libc(), "poll", { configurable: true, value: poll });
    }
    assertEquals(server.stats().errors, { ECONNRESET: 50 });
    assertEquals(searches, 0);
  },
);
