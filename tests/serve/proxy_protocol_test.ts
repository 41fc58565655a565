/** The PROXY protocol: headers as they are written, and as nobody should write them. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import {
  crc32c,
  headerSize,
  parseProxyHeader,
  type ProxyHeader,
  ProxyProtocolError,
  type ProxyTlv,
} from "../../src/serve/proxy_protocol.ts";
import { bytes } from "../helpers.ts";

const SIGNATURE = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10];
const netAddr = (hostname: string, port: number): Deno.NetAddr => ({
  transport: "tcp",
  hostname,
  port,
});

function tlv(type: number, value: number[]): number[] {
  return [type, value.length >> 8, value.length & 255, ...value];
}

function binary(command: number, family: number, rest: number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(
    ...SIGNATURE,
    command,
    family,
    rest.length >> 8,
    rest.length & 255,
    ...rest,
  );
}

/** Reads a header as a server does, of which no more has come than it has asked for. */
function readSlowly(all: Uint8Array<ArrayBuffer>): { header: ProxyHeader; size: number } {
  let read = 0;
  for (let size; (size = headerSize(all.slice(0, read))) > read;) {
    if (read === all.length) throw new Error("more is wanted than there is");
    read = Math.min(size, all.length);
  }
  return { header: parseProxyHeader(all.slice(0, read)), size: read };
}

/** Asserts that, however much has come, no more is taken for the header than it is. */
function assertNeverBeyond(all: Uint8Array, size: number): void {
  for (let arrived = 0; arrived <= all.length; arrived++) {
    const claimed = headerSize(all.subarray(0, arrived));
    assert(claimed <= size && (claimed === size || claimed > arrived), `${claimed} of ${arrived}`);
  }
}

function codeOf(call: () => unknown): string {
  return assertThrows(call, ProxyProtocolError).code;
}

Deno.test("a line of version 1 names both addresses", () => {
  const line = "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n";
  assertEquals(readSlowly(bytes(`${line}GET / HTTP/1.1\r\n`)), {
    header: {
      version: 1,
      source: netAddr("192.0.2.1", 56324),
      destination: netAddr("198.51.100.7", 443),
      tlvs: [],
    },
    size: line.length,
  });
  const ipv6 = "PROXY TCP6 2001:DB8:0:0::1 ::ffff:192.0.2.9 1 65535\r\n";
  const { source, destination } = readSlowly(bytes(ipv6)).header;
  assertEquals(source, netAddr("2001:db8::1", 1));
  assertEquals(destination, netAddr("::ffff:192.0.2.9", 65535));
});

Deno.test("UNKNOWN names none, whatever follows it", () => {
  for (const line of ["PROXY UNKNOWN\r\n", `PROXY UNKNOWN ${"f".repeat(91)}\r\n`]) {
    assertEquals(readSlowly(bytes(`${line}hello`)), {
      header: { version: 1, tlvs: [] },
      size: line.length,
    });
  }
});

for (
  const line of [
    "PROXY TCP4 192.0.2.1 198.51.100.7 56324 65536\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.7 056 443\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.7 -1 443\r\n",
    "PROXY TCP4 192.0.2.1  198.51.100.7 1 443\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.7 1 443 \r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.7 1 443\n",
    "PROXY TCP4 192.0.2.256 198.51.100.7 1 443\r\n",
    "PROXY TCP4 ::1 ::1 1 443\r\n",
    "PROXY TCP6 192.0.2.1 192.0.2.1 1 443\r\n",
    "PROXY TCP5 192.0.2.1 192.0.2.1 1 443\r\n",
    "PROXY UNKNOWNS\r\n",
    "PROXY \r\n         ",
  ]
) {
  Deno.test(`malformed: ${JSON.stringify(line)}`, () => {
    assertEquals(codeOf(() => readSlowly(bytes(line))), "PROXY_MALFORMED");
  });
}

Deno.test("what is no header is known by its first bytes", () => {
  assertEquals(codeOf(() => headerSize(bytes("GET / HTTP/1.1\r\n"))), "PROXY_MISSING");
  assertEquals(codeOf(() => headerSize(bytes("P\0"))), "PROXY_MISSING");
  assertEquals(codeOf(() => headerSize(bytes("\r\n\r\n\0\r\nQUIT "))), "PROXY_MISSING");
  assertEquals(headerSize(bytes("")), 15);
  assertEquals(headerSize(bytes("PRO")), 15);
});

Deno.test("a line has 107 bytes at most, and a header of version 2 16 KiB", () => {
  assertEquals(
    codeOf(() => headerSize(bytes(`PROXY UNKNOWN ${"f".repeat(92)}\r\n`))),
    "PROXY_TOO_LONG",
  );
  assertEquals(codeOf(() => headerSize(bytes(`PROXY TCP6 ${"f".repeat(99)}`))), "PROXY_TOO_LONG");
  const header = (length: number): Uint8Array =>
    Uint8Array.of(...SIGNATURE, 0x21, 0x11, length >> 8, length & 255);
  assertEquals(headerSize(header(16 * 1024 - 16)), 16 * 1024);
  assertEquals(codeOf(() => headerSize(header(16 * 1024 - 15))), "PROXY_TOO_LONG");
});

Deno.test("version 2: addresses, and what a balancer says of TLS", () => {
  const text = (value: string): number[] => [...bytes(value)];
  const tls = [
    0x07,
    ...[0, 0, 0, 0],
    ...tlv(0x21, text("TLSv1.3")),
    ...tlv(0x22, text("client.example")),
    ...tlv(0x23, text("TLS_AES_256_GCM_SHA384")),
    ...tlv(0x24, text("SHA256")),
    ...tlv(0x25, text("RSA2048")),
  ];
  const header = binary(0x21, 0x21, [
    ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
    ...[0xdb, 0xba, 0x01, 0xbb],
    ...tlv(0x01, text("h2")),
    ...tlv(0x02, text("www.example.com")),
    ...tlv(0x05, [1, 2, 3]),
    ...tlv(0x30, text("blue")),
    ...tlv(0x20, tls),
    ...tlv(0xea, [1, ...text("vpce-0123")]),
  ]);
  const { tlvs, ...known } = readSlowly(header).header;
  assertEquals(known, {
    version: 2,
    source: netAddr("2001:db8::1", 56250),
    destination: netAddr("2001:db8::2", 443),
    alpn: "h2",
    authority: "www.example.com",
    uniqueId: Uint8Array.of(1, 2, 3),
    netns: "blue",
    tls: {
      encrypted: true,
      certified: true,
      verified: true,
      version: "TLSv1.3",
      commonName: "client.example",
      cipher: "TLS_AES_256_GCM_SHA384",
      signatureAlgorithm: "SHA256",
      keyAlgorithm: "RSA2048",
    },
  });
  assertEquals(tlvs.map(({ type }) => type), [0x01, 0x02, 0x05, 0x30, 0x20, 0xea]);
});

Deno.test("LOCAL, UNSPEC, UDP and Unix name no client", () => {
  const without = { version: 2, tlvs: [] } as const;
  assertEquals(readSlowly(binary(0x20, 0x00, [])).header, without);
  assertEquals(readSlowly(binary(0x20, 0xff, [1, 2, 3])).header, without);
  assertEquals(readSlowly(binary(0x21, 0x00, tlv(4, [0]))).header, {
    version: 2,
    tlvs: [{ type: 4, value: Uint8Array.of(0) }],
  });
  assertEquals(readSlowly(binary(0x21, 0x12, new Array(12).fill(1))).header, without);
  assertEquals(readSlowly(binary(0x21, 0x31, new Array(216).fill(1))).header, without);
});

for (
  const [what, command, family, rest] of [
    ["another version", 0x31, 0x11, new Array(12).fill(0)],
    ["another command", 0x22, 0x11, new Array(12).fill(0)],
    ["another family", 0x21, 0x41, new Array(12).fill(0)],
    ["another protocol", 0x21, 0x13, new Array(12).fill(0)],
    ["addresses that are cut", 0x21, 0x11, new Array(11).fill(0)],
    ["a value that is cut", 0x21, 0x00, [1, 0, 2, 0]],
    ["a value without its length", 0x21, 0x00, [1, 0]],
    ["a value of TLS that is cut", 0x21, 0x00, tlv(0x20, [1, 0, 0, 0, 0, 0x21, 0, 9])],
    ["too little of TLS", 0x21, 0x00, tlv(0x20, [1, 0, 0, 0])],
    ["a checksum that is cut", 0x21, 0x00, tlv(3, [0, 0, 0])],
    ["a wrong checksum", 0x21, 0x00, tlv(3, [0, 0, 0, 0])],
  ] as const
) {
  Deno.test(`malformed in version 2: ${what}`, () => {
    assertEquals(codeOf(() => readSlowly(binary(command, family, [...rest]))), "PROXY_MALFORMED");
  });
}

Deno.test("CRC32C is RFC 3720's, and a header with its own sum is good", () => {
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assertEquals(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  const header = binary(0x21, 0x00, [...tlv(4, [7]), ...tlv(3, [0, 0, 0, 0]), ...tlv(5, [9])]);
  new DataView(header.buffer).setUint32(16 + 4 + 3, crc32c(header));
  assertEquals(readSlowly(header).header.uniqueId, Uint8Array.of(9));
});

const port = fc.integer({ min: 0, max: 65_535 });
const valueOfAny = fc.record({
  // but for those that have a form of their own
  type: fc.integer({ min: 0x80, max: 0xff }),
  value: fc.uint8Array({ maxLength: 300 }),
});

Deno.test("any header of version 2 reads back, and not one byte more is taken", () => {
  fc.assert(fc.property(
    fc.uint8Array({ minLength: 8, maxLength: 8 }),
    port,
    port,
    fc.array(valueOfAny, { maxLength: 20 }),
    fc.uint8Array({ maxLength: 64 }),
    (addresses, from, to, tlvs, rest) => {
      const header = binary(0x21, 0x11, [
        ...addresses,
        ...[from >> 8, from & 255, to >> 8, to & 255],
        ...tlvs.flatMap(({ type, value }) => tlv(type, [...value])),
      ]);
      const all = Uint8Array.of(...header, ...rest);
      const found = readSlowly(all);
      assertEquals(found.size, header.length);
      assertNeverBeyond(all, header.length);
      assertEquals(found.header.source, netAddr(addresses.subarray(0, 4).join("."), from));
      assertEquals(found.header.destination, netAddr(addresses.subarray(4).join("."), to));
      assertEquals(found.header.tlvs, tlvs as ProxyTlv[]);
    },
  ));
});

Deno.test("any line of version 1 reads back, and not one byte more is taken", () => {
  fc.assert(fc.property(fc.ipV4(), fc.ipV4(), port, port, fc.string(), (a, b, from, to, rest) => {
    const line = `PROXY TCP4 ${a} ${b} ${from} ${to}\r\n`;
    const { header, size } = readSlowly(bytes(line + rest));
    assertEquals(size, line.length);
    assertNeverBeyond(bytes(line + rest), line.length);
    assertEquals([header.source, header.destination], [netAddr(a, from), netAddr(b, to)]);
  }));
});

/** What may come instead of a header: anything, and headers with a few bytes changed. */
const whatever = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.uint8Array({ maxLength: 200 }).map((rest) => Uint8Array.of(...SIGNATURE, ...rest)),
  fc.string({ maxLength: 120, unit: "binary" }).map((rest) => bytes(`PROXY ${rest}\r\n`)),
  fc.tuple(
    fc.nat({ max: 60 }),
    fc.nat({ max: 255 }),
    fc.constantFrom(
      bytes("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"),
      binary(0x21, 0x11, [...new Array(12).fill(9), ...tlv(0x20, [1, 0, 0, 0, 0]), ...tlv(1, [1])]),
    ),
  ).map(([at, byte, header]) => header.with(at % header.length, byte)),
);

Deno.test("whatever comes, it is a header, the beginning of one, or an error that says why it is none", () => {
  fc.assert(
    fc.property(whatever, (all) => {
      try {
        readSlowly(Uint8Array.from(all));
      } catch (error) {
        const { name, message } = error as Error;
        if (name !== "ProxyProtocolError" && message !== "more is wanted than there is") {
          throw error;
        }
      }
    }),
    { numRuns: 20_000 },
  );
});
