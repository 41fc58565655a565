/** Socket addresses as the kernel writes them, and their text. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { isAddressText, readSockaddr, showAddr, writeSockaddr } from "../../ffi/sockaddr.ts";
import { output, ROOT, testInNamespace, withProgram } from "../helpers.ts";

function roundTrip(hostname: string, port: number): Deno.Addr {
  const memory = new DataView(new ArrayBuffer(128));
  writeSockaddr({ transport: "tcp", hostname, port }, memory);
  return readSockaddr(memory, "tcp");
}

Deno.test("an address has one text", () => {
  const net = (hostname: string): Deno.NetAddr => ({ transport: "tcp", hostname, port: 80 });
  assertEquals(showAddr(net("127.0.0.1")), "127.0.0.1:80");
  assertEquals(showAddr(net("::1")), "[::1]:80");
  assertEquals(showAddr(net("fe80::1%eth0")), "[fe80::1%eth0]:80");
  assertEquals(showAddr(net("localhost")), "localhost:80");
  assertEquals(showAddr({ transport: "unix", path: "/run/a" }), "/run/a");
});

Deno.test("a host is an address or a name", () => {
  for (const text of ["127.0.0.1", "::1", "fe80::1%lo", "::ffff:10.0.0.1"]) {
    assert(isAddressText(text), text);
  }
  for (const text of ["localhost", "127.1", "127.0.0.1%lo", "", "%lo"]) {
    assert(!isAddressText(text), text);
  }
});

Deno.test("an IPv6 address keeps its zone, which is a name or a number", () => {
  assertEquals(roundTrip("fe80::1%lo", 80), {
    transport: "tcp",
    hostname: "fe80::1%lo",
    port: 80,
  });
  // an interface that is not there
  assertEquals(showAddr(roundTrip("fe80::1%12345678", 80)), "[fe80::1%12345678]:80");
});

Deno.test("what is no address is refused, and said", () => {
  for (
    const [hostname, message] of [
      ["127.0.0.1\0.example", /an IPv4 address/],
      ["fe80::1%", /no network interface ""/],
      ["fe80::1%none", /no network interface "none"/],
      ["fe80::1%lo\0x", /no network interface/],
      ["fe80::1%99999999999", /no network interface/],
      ["1.2.3", /an IPv4 address, got "1.2.3"/],
      ["1::2::3", /an IPv6 address, got "1::2::3"/],
    ] as const
  ) {
    assertMatch(assertThrows(() => roundTrip(hostname, 80), TypeError).message, message);
  }
  for (const port of [-1, 65536, 1.5]) {
    assertMatch(assertThrows(() => roundTrip("127.0.0.1", port), RangeError).message, /port/);
  }
});

testInNamespace("the kernel's own address of a link has its zone", async (inside) => {
  const ip = (...args: string[]): Promise<string> => output(...inside, "ip", ...args);
  await ip("link", "add", "one", "type", "veth", "peer", "name", "two");
  await ip("link", "set", "one", "up");
  await ip("link", "set", "two", "up");
  await ip("addr", "add", "fe80::1/64", "dev", "one", "nodad");
  const program = `
    import { showAddr, socketName } from "${ROOT}ffi/sockaddr.ts";
    import { socketFd } from "${ROOT}mod.ts";
    const listener = Deno.listen({ hostname: "fe80::1%one", port: 0 });
    const name = socketName(socketFd(listener), "getsockname", "tcp");
    console.log(showAddr(name).replace(/[0-9]+$/, "PORT"));
  `;
  await withProgram(program, async (file) => {
    const args = ["run", "--allow-net", "--allow-ffi", "--no-check", file];
    assertEquals((await output(...inside, Deno.execPath(), ...args)).trim(), "[fe80::1%one]:PORT");
  });
});
