/** Errors of the user's own code, of any kind, and with nowhere to tell of them: they end neither server nor process. */

import { assertEquals } from "@std/assert";
import { connectProtocol, protocolHandler, serve } from "../../mod.ts";
import { connectTo, readAll, ROOT, run, testWith, withProgram } from "../helpers.ts";

const hostname = "127.0.0.1";

/** What has no text, or throws when it is looked at. */
const ODD: Record<string, () => unknown> = {
  "a symbol": () => Symbol("odd"),
  "an object without a prototype": () => Object.create(null),
  "what has no class": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  "an error that throws": () =>
    Object.defineProperty(new Error(), "message", {
      get() {
        throw new Error("not to be looked at");
      },
    }),
};

for (const [what, make] of Object.entries(ODD)) {
  Deno.test(`${what} that a handler throws, or a callback, harms nobody else`, async () => {
    const told: unknown[] = [];
    const thrown = make();
    const handlers = [
      () => {
        throw thrown;
      },
      () => Promise.reject(thrown),
      protocolHandler(() => ({
        connectionMade() {
          throw thrown;
        },
      })),
    ];
    const error = console.error;
    console.error = () => {};
    try {
      for (const handler of handlers) {
        for (const onError of [undefined, () => Promise.reject(thrown)]) {
          const onListen = (): never => {
            throw thrown;
          };
          await using server = serve({ hostname, onError, onListen }, handler);
          for (let i = 0; i < 2; i++) {
            assertEquals(await readAll(await connectTo(server)), new Uint8Array());
          }
          await server.shutdown();
          const { closed, active, errors } = server.stats();
          assertEquals([closed, active, Object.values(errors)], [2, 0, [2]]);
        }
      }
      await using server = serve({ hostname }, () => {});
      await connectProtocol({ port: server.addr.port }, () => ({
        connectionMade() {
          throw thrown;
        },
        connectionLost: (lost) => told.push(lost instanceof Error),
      }));
      await server.shutdown();
      assertEquals(told, [true]);
    } finally {
      console.error = error;
    }
  });
}

/** Handlers and protocols that throw, of a server and of a client without a logger. */
const FAILING = `
import { connectProtocol, protocolHandler, serve } from "${ROOT}mod.ts";
const fail = () => { throw new Error("mine"); };
let lost = 0;
const failing = () => ({ connectionMade: fail, connectionLost: () => lost++ });
let served = 0;
for (const handler of [fail, async () => { await 0; fail(); }, protocolHandler(failing)]) {
  await using server = serve({ hostname: "127.0.0.1", onListen() {} }, handler);
  for (let i = 0; i < 2; i++) {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    if (await conn.read(new Uint8Array(1)) === null) served++;
  }
}
await using server = serve({ hostname: "127.0.0.1" }, () => {});
await connectProtocol({ port: server.addr.port }, failing);
await new Promise((resolve) => setTimeout(resolve));
console.log(served, lost);
`;

testWith("Linux", "a standard error that is full is no reason to stop serving", async () => {
  await withProgram(FAILING, async (file) => {
    const deno = [Deno.execPath(), "run", "--allow-all", "--no-check", file];
    const ended = await run("sh", ["-c", 'exec "$@" 2>/dev/full', "sh", ...deno]);
    assertEquals(ended, { code: 0, stdout: "6 3\n", stderr: "" });
  });
});
