import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { reset, setOption, SO_LINGER, SocketError } from "../../mod.ts";
import { bytes, connectTo, ROOT, testWith } from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };
const pem = (name: string): string => Deno.readTextFileSync(`${ROOT}tests/tls/${name}.pem`);

/** What tcpdump sees of a port of the loopback interface. */
class Tcpdump {
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #process: Deno.ChildProcess;
  #errors: ReadableStreamDefaultReader<string> | undefined;
  #text = "";

  private constructor(port: number) {
    this.#process = new Deno.Command("tcpdump", {
      args: ["-i", "lo", "-n", "-l", "--immediate-mode", "tcp", "port", `${port}`],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Starts it, and waits until it looks. */
  static async start(port: number): Promise<Tcpdump> {
    const dump = new Tcpdump(port);
    const reader = dump.#process.stderr.pipeThrough(new TextDecoderStream()).getReader();
    for (let said = ""; !said.includes("listening on lo");) {
      const { value } = await reader.read();
      if (value === undefined) throw new Error(said);
      said += value;
    }
    dump.#errors = reader;
    return dump;
  }

  /** The flags of the segments that a port has sent, up to and with its first RST. */
  async flagsFrom(port: number): Promise<string[]> {
    const flags = (): string[] =>
      [...this.#text.matchAll(/IP 127\.0\.0\.1\.(\d+) > .* Flags \[(.*?)\].*\n/g)]
        .filter(([, from]) => Number(from) === port).map(([, , each]) => each!);
    while (!flags().some((each) => each.includes("R"))) {
      const { value } = await this.#reader.read();
      if (value === undefined) throw new Error(`no RST: ${this.#text}`);
      this.#text += value;
    }
    return flags();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#reader.cancel();
    await this.#errors?.cancel();
    await this.#process.status;
  }
}

const hasFin = (flags: string[]): boolean => flags.some((each) => each.includes("F"));

testWith(
  ["tcpdump", "root"],
  "reset() sends a RST and no FIN; SO_LINGER 0 under Deno a FIN first",
  async () => {
    using listener = Deno.listen(local);
    const { port } = listener.addr;
    {
      await using dump = await Tcpdump.start(port);
      using _client = await connectTo(listener);
      const conn = await listener.accept();
      await conn.write(bytes("hello"));
      reset(conn);
      const flags = await dump.flagsFrom(port);
      assertEquals(hasFin(flags), false, flags.join());
      assertEquals(flags.at(-1), "R.");
    }
    {
      await using dump = await Tcpdump.start(port);
      using _client = await connectTo(listener);
      const conn = await listener.accept();
      setOption(conn, SO_LINGER, 0);
      conn.close();
      const flags = await dump.flagsFrom(port);
      assertEquals(hasFin(flags), true, flags.join());
    }
  },
);

Deno.test("reset() ends a connection with unread and unsent data, from either end, over TLS too", async () => {
  using listener = Deno.listenTls({ ...local, cert: pem("cert"), key: pem("key") });
  using plain = Deno.listen(local);
  const caCerts = [pem("ca")];
  const pairs = [
    async (): Promise<[Deno.Conn, Deno.Conn]> => {
      const client = await connectTo(plain);
      return [client, await plain.accept()];
    },
    async (): Promise<[Deno.Conn, Deno.Conn]> => {
      const accepting = listener.accept();
      const client = await Deno.connectTls({
        hostname: "127.0.0.1",
        port: listener.addr.port,
        caCerts,
      });
      const conn = await accepting;
      await conn.handshake();
      return [client, conn];
    },
  ];
  for (const open of pairs) {
    for (const end of [0, 1]) {
      const pair = await open();
      const [one, other] = [pair[end]!, pair[1 - end]!];
      await other.write(bytes("not read"));
      reset(one as Deno.TcpConn);
      await assertRejects(async () => {
        while (await other.read(new Uint8Array(99)) !== null);
      }, Deno.errors.ConnectionReset);
      other.close();
      assertThrows(() => one.close(), Deno.errors.BadResource);
    }
  }
});

Deno.test("reset() ends what waits on the connection", async () => {
  using listener = Deno.listen(local);
  using _client = await connectTo(listener);
  const conn = await listener.accept();
  const reading = conn.read(new Uint8Array(9));
  reset(conn);
  const end = await reading.then((n) => n, (error) => error);
  assert(end === null || end instanceof Error, `${end}`);
});

Deno.test("reset() of a closed connection is EBADF", async () => {
  using listener = Deno.listen(local);
  using client = await connectTo(listener);
  const conn = await listener.accept();
  reset(conn);
  using next = await connectTo(listener);
  assertEquals(assertThrows(() => reset(conn), SocketError).code, "EBADF");
  client.close();
  assertEquals(assertThrows(() => reset(client), SocketError).code, "EBADF");
  await next.write(bytes("not reset"));
});

Deno.test("reset() takes connections over TCP alone", async () => {
  const path = `${await Deno.makeTempDir()}/socket`;
  using listener = Deno.listen({ transport: "unix", path });
  using conn = await Deno.connect({ transport: "unix", path });
  using _accepted = await listener.accept();
  assertThrows(() => reset(conn as unknown as Deno.TcpConn), TypeError, "over TCP, got unix");
  assertThrows(() => reset(undefined as unknown as Deno.TcpConn), TypeError, "got none");
});

Deno.test("reset() touches no connection that it cannot close", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using accepted = await listener.accept();
  const { localAddr, remoteAddr } = accepted;
  const pair = { localAddr, remoteAddr } as unknown as Deno.TcpConn;
  assertThrows(() => reset(pair), TypeError, "got two addresses");
  await accepted.write(Uint8Array.of(1));
  assertEquals(await client.read(new Uint8Array(2)), 1);
});
