/** Subnets, and which addresses are one client. */

import { assertEquals, assertThrows } from "@std/assert";
import { clientOf, Subnet } from "../../src/net/subnet.ts";
import { python, testWith } from "../helpers.ts";
import fc from "../fast_check.ts";

Deno.test("a subnet has its addresses, and no others", () => {
  for (
    const [subnet, address, expected] of [
      ["10.0.0.0/8", "10.255.0.1", true],
      ["10.0.0.0/8", "11.0.0.1", false],
      ["10.0.0.0/8", "::ffff:10.1.1.1", true],
      ["::ffff:10.0.0.0/104", "10.1.1.1", true],
      ["192.0.2.128/25", "192.0.2.129", true],
      ["192.0.2.128/25", "192.0.2.127", false],
      ["192.0.2.1", "192.0.2.1", true],
      ["192.0.2.1", "192.0.2.2", false],
      ["0.0.0.0/0", "203.0.113.9", true],
      ["0.0.0.0/0", "2001:db8::1", false],
      ["::/0", "203.0.113.9", false],
      ["::/0", "2001:db8::1", true],
      ["::/64", "::ffff:10.1.1.1", false],
      ["2001:db8::/33", "2001:db8:7fff::1", true],
      ["2001:db8::/33", "2001:db8:8000::1", false],
      ["fe80::/10", "fe80::1%eth0", true],
      ["::1", "::1", true],
    ] as const
  ) {
    assertEquals(new Subnet(subnet).has(address), expected, `${address} in ${subnet}`);
  }
  for (const wrong of ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/8/8", "x"]) {
    assertThrows(() => new Subnet(wrong), TypeError, "expected an address or a subnet");
  }
});

testWith("python3", "Python's ipaddress says the same of any subnet", async () => {
  const cases = fc.sample(
    fc.tuple(fc.ipV4(), fc.ipV4(), fc.nat({ max: 32 })),
    200,
  ).concat(fc.sample(fc.tuple(fc.ipV6(), fc.ipV6(), fc.nat({ max: 24 })), 200));
  const answers = await python(
    `
import ipaddress, json, sys
for a, b, bits in json.loads(sys.argv[1]):
    b = ipaddress.ip_address(b)
    isMapped = getattr(b, "ipv4_mapped", None) is not None
    print(int(not isMapped and b in ipaddress.ip_network(f"{a}/{bits}", strict=False)))`,
    JSON.stringify(cases),
  );
  const ours = cases.map(([a, b, bits]) => Number(new Subnet(`${a}/${bits}`).has(b)));
  assertEquals(ours, answers.trim().split("\n").map(Number));
});

Deno.test("a client is an IPv4 address, or 64 bits of IPv6", () => {
  assertEquals(clientOf("192.0.2.1"), "192.0.2.1");
  assertEquals(clientOf("::ffff:192.0.2.1"), "192.0.2.1");
  assertEquals(clientOf("2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
  assertEquals(clientOf("2001:db8:1:2:ffff::4"), clientOf("2001:db8:1:2::"));
  assertEquals(clientOf("fe80::1%eth0"), "fe80:0:0:0::/64");
  assertEquals(clientOf("::1"), "0:0:0:0::/64");
});
