import { assertEquals } from "@std/assert";
import { configureSync, getLogger, resetSync } from "../logtape.ts";
import { echoOnce, serve } from "../../mod.ts";
import { type Logger, readyLogger } from "../../src/net/logger.ts";
import { bytes, connectTo, exchange, run, withProgram } from "../helpers.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** A logger whose functions are all the same. */
function loggerOf(log: () => unknown): Logger {
  return { debug: log, info: log, warn: log, error: log } as Logger;
}

Deno.test("what a logger throws, or rejects, is no concern of who logs", async () => {
  const full = new Error("No space left on device");
  const fail = (): never => {
    throw full;
  };
  for (const log of [fail, () => Promise.reject(full)]) {
    const logger = readyLogger(loggerOf(log));
    for (const level of LEVELS) logger[level]("a line", { event: "test" });
    await using server = serve(
      { hostname: "127.0.0.1", port: 0, logger: loggerOf(log) },
      echoOnce(),
    );
    assertEquals(await exchange(await connectTo(server), bytes("hello")), bytes("hello"));
  }
});

Deno.test("serve({ logger: console }) goes on when the console's files are full", async () => {
  const program = `
    import { echoOnce, serve } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};
    await using server = serve({ hostname: "127.0.0.1", port: 0, logger: console }, echoOnce());
    for (let i = 0; i < 3; i++) {
      using conn = await Deno.connect(server.addr);
      await conn.write(new Uint8Array(5));
      if (await conn.read(new Uint8Array(9)) !== 5) Deno.exit(3);
    }
    await server.shutdown();
    Deno.exit(42);`;
  await withProgram(program, async (file) => {
    const command = `"$0" run --allow-net --allow-ffi "$1" >/dev/full 2>/dev/full`;
    const { code } = await run("sh", ["-c", command, Deno.execPath(), file]);
    assertEquals(code, 42);
  });
});

Deno.test("a logger of LogTape gets messages as they are, and tells its level", () => {
  const lines: string[] = [];
  configureSync({
    sinks: { sink: ({ message, level }) => void lines.push(`${level} ${message.join("")}`) },
    loggers: [
      { category: "quiet", lowestLevel: "info", sinks: ["sink"] },
      { category: "loud", lowestLevel: "debug", sinks: ["sink"] },
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
  try {
    assertEquals(readyLogger(getLogger("quiet")).debugging, false);
    const logger = readyLogger(getLogger("loud"));
    assertEquals(logger.debugging, true);
    logger.debug('recv: "{a}"', { a: 1 });
    logger.warn("}{");
    assertEquals(lines, ['debug recv: "{a}"', "warning }{"]);
  } finally {
    resetSync();
  }
});

Deno.test("a logger of @std/log tells its level by a number", () => {
  assertEquals(readyLogger({ ...console, level: 20 } as Logger).debugging, false);
  assertEquals(readyLogger({ ...console, level: 10 } as Logger).debugging, true);
});
