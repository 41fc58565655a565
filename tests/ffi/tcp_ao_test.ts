/** TCP-AO, which the kernels of the tests are built without: strace plays the kernel. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { tcpAoAdd, type TcpAoKey } from "../../ffi/tcp_ao.ts";
import { getOption, SocketError, TCP_AO_INFO } from "../../mod.ts";
import { bytes as text, ROOT, run, Strace, testWith, withProgram } from "../helpers.ts";

const KEY: TcpAoKey = {
  addr: { transport: "tcp", hostname: "127.0.0.1", port: 0 },
  algorithm: "hmac(sha1)",
  key: text("secret"),
  sndid: 1,
  rcvid: 2,
};

function encoded(value: unknown): DataView {
  const into = new DataView(new ArrayBuffer(tcpAoAdd.size));
  tcpAoAdd.encode(value as TcpAoKey, into);
  return into;
}

Deno.test("a key of TCP-AO counts for the whole address, where it is not said otherwise", () => {
  const prefix = (hostname: string, prefixLength?: number): number =>
    encoded({ ...KEY, addr: { ...KEY.addr, hostname, port: 80 }, prefixLength }).getUint8(202);
  assertEquals(prefix("127.0.0.1"), 32);
  assertEquals(prefix("127.0.0.0", 8), 8);
  assertEquals(prefix("0.0.0.0"), 0);
  assertEquals(prefix("::1"), 128);
  assertEquals(prefix("::"), 0);
  assertEquals(prefix("::ffff:127.0.0.1"), 32);
});

Deno.test("the port of a key's peer counts for nothing", () => {
  assertEquals(encoded({ ...KEY, addr: { ...KEY.addr, port: 80 } }).getUint16(2), 0);
});

Deno.test("a wrong key of TCP-AO is refused, by its field and what is allowed", () => {
  const wrong: [object, RegExp][] = [
    [{ sndid: 256 }, /expected sndid to be a whole number from 0 to 255, got 256/],
    [{ rcvid: "2" }, /expected rcvid to be a whole number, got "2"/],
    [{ key: new Uint8Array(81) }, /expected at most 80 bytes, got 81/],
    [{ algorithm: 5 }, /expected a string, got 5/],
    [{ current: 1 }, /expected current to be true or false, got 1/],
    [{ prefixLength: 129 }, /expected prefixLength to be a whole number from 0 to 128/],
    [{ secret: "x" }, /there is no secret/],
    [{ addr: { hostname: "localhost", port: 0 } }, /expected addr to be an IPv4 address/],
  ];
  for (const [field, message] of wrong) {
    const error = assertThrows(() => encoded({ ...KEY, ...field }));
    assert(error instanceof TypeError || error instanceof RangeError);
    assertMatch(error.message, message);
  }
});

Deno.test("a kernel without TCP-AO says so", () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const error = assertThrows(() => getOption(listener, TCP_AO_INFO), SocketError);
  // ENOENT: it has TCP-AO, and the socket has no key
  assertMatch(error.code, /^(ENOPROTOOPT|ENOENT)$/);
});

/** What a program with a socket `fd` prints, and the calls that strace saw, where it answers getsockopt(2) with memory. */
async function answered(program: string, memory: string): Promise<[string, string[]]> {
  using strace = new Strace("getsockopt", [
    `--inject=getsockopt:retval=0:poke_exit=@arg4=${memory}`,
  ]);
  let printed = "";
  await withProgram(
    `import { getOption, TCP_AO_GET_KEYS } from "${ROOT}mod.ts";
const { symbols: libc } = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
});
const fd = libc.socket(2, 1, 0);
${program}`,
    async (file) => {
      const [command, ...args] = strace.command;
      const { stdout, stderr, code } = await run(command!, [
        ...args,
        Deno.execPath(),
        "run",
        "--allow-ffi",
        file,
      ]);
      assertEquals(code, 0, stderr);
      printed = stdout;
    },
  );
  return [printed, await strace.lines()];
}

testWith(
  "strace",
  "TCP_AO_GET_KEYS is asked with the size of an entry, and reads all that come",
  async () => {
    const entry = (sndid: number): string =>
      "02000000" + "7f000001" + "00".repeat(264) + "02000000" + "0000" + // addr, …, nkeys, flags
      sndid.toString(16).padStart(2, "0") + "00" + "20" + "0c" + "00".repeat(22);
    const [printed, calls] = await answered(
      `for (const { sndid, addr } of getOption(fd, TCP_AO_GET_KEYS, "all")) console.log(sndid, addr.hostname);`,
      entry(7) + entry(8),
    );
    assertEquals(printed, "7 127.0.0.1\n8 127.0.0.1\n");
    const [call] = calls.filter((line) => line.startsWith("getsockopt"));
    assertMatch(call!, /\[304(?: => \d+)?\]\) = 0/);
  },
);
