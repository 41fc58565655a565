/** TCP_DEFER_ACCEPT on the listener of a server: connections come with their first data, and nothing else changes. */

import { assert, assertEquals } from "@std/assert";
import {
  type ConnHandler,
  echoOnce,
  getOption,
  type Protocol,
  protocolHandler,
  serve,
  type ServeOptions,
  TCP_DEFER_ACCEPT,
  type TcpServer,
  type Transport,
} from "../../mod.ts";
import {
  bytes,
  connectTo,
  exchange,
  python,
  PYTHON_CLIENT,
  readAll,
  ROOT,
  ServerProcess,
  Strace,
  testInNamespace,
  testWith,
} from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };
const pem = (name: string): string => Deno.readTextFileSync(`${ROOT}tests/tls/${name}.pem`);

/** asyncio's recipe: the first data is sent back, and the connection closed. */
class EchoOnce implements Protocol {
  readonly calls: string[] = [];
  transport!: Transport;
  connectionMade(transport: Transport): void {
    this.calls.push("made");
    this.transport = transport;
  }
  dataReceived(data: Uint8Array): void {
    this.calls.push(`data ${data.length}`);
    this.transport.write(data);
    this.transport.close();
  }
  eofReceived(): void {
    this.calls.push("eof");
  }
  connectionLost(error: Error | null): void {
    this.calls.push(`lost ${error}`);
  }
}

const HANDLERS: [string, () => ConnHandler<Deno.Conn<Deno.NetAddr>>][] = [
  ["echoOnce()", echoOnce],
  ["protocolHandler()", () => protocolHandler(() => new EchoOnce())],
];

function start(handler: ConnHandler, deferAccept = 1, options: ServeOptions = {}): TcpServer {
  return serve({ ...local, ...options, settings: { deferAccept, ...options.settings } }, handler);
}

/** Until the kernel has handed out so many connections. */
async function accepted(server: TcpServer, count: number): Promise<void> {
  while (server.stats().accepted < count) await new Promise((resolve) => setTimeout(resolve, 5));
}

for (const [name, make] of HANDLERS) {
  testWith("Linux", `${name} answers what came with the connection, of any size`, async () => {
    await using server = start(make());
    for (const size of [1, 64, 1151, 1152, 1153, 65_535]) {
      const message = new Uint8Array(size).map((_, i) => i % 251);
      const reply = await exchange(await connectTo(server), message);
      // the first read is what is there by then
      assertEquals(reply, message.subarray(0, reply.length));
      assert(reply.length > 0);
    }
    await server.shutdown();
    const { accepted, bytesIn, bytesOut, errors, assertionFailures } = server.stats();
    assertEquals({ accepted, errors, assertionFailures }, {
      accepted: 6,
      errors: {},
      assertionFailures: 0,
    });
    assertEquals(bytesIn, bytesOut);
  });

  testWith(
    "Linux",
    `${name} waits for the data of a connection that is handed out without`,
    async () => {
      await using server = start(make());
      const before = performance.now();
      using conn = await connectTo(server);
      assert(performance.now() - before < 900, "connect() succeeds at once");
      await accepted(server, 1);
      assert(performance.now() - before > 900, "accepted before its time was over");
      assertEquals(server.stats().active, 1);
      await conn.write(bytes("late"));
      const reply = new Uint8Array(9);
      assertEquals(await conn.read(reply), 4);
      assertEquals(reply.subarray(0, 4), bytes("late"));
    },
  );

  testWith("Linux", `${name} has no data of a client that ends without any`, async () => {
    await using server = start(make(), 7);
    const conn = await connectTo(server);
    await conn.closeWrite();
    assertEquals((await readAll(conn)).length, 0);
    await server.shutdown();
    assertEquals(server.stats().bytesIn, 0);
    assertEquals(server.stats().errors, {});
  });

  testWith(
    ["Linux", "python3"],
    `${name} does not reset a client that is still sending when it is answered`,
    async () => {
      await using server = start(make());
      for (const [size, first] of [[2_000_000, 0], [200_000, 2000], [100_000, 64]] as const) {
        const echoed = await python(PYTHON_CLIENT, server.addr.port, size, first);
        assert(Number(echoed) > 0);
      }
    },
  );
}

testWith(
  "Linux",
  "the callbacks of a protocol come in their order on deferred connections",
  async () => {
    const protocols: EchoOnce[] = [];
    await using server = start(protocolHandler(() => {
      protocols.push(new EchoOnce());
      return protocols.at(-1)!;
    }));
    assertEquals(await exchange(await connectTo(server), bytes("hello")), bytes("hello"));
    await server.shutdown();
    assertEquals(protocols.map(({ calls }) => calls), [["made", "data 5", "lost null"]]);
  },
);

testWith(
  "Linux",
  "a protocol that pauses, closes or throws as it is made gets no data",
  async () => {
    const calls: string[] = [];
    const made: Record<string, (transport: Transport) => void> = {
      pauses: (transport) => transport.pauseReading(),
      closes: (transport) => transport.close(),
      throws: () => {
        throw new Error("mine");
      },
    };
    for (const [what, connectionMade] of Object.entries(made)) {
      await using server = start(
        protocolHandler(() => ({
          connectionMade(transport): void {
            connectionMade(transport);
            if (what === "pauses") setTimeout(() => calls.push("abort") && transport.abort(), 50);
          },
          dataReceived: (): void => void calls.push("data"),
          connectionLost: (error): void => void calls.push(`${what}: lost ${error}`),
        })),
        1,
        { onError: () => {} },
      );
      await exchange(await connectTo(server), bytes("x")).catch(() => {}); // may be reset
    }
    assertEquals(calls, [
      "abort",
      "pauses: lost null",
      "closes: lost null",
      "throws: lost Error: mine",
    ]);
  },
);

testWith(
  "Linux",
  "a handler of one's own, and TLS, serve deferred connections as others",
  async () => {
    const tls = { cert: pem("cert"), key: pem("key"), settings: { deferAccept: 1 } };
    await using secure = serve({ ...local, ...tls }, echoOnce());
    const { port } = secure.addr;
    const conn = await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [pem("ca")] });
    assertEquals(await exchange(conn, bytes("secret")), bytes("secret"));

    await using own = start(async (conn) => {
      const buffer = new Uint8Array(9);
      const n = await conn.read(buffer);
      await conn.write(buffer.subarray(0, n ?? 0));
    });
    assertEquals(await exchange(await connectTo(own), bytes("mine")), bytes("mine"));
  },
);

testWith("Linux", "what a handler closes before it is answered reaches nobody", async () => {
  const once = echoOnce();
  let other: Deno.Listener | undefined;
  await using server = start((conn, info) => {
    conn.close();
    // it gets the descriptor's number
    other = Deno.listen(local);
    return once(conn, info);
  });
  const conn = await connectTo(server);
  await conn.write(bytes("x"));
  await readAll(conn).catch(() => {}); // closed with data unread
  other!.close();
  await server.shutdown();
  assertEquals(server.stats().bytesOut, 0);
});

testWith(
  "Linux",
  "a client that is held back when the server is told to stop is still served",
  async () => {
    for (const [deferAccept, most] of [[1, 1900], [3, 3000]] as const) {
      const server = start(echoOnce(), deferAccept);
      const silent = await connectTo(server);
      const before = performance.now();
      const stopped = server.shutdown();
      // longer than a stop takes where nothing is held back
      await new Promise((resolve) => setTimeout(resolve, 100));
      assertEquals(await exchange(silent, bytes("late")), bytes("late"));
      const speechless = await connectTo(server); // while it waits for what it held back
      assertEquals(await exchange(speechless, bytes("new")), bytes("new"));
      await stopped;
      assert(performance.now() - before < most);
      assertEquals(server.stats().accepted, 2);
    }
  },
);

testWith(
  "Linux",
  "a stop does not wait where nothing is held back, and a second one for nothing",
  async () => {
    const idle = start(echoOnce(), 7);
    assertEquals(await exchange(await connectTo(idle), bytes("x")), bytes("x"));
    const before = performance.now();
    await idle.shutdown();
    const server = start(echoOnce(), 7);
    using _silent = await connectTo(server);
    server.shutdown();
    await server.shutdown();
    assert(performance.now() - before < 5000);
  },
);

testWith("Linux", "maxConnections and idleTimeout hold for deferred connections", async () => {
  await using server = start(echoOnce(), 1, { maxConnections: 1, idleTimeout: 0.2 });
  using _silent = await connectTo(server);
  await accepted(server, 1); // and then it is idle
  const replies = [1, 2, 3].map(async () => exchange(await connectTo(server), bytes("x")));
  for (const reply of await Promise.all(replies)) assertEquals(reply, bytes("x"));
  assertEquals(server.stats().timedOut, 1);
});

testWith(
  "Linux",
  "a balancer's header is the first data, and what follows it is taken at once",
  async () => {
    await using server = start(echoOnce(), 1, { proxyProtocol: true });
    for (
      const pieces of [["PROXY TCP4 192.0.2.1 192.0.2.2 5 6\r\nhello"], [
        "PROXY TCP4 192.0.2.1 192.0.2.2 5 6\r\n",
        "hello",
      ]]
    ) {
      const conn = await connectTo(server);
      for (const piece of pieces) await conn.write(bytes(piece));
      assertEquals(await readAll(conn), bytes("hello"));
    }
  },
);

testWith(["Linux", "strace"], "no connection waits in epoll for its first data", async () => {
  using strace = new Strace("accept4,recvfrom,sendto,epoll_wait,shutdown");
  await using server = await ServerProcess.start(["--defer-accept"], strace.command);
  assertEquals(await exchange(await server.connect(), bytes("hello")), bytes("hello"));
  await server.stop();
  const lines = await strace.lines();
  const from = lines.findIndex((line) => /^accept4\(.*\) = \d+$/.test(line));
  const fd = / = (\d+)$/.exec(lines[from] ?? "")?.[1]; // Deno itself reads another socket, for signals
  const to = lines.findIndex((line) => line.startsWith(`sendto(${fd},`));
  assert(from >= 0 && to > from, lines.join("\n"));
  const between = lines.slice(from + 1, to).filter((line) => !/EAGAIN/.test(line));
  assertEquals(between.filter((line) => line.startsWith("epoll_wait")), []);
  assertEquals(between.filter((line) => line.startsWith(`recvfrom(${fd},`)).length, 1);
});

testInNamespace(
  "where silent clients fill the queue, SYN cookies let the others in",
  async (inside) => {
    const flood = `
import socket, sys
port = int(sys.argv[1])
silent = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(40)]
with socket.create_connection(("127.0.0.1", port), 5) as s:
    s.sendall(b"hello")
    print(s.recv(9).decode())
for s in silent: s.sendall(b"late")
print(sum(s.recv(9) == b"late" for s in silent))
`;
    await using server = await ServerProcess.start(["--backlog", "8", "--defer-accept=7"], inside);
    const [program, ...args] = inside;
    const client = new Deno.Command(program!, {
      args: [...args, "python3", "-c", flood, `${server.port}`],
    });
    const { stdout, stderr } = await client.output();
    const decoder = new TextDecoder();
    assertEquals(decoder.decode(stdout), "hello\n40\n", decoder.decode(stderr));
  },
  ["python3"],
);

testWith("Linux", "deferred accept is seen whoever has set it", async () => {
  const options = { settings: { options: [[TCP_DEFER_ACCEPT, 1]] } } as const;
  await using server = serve({ ...local, ...options }, async (conn, info) => {
    assertEquals(getOption(conn, TCP_DEFER_ACCEPT) >= 0, true);
    await echoOnce()(conn, info);
  });
  assertEquals(await exchange(await connectTo(server), bytes("x")), bytes("x"));
});
