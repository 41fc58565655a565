import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import * as codecs from "../../ffi/codec.ts";
import type { Codec } from "../../ffi/codec.ts";
import * as ipStructs from "../../ffi/ip_structs.ts";
import * as structs from "../../ffi/structs.ts";
import "../helpers.ts";

/** What a codec makes of a value, through the memory of the kernel. */
function roundTrip<T>(codec: Codec<T>, value: T): T {
  const memory = new DataView(new ArrayBuffer(Math.max(codec.size, 4096)));
  const size = codec.encode(value, memory);
  assert(size <= codec.size, `${size} bytes of ${codec.size}`);
  return codec.decode(new DataView(memory.buffer, 0, size));
}

function testRoundTrip<T>(name: string, codec: Codec<T>, values: fc.Arbitrary<T>): void {
  Deno.test(`every ${name} comes back as it was`, () => {
    fc.assert(fc.property(values, (value) => assertEquals(roundTrip(codec, value), value)));
  });
}

const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<T>;
const uint32 = fc.nat(2 ** 32 - 1);
const ipv4 = fc.ipV4();
const ipv6 = fc.array(fc.nat(65535), { minLength: 8, maxLength: 8 })
  // as the kernel's own text has it: every group, none left out
  .map((groups) => groups.map((group) => (group | 0x1000).toString(16)).join(":"));
const port = fc.nat(65535);
const netAddr = (transport: "tcp" | "udp"): fc.Arbitrary<Deno.NetAddr> =>
  record({ transport: fc.constant(transport), hostname: fc.oneof(ipv4, ipv6), port });
const ifindex = fc.nat(2 ** 31 - 1);

testRoundTrip("boolean", codecs.bool, fc.boolean());
testRoundTrip("int", codecs.int, fc.integer());
testRoundTrip("unsigned number of 32 bits", codecs.uint32, uint32);
testRoundTrip("unsigned number in network byte order", codecs.uint32BigEndian, uint32);
testRoundTrip("unsigned number of 64 bits", codecs.uint64, fc.bigInt(0n, 2n ** 64n - 1n));
testRoundTrip("string", codecs.string(16), fc.stringMatching(/^[a-z0-9._-]{0,15}$/));
testRoundTrip("name", codecs.enumeration({ a: -1, b: 0, c: 7 }), fc.constantFrom("a", "b", "c"));
testRoundTrip(
  "set of flags",
  codecs.flags({ a: 1, b: 2, c: 1 << 31 }),
  fc.subarray(["a", "b", "c"] as const),
);
testRoundTrip("list of bytes", codecs.bytes(40), fc.uint8Array({ maxLength: 40 }));
testRoundTrip("list of numbers", codecs.uint32List, fc.array(uint32, { maxLength: 100 }));
testRoundTrip("linger", structs.linger, fc.oneof(fc.constant(false as const), ifindex));
testRoundTrip("time-out", structs.timeval, fc.nat(2 ** 40));
testRoundTrip("ucred", structs.ucred, record({ pid: uint32, uid: uint32, gid: uint32 }));
testRoundTrip(
  "range of ports",
  ipStructs.portRange,
  record({ low: port, high: port }),
);
testRoundTrip(
  "sock_txtime",
  structs.txTime,
  record({
    clock: fc.constantFrom("realtime" as const, "monotonic" as const, "tai" as const),
    deadline: fc.boolean(),
    reportErrors: fc.boolean(),
  }),
);
testRoundTrip(
  "so_timestamping",
  structs.timestamping,
  record({
    flags: fc.subarray(["txHardware", "rxSoftware", "optId", "txCompletion"] as const),
    phc: ifindex,
  }),
);
testRoundTrip(
  "list of repair options",
  structs.repairOptions,
  fc.array(record({ code: uint32, value: uint32 }), { maxLength: 16 }),
);
testRoundTrip("IPv4 address", ipStructs.inAddr, ipv4);
testRoundTrip("address of a socket", structs.sockaddr, netAddr("tcp"));
testRoundTrip(
  "ip_mreqn",
  ipStructs.membership,
  record({ multiaddr: ipv4, address: ipv4, ifindex }),
);
testRoundTrip(
  "ip_mreq_source",
  ipStructs.sourceMembership,
  record({ multiaddr: ipv4, sourceaddr: ipv4, interface: ipv4 }),
);
testRoundTrip("ipv6_mreq", ipStructs.ipv6Membership, record({ multiaddr: ipv6, ifindex }));
testRoundTrip("in6_pktinfo", ipStructs.ipv6PacketInfo, record({ addr: ipv6, ifindex }));
testRoundTrip(
  "group_source_req",
  ipStructs.groupSourceRequest,
  record({ interface: ifindex, group: netAddr("udp"), source: netAddr("udp") }),
);

Deno.test("a value of the wrong kind or out of range is refused, whatever it is", () => {
  const wrong: [Codec<unknown>, unknown[]][] = [
    [codecs.bool, [0, 1, "true", null, undefined]],
    [codecs.int, [1.5, NaN, Infinity, 2 ** 31, -(2 ** 31) - 1, 5n, "5"]],
    [codecs.uint32, [-1, 2 ** 32, 0.5]],
    [codecs.uint64, [-1n, 2n ** 64n, 5]],
    [codecs.string(4), ["four", "a\0", 4, null]],
    [codecs.enumeration({ a: 1 }), ["b", 1, "toString", undefined]],
    [codecs.flags({ a: 1 }), [["b"], "a", 1, ["toString"]]],
    [codecs.bytes(2), [new Uint8Array(3), [1, 2], "ab"]],
    [structs.linger, [-1, true, 1.5, null]],
    [structs.timeval, [-1, NaN, Infinity, "1s"]],
    [structs.ucred, [null, { pid: -1, uid: 0, gid: 0 }, { pid: 1 }]],
    [ipStructs.inAddr, ["1.2.3", "::1", "localhost", 1]],
    [ipStructs.membership, [{ multiaddr: "::1" }, "224.0.0.1", {
      multiaddr: "224.0.0.1",
      ifindex: -1,
    }]],
    [structs.sockaddr, [{ transport: "unix", path: "/x" }, null, "127.0.0.1:80"]],
    [ipStructs.portRange, [{ low: 0, high: 65536 }, { low: "1", high: 2 }]],
  ];
  for (const [codec, values] of wrong) {
    for (const value of values) {
      const error = assertThrows(
        () => codec.encode(value, new DataView(new ArrayBuffer(4096))),
      );
      assert(error instanceof TypeError || error instanceof RangeError, Deno.inspect(value));
    }
  }
});

Deno.test("a number without a name decodes as its digits", () => {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setInt32(0, 99, true);
  assertEquals(codecs.enumeration({ a: 1 }).decode(bytes), "99");
});
