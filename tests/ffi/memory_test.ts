/** What C may write is never longer than the memory that it is given. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertObjectMatch,
  assertThrows,
} from "@std/assert";
import fc from "../fast_check.ts";
import { libc } from "../../ffi/libc.ts";
import { OPTION_TABLE } from "../../ffi/option_table.ts";
import { socketName } from "../../ffi/sockaddr.ts";
import { OptionBytes, readOption, tryReadOption, writeOption } from "../../ffi/socket.ts";
import {
  codecs,
  defineOption,
  getOption,
  IP_MSFILTER,
  MCAST_MSFILTER,
  type ReadableOption,
  setOption,
  SO_DOMAIN,
  SO_KEEPALIVE,
  SO_PEERGROUPS,
  SocketError,
  socketFd,
  type SocketOption,
  TCP_AO_GET_KEYS,
  TCP_AO_INFO,
  TCP_INFO,
  type WritableOption,
} from "../../mod.ts";
import { output, ROOT, run, testWith, withProgram } from "../helpers.ts";

/** How a kernel answers getsockopt(2): the length that it says, or the errno with which it refuses. */
interface Answer {
  code: number;
  length: number;
}

/** Puts something of one's own in the place of calls of libc, as long as a function takes. */
function instead<T>(calls: Record<string, unknown>, fn: () => T): T {
  const c = libc() as unknown as Record<string, unknown>;
  const before = Object.keys(calls).map((name) => [name, c[name]] as const);
  for (const [name, value] of Object.entries(calls)) Object.defineProperty(c, name, { value });
  try {
    return fn();
  } finally {
    for (const [name, value] of before) Object.defineProperty(c, name, { value });
  }
}

/** The calls on options, which check what they are told, and answer as they are asked to. */
function witnessed(answer: Answer): Record<string, unknown> {
  return {
    getsockopt(_: number, __: number, ___: number, value: Uint8Array, length: Uint8Array): number {
      const told = new Uint32Array(length.buffer, length.byteOffset, 1);
      // one option counts in instructions of 8 bytes
      assert(8 * told[0]! <= value.byteLength, `told ${told[0]} of ${value.byteLength} bytes`);
      told[0] = answer.length;
      return answer.code;
    },
    setsockopt(_: number, __: number, ___: number, value: Uint8Array, size: number): number {
      assert(size <= value.byteLength, `told ${size} of ${value.byteLength} bytes`);
      return answer.code;
    },
  };
}

/** Whatever the arguments are, no more than these come out. */
function allowed(fn: () => unknown): void {
  try {
    fn();
  } catch (error) {
    const isAllowed = error instanceof SocketError || error instanceof TypeError ||
      error instanceof RangeError;
    if (!isAllowed || /told \d+ of/.test(error.message)) throw error;
  }
}

const length = fc.oneof(fc.nat(300), fc.nat(100_000), fc.nat(2 ** 20));
const size = fc.oneof(
  { weight: 8, arbitrary: length },
  fc.constantFrom(-1, NaN, 1.5, 2 ** 31, 2 ** 32, 2 ** 32 + 8, Infinity, 2 ** 40),
);
const answer = fc.record({ code: fc.constantFrom(0, -1), length });

Deno.test("C is told no more than the memory has, for codecs of any size", () => {
  fc.assert(
    fc.property(size, fc.option(fc.array(size)), size, answer, (size, sizes, written, answer) => {
      const option: SocketOption<number> = {
        name: "SO_OF_ANY_SIZE",
        level: 1,
        optname: 9,
        access: "read-write",
        codec: {
          size,
          ...(sizes === null ? {} : { exactSizes: sizes }),
          encode: () => written,
          decode: (from) => from.byteLength,
        },
      };
      instead(witnessed(answer), () => {
        allowed(() => readOption(1, option));
        allowed(() => tryReadOption(1, option));
        allowed(() => writeOption(1, option, 0));
        allowed(() => OptionBytes.of(1, option).isOn(1));
        allowed(() => OptionBytes.from(option, 0).setOn(1));
      });
    }),
    { numRuns: 500 },
  );
});

Deno.test("C is told no more than the memory has, for every option of the table", () => {
  fc.assert(
    fc.property(fc.constantFrom(...OPTION_TABLE), answer, (option, answer) => {
      instead(witnessed(answer), () => {
        if (option.access === "write-only") return;
        const value = tryReadOption(1, option as ReadableOption<unknown>);
        allowed(() => OptionBytes.of(1, option as ReadableOption<unknown>).isOn(1));
        if (option.access === "read-only" || value === undefined) return;
        allowed(() => writeOption(1, option as WritableOption<unknown>, value));
      });
    }),
    { numRuns: 3000 },
  );
});

Deno.test("C is told no more than the memory has, for options that are read of something", () => {
  const group = {
    interface: 1,
    group: { transport: "udp", hostname: "239.1.2.3", port: 0 },
  } as const;
  fc.assert(
    fc.property(answer, (answer) => {
      instead(witnessed(answer), () => {
        allowed(() => getOption(1, IP_MSFILTER, { multiaddr: "239.1.2.3", interface: "0.0.0.0" }));
        allowed(() => getOption(1, MCAST_MSFILTER, group));
        allowed(() => getOption(1, TCP_AO_GET_KEYS, "all"));
      });
    }),
  );
});

Deno.test("C is given no bytes of an earlier value to read", () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const fd = socketFd(listener);
  getOption(fd, TCP_INFO);
  const before: Uint8Array[] = [];
  const getsockopt = (_: number, __: number, ___: number, value: Uint8Array): number => {
    before.push(value.slice(0, TCP_AO_INFO.codec.size));
    return 0;
  };
  instead({ getsockopt }, () => getOption(fd, TCP_AO_INFO));
  assertEquals(before, [new Uint8Array(TCP_AO_INFO.codec.size)]);
});

Deno.test("a value that is cut short is an error that says so, and undefined where one may try", () => {
  for (const option of OPTION_TABLE) {
    if (option.access === "write-only") continue;
    for (let length = 0; length < option.codec.size && length < 300; length++) {
      instead(witnessed({ code: 0, length }), () => {
        try {
          readOption(1, option as ReadableOption<unknown>);
        } catch (error) {
          assert(error instanceof SocketError, `${option.name}, ${length} bytes: ${error}`);
          assertEquals(error.code, "EBADMSG");
          assertMatch(error.message, new RegExp(`the kernel returned ${length} bytes`));
        }
        tryReadOption(1, option as ReadableOption<unknown>); // throws nothing
      });
    }
  }
});

Deno.test("TCP_INFO has the fields that the kernel returns, and the others are undefined", () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const full = getOption(listener, TCP_INFO);
  const fd = socketFd(listener);
  const { getsockopt } = libc();
  const cutTo = (most: number): typeof full =>
    instead({
      getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array) {
        const told = new Uint32Array(length.buffer, length.byteOffset, 1);
        told[0] = Math.min(told[0]!, most);
        return getsockopt(fd, level, name, value as BufferSource, length as BufferSource);
      },
    }, () => getOption(fd, TCP_INFO));
  const old = cutTo(104);
  assertEquals(old.sacked, full.sacked);
  assertEquals(old.totalRetrans, full.totalRetrans);
  assertEquals(old.pacingRate, undefined);
  assertEquals(cutTo(107).pacingRate, undefined);
  assertEquals(cutTo(112).pacingRate, full.pacingRate);
  assertObjectMatch(assertThrows(() => cutTo(4), SocketError), {
    code: "EBADMSG",
    option: "TCP_INFO",
  });
});

Deno.test("a codec that writes more than its size is refused, and one that is too large", () => {
  const option = (size: number, written: number): SocketOption<boolean, "write-only"> =>
    defineOption({
      name: "SO_FAULTY",
      level: "SOL_SOCKET",
      optname: 9,
      codec: { ...codecs.bool, size, encode: () => written },
      access: "write-only",
    });
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const written of [5, 4097, 2 ** 32, -1, NaN, 0.5]) {
    assertMatch(
      assertThrows(() => setOption(listener, option(4, written), true), RangeError).message,
      /^SO_FAULTY: .*codec/,
    );
  }
  for (const size of [-1, NaN, 0.5, 2 ** 24 + 1, Infinity]) {
    assertMatch(assertThrows(() => option(size, 4), RangeError).message, /size/);
  }
  assertEquals(getOption(listener, SO_KEEPALIVE), false);
});

Deno.test("an address that is longer than the memory is cut, as macOS allows", () => {
  const path = `/${"x".repeat(250)}`;
  const name = new TextEncoder().encode(path);
  const getsockname = (_: number, value: Uint8Array, length: Uint8Array): number => {
    const told = new Uint32Array(length.buffer, length.byteOffset, 1);
    assert(told[0]! <= value.byteLength);
    value[0] = Deno.build.os === "darwin" ? told[0]! : 1; // AF_UNIX
    value[1] = Deno.build.os === "darwin" ? 1 : 0;
    value.set(name.subarray(0, told[0]! - 2), 2);
    told[0] = name.length + 2;
    return 0;
  };
  const addr = instead({ getsockname }, () => socketName(1, "getsockname", "unix"));
  assert(addr !== undefined && "path" in addr && path.startsWith(addr.path!));
});

/** Listens at a path as a process with so many groups, and prints one line when it does. */
const OF_MANY_GROUPS = `
import os, socket, sys
os.setgroups(range(1, int(sys.argv[2]) + 1))
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
print("ready", flush=True)
sys.stdin.read()
`;

/** A Unix socket whose peer has so many groups. */
async function withGroups(count: number, fn: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/socket`;
  const process = new Deno.Command("python3", {
    args: ["-c", OF_MANY_GROUPS, path, `${count}`],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  try {
    assertMatch(new TextDecoder().decode((await reader.read()).value), /^ready/);
    await fn(path);
  } finally {
    reader.releaseLock();
    await process.stdin.close();
    await process.stdout.cancel();
    await process.status;
    await Deno.remove(folder, { recursive: true });
  }
}

testWith(["root", "python3"], "SO_PEERGROUPS tells 20,000 groups", async () => {
  for (const count of [0, 1, 1024, 1025, 2000, 3000, 20_000]) {
    await withGroups(count, async (path) => {
      using conn = await Deno.connect({ transport: "unix", path });
      const groups = getOption(conn, SO_PEERGROUPS);
      assertEquals(groups, Array.from({ length: count }, (_, i) => i + 1));
      assertEquals(getOption(conn, SO_DOMAIN), "unix");
    });
  }
});

testWith(["root", "python3"], "an option of 80,000 bytes of one's own does no harm", async () => {
  const program = `
    import { codecs, defineOption, getOption, socketFd } from "${ROOT}mod.ts";
    const option = defineOption({
      name: "SO_PEERGROUPS", level: "SOL_SOCKET", optname: 59, access: "read-only",
      codec: codecs.bytes(80_000),
    });
    using conn = await Deno.connect({ transport: "unix", path: Deno.args[0] });
    const garbage = [];
    let sum = 0;
    for (let i = 0; i < 200; i++) {
      garbage.push(new Uint8Array(4096).fill(7));
      sum += getOption(conn, option).length;
    }
    const isWhole = garbage.every((bytes) => bytes.every((byte) => byte === 7));
    console.log(sum, isWhole);
  `;
  await withGroups(20_000, (path) =>
    withProgram(program, async (file) => {
      const { code, stdout, stderr } = await run(Deno.execPath(), [
        "run",
        "--allow-all",
        "--no-check",
        file,
        path,
      ]);
      assertEquals(code, 0, stderr);
      assertEquals(stdout.trim(), "16000000 true");
    }));
});

Deno.test("SO_GET_FILTER, which counts in instructions of 8 bytes, does no harm", async () => {
  const program = `
    import { codecs, defineOption, getOption, setOption, SO_ATTACH_FILTER } from "${ROOT}mod.ts";
    const SO_GET_FILTER = defineOption({
      name: "SO_GET_FILTER", level: "SOL_SOCKET", optname: 26, access: "read-only",
      codec: codecs.bytes(4096),
    });
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    setOption(socket, SO_ATTACH_FILTER, new Array(4096).fill({ code: 0x06, k: 0xffff }));
    const garbage = [];
    let sum = 0;
    for (let i = 0; i < 200; i++) {
      garbage.push(new Uint8Array(4096).fill(7));
      sum += getOption(socket, SO_GET_FILTER).length;
    }
    const isWhole = garbage.every((bytes) => bytes.every((byte) => byte === 7));
    console.log(sum, isWhole);
  `;
  await withProgram(program, async (file) => {
    const args = ["run", "--allow-net", "--allow-ffi", "--unstable-net", "--no-check", file];
    const { code, stdout, stderr } = await run(Deno.execPath(), args);
    assertEquals(code, 0, stderr);
    assertEquals(stdout.trim(), "819200 true");
  });
});

testWith("python3", "every errno has its name", async () => {
  const names = await output(
    "python3",
    "-c",
    "import errno; print(' '.join(f'{n}:{s}' for n, s in errno.errorcode.items()))",
  );
  const same: Record<string, string> = { EDEADLOCK: "EDEADLK", ENOTSUP: "EOPNOTSUPP" };
  for (const entry of names.trim().split(" ")) {
    const [number, name] = entry.split(":");
    const { code, message } = new SocketError("getsockopt", Number(number));
    assertEquals(code, same[name!] ?? name);
    assertNotMatch(message, /error number/);
  }
});
