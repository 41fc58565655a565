import { assertEquals } from "@std/assert";
import { output, ROOT } from "./helpers.ts";

const { imports } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));

/** A package of npm, as `deno info` tells it. */
interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
}

Deno.test("deno.json names the npm packages of the programs, which is what `deno task` fetches, and no more", async () => {
  const used = new Map<string, NpmPackage>();
  for (const program of ["server.ts", "inspect.ts"]) {
    const info = await output(Deno.execPath(), "info", "--json", `${ROOT}${program}`);
    for (const each of Object.values<NpmPackage>(JSON.parse(info).npmPackages)) {
      used.set(`${each.name}@${each.version}`, each);
    }
  }
  const named = Object.values<string>(imports)
    .flatMap((specifier) => /^npm:(@?[^@]+@[^/]+)/.exec(specifier)?.[1] ?? []);
  // there is no lock file: versions are exact, and nothing comes with a package
  assertEquals(
    [...new Set(named)].toSorted(),
    [...used.keys()].toSorted(),
  );
  assertEquals([...used.values()].flatMap(({ dependencies }) => dependencies), []);
});
