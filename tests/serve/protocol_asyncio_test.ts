/** Protocols beside asyncio's: the same scenarios, the same client, the same traces. */

import { assertEquals, assertNotEquals } from "@std/assert";
import { ROOT, run } from "../helpers.ts";
import { AsyncioPlayer, Peer, play, type Role } from "./asyncio/play.ts";
import { ProtocolPlayer } from "./asyncio/protocol.ts";
import { type Scenario, SCENARIOS } from "./asyncio/scenarios.ts";

/** The first Python that can run a program. */
async function pythonThat(program: string): Promise<string | undefined> {
  for (const python of ["python3", "/usr/bin/python3"]) {
    const works = await run(python, ["-c", program]).then(({ code }) => code === 0, () => false);
    if (works) return python;
  }
  return undefined;
}

const is311 = "import sys; assert sys.version_info >= (3, 11)";
const python = await pythonThat(is311);
const withUvloop = await pythonThat(`${is311}; import uvloop`);

function scenariosFor(role: Role): [string, Scenario][] {
  return Object.entries(SCENARIOS).filter(([, { serverOnly }]) => role === "server" || !serverOnly);
}

for (const role of ["server", "client"] as const) {
  Deno.test({
    name: `protocols of a ${role} behave as in asyncio` +
      (python ? "" : " [ignored: no python3 of 3.11 or later]"),
    ignore: python === undefined,
    async fn(t) {
      // two peers, so that both play at once: they wait most of the time
      await using theirPeer = new Peer(python!);
      await using ourPeer = new Peer(python!);
      await using asyncio = new AsyncioPlayer(python!);
      const ours = new ProtocolPlayer();
      for (const [name, scenario] of scenariosFor(role)) {
        await t.step(name, async () => {
          const [theirTrace, trace] = await Promise.all([
            play(scenario, role, asyncio, theirPeer),
            play(scenario, role, ours, ourPeer),
          ]);
          const { differs } = scenario;
          assertEquals(trace, differs?.ours ?? theirTrace);
          // a difference that is no more must not be listed any longer
          if (differs !== undefined && differs.versions === undefined) {
            assertNotEquals(theirTrace, differs.ours);
          }
        });
      }
    },
  });

  Deno.test({
    name: `where asyncio alone differs, protocols of a ${role} behave as in uvloop` +
      (withUvloop ? "" : " [ignored: no uvloop]"),
    ignore: withUvloop === undefined,
    async fn(t) {
      await using peer = new Peer(withUvloop!);
      await using uvloop = new AsyncioPlayer(withUvloop!, "--uvloop");
      for (const [name, scenario] of scenariosFor(role)) {
        const { differs } = scenario;
        if (!differs?.likeUvloop) continue;
        await t.step(name, async () => {
          assertEquals(await play(scenario, role, uvloop, peer), differs.ours);
        });
      }
    },
  });
}

Deno.test("docs/asyncio.md lists every difference with its reason", () => {
  const text = Deno.readTextFileSync(`${ROOT}docs/asyncio.md`).replaceAll(/\s+/g, " ");
  const reasons = Object.values(SCENARIOS).flatMap(({ differs }) => differs?.because ?? []);
  assertEquals(reasons.filter((reason) => !text.includes(reason)), []);
});
