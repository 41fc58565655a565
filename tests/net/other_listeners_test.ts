/** A port that other processes share is told, once. */

import { assertEquals } from "@std/assert";
import { listen, type Logger } from "../../mod.ts";
import { type LogLine, output, ServerProcess, testWith } from "../helpers.ts";

/** What a server has logged of who shares its port. */
function told(server: ServerProcess): LogLine[] {
  return server.events("port_shared");
}

testWith(["Linux", "ss"], "a server on a port that others share says so once", async () => {
  await using first = await ServerProcess.start();
  const flags = ["--port", `${first.port}`];
  await using second = await ServerProcess.start(flags);
  await using third = await ServerProcess.start([...flags, "--workers", "2"], [], [
    ...["--allow-net", "--allow-ffi", "--allow-read"],
  ]);
  await third.event("listening", 2);
  const all = await output("ss", "-Htln", `src 127.0.0.1:${first.port}`);
  assertEquals(all.trim().split("\n").length, 4);
  assertEquals(told(first), []);
  const address = `127.0.0.1:${first.port}`;
  const [line] = told(second);
  assertEquals(
    [line!.level, line!.message, line!.others, line!.hostname, line!.port],
    [
      "warn",
      `1 other listener shares ${address}: connections are spread over all`,
      1,
      "127.0.0.1",
      first.port,
    ],
  );
  assertEquals(told(second).length, 1);
  assertEquals(
    told(third).map(({ message }) => message),
    [`2 other listeners share ${address}: connections are spread over all`],
  );
});

Deno.test("listeners of one process do not warn of each other, nor of other addresses", () => {
  const warnings: string[] = [];
  const logger: Logger = { ...console, warn: (message) => void warnings.push(message) };
  const options = { reusePort: true, logger };
  const listenOnAll = (): void => {
    using first = listen({ hostname: "127.0.0.1", ...options });
    const { port } = first.addr;
    for (const hostname of ["127.0.0.1", "127.0.0.2", "::1", "0.0.0.0"]) {
      using _other = listen({ hostname, port, ...options });
    }
  };
  for (let left = 10; left > 0;) {
    try {
      listenOnAll();
      left = 0;
    } catch (error) {
      // somebody has the port on one of the other addresses
      if (!(error instanceof Deno.errors.AddrInUse) || --left === 0) throw error;
    }
  }
  assertEquals(warnings, []);
});
