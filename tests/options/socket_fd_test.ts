import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import dgram from "node:dgram";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import tls from "node:tls";
import {
  connect,
  getOption,
  IP_BIND_ADDRESS_NO_PORT,
  listen,
  setOption,
  SO_ACCEPTCONN,
  SO_COOKIE,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SO_TYPE,
  SocketError,
  socketFd,
  type SocketLike,
  TCP_INFO,
  TCP_KEEPIDLE,
  TCP_USER_TIMEOUT,
} from "../../mod.ts";
import {
  connectTo,
  type Ended,
  HIDES_INTERNALS,
  output,
  python,
  ROOT,
  run,
  testInNamespace,
  testWith,
  withProgram,
} from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };
const pem = (name: string): string => Deno.readTextFileSync(`${ROOT}tests/tls/${name}.pem`);

/**
 * The descriptors of this process's sockets as ss tells them, of those with these addresses.
 *
 * @param flags Which sockets: "-ta", "-ua" or "-xa".
 * @param addresses The own address and, of a connection, the peer's.
 */
async function ss(flags: string, ...addresses: string[]): Promise<number[]> {
  const { stdout } = await run("ss", ["-Hnp", flags]);
  return stdout.split("\n")
    .filter((line) => {
      const columns = line.split(/ +/);
      const at = columns.indexOf(addresses[0]!);
      return at >= 0 && (addresses[1] === undefined || columns[at + 1] === addresses[1]);
    })
    .map((line) => new RegExp(`pid=${Deno.pid},fd=(\\d+)`).exec(line))
    .filter((match) => match !== null)
    .map((match) => Number(match[1]));
}

const text = ({ hostname, port }: Deno.NetAddr): string =>
  hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;

/** Asserts that socketFd() and ss agree on a connection. */
async function assertConnection(conn: Deno.Conn<Deno.NetAddr>): Promise<void> {
  assertEquals(await ss("-ta", text(conn.localAddr), text(conn.remoteAddr)), [socketFd(conn)]);
}

testWith("ss", "socketFd() finds a TcpConn from accept() and from Deno.connect()", async () => {
  using listener = Deno.listen(local);
  using client = await connectTo(listener);
  using conn = await listener.accept();
  await assertConnection(client);
  await assertConnection(conn);
  assertNotEquals(socketFd(client), socketFd(conn));
});

testWith("ss", "socketFd() finds listeners for TCP and TLS", async () => {
  using tcp = Deno.listen(local);
  using secure = Deno.listenTls({ ...local, cert: pem("cert"), key: pem("key") });
  for (const listener of [tcp, secure]) {
    assertEquals(await ss("-tl", text(listener.addr as Deno.NetAddr)), [socketFd(listener)]);
    assertEquals(getOption(listener, SO_ACCEPTCONN), true);
  }
});

testWith(
  "ss",
  "socketFd() finds a TlsConn from listenTls(), connectTls() and startTls()",
  async () => {
    using listener = Deno.listenTls({ ...local, cert: pem("cert"), key: pem("key") });
    const { port } = listener.addr;
    const accepting = listener.accept();
    const caCerts = [pem("ca")];
    using client = await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts });
    using conn = await accepting;
    await assertConnection(client);
    await assertConnection(conn);

    const acceptingAgain = listener.accept();
    const plain = await Deno.connect({ hostname: "127.0.0.1", port });
    const fd = socketFd(plain);
    using upgraded = await Deno.startTls(plain, { hostname: "localhost", caCerts });
    using _other = await acceptingAgain;
    await assertConnection(upgraded);
    assertEquals(socketFd(upgraded), fd);
  },
);

testWith(
  ["ss", "unstable net"],
  "socketFd() finds Unix listeners, connections and datagram sockets",
  async () => {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/listener`;
    using listener = Deno.listen({ transport: "unix", path });
    using client = await Deno.connect({ transport: "unix", path });
    using conn = await listener.accept();
    const datagram = Deno.listenDatagram({ transport: "unixpacket", path: `${folder}/datagram` });
    // ss tells the listener and the accepted connection by the path, the listener first
    const fds = [socketFd(listener), socketFd(conn)];
    assertEquals((await ss("-xa", path)).sort((a, b) => a - b), fds.sort((a, b) => a - b));
    assertEquals(getOption(listener, SO_ACCEPTCONN), true);
    assertEquals(getOption(conn, SO_ACCEPTCONN), false);
    assertEquals(await ss("-xa", `${folder}/datagram`), [socketFd(datagram)]);
    assertEquals(getOption(datagram, SO_TYPE), "dgram");
    // the client has no address of its own: it is the one that is left
    const others = new Set([listener, conn, datagram].map((socket) => socketFd(socket)));
    assert(!others.has(socketFd(client)));
    assertEquals(getOption(client, SO_TYPE), "stream");
    datagram.close();
  },
);

testWith(["ss", "unstable net"], "socketFd() finds UDP sockets", async () => {
  // a TCP listener may have the same address
  using listener = Deno.listen(local);
  const socket = Deno.listenDatagram({ transport: "udp", ...local, port: listener.addr.port });
  assertEquals(await ss("-ua", text(socket.addr as Deno.NetAddr)), [socketFd(socket)]);
  assertNotEquals(socketFd(listener), socketFd(socket));
  socket.close();
});

testWith(
  "ss",
  "socketFd() finds IPv6 and dual-stack sockets, whose IPv4 addresses are mapped",
  async () => {
    for (const [hostname, to] of [["::1", "::1"], ["::", "127.0.0.1"], ["::", "::1"]] as const) {
      using listener = Deno.listen({ hostname, port: 0 });
      using client = await Deno.connect({ hostname: to, port: listener.addr.port });
      using conn = await listener.accept();
      await assertConnection(client);
      const mapped = (addr: Deno.NetAddr): string =>
        addr.hostname.includes(":") ? text(addr) : `[::ffff:${addr.hostname}]:${addr.port}`;
      const names = [mapped(conn.localAddr), mapped(conn.remoteAddr)];
      assertEquals(await ss("-ta", ...names), [socketFd(conn)]);
      assertEquals(await ss("-tl", hostname === "::" ? `*:${listener.addr.port}` : names[0]!), [
        socketFd(listener),
      ]);
    }
  },
);

testWith("ss", "socketFd() finds sockets of node:net, node:tls and node:http", async () => {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  assertEquals(await ss("-tl", `127.0.0.1:${port}`), [socketFd(server)]);
  const client = net.connect(port, "127.0.0.1");
  const [[conn]] = await Promise.all([once(server, "connection"), once(client, "connect")]);
  const names = [`127.0.0.1:${client.localPort}`, `127.0.0.1:${port}`] as const;
  assertEquals(await ss("-ta", ...names), [socketFd(client)]);
  assertEquals(await ss("-ta", names[1], names[0]), [socketFd(conn)]);
  client.destroy();
  conn.destroy();
  await Promise.all([once(client, "close"), once(conn, "close")]);
  assertEquals(assertThrows(() => socketFd(client), SocketError).code, "EBADF");
  await new Promise((resolve) => server.close(resolve));
  assertEquals(assertThrows(() => socketFd(server), SocketError).code, "EBADF");

  const secure = tls.createServer({ cert: pem("cert"), key: pem("key") }).listen(0, "127.0.0.1");
  await once(secure, "listening");
  const securePort = (secure.address() as net.AddressInfo).port;
  const accepted = once(secure, "secureConnection");
  const secureClient = tls.connect(securePort, "127.0.0.1", { ca: pem("ca") });
  await once(secureClient, "secureConnect");
  const [secureConn] = await accepted;
  const secureNames = [`127.0.0.1:${secureClient.localPort}`, `127.0.0.1:${securePort}`] as const;
  assertEquals(await ss("-ta", ...secureNames), [socketFd(secureClient)]);
  assertEquals(await ss("-ta", secureNames[1], secureNames[0]), [socketFd(secureConn)]);
  secureClient.destroy();
  secureConn.destroy();
  await new Promise((resolve) => secure.close(resolve));

  const web = http.createServer((request, response) => {
    response.end(`${socketFd(request.socket)} ${request.socket.remotePort}`);
  }).listen(0, "127.0.0.1");
  await once(web, "listening");
  const webPort = (web.address() as net.AddressInfo).port;
  const keptAlive = await fetch(`http://127.0.0.1:${webPort}/`);
  const [fd, remotePort] = (await keptAlive.text()).split(" ");
  assertEquals(await ss("-ta", `127.0.0.1:${webPort}`, `127.0.0.1:${remotePort}`), [
    Number(fd),
  ]);
  web.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
});

testWith("ss", "socketFd() finds sockets of node:dgram", async () => {
  const socket = dgram.createSocket("udp4");
  assertEquals(assertThrows(() => socketFd(socket), SocketError).code, "EBADF");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  assertEquals(await ss("-ua", `127.0.0.1:${socket.address().port}`), [socketFd(socket)]);
  socket.close();
  await once(socket, "close");
  assertEquals(assertThrows(() => socketFd(socket), SocketError).code, "EBADF");
});

Deno.test("socketFd() says what it cannot find of node:net", async () => {
  const path = `${await Deno.makeTempDir()}/socket`;
  const server = net.createServer().listen(path);
  await once(server, "listening");
  assertEquals(getOption(server, SO_ACCEPTCONN), true);
  const client = net.connect(path);
  await once(client, "connect");
  const error = assertThrows(() => socketFd(client), SocketError);
  assertEquals(error.code, "ENOTCONN");
  assertMatch(error.message, /take it from openSockets\(\)/);
  client.destroy();
  await new Promise((resolve) => server.close(resolve));

  const says = (socket: SocketLike, code: string, message: RegExp): void => {
    const error = assertThrows(() => socketFd(socket), SocketError);
    assertEquals(error.code, code);
    assertMatch(error.message, message);
  };
  const unconnected = new net.Socket();
  says(unconnected, "ENOTCONN", /has no descriptor before/);
  unconnected.destroy();
  says(unconnected, "EBADF", /is closed/);
  using listener = Deno.listen(local);
  const connecting = net.connect(listener.addr.port, "127.0.0.1");
  says(connecting, "ENOTCONN", /connecting, .* "connect"/);
  await once(connecting, "connect");
  assertEquals(getOption(connecting, SO_TYPE), "stream");
  connecting.destroy();
  says(net.createServer(), "EBADF", /does not listen/);
  const datagrams = dgram.createSocket("udp4");
  says(datagrams, "EBADF", /is not bound/);
  datagrams.close();
  await once(datagrams, "close");
  says(datagrams, "EBADF", /is closed/);

  assertThrows(() => socketFd({} as SocketLike), TypeError);
  const half = { localAddr: listener.addr, remoteAddr: undefined } as unknown as SocketLike;
  assertThrows(() => socketFd(half), TypeError, "two addresses");
});

testWith(
  "ss",
  "a Deno.HttpServer is its listener, and its connections inherit what is set on it",
  async () => {
    const server = Deno.serve({ ...local, onListen() {} }, () => new Response("hello"));
    assertEquals(await ss("-tl", text(server.addr)), [socketFd(server)]);
    assertEquals(getOption(server, SO_ACCEPTCONN), true);
    setOption(server, SO_KEEPALIVE, true);
    setOption(server, TCP_KEEPIDLE, 77);
    using client = await connectTo(server);
    await client.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: here\r\n\r\n"));
    assert(await client.read(new Uint8Array(999)) !== null);
    const { stdout } = await run("ss", ["-Htno", "src", text(server.addr)]);
    assertMatch(stdout, /timer:\(keepalive,1min1\dsec/);
    await server.shutdown();
    assertEquals(assertThrows(() => socketFd(server), SocketError).code, "EBADF");
  },
);

Deno.test("the connection behind a request of Deno.serve() is found by its two addresses", async () => {
  for (const hostname of ["127.0.0.1", "0.0.0.0", "::"]) {
    const cookies: bigint[] = [];
    await using server: Deno.HttpServer<Deno.NetAddr> = Deno.serve({
      hostname,
      port: 0,
      onListen() {},
    }, (_, info): Response => {
      const connection = { localAddr: server.addr, remoteAddr: info.remoteAddr };
      const { rtt, state } = getOption(connection, TCP_INFO);
      assert(rtt > 0);
      assertEquals(state, "established");
      setOption(connection, TCP_USER_TIMEOUT, 4321);
      cookies.push(getOption(connection, SO_COOKIE));
      return new Response(`${getOption({ ...connection }, TCP_USER_TIMEOUT)}`);
    });
    const ask = async (conn: Deno.Conn): Promise<string> => {
      await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: here\r\n\r\n"));
      const buffer = new Uint8Array(999);
      return new TextDecoder().decode(buffer.subarray(0, (await conn.read(buffer))!));
    };
    const to = { hostname: "127.0.0.1", port: server.addr.port };
    using one = await Deno.connect(to);
    using other = await Deno.connect(to);
    for (const conn of [one, other, one]) assertMatch(await ask(conn), /4321$/);
    assertEquals(new Set(cookies).size, 2);
    assertEquals(cookies[0], cookies[2]);
    // the client's end has the same addresses, the other way round
    assertEquals(getOption(one, TCP_USER_TIMEOUT), 0);
  }
});

Deno.test("two addresses of a connection that is closed are no other's", async () => {
  using listener = Deno.listen(local);
  const client = await connectTo(listener);
  const conn = await listener.accept();
  const { localAddr, remoteAddr } = conn;
  const pair = { localAddr, remoteAddr };
  assertEquals(socketFd(pair), socketFd(conn));
  conn.close();
  using next = await connectTo(listener);
  assertEquals(assertThrows(() => socketFd(pair), SocketError).code, "EBADF");
  assertEquals(assertThrows(() => socketFd({ ...pair }), SocketError).code, "EBADF");
  client.close();
  assert(socketFd(next) > 0);
});

testWith(
  "Linux",
  "two addresses that two connections may have are no connection's where both are there",
  async () => {
    using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
    const { port } = listener.addr;
    // one client, from one port, to two addresses of the server
    const settings = {
      options: [[SO_REUSEADDR, true], [IP_BIND_ADDRESS_NO_PORT, false]],
    } as const;
    const from = { localAddress: "127.0.0.1", settings };
    using first = await connect({ ...from, hostname: "127.0.0.1", port });
    const localPort = first.localAddr.port;
    using conn = await listener.accept();
    const pair = { localAddr: listener.addr, remoteAddr: conn.remoteAddr };
    assertEquals(socketFd(pair), socketFd(conn));
    const second = await connect({ ...from, localPort, hostname: "127.0.0.2", port });
    const other = await listener.accept();
    for (const each of [pair, { ...pair }]) {
      assertEquals(assertThrows(() => socketFd(each), SocketError).code, "EEXIST");
    }
    const exact = { ...pair, localAddr: other.localAddr };
    assertEquals(socketFd(exact), socketFd(other));
    // an object that is used again is taken for what it says
    exact.localAddr = conn.localAddr;
    assertEquals(socketFd(exact), socketFd(conn));
    second.close();
    other.close();
    assertEquals(socketFd(pair), socketFd(conn));
  },
);

/** Runs a program that may use vsock, which is an unstable feature of Deno. */
function withVsock(program: string): Promise<Ended> {
  return withProgram(program, (file) => {
    const permissions = ["--allow-net", "--allow-ffi", "--unstable-vsock", "--no-lock"];
    return run(Deno.execPath(), ["run", ...permissions, file]);
  });
}

const LISTEN_VSOCK = `Deno.listen({ transport: "vsock", cid: 2 ** 32 - 1, port: 2 ** 32 - 1 })`;
const hasVsock = (await withVsock(`${LISTEN_VSOCK}.close();`)).code === 0;

Deno.test({
  name: `socketFd() finds vsock listeners${hasVsock ? "" : " [ignored: no vsock]"}`,
  ignore: !hasVsock,
  async fn() {
    const { stdout, stderr } = await withVsock(`
      import { getOption, openSockets, SO_ACCEPTCONN, SO_DOMAIN, socketFd } from "${ROOT}mod.ts";
      const one = ${LISTEN_VSOCK};
      const other = ${LISTEN_VSOCK};
      const { kind, state, localAddr } = openSockets().find(({ fd }) => fd === socketFd(one));
      console.log(
        ...[getOption(one, SO_DOMAIN), getOption(one, SO_ACCEPTCONN), kind, state],
        socketFd(one) !== socketFd(other), localAddr.port === one.addr.port,
      );
      one.close();
      other.close();`);
    assertEquals(stdout, "vsock true vsock listen true true\n", stderr);
  },
});

Deno.test("socketFd() takes a number as it is", () => {
  assertEquals(socketFd(7), 7);
  assertEquals(assertThrows(() => getOption(2 ** 31 - 1, SO_COOKIE), SocketError).code, "EBADF");
  assertThrows(() => getOption(-1, SO_COOKIE), RangeError);
});

testWith("python3", "socketFd() takes the number of a socket that was inherited", async () => {
  // the parent's end of a pair of sockets is the program's standard input
  const program = `import { getOption, SO_DOMAIN } from "${ROOT}mod.ts";
    console.log(getOption(0, SO_DOMAIN));`;
  const spawn = `
import socket, subprocess, sys
ours, theirs = socket.socketpair()
print(subprocess.run(sys.argv[1:], stdin=theirs, capture_output=True, text=True).stdout)`;
  await withProgram(program, async (file) => {
    const args = [Deno.execPath(), "run", "--allow-ffi", "--no-lock", file];
    assertEquals((await python(spawn, ...args)).trim(), "unix");
  });
});

Deno.test("socketFd() of a closed socket is EBADF, also when another socket has its number", async () => {
  using listener = Deno.listen(local);
  const client = await connectTo(listener);
  const conn = await listener.accept();
  const unasked = await connectTo(listener);
  const fd = socketFd(conn);
  conn.close();
  const error = assertThrows(() => socketFd(conn), SocketError);
  assertEquals(error.code, "EBADF");
  assertMatch(error.message, /closed/);
  using next = await connectTo(listener);
  assertEquals(socketFd(next), fd, "the kernel gives the lowest free number");
  assertEquals(assertThrows(() => socketFd(conn), SocketError).code, "EBADF");
  client.close();
  assertEquals(assertThrows(() => socketFd(client), SocketError).code, "EBADF");
  unasked.close();
  assertEquals(assertThrows(() => socketFd(unasked), SocketError).code, "EBADF");
});

Deno.test("socketFd() of a closed listener is EBADF, also when another one has its address", () => {
  const first = Deno.listen(local);
  socketFd(first);
  first.close();
  using second = Deno.listen({ ...local, port: first.addr.port });
  assertEquals(assertThrows(() => socketFd(first), SocketError).code, "EBADF");
  assertEquals(getOption(second, SO_REUSEADDR), true);
  assertEquals(assertThrows(() => socketFd(first), SocketError).code, "EBADF");
});

testWith(
  "unstable net",
  "socketFd() tells listeners of listen() apart that share an address",
  () => {
    using first = listen({ ...local, reusePort: true });
    const { port } = first.addr;
    using second = listen({ ...local, port, reusePort: true });
    using foreign = Deno.listen({ ...local, port, reusePort: true });
    const cookies = [first, second, foreign].map((listener) => getOption(listener, SO_COOKIE));
    assertEquals(new Set(cookies).size, 3);
  },
);

testWith("unstable net", "socketFd() says so where two sockets cannot be told apart", () => {
  using first = Deno.listen({ ...local, reusePort: true });
  using _second = Deno.listen({ ...local, port: first.addr.port, reusePort: true });
  const error = assertThrows(() => socketFd(first), SocketError);
  assertEquals(error.code, "EEXIST");
  assertMatch(error.message, /listen\(\)/);
});

/** Reads a byte, then closes with a reset, as Deno's own close() never does: it ends with a FIN first. */
const RESETTING_CLIENT = `
import socket, struct, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.recv(1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
s.close()`;

testWith("python3", "socketFd() finds a connection that its peer has reset", async () => {
  using listener = Deno.listen(local);
  const client = python(RESETTING_CLIENT, listener.addr.port);
  using conn = await listener.accept();
  await conn.write(new Uint8Array(1));
  await client;
  await assertRejects(() => conn.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  assertEquals(getOption(conn, SO_TYPE), "stream");
});

Deno.test("socketFd() never reaches a foreign socket while workers open and close their own", async () => {
  const url = new URL("churn_worker.ts", import.meta.url);
  const workers = [1, 2, 3].map(() => new Worker(url, { type: "module" }));
  const wrong = await Promise.all(workers.map((worker) =>
    new Promise<number>((resolve, reject) => {
      worker.onmessage = ({ data }): void => resolve(data);
      worker.onerror = (event): void => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    })
  ));
  workers.forEach((worker) => worker.terminate());
  assertEquals(wrong, [0, 0, 0]);
});

testInNamespace("socketFd() finds connections with link-local addresses", async (inside) => {
  const inNamespace = (...command: string[]): Promise<string> => output(...inside, ...command);
  await inNamespace("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1");
  await inNamespace("ip", "addr", "add", "fe80::77/64", "dev", "veth0", "nodad");
  await inNamespace("ip", "link", "set", "veth0", "up");
  await inNamespace("ip", "link", "set", "veth1", "up");
  const index = /^(\d+): /.exec(await inNamespace("ip", "-o", "link", "show", "veth0"))![1];
  const program = `
    import { getOption, SO_COOKIE } from "${ROOT}mod.ts";
    const hostname = "fe80::77%${index}";
    const listener = Deno.listen({ hostname, port: 0 });
    const client = await Deno.connect({ hostname, port: listener.addr.port });
    const conn = await listener.accept();
    const cookies = [listener, client, conn].map((socket) => getOption(socket, SO_COOKIE));
    console.log(new Set(cookies).size, client.remoteAddr.hostname);
    Deno.exit(0);`;
  await withProgram(program, async (file) => {
    assertMatch(await inNamespace(Deno.execPath(), "run", "-A", "--no-lock", file), /^3 fe80::77/);
  });
});

Deno.test("setOption() works on a connection from either side at once", async () => {
  using listener = listen(local);
  const accepted = Array.fromAsync({ length: 20 }, () => listener.accept());
  const clients = await Promise.all(Array.from({ length: 20 }, () => connectTo(listener)));
  const conns = await accepted;
  [...clients, ...conns].forEach((conn, i) => setOption(conn, TCP_USER_TIMEOUT, 100 + i));
  [...clients, ...conns].forEach((conn, i) =>
    assertEquals(getOption(conn, TCP_USER_TIMEOUT), 100 + i)
  );
  [...clients, ...conns].forEach((conn) => conn.close());
});

if (!HIDES_INTERNALS) {
  Deno.test("everything works with Deno's internal properties hidden", async () => {
    const files = [
      "options/socket_fd",
      "options/options",
      "net/listen",
      "net/open_sockets",
      "net/reset",
      "serve/serve",
    ];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "--allow-all",
        "--no-check",
        "--quiet",
        ...files.map((name) => `tests/${name}_test.ts`),
      ],
      cwd: ROOT,
      env: { HIDE_DENO_INTERNALS: "1", NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    assert(success, decoder.decode(stdout) + decoder.decode(stderr));
  });
}
