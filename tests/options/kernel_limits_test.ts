import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import {
  applySettings,
  getOption,
  type KernelLimits,
  kernelLimits,
  TCP_SYNCNT,
} from "../../mod.ts";
import { output, python, ROOT, run, testInNamespace, testWith, withProgram } from "../helpers.ts";

const LINUX = Deno.build.os === "linux";

/** Runs a program of Deno, and gives what it prints as JSON; it has nothing to complain of. */
function runDeno<T>(text: string, permissions: string[], wrap: string[] = []): Promise<T> {
  return withProgram(text, async (file) => {
    const [program, ...args] = [...wrap, Deno.execPath(), "run", ...permissions, file];
    const { code, stdout, stderr } = await run(program!, args);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    return JSON.parse(stdout);
  });
}

/** What a process with these permissions is told. */
const limitsOf = (permissions: string[], wrap?: string[]): Promise<Partial<KernelLimits>> => {
  const text = `
    import { kernelLimits } from "${ROOT}mod.ts";
    console.log(JSON.stringify(kernelLimits()));
  `;
  return runDeno(text, ["--allow-ffi", ...permissions], wrap);
};

testWith("python3", "kernelLimits() reads what Python reads of the same files", async () => {
  const text = await python(`
import json
def sysctl(name):
    return open("/proc/sys/net/" + name).read().split()
print(json.dumps({name: sysctl(name) for name in (
    "core/somaxconn", "ipv4/tcp_max_syn_backlog", "core/rmem_max", "core/wmem_max", "ipv4/tcp_rmem",
    "ipv4/tcp_wmem", "ipv4/tcp_syn_retries", "ipv4/tcp_synack_retries", "ipv4/tcp_slow_start_after_idle",
    "ipv4/tcp_congestion_control", "ipv4/tcp_available_congestion_control")}))
`);
  const limits = kernelLimits();
  const range = (of: KernelLimits["tcpRmem"]) => Object.values(of!).map(String);
  assertEquals({
    "core/somaxconn": [`${limits.somaxconn}`],
    "ipv4/tcp_max_syn_backlog": [`${limits.maxSynBacklog}`],
    "core/rmem_max": [`${limits.rmemMax}`],
    "core/wmem_max": [`${limits.wmemMax}`],
    "ipv4/tcp_rmem": range(limits.tcpRmem),
    "ipv4/tcp_wmem": range(limits.tcpWmem),
    "ipv4/tcp_syn_retries": [`${limits.synRetries}`],
    "ipv4/tcp_synack_retries": [`${limits.synackRetries}`],
    "ipv4/tcp_slow_start_after_idle": [`${Number(limits.slowStartAfterIdle)}`],
    "ipv4/tcp_congestion_control": [limits.congestion],
    "ipv4/tcp_available_congestion_control": limits.availableCongestion,
  }, JSON.parse(text));
});

Deno.test({
  name: "kernelLimits() tells what may be read, and of the rest nothing, without a prompt",
  ignore: !LINUX,
  async fn() {
    assertEquals(await limitsOf([]), {});
    const somaxconn = "/proc/sys/net/core/somaxconn";
    assertEquals(await limitsOf([`--allow-read=${somaxconn}`]), {
      somaxconn: Number(await Deno.readTextFile(somaxconn)),
    });
    // the time-out is not known when only one of the two that it follows from is
    const retries = "/proc/sys/net/ipv4/tcp_syn_retries";
    assertEquals(await limitsOf([`--allow-read=${retries}`]), {
      synRetries: Number(await Deno.readTextFile(retries)),
    });
  },
});

/** Prints the seconds until connecting where nobody answers fails with ETIMEDOUT. */
const CONNECT = `
import socket, time
start = time.monotonic()
try: socket.create_connection(("127.0.0.1", 9))
except TimeoutError: print(time.monotonic() - start)
`;

const DROP_SYN = "add table ip t; " +
  "add chain ip t in { type filter hook input priority 0; }; " +
  "add rule ip t in tcp flags & (syn | ack) == syn drop";

testInNamespace(
  "kernelLimits() tells the seconds that the kernel takes to connect",
  async (inside) => {
    await output(...inside, "nft", DROP_SYN);
    // without linear ones; where those end the wait; and where they lengthen it
    for (const [retries, linear, seconds] of [[1, 0, 3], [1, 4, 3], [1, 1, 4]] as const) {
      const folder = "/proc/sys/net/ipv4";
      await output(...inside, "sh", "-c", `echo ${retries} > ${folder}/tcp_syn_retries`);
      await output(...inside, "sh", "-c", `echo ${linear} > ${folder}/tcp_syn_linear_timeouts`);
      const limits = await limitsOf(["--allow-read"], inside);
      assertEquals(limits.connectTimeout, seconds);
      const took = Number(await output(...inside, "python3", "-c", CONNECT));
      assert(
        took > seconds - 0.5 && took < seconds + 0.9,
        `${took} seconds instead of ${seconds}`,
      );
    }
  },
  ["nft", "python3"],
);

const DROP_SYN_ACK = "add table ip t; " +
  "add chain ip t in { type filter hook input priority 0; }; " +
  "add rule ip t in tcp flags & (syn | ack) == (syn | ack) counter drop";

interface HalfOpen {
  synRetries: number;
  /** Whether `ss` has seen it. */
  seen: boolean;
  seconds: number;
}

/** Listens with one retry, leaves a connection half open, and prints how long the kernel keeps that. */
const HALF_OPEN = `
  import { getOption, listen, TCP_SYNCNT } from "${ROOT}mod.ts";
  using listener = listen({ hostname: "127.0.0.1", settings: { synRetries: 1 } });
  const { hostname, port } = listener.addr;
  const start = performance.now();
  await Deno.connect({ hostname, port, signal: AbortSignal.timeout(200) }).catch(() => {});
  const args = ["-Htn", "state", "syn-recv", "sport", "=", ":" + port];
  const ss = () => new Deno.Command("ss", { args }).outputSync().stdout.length;
  let seen = 0;
  while (ss() > 0) seen++, await new Promise((resolve) => setTimeout(resolve, 50));
  console.log(JSON.stringify({
    synRetries: getOption(listener, TCP_SYNCNT), seen: seen > 0, seconds: (performance.now() - start) / 1000,
  }));
`;

testInNamespace("synRetries of a listener is how often a SYN-ACK is sent again", async (inside) => {
  await output(...inside, "nft", DROP_SYN_ACK);
  const half = await runDeno<HalfOpen>(HALF_OPEN, ["--allow-all"], inside);
  assertEquals([half.synRetries, half.seen], [1, true]);
  assert(
    half.seconds > 2.5 && half.seconds < 6.5,
    `${half.seconds} instead of 1 + 2 seconds, or 7`,
  );
  assertMatch(await output(...inside, "nft", "list", "ruleset"), /counter packets 2 /);
}, ["nft", "ss"]);

Deno.test({
  name: "synRetries sets TCP_SYNCNT",
  ignore: !LINUX,
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    assertEquals(applySettings(listener, { synRetries: 2 }), [
      { option: "TCP_SYNCNT", requested: 2, effective: 2, ok: true },
    ]);
    using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
    using conn = await listener.accept();
    assertEquals(getOption(conn, TCP_SYNCNT), 2, "it is inherited");
    assertNotEquals(getOption(client, TCP_SYNCNT), 2);
  },
});
