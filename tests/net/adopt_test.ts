/** Listening sockets that Deno did not make: taken over, given back, handed from process to process. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { findRegistration } from "../../ffi/event_loop.ts";
import { libc } from "../../ffi/libc.ts";
import { newSocket } from "../../ffi/new_socket.ts";
import { openFds } from "../../ffi/open_fds.ts";
import { bindAndListen } from "../../ffi/rebind.ts";
import { socketName } from "../../ffi/sockaddr.ts";
import { duplicate, isNonBlocking } from "../../ffi/socket.ts";
import {
  echoOnce,
  getOption,
  IP_FREEBIND,
  listen,
  type ListenOptions,
  type Logger,
  MPTCP_INFO,
  OptionAssertionError,
  serve,
  SO_KEEPALIVE,
  SO_PROTOCOL,
  SocketError,
  socketFd,
  TCP_INFO,
  TCP_KEEPIDLE,
  TCP_NODELAY,
} from "../../mod.ts";
import {
  bytes,
  exchange,
  output,
  PERMISSIONS,
  python,
  ROOT,
  run,
  testInNamespace,
  testWith,
  withProgram,
} from "../helpers.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;

/** A socket that Deno knows nothing of. */
class Foreign {
  readonly fd: number;

  constructor(readonly hostname = "127.0.0.1", type = SOCK_STREAM) {
    this.fd = newSocket(hostname.includes(":") ? AF_INET6 : AF_INET, type);
  }

  /** One that listens. */
  static listening(hostname?: string): Foreign {
    const socket = new Foreign(hostname);
    bindAndListen(socket.fd, { transport: "tcp", hostname: socket.hostname, port: 0 }, 50);
    return socket;
  }

  get port(): number {
    return (socketName(this.fd, "getsockname", "tcp") as Deno.NetAddr).port;
  }

  [Symbol.dispose](): void {
    libc().close(this.fd);
  }
}

function isOpen(fd: number): boolean {
  return libc().fcntl(fd, 1) >= 0;
}

/** Accepts one connection and echoes what it sends first. */
async function echoNext(listener: Deno.Listener): Promise<void> {
  using conn = await listener.accept();
  const buffer = new Uint8Array(16);
  const n = await conn.read(buffer);
  await conn.write(buffer.subarray(0, n ?? 0));
}

testWith("Linux", "listen() takes over a socket that listens", async () => {
  for (const hostname of ["127.0.0.1", "::1", "::", "0.0.0.0"]) {
    const foreign = Foreign.listening(hostname);
    const { fd, port } = foreign;
    // connected before anybody accepts
    const early = await Deno.connect({
      hostname: hostname.includes(":") ? "::1" : "127.0.0.1",
      port,
    });
    using listener = listen({
      fd,
      settings: { noDelay: true, keepAlive: { idle: 77 } },
    });
    assertEquals(listener.addr, { transport: "tcp", hostname, port });
    assert(!isOpen(fd), "the descriptor is used up");
    assertEquals(await Promise.all([exchange(early, bytes("early")), echoNext(listener)]), [
      bytes("early"),
      undefined,
    ]);
    for (let i = 0; i < 20; i++) {
      const client = await Deno.connect({ hostname: early.remoteAddr.hostname, port });
      using conn = await listener.accept();
      assertEquals(getOption(conn, TCP_NODELAY), true);
      assertEquals(getOption(conn, TCP_KEEPIDLE), 77);
      client.close();
    }
    assertEquals(getOption(listener, SO_KEEPALIVE), true);
    // a pending accept ends with it
    const pending = listener.accept();
    listener.close();
    await pending.then(() => assert(false), (error) => assert(error instanceof Error));
    assertThrows(() => socketFd(listener), SocketError, "closed");
    await Deno.connect({ hostname: "127.0.0.1", port }).then(
      () => assert(false, "somebody still listens"),
      (error) => assert(error instanceof Deno.errors.ConnectionRefused),
    );
  }
});

testWith("Linux", "a socket that is taken over keeps its backlog, unless one is given", () => {
  const queue = (options: ListenOptions): number => {
    using listener = listen(options);
    return Number(getOption(listener, TCP_INFO).sacked);
  };
  assertEquals(queue({ fd: Foreign.listening().fd }), 50);
  assertEquals(queue({ fd: Foreign.listening().fd, backlog: 7 }), 7);
});

testWith("Linux", "what must be set before bind is compared", () => {
  const settings = { options: [[IP_FREEBIND, true]] } as const;
  const warnings: string[] = [];
  const logger: Logger = { ...console, warn: (message) => void warnings.push(message) };
  using _listener = listen({ fd: Foreign.listening().fd, settings, logger });
  assertEquals(warnings, [
    "IP_FREEBIND: expected true, got false (who makes the socket must set it before bind)",
  ]);
  const foreign = Foreign.listening();
  assertThrows(() => listen({ fd: foreign.fd, settings, strict: true }), OptionAssertionError);
});

testWith("Linux", "what cannot be taken over is told, and stays as it was", () => {
  using datagram = new Foreign("127.0.0.1", SOCK_DGRAM);
  using fresh = new Foreign();
  using own = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const before = [...openFds()];
  const cases: [fd: number, message: RegExp][] = [
    [datagram.fd, /^descriptor \d+ is a socket of inet, dgram, and not of TCP$/],
    [fresh.fd, /^descriptor \d+ does not listen$/],
    [0xffff, /descriptor 65535 is not open \(EBADF\)$/],
    [findRegistration(socketFd(own))!.epoll, /descriptor \d+ is no socket \(ENOTSOCK\)$/],
    [socketFd(own), /^descriptor \d+ is a socket of Deno's already$/],
  ];
  for (const [fd, message] of cases) {
    assertMatch(assertThrows(() => listen({ fd }), Error).message, message);
  }
  assertEquals(isNonBlocking(fresh.fd), false);
  assertEquals([...openFds()], before);
  for (const name of ["hostname", "port", "reusePort", "ipv6Only", "mptcp"] as const) {
    const value = { hostname: "127.0.0.1", port: 1, reusePort: true, ipv6Only: true, mptcp: true };
    assertThrows(
      () => listen({ fd: 3, [name]: value[name] }),
      TypeError,
      `listen(): fd goes without ${name}`,
    );
  }
});

testWith(
  "Linux",
  "a socket is taken over and given back 1,000 times, and nothing is left",
  async () => {
    using foreign = Foreign.listening();
    const { port } = foreign;
    const before = [...openFds()];
    for (let i = 0; i < 1000; i++) {
      using listener = listen({ fd: duplicate(foreign.fd) });
      const fd = socketFd(listener);
      const registration = findRegistration(fd);
      assert(registration !== undefined);
      const waiting = i % 2 === 0 ? echoNext(listener) : undefined;
      const client = await Deno.connect({ hostname: "127.0.0.1", port });
      const served = waiting ?? echoNext(listener);
      assertEquals(await exchange(client, bytes(`${i}`)), bytes(`${i}`));
      await served;
      const pending = i % 3 === 0 ? listener.accept().catch(() => {}) : undefined;
      listener.close();
      await pending;
      // as long as a copy is there, the kernel would keep the record of it
      assertEquals(findRegistration(foreign.fd), undefined);
    }
    assertEquals([...openFds()], before);
  },
);

testWith(
  "Linux",
  "serve() takes sockets over, with TLS too, and leaves them to whoever has them",
  async () => {
    const pem = (name: string): string => Deno.readTextFileSync(`${ROOT}tests/tls/${name}.pem`);
    using first = Foreign.listening();
    using second = Foreign.listening("::1");
    for (let round = 0; round < 3; round++) {
      const fd = [first, second].map((foreign) => duplicate(foreign.fd));
      await using server = serve({ fd, settings: { noDelay: true } }, echoOnce());
      assertEquals(server.addrs.map(({ port }) => port), [first.port, second.port]);
      for (const { hostname, port } of server.addrs) {
        assertEquals(
          await exchange(await Deno.connect({ hostname, port }), bytes("x")),
          bytes("x"),
        );
      }
      await server.shutdown();
      assertEquals(server.stats().accepted, 2);
      // it listens on, and nobody accepts
      (await Deno.connect({ hostname: "127.0.0.1", port: first.port })).close();
      await using drained = serve({ fd: duplicate(first.fd) }, echoOnce());
      await drained.shutdown();
      assertEquals(drained.stats().accepted, 1);
    }
    const { port } = first;
    const tls = { fd: duplicate(first.fd), cert: pem("cert"), key: pem("key") };
    await using server = serve(tls, echoOnce());
    const caCerts = [pem("ca")];
    const client = await Deno.connectTls({ hostname: "localhost", port, caCerts });
    assertEquals(await exchange(client, bytes("secret")), bytes("secret"));
    assertEquals(server.addr.port, port);
  },
);

/**
 * Starts a program with a listening socket as descriptor 3, then the next one, whenever that listens ends the one before,
 * and so on, while clients connect 500 times a second. Prints how many clients there were, and how many got no echo.
 */
const GENERATIONS = `
import asyncio, os, socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(500)
os.dup2(listener.fileno(), 3, inheritable=True)
address = listener.getsockname()
total = lost = 0
async def client():
    global total, lost
    total += 1
    try:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"hello")
        if await asyncio.wait_for(reader.read(), 10) != b"hello": lost += 1
        writer.close()
    except Exception as error:
        lost += 1
        print(repr(error), file=sys.stderr)
async def start():
    process = await asyncio.create_subprocess_exec(*sys.argv[1:], pass_fds=(3,), stderr=asyncio.subprocess.PIPE)
    while b"Serving on" not in (line := await process.stderr.readline()):
        if not line: sys.exit("it does not listen")
    return process
async def main():
    process = await start()
    running = True
    async def load():
        tasks, loop = [], asyncio.get_running_loop()
        begin = loop.time()
        while running:
            tasks.append(loop.create_task(client()))
            await asyncio.sleep(max(0, begin + len(tasks) / 500 - loop.time()))
        await asyncio.gather(*tasks)
    load = asyncio.create_task(load())
    for generation in range(1, 7):
        while total < 150 * generation: await asyncio.sleep(0.01)
        next = await start()
        process.terminate()
        if await process.wait() != 0: sys.exit("it ended badly")
        process = next
    running = False
    await load
    process.terminate()
    await process.wait()
    print(total, lost)
asyncio.run(main())
`;

for (const flags of [[], ["--workers", "2"]]) {
  const what = flags.length === 0 ? "a process" : "a process with two threads";
  testWith(
    ["Linux", "python3"],
    `generations of ${what} hand over their listener and lose nothing`,
    async () => {
      const program = ["run", ...PERMISSIONS, `--allow-read=${ROOT}`, `${ROOT}server.ts`];
      const command = [Deno.execPath(), ...program, "--fd", "3", ...flags];
      const { stdout, stderr, code } = await run("python3", ["-c", GENERATIONS, ...command]);
      assertEquals(code, 0, stderr);
      const [total, lost] = stdout.trim().split(" ").map(Number);
      assert(total! >= 900, stdout);
      assertEquals(lost, 0, stderr);
    },
  );
}

/** A port that is free now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

testWith(
  ["Linux", "systemd-socket-activate"],
  "the program takes over what systemd passes, where it may know of it",
  async () => {
    for (
      const [permission, flags] of [["--allow-env=LISTEN_FDS,LISTEN_PID", []], ["", [
        "--fd",
        "3",
      ]]] as const
    ) {
      const port = freePort();
      const program = ["run", ...PERMISSIONS, permission, `${ROOT}server.ts`, ...flags].filter(
        Boolean,
      );
      const args = ["-l", `127.0.0.1:${port}`, Deno.execPath(), ...program];
      const process = new Deno.Command("systemd-socket-activate", {
        args,
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const reader = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
      let said = "";
      const until = async (text: string): Promise<void> => {
        while (!said.includes(text)) {
          const { value, done } = await reader.read();
          if (done) throw new Error(said);
          said += value;
        }
      };
      await until(`Listening on 127.0.0.1:${port}`);
      // the first connection starts the program
      for (const message of ["first", "second"]) {
        const client = await Deno.connect({ hostname: "127.0.0.1", port });
        assertEquals(await exchange(client, bytes(message)), bytes(message));
      }
      await until(`Serving on 127.0.0.1:${port}`);
      process.kill("SIGTERM");
      await until("Stopped");
      assertEquals((await process.status).code, 0);
      await reader.cancel();
    }
  },
);

/** A client of a protocol, 262 for MPTCP. */
const CLIENT = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, int(sys.argv[2]))
s.connect(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"hello"); print(s.recv(9).decode())
`;

/** Whether this kernel has MPTCP, and has it on. */
const hasMptcp = ((): boolean => {
  if (Deno.build.os !== "linux") return false;
  const fd = newSocket(AF_INET, SOCK_STREAM, 262);
  if (fd >= 0) libc().close(fd);
  return fd >= 0;
})();

testWith(
  hasMptcp ? ["ss", "python3"] : ["MPTCP"],
  "listen() listens for MPTCP, and for TCP",
  async () => {
    for (const reusePort of [false, true]) {
      const protocols: string[] = [];
      const echo = echoOnce();
      const options = { hostname: "127.0.0.1", port: 0, mptcp: true, reusePort } as const;
      await using server = serve(
        { ...options, settings: { noDelay: true } },
        async (conn, info) => {
          const protocol = getOption(conn, SO_PROTOCOL);
          protocols.push(protocol);
          if (protocol === "mptcp") {
            assertEquals(getOption(conn, MPTCP_INFO).remoteKeyReceived, true);
          }
          await echo(conn, info);
        },
      );
      const { port } = server.addr;
      assertMatch(await output("ss", "-MHltn", `src 127.0.0.1:${port}`), /^mptcp/m);
      for (const protocol of [262, 0]) {
        assertEquals(await python(CLIENT, port, protocol), "hello\n");
      }
      assertEquals(protocols, ["mptcp", "tcp"]);
      using taken = listen({ hostname: "127.0.0.2", mptcp: true });
      assertThrows(
        () => listen({ hostname: "127.0.0.2", port: taken.addr.port, mptcp: true }),
        Deno.errors.AddrInUse,
        "cannot listen on 127.0.0.2:",
      );
    }
  },
);

testInNamespace(
  "without MPTCP it is TCP, with a warning, or an error where that is strict",
  async (inside) => {
    await output(...inside, "sh", "-c", "echo 0 > /proc/sys/net/mptcp/enabled");
    const program = `
    import { getOption, listen, SO_PROTOCOL } from "${ROOT}mod.ts";
    const options = { hostname: "127.0.0.1", port: 0, mptcp: true, logger: console };
    console.log(getOption(listen(options), SO_PROTOCOL));
    try {
      listen({ ...options, strict: true });
    } catch (error) {
      console.log(error.name, error.message);
    }
    Deno.exit();
  `;
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    await Deno.writeTextFile(file, program);
    const [command, ...args] = [
      ...inside,
      Deno.execPath(),
      "run",
      "--no-check",
      ...PERMISSIONS,
      file,
    ];
    const { stdout, stderr } = await run(command!, args);
    const reason = "the kernel has no MPTCP, or net.mptcp.enabled is 0";
    assertEquals(stdout, `tcp\nNotSupported ${reason}\n`, stderr);
    assertMatch(stderr, new RegExp(`^TCP without MPTCP: ${reason}`));
    await Deno.remove(file);
  },
  ["MPTCP"].filter(() => !hasMptcp),
);

/** Starts a program with a socket as descriptor 3, and tells afterwards whether that is as it was. */
const AS_IT_WAS = `
import os, socket, subprocess, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(5)
os.dup2(listener.fileno(), 3, inheritable=True)
print(subprocess.run(sys.argv[1:], pass_fds=(3,), stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True).stdout, end="")
client = socket.create_connection(listener.getsockname())
print(os.get_blocking(3), listener.accept()[1] == client.getsockname())
`;

/** Where the kernel tells nothing of an event loop's records. */
const HIDDEN: [where: string, needs: string[], command: string[]][] = [
  ["without /proc", ["unshare", "mount"], [
    ...["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"],
  ]],
  ["under gVisor", ["runsc"], [
    ...["runsc", "--platform=ptrace", "--network=none", "--ignore-cgroups"],
    ...["--root", await Deno.makeTempDir(), "do"],
  ]],
];

for (const [where, needs, command] of HIDDEN) {
  testWith(["root", "python3", ...needs], `${where} a socket stays as it was`, async () => {
    const program = [Deno.execPath(), "run", ...PERMISSIONS, `${ROOT}server.ts`, "--fd", "3"];
    assertEquals(
      await output(...command, "python3", "-c", AS_IT_WAS, ...program),
      "/proc/self/fdinfo does not tell how Deno waits for its sockets, so it takes no other one\n" +
        "True True\n",
    );
  });
}

Deno.test("listen() with mptcp says of a name that there is none", () => {
  const options = { hostname: "no.such.name.invalid", mptcp: true, strict: true } as const;
  const { code, message } = assertThrows(() => listen(options), Error, "no.such.name.invalid:0") as
    & Error
    & { code?: string };
  if (Deno.build.os === "linux" && !message.includes("MPTCP")) assertMatch(code!, /^EAI_/);
});

testWith(
  "sh",
  "listen() with mptcp tells of the limit of descriptors, and of nothing else",
  async () => {
    const program = `
    import { listen } from "${ROOT}mod.ts";
    import { libc } from "${ROOT}ffi/libc.ts";
    const options = { hostname: "127.0.0.1", port: 0, mptcp: true, strict: true };
    const outcome = () => {
      try {
        listen(options).close();
        return "listens";
      } catch (error) {
        return error.code ?? error.name;
      }
    };
    const before = outcome();
    const held = [];
    for (let fd; (fd = libc().dup(0)) >= 0;) held.push(fd);
    const outcomes = [before];
    for (let i = 0; i < 6; i++) {
      outcomes.push(outcome());
      libc().close(held.pop());
    }
    console.log(JSON.stringify(outcomes));`;
    await withProgram(program, async (file) => {
      const deno = [Deno.execPath(), "run", "--no-check", "--allow-all", "--no-lock", file];
      const limited = ["sh", "-c", 'ulimit -n 100; exec "$@"', "sh", ...deno];
      const [before, ...outcomes] = JSON.parse(await output(...limited)) as string[];
      if (before !== "listens") {
        return assertEquals(new Set(outcomes), new Set(["EMFILE", before!]));
      }
      const first = outcomes.indexOf("listens");
      assert(first > 0);
      assertEquals(new Set(outcomes.slice(0, first)), new Set(["EMFILE"]));
      assertEquals(new Set(outcomes.slice(first)), new Set(["listens"]));
    });
  },
);
