import { assert, assertEquals } from "@std/assert";
import { bytes, exchange, output, ServerProcess, testWith } from "../helpers.ts";

Deno.test("SIGUSR2 prints the statistics, which are in the last line of the log as well", async () => {
  await using server = await ServerProcess.start();
  await exchange(await server.connect(), bytes("hello"));
  server.process.kill("SIGUSR2");
  // the answer to another client comes after the signal was seen to
  await exchange(await server.connect(), bytes("again"));
  const { code, stdout } = await server.stop();
  assertEquals(code, 0);
  const told = JSON.parse(stdout);
  assertEquals(told.queues[0].limit, 100);
  assert(told.accepted >= 1 && told.bytesIn >= 5);
  const { accepted, bytesIn, bytesOut, errors } = await server.event("stopped");
  assertEquals({ accepted, bytesIn, bytesOut, errors }, {
    accepted: 2,
    bytesIn: 10,
    bytesOut: 10,
    errors: {},
  });
});

/** The ports on which a process listens, as `ss` sees them. */
async function portsOf(pid: number): Promise<number[]> {
  const listeners = (await output("ss", "-Hltnp")).split("\n");
  return listeners.filter((line) => line.includes(`pid=${pid},`))
    .map((line) => Number(/:(\d+) +[\d.[*]/.exec(line)![1]));
}

for (const signal of ["SIGUSR1", "SIGUSR2"] as const) {
  testWith("ss", `${signal} opens no port, and the server serves on`, async () => {
    await using server = await ServerProcess.start();
    assertEquals(await portsOf(server.process.pid), [server.port]);
    // Deno's own handler, which opens the inspector, comes half a second after the start
    await new Promise((resolve) => setTimeout(resolve, 1000));
    server.process.kill(signal);
    for (let i = 0; i < 3; i++) {
      assertEquals(await exchange(await server.connect(), bytes("on")), bytes("on"));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assertEquals(await portsOf(server.process.pid), [server.port]);
    const { code } = await server.stop();
    assertEquals(code, 0);
    assertEquals(server.lines.map(({ event }) => event), ["listening", "stopped", "ended"]);
  });
}
