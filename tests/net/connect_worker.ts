/** Connects from a thread of its own, and counts the connections that are not as this thread has asked for. */

import { assertOption, connect, TCP_KEEPIDLE } from "../../mod.ts";

const worker = self as unknown as {
  onmessage: (event: MessageEvent<number>) => void;
  postMessage(data: number): void;
};

worker.onmessage = async ({ data: port }): Promise<void> => {
  let wrong = 0;
  const visit = async (idle: number): Promise<void> => {
    using conn = await connect({ port, settings: { keepAlive: { idle } } });
    try {
      assertOption(conn, TCP_KEEPIDLE, idle);
    } catch {
      wrong++;
    }
    const buffer = new Uint8Array(8);
    const n = await conn.read(buffer);
    const seen = new TextDecoder().decode(buffer.subarray(0, n ?? 0));
    if (seen !== `${conn.localAddr.port}`) wrong++;
  };
  for (let i = 1; i <= 100; i++) {
    await Promise.all([1, 2, 3, 4, 5].map((n) => visit(10 * i + n)));
    // others of Deno's own come and go meanwhile
    const refused = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    refused.close();
    await Deno.connect({ hostname: "127.0.0.1", port: refused.addr.port }).then(
      (conn) => conn.close(),
      () => {},
    );
  }
  worker.postMessage(wrong);
};
