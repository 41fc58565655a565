/** `connectProtocol()`, beyond what is compared with asyncio's `create_connection()`. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  connectProtocol,
  type ConnectProtocolOptions,
  echo,
  getOption,
  type Protocol,
  serve,
  SO_KEEPALIVE,
  TCP_NODELAY,
  type Transport,
} from "../../mod.ts";
import { bytes, readAll, ROOT, run, testWith, withProgram } from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };
const pem = (name: string): string => Deno.readTextFileSync(`${ROOT}tests/tls/${name}.pem`);
const certified = { ...local, cert: pem("cert"), key: pem("key") };

/** A protocol that keeps what comes. */
class Keeper implements Protocol {
  transport: Transport | undefined;
  readonly lost: Promise<Error | null>;
  received = "";
  readonly #lost = Promise.withResolvers<Error | null>();
  readonly #awaited = Promise.withResolvers<void>();

  constructor(readonly expected = 0) {
    this.lost = this.#lost.promise;
  }

  /** Resolves when as much has come as was expected. */
  get all(): Promise<void> {
    return this.#awaited.promise;
  }

  connectionMade(transport: Transport): void {
    this.transport = transport;
  }

  dataReceived(data: Uint8Array): void {
    this.received += new TextDecoder().decode(data);
    if (this.received.length >= this.expected) this.#awaited.resolve();
  }

  connectionLost(error: Error | null): void {
    this.#lost.resolve(error);
  }
}

for (const tls of [false, true]) {
  testWith(
    "Linux",
    `a protocol of a client ${tls ? "with TLS " : ""}writes, reads and closes`,
    async () => {
      await using server = tls ? serve(certified, echo()) : serve(local, echo());
      const options: ConnectProtocolOptions = {
        port: server.addr.port,
        settings: { keepAlive: true },
        tls: tls && { caCerts: [pem("ca")] },
      };
      const [transport, protocol] = await connectProtocol(options, () => new Keeper(5));
      assert(protocol.transport === transport);
      assertEquals(transport.getExtraInfo("peername"), server.addr);
      const socket = transport.getExtraInfo("socket");
      assertEquals([getOption(socket, TCP_NODELAY), getOption(socket, SO_KEEPALIVE)], [true, true]);
      transport.write(bytes("hello"));
      await protocol.all;
      assertEquals(protocol.received, "hello");
      transport.close();
      assertEquals(await protocol.lost, null);
    },
  );
}

testWith("Linux", "settings.noDelay: false is respected", async () => {
  await using server = serve(local, echo());
  const [transport] = await connectProtocol(
    { port: server.addr.port, settings: { noDelay: false } },
    () => new Keeper(),
  );
  assertEquals(getOption(transport.getExtraInfo("socket"), TCP_NODELAY), false);
  transport.abort();
});

testWith("Linux", "where nobody listens no protocol is made", async () => {
  const listener = Deno.listen(local);
  const { port } = listener.addr;
  listener.close();
  await assertRejects(
    () => connectProtocol({ port }, () => assert(false, "made") as never),
    Deno.errors.ConnectionRefused,
  );
});

testWith(
  "Linux",
  "a factory that throws, or makes no protocol, closes the connection",
  async () => {
    using listener = Deno.listen(local);
    const { port } = listener.addr;
    const factories: [() => Protocol, string][] = [
      [() => {
        throw new RangeError("on purpose");
      }, "on purpose"],
      [() => ({ connectionMade() {}, getBuffer() {} }) as unknown as Protocol, "both getBuffer()"],
    ];
    for (const [factory, message] of factories) {
      const [error, accepted] = await Promise.all([
        assertRejects(() => connectProtocol({ port }, factory), Error),
        listener.accept(),
      ]);
      assert(error.message.includes(message), error.message);
      assertEquals((await readAll(accepted)).length, 0);
    }
  },
);

testWith(
  "Linux",
  "what a callback throws goes to connectionLost() and onError, and not to the caller",
  async () => {
    await using server = serve(local, echo());
    const told = Promise.withResolvers<unknown>();
    class Broken extends Keeper {
      override connectionMade(): void {
        throw new Error("on purpose");
      }
    }
    const [transport, protocol] = await connectProtocol(
      { port: server.addr.port, onError: told.resolve },
      () => new Broken(),
    );
    assert(transport.isClosing());
    assertEquals((await told.promise as Error).message, "on purpose");
    assertEquals((await protocol.lost)?.message, "on purpose");
  },
);

testWith("Linux", "without onError a line is logged, and the process goes on", async () => {
  const program = `
import { connectProtocol, echo, serve } from "${ROOT}mod.ts";
const server = serve({ hostname: "127.0.0.1", port: 0 }, echo());
for (const onError of [undefined, () => { throw new Error("of onError"); }]) {
  const lost = Promise.withResolvers();
  const [transport] = await connectProtocol({ port: server.addr.port, onError }, () => ({
    connectionMade(transport) { transport.write(new Uint8Array(1)); },
    async dataReceived() { throw new Error("of a callback"); },
    connectionLost: lost.resolve,
  }));
  await lost.promise;
}
await server.shutdown();
console.log("over");
`;
  await withProgram(program, async (file) => {
    const { code, stdout, stderr } = await run(Deno.execPath(), [
      "run",
      "--allow-net",
      "--allow-ffi",
      `--config=${ROOT}deno.json`,
      file,
    ]);
    assertEquals(stdout, "over\n", stderr);
    assertEquals(code, 0);
    const lines = stderr.trim().split("\n");
    assertEquals(lines.filter((line) => !/^ {4}at /.test(line)), [
      "A callback of a protocol threw: Error: of a callback",
      "onError threw: Error: of onError",
    ]);
    assertMatch(lines[1]!, / at Object\.dataReceived /, "where it was made");
  });
});

testWith("Linux", "a TLS handshake that fails, takes too long or is given up rejects", async () => {
  await using server = serve({ ...certified, onError() {} }, echo());
  const { port } = server.addr;
  await assertRejects(() => connectProtocol({ port, tls: true }, () => new Keeper()), Error);

  using listener = Deno.listen(local);
  const silent = { port: listener.addr.port, tls: { caCerts: [pem("ca")] } };
  const [, first] = await Promise.all([
    assertRejects(
      () => connectProtocol({ ...silent, handshakeTimeout: 0.1 }, () => new Keeper()),
      Deno.errors.TimedOut,
      "0.1 s",
    ),
    listener.accept(),
  ]);
  first.close();
  const controller = new AbortController();
  const [reason, second] = await Promise.all([
    assertRejects(
      () => connectProtocol({ ...silent, signal: controller.signal }, () => new Keeper()),
      Error,
    ),
    listener.accept().then((conn) => {
      controller.abort(new Error("given up"));
      return conn;
    }),
  ]);
  assertEquals(reason.message, "given up");
  second.close();
  const without = new AbortController();
  const [why, third] = await Promise.all([
    connectProtocol({ ...silent, signal: without.signal }, () => new Keeper())
      .catch((error: unknown) => error),
    listener.accept().then((conn) => {
      without.abort(null);
      return conn;
    }),
  ]);
  assertEquals(why, null, "any reason is one");
  third.close();
});

Deno.test("wrong arguments of connectProtocol() are told", async () => {
  const make = (): Keeper => new Keeper();
  const wrong: [() => Promise<unknown>, string][] = [
    [() => connectProtocol({ port: 1, tls: 5 as never }, make), "tls: expected an object, got 5"],
    [() => connectProtocol({ port: 1, onError: 5 as never }, make), "onError"],
    [
      () => connectProtocol({ port: 1 }, 5 as never),
      "connectProtocol(): expected a function, got 5",
    ],
    [
      () => connectProtocol({ port: 1, prot: 5 } as never, make),
      'connectProtocol(): there is no option "prot"',
    ],
    [() => connectProtocol(undefined as never, make), "expected an object of options"],
  ];
  for (const [call, message] of wrong) await assertRejects(call, TypeError, message);
});
