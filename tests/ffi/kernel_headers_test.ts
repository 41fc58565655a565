/**
 * The option table and its structures beside the kernel's headers, by a C program: those that are installed, or others
 * whose folders CPATH names. What installed headers may be too old for stands here, from linux-libc-dev 7.2.13 of Debian.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Codec } from "../../ffi/codec.ts";
import { epollEvent } from "../../ffi/event_loop.ts";
import { requestFor } from "../../ffi/listeners.ts";
import { OPTION_TABLE } from "../../ffi/option_table.ts";
import * as ipStructs from "../../ffi/ip_structs.ts";
import * as structs from "../../ffi/structs.ts";
import { MPTCP_INFO_LAYOUT } from "../../ffi/mptcp_info.ts";
import * as tcpAo from "../../ffi/tcp_ao.ts";
import { accurateEcn, TCP_INFO_LAYOUT } from "../../ffi/tcp_info.ts";
import { isSupported } from "../../mod.ts";
import { ROOT, run, testWith } from "../helpers.ts";

const HEADERS = [
  "asm/socket.h",
  "linux/tcp.h",
  "linux/in.h",
  "linux/in6.h",
  "linux/ipv6.h",
  "linux/udp.h",
  "linux/net_tstamp.h",
  "linux/inet_diag.h",
  "limits.h", // netfilter_ipv4.h takes INT_MIN from it
  "linux/netfilter_ipv4.h",
  "linux/netfilter_ipv6/ip6_tables.h",
  "linux/filter.h",
  "linux/vm_sockets.h",
];

/** Compiles a C program against the kernel's headers, runs it and gives the lines that it prints. */
async function cc(body: string, headers = HEADERS): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  const source = [
    "#include <stdio.h>",
    "#include <stddef.h>",
    "#include <string.h>",
    ...headers.map((header) => `#include <${header}>`),
    "static void hex(const char *name, const void *p, size_t n) {",
    '  printf("%s ", name);',
    '  for (size_t i = 0; i < n; i++) printf("%02x", ((const unsigned char *)p)[i]);',
    '  printf("\\n");',
    "}",
    `int main(void) {\n${body}\nreturn 0; }`,
  ];
  await Deno.writeTextFile(`${folder}/main.c`, source.join("\n"));
  const compiled = await run("cc", ["-o", `${folder}/main`, `${folder}/main.c`]);
  assertEquals(compiled.code, 0, compiled.stderr);
  const { stdout } = await run(`${folder}/main`, []);
  await Deno.remove(folder, { recursive: true });
  return stdout.trim().split("\n");
}

/** The name of an option in the headers. */
function headerName(name: string): string {
  return name.replace(/^IPV6_MCAST_/, "MCAST_");
}

/** The options that came after Linux 6.1, and those of headers that do not go with the others. */
const NEWER_OPTIONS = new Map([
  ["IPV6_JOIN_GROUP", 20],
  ["IPV6_LEAVE_GROUP", 21],
  ["MPTCP_INFO", 1],
  ["SO_INQ", 84],
  ["SO_PASSPIDFD", 76],
  ["SO_PASSRIGHTS", 83],
  ["SO_PEERPIDFD", 77],
  ["SO_RCVPRIORITY", 82],
  ["TCP_AO_ADD_KEY", 38],
  ["TCP_AO_DEL_KEY", 39],
  ["TCP_AO_GET_KEYS", 41],
  ["TCP_AO_INFO", 40],
  ["TCP_AO_REPAIR", 42],
  ["TCP_DELACK_MAX_US", 46],
  ["TCP_IS_MPTCP", 43],
  ["TCP_RTO_MAX_MS", 44],
  ["TCP_RTO_MIN_US", 45],
]);

testWith("cc", "every option has the number and the level of the kernel's headers", async () => {
  const linux = OPTION_TABLE.filter(isSupported);
  const lines = await cc(
    linux.map(({ name }) =>
      `#ifdef ${headerName(name)}\nprintf("${name} %d\\n", (int)${headerName(name)});\n#endif`
    ).join("\n"),
  );
  const numbers = new Map(NEWER_OPTIONS);
  for (const line of lines) {
    const [name, number] = line.split(" ");
    numbers.set(name!, Number(number));
  }
  const wrong = linux.filter(({ name, optname }) => numbers.get(name) !== optname);
  assertEquals(wrong.map(({ name }) => name), []);

  const levels = await cc(
    'printf("%d %d %d %d %d\\n", SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IPV6);',
  );
  assertEquals(levels, ["1 0 6 17 41"]);
});

/** What the headers define that is no option: values, flags, and types of control messages. */
const NO_OPTION = [
  /^(SO|SOL)_(EE|SOCKET|ORIGINAL)/,
  /^TCP_(MD5SIG_|AO_(?!ADD_KEY|DEL_KEY|INFO|GET_KEYS|REPAIR$)|REPAIR_(ON|OFF)|RECEIVE|CA_|S_)/,
  /^TCP_(ACCECN_|MSS_|SYN_COOKIE|COOKIE|ESTABLISHED)/,
  /^IP_(PMTUDISC|DEFAULT|MSFILTER_SIZE)/,
  /^MCAST_(IN|EX)CLUDE$/,
  /^IPV6_(FL_|FLOWINFO_(?!SEND)|PRIORITY|TLV|PMTUDISC|PREFER|OPT|SRCRT|MIN_MTU|FL_|RTHDR_|SOCKOPT)/,
  /^(UDP|TCP)_ENCAP_/,
];

testWith("cc", "every option of the kernel's headers is in the table or in the docs", async () => {
  const files = ["asm-generic/socket.h", "linux/tcp.h", "linux/in.h", "linux/in6.h", "linux/udp.h"];
  const { stdout } = await run(
    "cc",
    ["-E", "-dD", "-x", "c", "-"],
    files.map((file) => `#include <${file}>\n`).join(""),
  );
  const defined: string[] = [];
  let file = "";
  for (const line of stdout.split("\n")) {
    const marker = /^# \d+ "(.*?)"/.exec(line);
    if (marker !== null) file = marker[1]!;
    const name = /^#define ((?:SO|TCP|IP|MCAST|IPV6|UDP)_[A-Z0-9_]+)\b/.exec(line)?.[1];
    if (name === undefined || !files.some((each) => file.endsWith(each))) continue;
    if (!NO_OPTION.some((pattern) => pattern.test(name))) defined.push(name);
  }
  assert(defined.length > 150, `${defined.length}`);

  const names = new Set(OPTION_TABLE.map(({ name }) => headerName(name)));
  const docs = await Deno.readTextFile(`${ROOT}docs/options.md`);
  const leftOut = new Set(docs.slice(docs.indexOf("## Left out")).match(/\b[A-Z0-9]+_[A-Z0-9_]+/g));
  const missing = [...new Set(defined)].filter((name) => !names.has(name) && !leftOut.has(name));
  assertEquals(missing, []);
});

testWith("cc", "TCP_INFO is laid out as in the kernel's headers", async () => {
  const cName = (name: string): string =>
    `tcpi_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
  // what newer headers have added since, from the headers that brought it
  const newer = new Map([
    ["rcvWnd", 232],
    ["rehash", 236],
    ["totalRto", 240],
    ["totalRtoRecoveries", 242],
    ["totalRtoTime", 244],
    ["receivedCe", 248],
    ["deliveredE1Bytes", 252],
    ["deliveredE0Bytes", 256],
    ["deliveredCeBytes", 260],
    ["receivedE1Bytes", 264],
    ["receivedE0Bytes", 268],
    ["receivedCeBytes", 272],
  ]);
  const common = TCP_INFO_LAYOUT.filter(({ name }) => !newer.has(name));
  const lines = await cc(
    "struct tcp_info t;\n" +
      common.map(({ name }) =>
        `printf("${name} %zu %zu\\n", offsetof(struct tcp_info, ${cName(name)}), sizeof t.${
          cName(name)
        });`
      ).join("\n"),
  );
  assertEquals(common.map(({ name, offset, size }) => `${name} ${offset} ${size}`), lines);
  for (const [name, offset] of newer) {
    assertEquals(TCP_INFO_LAYOUT.find((field) => field.name === name)?.offset, offset, name);
  }
});

Deno.test("the word on Accurate ECN is read as the kernel that runs lays it out", () => {
  const from = new DataView(new ArrayBuffer(280));
  // tcpi_ecn_mode:2 = 2, tcpi_accecn_opt_seen:2 = 1, tcpi_accecn_fail_mode:4 = 9, tcpi_options2:24 = 5
  from.setUint32(276, 2 | 1 << 2 | 9 << 4 | 5 << 8, true);
  const expected = { ecnMode: "accecn", accecnOptSeen: 1, accecnFailMode: 9 } as const;
  assertEquals(accurateEcn(from, [7, 0]), expected);
  assertEquals(accurateEcn(from, [8, 3]), expected);

  from.setUint16(276, 9, true); // tcpi_accecn_fail_mode
  from.setUint16(278, 1, true); // tcpi_accecn_opt_seen
  for (const minor of [18, 19]) {
    assertEquals(accurateEcn(from, [6, minor]), { accecnOptSeen: 1, accecnFailMode: 9 });
  }
  // an emulation of an older kernel, and one that does not tell what it is
  assertEquals(accurateEcn(from, [4, 4]), {});
  assertEquals(accurateEcn(from, [0, 0]), {});
  assertEquals(accurateEcn(new DataView(new ArrayBuffer(276)), [7, 0]), {});
});

const KEY = new Uint8Array([1, 2, 3]);
const udp = (hostname: string, port: number): Deno.NetAddr => ({
  transport: "udp",
  hostname,
  port,
});

/** Each structure: its C, which fills a variable `v`, and the same value for the codec. */
const STRUCTURES: [name: string, c: string, codec: Codec<unknown>, value: unknown][] = [
  ["linger", "struct { int l_onoff; int l_linger; } v = {1, 7};", structs.linger, 7],
  ["timeval", "struct { long s; long us; } v = {2, 345000};", structs.timeval, 2345],
  ["ucred", "unsigned v[] = {5, 6, 7};", structs.ucred, { pid: 5, uid: 6, gid: 7 }],
  [
    "tcp_repair_window",
    "struct tcp_repair_window v = {.snd_wl1=1, .snd_wnd=2, .max_window=3, .rcv_wnd=4, .rcv_wup=5};",
    structs.repairWindow,
    { sndWl1: 1, sndWnd: 2, maxWindow: 3, rcvWnd: 4, rcvWup: 5 },
  ],
  [
    "tcp_repair_opt",
    "struct tcp_repair_opt v[] = {{2, 1460}, {4, 0}};",
    structs.repairOptions,
    [{ code: 2, value: 1460 }, { code: 4, value: 0 }],
  ],
  [
    "sock_txtime",
    "struct sock_txtime v = {.clockid=11, .flags=SOF_TXTIME_DEADLINE_MODE|SOF_TXTIME_REPORT_ERRORS};",
    structs.txTime,
    { clock: "tai", deadline: true, reportErrors: true },
  ],
  [
    "so_timestamping",
    "struct so_timestamping v = {.flags=SOF_TIMESTAMPING_RX_SOFTWARE|SOF_TIMESTAMPING_SOFTWARE|" +
    "SOF_TIMESTAMPING_BIND_PHC, .bind_phc=3};",
    structs.timestamping,
    { flags: ["rxSoftware", "software", "bindPhc"], phc: 3 },
  ],
  [
    "tcp_md5sig",
    "struct tcp_md5sig v; memset(&v, 0, sizeof v);\n" +
    "struct sockaddr_in *a = (void *)&v.tcpm_addr; a->sin_family = 2; a->sin_port = 0x3412;\n" +
    "a->sin_addr.s_addr = 0x0100007f; v.tcpm_flags = 3; v.tcpm_prefixlen = 24;\n" +
    "v.tcpm_ifindex = 9; v.tcpm_keylen = 3; memcpy(v.tcpm_key, (char[]){1, 2, 3}, 3);",
    structs.md5Signature,
    { addr: udp("127.0.0.1", 0x1234), key: KEY, prefixLength: 24, ifindex: 9 },
  ],
  ["in_addr", "struct in_addr v = {0x04030201};", ipStructs.inAddr, "1.2.3.4"],
  [
    "ip_mreqn",
    "struct ip_mreqn v = {{0x040302e0}, {0x0100007f}, 5};",
    ipStructs.membership,
    { multiaddr: "224.2.3.4", address: "127.0.0.1", ifindex: 5 },
  ],
  [
    "ip_mreq_source",
    "struct ip_mreq_source v = {.imr_multiaddr=0x040302e0, .imr_interface=0x0100007f," +
    ".imr_sourceaddr=0x0900007f};",
    ipStructs.sourceMembership,
    { multiaddr: "224.2.3.4", interface: "127.0.0.1", sourceaddr: "127.0.0.9" },
  ],
  [
    "ip_msfilter",
    "struct { struct ip_msfilter f; __be32 more; } v;\n" +
    "memset(&v, 0, sizeof v); v.f.imsf_multiaddr=0x040302e0; v.f.imsf_interface=0x0100007f;\n" +
    "v.f.imsf_fmode=MCAST_INCLUDE; v.f.imsf_numsrc=2;\n" +
    "memcpy((char *)&v + 16, (int[]){0x0200007f, 0x0300007f}, 8);",
    ipStructs.sourceFilter,
    {
      multiaddr: "224.2.3.4",
      interface: "127.0.0.1",
      mode: "include",
      sources: ["127.0.0.2", "127.0.0.3"],
    },
  ],
  [
    "ipv6_mreq",
    "struct ipv6_mreq v; memset(&v, 0, sizeof v); v.ipv6mr_ifindex = 4;\n" +
    "memcpy(&v.ipv6mr_multiaddr, (unsigned char[]){255, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}, 16);",
    ipStructs.ipv6Membership,
    { multiaddr: "ff02::9", ifindex: 4 },
  ],
  [
    "in6_pktinfo",
    "struct in6_pktinfo v; memset(&v, 0, sizeof v); v.ipi6_ifindex = 4;\n" +
    "((unsigned char *)&v.ipi6_addr)[15] = 1;",
    ipStructs.ipv6PacketInfo,
    { addr: "::1", ifindex: 4 },
  ],
  [
    "group_req",
    "struct group_req v; memset(&v, 0, sizeof v); v.gr_interface = 3;\n" +
    "struct sockaddr_in *a = (void *)&v.gr_group; a->sin_family = 2; a->sin_addr.s_addr = 0x040302e0;",
    ipStructs.groupRequest,
    { interface: 3, group: udp("224.2.3.4", 0) },
  ],
  [
    "group_source_req",
    "struct group_source_req v; memset(&v, 0, sizeof v); v.gsr_interface = 3;\n" +
    "struct sockaddr_in6 *a = (void *)&v.gsr_group, *b = (void *)&v.gsr_source;\n" +
    "a->sin6_family = b->sin6_family = 10; a->sin6_addr.s6_addr[0] = 255; a->sin6_addr.s6_addr[15] = 1;\n" +
    "b->sin6_port = 0x0100; b->sin6_addr.s6_addr[15] = 1;",
    ipStructs.groupSourceRequest,
    { interface: 3, group: udp("ff00::1", 0), source: udp("::1", 1) },
  ],
  [
    "group_filter",
    "struct group_filter v; memset(&v, 0, sizeof v); v.gf_interface = 3;\n" +
    "struct sockaddr_in *a = (void *)&v.gf_group; a->sin_family = 2; a->sin_addr.s_addr = 0x040302e0;\n" +
    "struct sockaddr_in *b = (void *)&v.gf_slist[0]; b->sin_family = 2; b->sin_addr.s_addr = 0x0100007f;\n" +
    "v.gf_fmode = MCAST_INCLUDE; v.gf_numsrc = 1;",
    ipStructs.groupFilter,
    {
      interface: 3,
      group: udp("224.2.3.4", 0),
      mode: "include",
      sources: [udp("127.0.0.1", 0)],
    },
  ],
  [
    "in6_flowlabel_req",
    "struct in6_flowlabel_req v; memset(&v, 0, sizeof v); ((unsigned char *)&v.flr_dst)[15] = 1;\n" +
    "v.flr_label = 0x45230100; v.flr_action = IPV6_FL_A_RENEW; v.flr_share = IPV6_FL_S_USER;\n" +
    "v.flr_flags = IPV6_FL_F_CREATE | IPV6_FL_F_EXCL; v.flr_expires = 500; v.flr_linger = 600;",
    ipStructs.flowLabelRequest,
    {
      dst: "::1",
      label: 0x12345,
      action: "renew",
      share: "user",
      flags: ["create", "excl"],
      expires: 500,
      linger: 600,
    },
  ],
];

/** `a` is the address of a structure `v` of TCP-AO: 127.0.0.0/8. */
const AO_ADDR = "memset(&v, 0, sizeof v); struct sockaddr_in *a = (void *)&v.addr;\n" +
  "a->sin_family = 2; a->sin_addr.s_addr = 0x0000007f; v.prefix = 8; v.sndid = 100; v.rcvid = 101;\n";
const AO_ID = {
  addr: { transport: "tcp", hostname: "127.0.0.0", port: 0 },
  prefixLength: 8,
  sndid: 100,
  rcvid: 101,
} as const;

/** The structures of TCP-AO, in the same way, and last what the headers of Linux 7.2 make of the C. */
const AO_STRUCTURES: [string, string, Pick<Codec<unknown>, "size" | "encode">, unknown, string][] =
  [
    [
      "tcp_ao_add",
      `struct tcp_ao_add v; ${AO_ADDR} strcpy(v.alg_name, "hmac(sha1)"); v.ifindex = 9;\n` +
      "v.set_current = 1; v.maclen = 16; v.keylen = 3; memcpy(v.key, (char[]){1, 2, 3}, 3);\n" +
      "v.keyflags = TCP_AO_KEYF_IFINDEX | TCP_AO_KEYF_EXCLUDE_OPT;",
      tcpAo.tcpAoAdd,
      {
        ...AO_ID,
        algorithm: "hmac(sha1)",
        key: KEY,
        maclen: 16,
        ifindex: 9,
        excludeOptions: true,
        current: true,
      },
      "0:02 4:7f 128:686d6163287368613129 192:09 196:01 202:086465100303010203 288",
    ],
    [
      "tcp_ao_del",
      `struct tcp_ao_del v; ${AO_ADDR} v.set_rnext = 1; v.rnext = 7; v.del_async = 1;`,
      tcpAo.tcpAoDelete,
      { ...AO_ID, rnext: 7, async: true },
      "0:02 4:7f 132:06 138:086465 142:07 144",
    ],
    [
      "tcp_ao_info_opt",
      "struct tcp_ao_info_opt v; memset(&v, 0, sizeof v); v.set_current = v.set_counters = 1;\n" +
      "v.ao_required = v.accept_icmps = 1; v.current_key = 5; v.pkt_good = 1; v.pkt_bad = 2;\n" +
      "v.pkt_key_not_found = 3; v.pkt_ao_required = 4; v.pkt_dropped_icmp = 5;",
      tcpAo.tcpAoInfo,
      {
        currentKey: 5,
        required: true,
        acceptIcmps: true,
        counters: { good: 1n, bad: 2n, keyNotFound: 3n, required: 4n, droppedIcmp: 5n },
      },
      "0:1d 6:05 8:01 16:02 24:03 32:04 40:05 48",
    ],
    [
      "tcp_ao_repair",
      "struct tcp_ao_repair v = {.snt_isn=0x04030201, .rcv_isn=0x08070605, .snd_sne=9, .rcv_sne=10};",
      tcpAo.tcpAoRepair,
      { sntIsn: 0x01020304, rcvIsn: 0x05060708, sndSne: 9, rcvSne: 10 },
      "0:010203040506070809 12:0a 16",
    ],
    [
      "tcp_ao_getsockopt",
      `struct tcp_ao_getsockopt v; ${AO_ADDR} v.nkeys = 256; v.ifindex = 9;\n` +
      "v.keyflags = TCP_AO_KEYF_IFINDEX;",
      tcpAo.tcpAoKeysQuestion,
      { ...AO_ID, ifindex: 9 },
      "0:02 4:7f 273:01 278:646508 282:01 284:09 304",
    ],
    [
      "tcp_ao_getsockopt",
      "struct tcp_ao_getsockopt v; memset(&v, 0, sizeof v); v.nkeys = 256; v.get_all = 1;",
      tcpAo.tcpAoKeysQuestion,
      "all",
      "273:01 276:04 304",
    ],
  ];

/** Two keys, as getsockopt(2) answers. */
const AO_KEYS_C =
  `struct tcp_ao_getsockopt both[2]; memset(both, 0, sizeof both); for (int i = 0; i < 2; i++) {\n` +
  `struct tcp_ao_getsockopt v; ${AO_ADDR} strcpy(v.alg_name, "cmac(aes)"); v.is_rnext = i;\n` +
  "v.keylen = 3; memcpy(v.key, (char[]){1, 2, 3}, 3); v.maclen = 12; v.pkt_good = 6; v.pkt_bad = 7;\n" +
  'v.rcvid += i; both[i] = v; }\nboth[0].nkeys = 2; hex("both", both, sizeof both);';
const AO_KEYS_BYTES =
  "0:02 4:7f 128:636d61632861657329 192:010203 272:02 278:6465080c 283:03 288:06 296:07 " +
  "304:02 308:7f 432:636d61632861657329 496:010203 580:02 582:6466080c 587:03 592:06 600:07 608";
const AO_KEY = {
  ...AO_ID,
  algorithm: "cmac(aes)",
  key: KEY,
  maclen: 12,
  excludeOptions: false,
  current: false,
  rnext: false,
  good: 6n,
  bad: 7n,
};

/** Hexadecimal digits as the bytes that are not 0, each run of them after its offset, and in the end the size. */
function sparse(hex: string): string {
  const runs = [...hex.matchAll(/(?:(?<=^(?:..)*)(?!00)..)+/g)];
  return [...runs.map(({ 0: run, index }) => `${index / 2}:${run}`), hex.length / 2].join(" ");
}

/** The bytes that {@linkcode sparse} tells. */
function dense(text: string): Uint8Array<ArrayBuffer> {
  const runs = text.split(" ");
  const bytes = new Uint8Array(Number(runs.pop()));
  for (const run of runs) {
    const [offset, hex] = run.split(":");
    bytes.set(hex!.match(/../g)!.map((byte) => parseInt(byte, 16)), Number(offset));
  }
  return bytes;
}

testWith("cc", "TCP-AO's structures are laid out as in the kernel's headers", async () => {
  const all = AO_STRUCTURES.map(([name, c]) => `{ ${c}\nhex("${name}", &v, sizeof v); }`);
  // headers before Linux 6.7 do not have them: then it is what newer ones have made of the C
  const lines = await cc(
    ["#ifdef TCP_AO_ADD_KEY", ...all, AO_KEYS_C, "#endif"].join("\n"),
    ["linux/socket.h", "linux/tcp.h", "linux/in.h"],
  );
  const fromHeaders = lines.filter((line) => line !== "").map((line) => {
    const [name, hex] = line.split(" ");
    return `${name} ${sparse(hex!)}`;
  });
  const recorded = AO_STRUCTURES.map(([name, , , , bytes]) => `${name} ${bytes}`);
  if (fromHeaders.length > 0) assertEquals(fromHeaders, [...recorded, `both ${AO_KEYS_BYTES}`]);

  for (const [name, , codec, value, bytes] of AO_STRUCTURES) {
    const into = new DataView(new ArrayBuffer(codec.size));
    const size = codec.encode(value, into);
    assertEquals(new Uint8Array(into.buffer, 0, size), dense(bytes), name);
  }
  const bytes = dense(AO_KEYS_BYTES);
  assertEquals(tcpAo.tcpAoKeys.decode(new DataView(bytes.buffer)), [
    AO_KEY,
    { ...AO_KEY, rcvid: 102, rnext: true },
  ]);
});

testWith("cc", "MPTCP_INFO is laid out as in the kernel's headers", async () => {
  const cName = (name: string): string =>
    `mptcpi_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
  // what came after Linux 6.1
  const newer = new Map([
    ["retransmits", 44],
    ["bytesRetrans", 48],
    ["bytesSent", 56],
    ["bytesReceived", 64],
    ["bytesAcked", 72],
    ["subflowsTotal", 80],
    ["endpLaminarMax", 81],
    ["endpFullmeshMax", 82],
    ["lastDataSent", 84],
    ["lastDataRecv", 88],
    ["lastAckRecv", 92],
  ]);
  const common = MPTCP_INFO_LAYOUT.filter(({ name }) => !newer.has(name));
  const lines = await cc(
    "struct mptcp_info t;\n" +
      common.map(({ name }) =>
        `printf("${name} %zu %zu\\n", offsetof(struct mptcp_info, ${cName(name)}), sizeof t.${
          cName(name)
        });`
      ).join("\n"),
    ["linux/mptcp.h"],
  );
  assertEquals(common.map(({ name, offset, size }) => `${name} ${offset} ${size}`), lines);
  for (const [name, offset] of newer) {
    assertEquals(MPTCP_INFO_LAYOUT.find((field) => field.name === name)?.offset, offset, name);
  }
});

testWith("cc", "every structure is laid out as in the kernel's headers, both ways", async () => {
  const lines = await cc(
    STRUCTURES.map(([name, c]) => `{ ${c}\nhex("${name}", &v, sizeof v); }`).join("\n"),
  );
  STRUCTURES.forEach(([name, , codec, value], i) => {
    const into = new DataView(new ArrayBuffer(codec.size));
    const size = codec.encode(value, into);
    const bytes = new Uint8Array(into.buffer, 0, size);
    // Uint8Array to hex
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    assertEquals(`${name} ${hex}`, lines[i]);
    const decoded = decode(codec, bytes);
    if (decoded !== undefined) assertEquals(decoded, value);
  });
});

/** What a codec makes of the bytes; `undefined` of a structure that can only be written. */
function decode(codec: Codec<unknown>, bytes: Uint8Array): unknown {
  try {
    return codec.decode(new DataView(bytes.buffer, 0, bytes.length));
  } catch (error) {
    assertMatch((error as Error).message, /can only be written/);
    return undefined;
  }
}

testWith("cc", "BBR's congestion information is laid out as in the kernel's headers", async () => {
  const [line] = await cc(
    "struct tcp_bbr_info v = {.bbr_bw_lo=1, .bbr_bw_hi=2, .bbr_min_rtt=3, .bbr_pacing_gain=4," +
      '.bbr_cwnd_gain=5}; hex("bbr", &v, sizeof v);',
  );
  const bytes = Uint8Array.from(line!.split(" ")[1]!.match(/../g)!, (hex) => parseInt(hex, 16));
  assertEquals(structs.congestionInfo.decode(new DataView(bytes.buffer)), {
    kind: "bbr",
    bandwidth: 2n ** 33n + 1n,
    minRtt: 3,
    pacingGain: 4,
    cwndGain: 5,
  });
});

testWith(
  ["Linux", "cc"],
  "what epoll and netlink are told is laid out as in the headers",
  async () => {
    const lines = await cc(
      `struct epoll_event e; memset(&e, 0, sizeof e); e.events = 0x8000201d; e.data.u64 = 0x555d394c3700;
    hex("event", &e, sizeof e);
    struct { struct nlmsghdr h; struct inet_diag_req_v2 r; } q; memset(&q, 0, sizeof q);
    q.h.nlmsg_len = sizeof q; q.h.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    q.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    q.r.sdiag_family = AF_INET6; q.r.sdiag_protocol = IPPROTO_TCP; q.r.idiag_states = 1 << TCP_LISTEN;
    q.r.id.idiag_sport = htons(8888);
    hex("request", &q, sizeof q);`,
      [
        ...["sys/epoll.h", "sys/socket.h", "netinet/in.h", "netinet/tcp.h", "arpa/inet.h"],
        ...["linux/netlink.h", "linux/sock_diag.h", "linux/inet_diag.h"],
      ],
    );
    const addr: Deno.NetAddr = { transport: "tcp", hostname: "::1", port: 8888 };
    assertEquals(lines, [
      `event ${epollEvent(0x8000201d, 0x555d394c3700n).toHex()}`,
      `request ${requestFor(addr).toHex()}`,
    ]);
  },
);
