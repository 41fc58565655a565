/** Where a listener and a server listen: families, names, every interface, and one port for all. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { prepareListeners } from "../../src/net/listen_all.ts";
import { echoOnce, getOption, IPV6_V6ONLY, listen, serve, type ServeOptions } from "../../mod.ts";
import { output, ServerProcess, testInNamespace } from "../helpers.ts";

/** Whether somebody accepts at an address. */
async function accepts(hostname: string, port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname, port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

/** At which of the two families somebody accepts. */
async function families(port: number): Promise<string[]> {
  const found = [];
  for (const hostname of ["127.0.0.1", "::1"]) {
    if (await accepts(hostname, port)) found.push(hostname);
  }
  return found;
}

Deno.test('"::" takes both families, and IPv6 alone with ipv6Only', async () => {
  for (const reusePort of [false, true]) {
    using both = listen({ hostname: "::", reusePort });
    assertEquals(await families(both.addr.port), ["127.0.0.1", "::1"]);
    using one = listen({ hostname: "::", ipv6Only: true, reusePort });
    assertEquals(one.addr.hostname, "::");
    assertEquals(getOption(one, IPV6_V6ONLY), true);
    assertEquals(await families(one.addr.port), ["::1"]);
  }
  using other = listen({ hostname: "127.0.0.1", ipv6Only: true });
  assertEquals(await families(other.addr.port), ["127.0.0.1"]);
});

Deno.test('"" and "*" are every interface', async () => {
  for (const hostname of ["", "*"]) {
    using listener = listen({ hostname });
    assertEquals(await families(listener.addr.port), ["127.0.0.1", "::1"]);
    await using server = serve({ hostname, port: 0 }, echoOnce());
    assertEquals(await families(server.addr.port), ["127.0.0.1", "::1"]);
  }
});

Deno.test('"::" and "0.0.0.0" go together without sharing the port, in either order', async () => {
  for (const hostname of [["::", "0.0.0.0"], ["0.0.0.0", "::"], ["::", "127.0.0.1"]]) {
    for (const reusePort of [false, true]) {
      await using server = serve({ hostname, port: 0, reusePort }, echoOnce());
      assertEquals(server.addrs.map((addr) => addr.hostname), hostname);
      assertEquals(new Set(server.addrs.map(({ port }) => port)).size, 1);
      assertEquals(await families(server.addr.port), ["127.0.0.1", "::1"]);
    }
  }
  const options: ServeOptions = { hostname: ["::", "0.0.0.0"], port: 0, ipv6Only: false };
  assertThrows(() => serve(options, echoOnce()), Deno.errors.AddrInUse);
});

Deno.test("an address that is given twice is listened on once", async () => {
  const hostname = ["127.0.0.1", "127.0.0.1", "::1", "127.0.0.1"];
  await using server = serve({ hostname, port: 0 }, echoOnce());
  assertEquals(server.addrs.map((addr) => addr.hostname), ["127.0.0.1", "::1"]);
});

Deno.test("a picked port that is taken on another address is given up for another one", () => {
  const picked: number[] = [];
  let fails = 3;
  const listeners = prepareListeners({ hostname: ["127.0.0.1", "127.0.0.2"] }, (to) => {
    if (to.hostname === "127.0.0.2" && fails-- > 0) throw new Deno.errors.AddrInUse("taken");
    const listener = Deno.listen(to);
    if (to.port === 0) picked.push(listener.addr.port);
    return listener;
  });
  assertEquals(picked.length, 4);
  assertEquals(listeners.map(({ listener }) => listener.addr.port), [picked[3]!, picked[3]!]);
  for (const { listener } of listeners) listener.close();
  // those that were given up are closed
  for (const port of picked) listen({ hostname: "127.0.0.1", port }).close();
});

Deno.test("a port that was asked for and is taken is an error, and leaves nothing open", () => {
  // a port that nobody has at the other address: of this machine's many clients one may
  const isFree = ({ addr: { port } }: Deno.TcpListener): boolean => {
    try {
      listen({ hostname: "127.0.0.1", port }).close();
      return true;
    } catch {
      return false;
    }
  };
  const tried = [listen({ hostname: "127.0.0.2" })];
  while (!isFree(tried[0]!)) tried.unshift(listen({ hostname: "127.0.0.2" }));
  const { port } = tried[0]!.addr;
  const error = assertThrows(
    () => serve({ hostname: ["127.0.0.1", "127.0.0.2"], port }, echoOnce()),
    Deno.errors.AddrInUse,
    `127.0.0.2:${port}`,
  );
  assertEquals((error as { code?: string }).code, "EADDRINUSE");
  assert(isFree(tried[0]!), "nothing is left open");
  for (const each of tried) each.close();
});

/** A command that runs another one with these lines as /etc/hosts. */
function withHosts(inside: string[], file: string): string[] {
  const mount = 'mount --bind "$0" /etc/hosts && exec "$@"';
  return [...inside, "unshare", "--mount", "sh", "-c", mount, file];
}

/** The addresses of listeners in a network, as ss tells them. */
async function listening(inside: string[], port: number): Promise<string[]> {
  const lines = await output(...inside, "ss", "-Htln", `sport = :${port}`);
  return lines.trim().split("\n").map((line) => line.split(/\s+/)[3]!).toSorted();
}

testInNamespace(
  "a server listens on every address of a name that this machine has",
  async (inside) => {
    const file = await Deno.makeTempFile();
    const all = ["::1", "127.0.0.1", "127.0.0.7"];
    // one of them is no address of this machine
    const lines = [...all, "192.0.2.1"].map((address) => `${address} many.test\n`);
    await Deno.writeTextFile(file, [...lines, "127.0.0.9 one.test\n"].join(""));
    for (const flags of [[], ["--no-reuse-port"]]) {
      const wrap = withHosts(inside, file);
      const hosts = ["--host", "many.test", "--host", "one.test", "--host", "127.0.0.7"];
      await using server = await ServerProcess.start([...hosts, ...flags], wrap);
      await server.event("listening", 4);
      const told = server.events("listening").map(({ hostname, port }) => [hostname, port]);
      const expected = [...all, "127.0.0.9"];
      assertEquals(told.map(([hostname]) => `${hostname}`).toSorted(), expected.toSorted());
      assert(told.every(([, port]) => port === server.port));
      const shown = expected.map((host) => host.includes(":") ? `[${host}]` : host);
      assertEquals(
        await listening(inside, server.port),
        shown.map((host) => `${host}:${server.port}`).toSorted(),
      );
      assertEquals((await server.stop()).code, 0);
    }
    await Deno.remove(file);
  },
  ["unshare", "mount", "ss"],
);

testInNamespace(
  "a name may stand for an address that this machine does not have yet",
  async (inside) => {
    const file = await Deno.makeTempFile();
    await Deno.writeTextFile(file, "192.0.2.1 later.test\n2001:db8::1 later6.test\n");
    for (const [name, address] of [["later.test", "192.0.2.1"], ["later6.test", "[2001:db8::1]"]]) {
      const flags = ["--host", name!, "--option", "IP_FREEBIND=true"];
      await using server = await ServerProcess.start(flags, withHosts(inside, file));
      assertEquals(await listening(inside, server.port), [`${address}:${server.port}`]);
    }
    await Deno.remove(file);
  },
  ["unshare", "mount", "ss"],
);

/** Whether a server in this network accepts on both families. */
const CONNECT = `
import socket, sys
for host in "127.0.0.1", "::1":
    with socket.create_connection((host, int(sys.argv[1]))) as s:
        s.sendall(b"x"); print(s.recv(1).decode(), end="")
`;

testInNamespace('"::" takes both families where net.ipv6.bindv6only is 1', async (inside) => {
  await output(...inside, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/bindv6only");
  for (const flags of [[], ["--no-reuse-port"]]) {
    await using server = await ServerProcess.start(["--host", "::", ...flags], inside);
    assertEquals(await output(...inside, "python3", "-c", CONNECT, `${server.port}`), "xx");
  }
}, ["python3"]);
