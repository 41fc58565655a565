import { assertEquals } from "@std/assert";
import { output, ROOT } from "./helpers.ts";

const { imports } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));

/** A package of npm, as `deno info` tells it. */
interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
}

Deno.test("deno.json names the npm packages of the program, which is what `deno task` fetches, and no more", async () => {
  const { npmPackages } = JSON.parse(
    await output(Deno.execPath(), "info", "--json", `${ROOT}server.ts`),
  );
  const used = Object.values<NpmPackage>(npmPackages);
  const named = Object.values<string>(imports)
    .flatMap((specifier) => /^npm:(@?[^@]+@[^/]+)/.exec(specifier)?.[1] ?? []);
  // there is no lock file: versions are exact, and nothing comes with a package
  assertEquals(
    [...new Set(named)].toSorted(),
    used.map(({ name, version }) => `${name}@${version}`).toSorted(),
  );
  assertEquals(used.flatMap(({ dependencies }) => dependencies), []);
});
