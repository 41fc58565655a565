import { assert, assertEquals, assertThrows } from "@std/assert";
import net from "node:net";
import { once } from "node:events";
import {
  assertOption,
  connect,
  getOption,
  type OpenSocket,
  openSockets,
  setOption,
  SO_ACCEPTCONN,
  SO_COOKIE,
  SocketError,
  socketFd,
  TCP_INFO,
  TCP_USER_TIMEOUT,
} from "../../mod.ts";
import {
  connectTo,
  output,
  ROOT,
  run,
  testInNamespace,
  testWith,
  withProgram,
} from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };

function entryOf(fd: number): OpenSocket {
  const entry = openSockets().find((each) => each.fd === fd);
  assert(entry !== undefined);
  return entry;
}

Deno.test("openSockets() tells descriptor, kind, addresses and state", async () => {
  using listener = Deno.listen(local);
  using client = await connectTo(listener);
  using conn = await listener.accept();
  const path = `${await Deno.makeTempDir()}/socket`;
  using unix = Deno.listen({ transport: "unix", path });

  for (
    const [socket, kind, state] of [[client, "tcp", "established"], [
      conn,
      "tcp",
      "established",
    ]] as const
  ) {
    const { cookie, ...entry } = entryOf(socketFd(socket));
    const { localAddr, remoteAddr } = socket;
    assertEquals(entry, { fd: socketFd(socket), kind, state, localAddr, remoteAddr });
    assertEquals(cookie, getOption(socket, SO_COOKIE));
  }
  const listening = entryOf(socketFd(listener));
  assertEquals(listening.state, "listen");
  assertEquals(listening.localAddr, listener.addr);
  assertEquals(listening.remoteAddr, undefined);
  const { kind, state, localAddr } = entryOf(socketFd(unix));
  assertEquals({ kind, state, localAddr }, { kind: "unix", state: "listen", localAddr: unix.addr });
});

testWith(
  "ss",
  "openSockets() lists what ss lists of this process, of TCP and of Unix sockets",
  async () => {
    using listener = Deno.listen(local);
    using _client = await connectTo(listener);
    using _conn = await listener.accept();
    const server = net.createServer().listen(0, "::1");
    await once(server, "listening");
    const listed =
      (await Promise.all(["-Htanp", "-Hxap", "-Huanp"].map((flags) => output("ss", flags))))
        .flatMap((text) => [...text.matchAll(new RegExp(`pid=${Deno.pid},fd=(\\d+)`, "g"))])
        .map(([, fd]) => Number(fd));
    const ours = openSockets().filter(({ kind }) => ["tcp", "udp", "unix"].includes(kind));
    const fds = new Set(ours.map(({ fd }) => fd));
    // ss itself was started through pipes and sockets that are gone now
    for (const fd of [socketFd(listener), socketFd(server)]) {
      assert(
        fds.has(fd) && listed.includes(fd),
      );
    }
    const missing = listed.filter((fd) => !fds.has(fd) && isSocket(fd));
    assertEquals(missing, []);
    await new Promise((resolve) => server.close(resolve));
  },
);

function isSocket(fd: number): boolean {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
  } catch {
    return false;
  }
}

Deno.test("an entry of openSockets() is a socket, and never another one", async () => {
  using listener = Deno.listen(local);
  const client = await connectTo(listener);
  using _conn = await listener.accept();
  const entry = entryOf(socketFd(client));
  setOption(entry, TCP_USER_TIMEOUT, 1234);
  assertOption(client, TCP_USER_TIMEOUT, 1234);
  assertEquals(socketFd({ ...entry }), socketFd(client), "a copy is as good");
  client.close();
  using next = await connectTo(listener);
  assertEquals(socketFd(next), entry.fd, "the kernel gives the lowest free number");
  assertEquals(assertThrows(() => socketFd(entry), SocketError).code, "EBADF");
  assertEquals(
    assertThrows(() => setOption(entry, TCP_USER_TIMEOUT, 1), SocketError).code,
    "EBADF",
  );
  assertOption(next, TCP_USER_TIMEOUT, 0);
});

Deno.test("openSockets() does not take a socket from the object that has it", () => {
  using first = Deno.listen(local);
  openSockets().forEach((each) => socketFd(each));
  assertEquals(getOption(first, SO_ACCEPTCONN), true);
});

Deno.test("openSockets() reaches what fetch keeps open", async () => {
  await using server = Deno.serve({ ...local, onListen() {} }, () => new Response("hello"));
  const { port } = server.addr;
  const response = await fetch(`http://127.0.0.1:${port}/`);
  await response.text();
  const toServer = openSockets().filter(({ remoteAddr }) =>
    remoteAddr?.transport === "tcp" && remoteAddr.port === port
  );
  assertEquals(toServer.length, 1);
  setOption(toServer[0]!, TCP_USER_TIMEOUT, 3000);
  const again = await fetch(`http://127.0.0.1:${port}/`);
  await again.text();
  assertEquals(getOption(toServer[0]!, TCP_INFO).state, "established", "it was used again");
  assertOption(toServer[0]!, TCP_USER_TIMEOUT, 3000);
});

testInNamespace("openSockets() shows where a socket is connecting to", async (command) => {
  await output(...command, "nft", "add", "table", "inet", "test");
  const chain = "{ type filter hook input priority 0; }";
  await output(...command, "nft", "add", "chain", "inet", "test", "input", chain);
  await output(
    ...command,
    "nft",
    "add",
    "rule",
    "inet",
    "test",
    "input",
    "tcp",
    "dport",
    "7777",
    "drop",
  );
  const program = `import { openSockets } from "${ROOT}mod.ts";
    Deno.connect({ hostname: "127.0.0.1", port: 7777 }).catch(() => {});
    const { state, remoteAddr } = openSockets().find(({ state }) => state === "syn-sent");
    console.log(state, remoteAddr.hostname, remoteAddr.port);
    Deno.exit();`;
  await withProgram(program, async (file) => {
    const deno = [Deno.execPath(), "run", "--allow-net", "--allow-ffi", "--no-lock", file];
    assertEquals(await output(...command, ...deno), "syn-sent 127.0.0.1 7777\n");
  });
}, ["nft"]);

testWith(["runsc", "root"], "openSockets() on a kernel without cookies", async () => {
  const program =
    `import { getOption, openSockets, SO_ACCEPTCONN, SO_TYPE, socketFd } from "${ROOT}mod.ts";
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
    const accepted = await listener.accept();
    const sockets = openSockets().filter(({ kind }) => kind === "tcp");
    console.log(sockets.map((each) => [each.state, getOption(each, SO_ACCEPTCONN)].join(" ")).sort().join());
    const entry = sockets.find(({ fd }) => fd === socketFd(conn));
    conn.close();
    const next = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try { getOption(entry, SO_TYPE) } catch (error) { console.log(error.code) }
    Deno.exit();`;
  await withProgram(program, async (file) => {
    const sandbox = ["--platform=ptrace", "--network=none", "--ignore-cgroups", "do"];
    const deno = [Deno.execPath(), "run", "--allow-all", "--no-lock", file];
    const { stdout, stderr } = await run("runsc", [...sandbox, ...deno]);
    assertEquals(stdout, "established false,established false,listen true\nEBADF\n", stderr);
  });
});

Deno.test("openSockets() lists a connection of connect() with what it was given", async () => {
  using listener = Deno.listen(local);
  using conn = await connect({ port: listener.addr.port, localAddress: "127.0.0.9" });
  assertEquals(entryOf(socketFd(conn)).localAddr, conn.localAddr);
});
