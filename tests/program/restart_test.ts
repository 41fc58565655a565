/** Processes are replaced under load, as docs/serving.md tells, and no connection is lost. */

import { assert, assertEquals } from "@std/assert";
import { haproxy } from "../balancers.ts";
import { output, ROOT, ServerProcess, testInNamespace, testWith } from "../helpers.ts";
import { Load } from "../restarts.ts";

const PROCESSES = 3;
const TIMES = 10;

testWith(
  "haproxy",
  "behind HAProxy each of three processes is replaced ten times, and nothing is lost",
  async () => {
    const flags = ["--proxy-protocol", "--no-reuse-port"];
    const servers = await Promise.all(
      Array.from({ length: PROCESSES }, () => ServerProcess.start(flags)),
    );
    await using balancer = await haproxy((port) => `
frontend clients
  bind 127.0.0.1:${port}
  default_backend servers
backend servers
${servers.map(({ port }, i) => `  server s${i} 127.0.0.1:${port} send-proxy-v2`).join("\n")}
`);
    const load = new Load({ hostname: "127.0.0.1", port: balancer.port });
    const accepted: number[] = [];
    for (let n = 0; n < PROCESSES * TIMES; n++) {
      const i = n % PROCESSES;
      const old = servers[i]!;
      await balancer.command(`set server servers/s${i} state drain`);
      assertEquals((await old.stop()).code, 0);
      accepted.push((await old.event("stopped")).accepted as number);
      servers[i] = await ServerProcess.start([...flags, "--port", `${old.port}`]);
      await balancer.command(`set server servers/s${i} state ready`);
    }
    const { connections, failures } = await load.stop();
    assertEquals(failures, {});
    for (const server of servers) {
      await server.stop();
      accepted.push((await server.event("stopped")).accepted as number);
    }
    assertEquals(accepted.reduce((sum, n) => sum + n, 0), connections);
    assert(accepted.slice(PROCESSES, -PROCESSES).every((n) => n > 0), "one was never asked");
  },
);

testInNamespace(
  "processes that share a port are replaced, and with tcp_migrate_req nothing is lost",
  async (inside) => {
    const args = ["run", "--allow-all", `${ROOT}tests/restarts.ts`, "3", "4", "1"];
    const { connections, failures } = JSON.parse(await output(...inside, Deno.execPath(), ...args));
    assertEquals(failures, {});
    assert(connections > 100, `${connections}`);
  },
);
