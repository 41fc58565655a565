/** TLS as servers need it: protocols that are negotiated, and a certificate that is changed. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { echo, serve, type ServeTlsOptions } from "../../mod.ts";
import { bytes, connectTo, delay, output, readAll, ROOT, run, testWith } from "../helpers.ts";

const pem = (name: string): string => Deno.readTextFileSync(`${ROOT}tests/tls/${name}.pem`);
const tls: ServeTlsOptions = { hostname: "127.0.0.1", port: 0, cert: pem("cert"), key: pem("key") };

Deno.test("alpnProtocols: what both have is agreed on, and a client that has nothing of it is refused", async () => {
  const agreed: (string | null)[] = [];
  await using server = serve({ ...tls, alpnProtocols: ["h2", "chat"] }, async (conn) => {
    agreed.push((await conn.handshake()).alpnProtocol);
    await conn.write(bytes("x"));
  });
  const connect = async (alpnProtocols?: string[]): Promise<string | null> => {
    const { port } = server.addr;
    using conn = await Deno.connectTls({
      hostname: "localhost",
      port,
      caCerts: [pem("ca")],
      alpnProtocols,
    });
    const { alpnProtocol } = await conn.handshake();
    await conn.read(new Uint8Array(1));
    return alpnProtocol;
  };
  assertEquals(await connect(["chat", "h2"]), "h2");
  assertEquals(await connect(["chat"]), "chat");
  assertEquals(await connect(), null);
  await assertRejects(() => connect(["smtp"]), Error, "NoApplicationProtocol");
  assertEquals(agreed, ["h2", "chat", null]);
});

testWith(
  "Linux",
  "a server that stops waits for no client that has not begun its handshake",
  async () => {
    const server = serve({ ...tls, handshakeTimeout: 60, gracePeriod: 60 }, echo());
    const silent = await connectTo(server);
    while (server.stats().active < 1) await delay(1);
    const stopped = server.shutdown();
    assertEquals(await readAll(silent), new Uint8Array());
    await stopped;
    assertEquals(server.stats().errors, {});
  },
);

testWith(
  ["openssl", "Linux"],
  "a certificate is changed by a second server on the port, as docs/serving.md has it",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      await output(
        ...["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=the new one"],
        ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
        ...["-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`],
      );
      const [cert, key] = ["cert", "key"].map((name) =>
        Deno.readTextFileSync(`${folder}/${name}.pem`)
      );
      const old = serve({ ...tls, reusePort: true }, echo());
      const { port } = old.addr;
      const subject = async (): Promise<string> => {
        const { stdout } = await run("openssl", ["s_client", "-connect", `127.0.0.1:${port}`]);
        return /^subject=(.*)$/m.exec(stdout)?.[1] ?? "";
      };
      assertMatch(await subject(), /CN ?= ?localhost/);
      const kept = await Deno.connectTls({ hostname: "localhost", port, caCerts: [pem("ca")] });
      await kept.handshake();

      await using _next = serve({ ...tls, port, reusePort: true, cert: cert!, key: key! }, echo());
      const stopped = old.shutdown();
      for (let i = 0; i < 5; i++) assertMatch(await subject(), /CN ?= ?the new one/);

      await kept.write(bytes("still here"));
      const answer = new Uint8Array(10);
      await kept.read(answer);
      assertEquals(answer, bytes("still here"));
      kept.close();
      await stopped;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
