/** relay(), and the proxy of the examples: nothing is lost, nothing is left. */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import {
  connect,
  getOption,
  relay,
  serve,
  setOption,
  SO_SNDBUF,
  type SocketSettings,
  TCP_INFO,
  type TcpServer,
} from "../../mod.ts";
import { disconnect } from "../../ffi/reconnect.ts";
import { openFds } from "../../ffi/open_fds.ts";
import { socketFd } from "../../src/options/socket_fd.ts";
import { proxy } from "../../examples/proxy.ts";
import {
  bytes,
  connectTo,
  delay,
  output,
  PYTHON_CLIENT,
  readAll,
  ROOT,
  testInNamespace,
  testWith,
} from "../helpers.ts";

const hostname = "127.0.0.1";

/** Bytes of all values, others for each connection. */
function message(seed: number, size: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(size);
  for (let i = 0; i < size; i++) data[i] = (i * 7 + (i >> 8) + seed) & 255;
  return data;
}

async function writeAll(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let n = 0; n < data.length;) n += await conn.write(data.subarray(n));
}

async function readExactly(conn: Deno.Conn, size: number): Promise<Uint8Array> {
  const data = new Uint8Array(size);
  for (let n = 0; n < size;) {
    const more = await conn.read(data.subarray(n));
    if (more === null) throw new Error(`the connection ended after ${n} of ${size} bytes`);
    n += more;
  }
  return data;
}

/** Reads until the end, without closing. */
async function readToEnd(conn: Deno.Conn): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(64 * 1024);
  for (let n; (n = await conn.read(buffer)) !== null;) parts.push(buffer.slice(0, n));
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

/** Ends a connection by a reset, as a process that crashes with unread data does. */
function reset(conn: Deno.Conn<Deno.NetAddr>): void {
  disconnect(socketFd(conn));
  conn.close();
}

const MIB = 1024 * 1024;

/** What servers do, by the first byte that they are sent; and what they saw of clients that vanish. */
const seen: string[] = [];
const servers: Record<string, (conn: Deno.TcpConn) => Promise<void>> = {
  /** Echoes piece by piece. */
  e: (conn) => conn.readable.pipeTo(conn.writable),
  /** Answers when it has all. */
  a: async (conn) => await writeAll(conn, await readToEnd(conn)),
  /** Sends a lot at once and ends, whatever the client does. */
  s: async (conn) => {
    await writeAll(conn, message(9, MIB));
    await conn.closeWrite();
    await readToEnd(conn);
  },
  /** Answers and closes while the client is still sending. */
  c: async (conn) => await writeAll(conn, bytes("enough")),
  /** Sends a part and crashes. */
  x: async (conn) => {
    await writeAll(conn, bytes("part"));
    await conn.read(new Uint8Array(1));
    reset(conn);
  },
  /** Waits for a client that vanishes. */
  v: async (conn) => {
    seen.push(await readToEnd(conn).then(() => "end", (error) => error.name));
  },
};

function backend(settings?: SocketSettings): TcpServer {
  return serve({ hostname, port: 0, settings, onError() {} }, async (conn) => {
    const what = new Uint8Array(1);
    if (await conn.read(what) === null) return;
    await servers[String.fromCharCode(what[0]!)]!(conn);
  });
}

/** What clients do, by turns. */
const clients: ((conn: Deno.TcpConn, i: number) => Promise<void>)[] = [
  /** Small messages, one after the other. */
  async (conn, i) => {
    await writeAll(conn, bytes("e"));
    for (let n = 0; n < 20; n++) {
      await writeAll(conn, message(i + n, 64));
      assertEquals(await readExactly(conn, 64), message(i + n, 64));
    }
    await conn.closeWrite();
    assertEquals(await readToEnd(conn), new Uint8Array());
  },
  /** A mebibyte, echoed while it is sent. */
  async (conn, i) => {
    await writeAll(conn, bytes("e"));
    const [answer] = await Promise.all([
      readToEnd(conn),
      writeAll(conn, message(i, MIB)).then(() => conn.closeWrite()),
    ]);
    assertEquals(answer.length, MIB);
    assert(answer.every((byte, n) => byte === ((n * 7 + (n >> 8) + i) & 255)), "other bytes");
  },
  /** The answer comes after the half-close. */
  async (conn, i) => {
    await writeAll(conn, bytes("a"));
    await writeAll(conn, message(i, 100_000));
    await conn.closeWrite();
    assertEquals(await readToEnd(conn), message(i, 100_000));
  },
  /** Reads slowly what the server has ended with. */
  async (conn) => {
    await writeAll(conn, bytes("s"));
    await delay(20);
    assertEquals((await readToEnd(conn)).length, MIB);
  },
  /** Is answered and left while it is sending. */
  async (conn, i) => {
    await writeAll(conn, bytes("c"));
    const sending = writeAll(conn, message(i, 10_000)).catch(() => {});
    assertEquals(await readExactly(conn, 6), bytes("enough"));
    await sending;
  },
  /** Its server crashes: that is no end. */
  async (conn) => {
    await writeAll(conn, bytes("x"));
    assertEquals(await readExactly(conn, 4), bytes("part"));
    await writeAll(conn, bytes("!"));
    await assertRejects(() => readToEnd(conn), Deno.errors.ConnectionReset);
  },
  /** Vanishes. */
  async (conn) => {
    await writeAll(conn, bytes("v..."));
    await delay(20);
    reset(conn);
  },
  /** Says nothing. */
  async (conn) => {
    await conn.closeWrite();
    assertEquals(await readToEnd(conn), new Uint8Array());
  },
];

testWith(
  "Linux",
  "1,000 connections of mixed behaviour through a proxy: nothing is lost, nothing is left",
  async () => {
    const total = 1000;
    seen.length = 0;
    const before = [...openFds()].length;
    {
      await using server = backend();
      await using through = proxy({ upstream: server.addr });
      let next = 0;
      const worker = async (): Promise<void> => {
        for (let i; (i = next++) < total;) {
          const client = clients[i % clients.length]!;
          const conn = await connectTo(through);
          try {
            await client(conn, i);
          } catch (error) {
            throw new Error(`client ${i % clients.length}: ${(error as Error).message}`, {
              cause: error,
            });
          } finally {
            try {
              conn.close();
            } catch {
              // it has closed it
            }
          }
        }
      };
      await Promise.all(Array.from({ length: 16 }, worker));
      while (through.stats().active + server.stats().active > 0) await delay(1);
      assertEquals(through.stats().accepted, total);
      assertEquals(server.stats().accepted, total);
      // what is cut short does not look complete
      assertEquals(seen, new Array(total / clients.length).fill("ConnectionReset"));
      assertEquals(through.stats().assertionFailures, 0);
    }
    assertEquals([...openFds()].length, before);
  },
);

Deno.test("a pair of pipeTo() loses the answer that relay() gives", async () => {
  await using server = backend();
  const answers: string[] = [];
  for (const way of ["relay", "pipeTo"]) {
    await using through = serve({ hostname, port: 0, onError() {} }, async (client) => {
      const upstream = await connectTo(server);
      if (way === "relay") return void await relay(client, upstream);
      await Promise.all([
        client.readable.pipeTo(upstream.writable),
        upstream.readable.pipeTo(client.writable),
      ]);
    });
    const conn = await connectTo(through);
    await conn.write(bytes("ahello"));
    await conn.closeWrite();
    answers.push(await readAll(conn).then((data) => new TextDecoder().decode(data), () => ""));
  }
  assertEquals(answers, ["hello", ""]);
});

Deno.test("relay() tells how much it has moved", async () => {
  const moved = Promise.withResolvers<unknown>();
  await using server = backend();
  await using through = serve({ hostname, port: 0 }, async (client) => {
    moved.resolve(await relay(client, await connectTo(server)));
  });
  const conn = await connectTo(through);
  await conn.write(bytes("s"));
  await conn.closeWrite();
  assertEquals((await readAll(conn)).length, MIB);
  assertEquals(await moved.promise, { there: 1, back: MIB });
});

Deno.test("who reads nothing holds the sender up, and costs little memory", async () => {
  const settings = { receiveBufferSize: 16_384, sendBufferSize: 16_384 };
  let sent = 0;
  await using server = serve({ hostname, port: 0, settings, onError() {} }, async (conn) => {
    for (const data = new Uint8Array(16_384);;) sent += await conn.write(data);
  });
  await using through = serve({ hostname, port: 0, settings, onError() {} }, async (client) => {
    await relay(client, await connectTo(server));
  });
  const conn = await connectTo(through);
  let before = -1;
  while (before !== sent || sent === 0) {
    before = sent;
    await delay(100);
  }
  assert(sent < 12 * MIB, `${sent}`);
  conn.close();
});

Deno.test("a proxy's idle time-out ends both sides", async () => {
  await using server = backend();
  await using through = proxy({ upstream: server.addr, idleTimeout: 0.1 });
  const conn = await connectTo(through);
  await conn.write(bytes("v"));
  await readAll(conn).catch(() => {});
  while (server.stats().active > 0) await delay(1);
  assertEquals(through.stats().timedOut, 1);
});

testWith(
  "Linux",
  "a peer that has answered and then drops what it is sent is no reset",
  async () => {
    using servers = Deno.listen({ hostname, port: 0 });
    using proxies = Deno.listen({ hostname, port: 0 });
    const answer = message(3, 100_000);
    for (let i = 0; i < 5; i++) {
      // the answer is on its way for long, as the client takes little at once
      const client = await connect({
        port: proxies.addr.port,
        settings: { receiveBufferSize: 4096 },
      });
      const proxied = await proxies.accept();
      setOption(proxied, SO_SNDBUF, 4096);
      const relayed = relay(proxied, await connectTo(servers)).catch((error: Error) => error.name);
      const server = await servers.accept();
      const flood = (async () => {
        for (;;) await client.write(new Uint8Array(16 * 1024));
      })().catch(() => {});
      await readExactly(server, 1);
      await writeAll(server, answer);
      await server.closeWrite();
      while (getOption(server, TCP_INFO).unacked > 0) await delay(1);
      server.close(); // with data unread: a reset follows the end
      assertEquals(await readToEnd(client), answer);
      client.close();
      await flood;
      assertNotEquals(await relayed, "ConnectionReset");
    }
  },
);

testWith(
  "Linux",
  "a reset is passed on while the other side is sending, in both directions",
  async () => {
    /** What a peer sees that sends without an end: of a reset the kernel tells one of its calls alone. */
    const flood = async (conn: Deno.TcpConn): Promise<string[]> => {
      const nameOf = (error: Error): string => error.name;
      let isOver = false;
      const sending = (async () => {
        while (!isOver) await conn.write(new Uint8Array(16 * 1024));
      })().then(() => "sent", nameOf);
      const reading = await readToEnd(conn).then(() => "end", nameOf);
      isOver = true;
      return [reading, await sending];
    };
    for (let i = 0; i < 20; i++) {
      using listener = Deno.listen({ hostname, port: 0 });
      const peers = [await connectTo(listener), await listener.accept()];
      const others = [await connectTo(listener), await listener.accept()];
      const relayed = assertRejects(
        () => relay(peers[1]!, others[0]!),
        Deno.errors.ConnectionReset,
      );
      const [flooding, resetting] = i % 2 === 0 ? [peers[0]!, others[1]!] : [others[1]!, peers[0]!];
      await resetting.write(new Uint8Array(100));
      const seen = flood(flooding);
      await readExactly(resetting, MIB);
      reset(resetting);
      const names = await seen;
      assert(names.includes("ConnectionReset"), names.join());
      await relayed;
      flooding.close();
    }
  },
);

testWith(
  "Linux",
  "a client that has ended its side and is given up takes its silent server's connection along",
  async () => {
    using silent = Deno.listen({ hostname, port: 0 });
    await using through = proxy({ upstream: silent.addr, idleTimeout: 0.1 });
    const conn = await connectTo(through);
    await conn.write(bytes("hello"));
    await conn.closeWrite();
    using upstream = await silent.accept();
    assertEquals(await readToEnd(upstream), bytes("hello"));
    assertEquals(await readAll(conn).catch(() => new Uint8Array()), new Uint8Array());
    while (getOption(upstream, TCP_INFO).state !== "close") await delay(1);
  },
);

testInNamespace(
  "redirected clients get to where they were going: SO_ORIGINAL_DST",
  async (inside) => {
    const rules = [
      "add table ip nat",
      "add chain ip nat output { type nat hook output priority -100; }",
      "add rule ip nat output meta mark != 7 tcp dport 7000 redirect to :9000",
    ];
    for (const rule of rules) await output(...inside, "nft", rule);
    const start = (...args: string[]): Deno.ChildProcess => {
      const [program, ...rest] = [...inside, Deno.execPath(), "run", "--allow-all", ...args];
      return new Deno.Command(program!, { args: rest, stdout: "piped", stderr: "piped" }).spawn();
    };
    const echo = start(
      `${ROOT}server.ts`,
      "--host",
      "127.0.0.9",
      "--port",
      "7000",
      "--mode",
      "stream",
    );
    const through = start(`${ROOT}examples/proxy.ts`, "9000");
    try {
      for (const stream of [echo.stderr, through.stdout]) {
        const reader = stream.getReader();
        await reader.read(); // it listens
        reader.releaseLock();
      }
      const client = PYTHON_CLIENT.replace("127.0.0.1", "127.0.0.9")
        .replace("s.sendall(rest)", "s.sendall(rest); s.shutdown(socket.SHUT_WR)");
      assertEquals(await output(...inside, "python3", "-c", client, "7000", "100000"), "100000\n");
    } finally {
      for (const process of [echo, through]) {
        process.kill("SIGKILL");
        await Promise.all([process.stdout.cancel(), process.stderr.cancel(), process.status]);
      }
    }
  },
  ["nft", "python3"],
);

Deno.test("relay() takes two connections, and touches neither where one is none", async () => {
  await using server = serve({ hostname: "127.0.0.1", port: 0 }, async (conn) => {
    await conn.write(bytes("there"));
  });
  const conn = await connectTo(server);
  for (const other of [undefined, {}, 7, server] as unknown[]) {
    await assertRejects(
      () => relay(conn, other as Deno.TcpConn),
      TypeError,
      "relay(): expected two connections of Deno, got",
    );
  }
  assertEquals(await readAll(conn), bytes("there"));
});
