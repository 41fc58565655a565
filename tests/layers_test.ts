/** Imports go down only, and in no circle: the floors that CONTRIBUTING.md names. Imports of types count as well. */

import { assert, assertEquals } from "@std/assert";
import { ROOT } from "./helpers.ts";

/** The floors of the package, from below. */
const FLOORS = [
  "ffi/",
  "src/options/",
  "src/net/",
  "src/cli/",
  "src/serve/",
  "src/inspect/",
  "src/program/",
  "server.ts",
  "inspect.ts",
];

/** The source files below some places. */
function* filesOf(places: string[]): Generator<string> {
  for (const place of places) {
    if (place.endsWith(".ts")) yield place;
    else {
      for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}${place}`)) {
        if (isDirectory) yield* filesOf([`${place}${name}/`]);
        else if (name.endsWith(".ts")) yield `${place}${name}`;
      }
    }
  }
}

/** What a file imports or exports of other files, for types too. */
function importsOf(file: string): string[] {
  const text = Deno.readTextFileSync(`${ROOT}${file}`);
  const here = new URL(file, "file:///");
  return [
    ...text.matchAll(/^(?:import|export)\b[^"';]*?\bfrom "(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/gm),
  ]
    .map(([, a, b]) => new URL((a ?? b)!, here).pathname.slice(1));
}

function graphOf(places: string[]): Map<string, string[]> {
  return new Map([...filesOf(places)].map((file) => [file, importsOf(file)]));
}

/** The circles among files, each from the file at which it was met. */
function circlesOf(graph: Map<string, string[]>): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file)) {
      return void circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    }
    if (done.has(file)) return;
    for (const imported of graph.get(file) ?? []) visit(imported, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return circles;
}

const floorOf = (file: string): number => FLOORS.findIndex((floor) => file.startsWith(floor));

Deno.test("nothing imports upwards", () => {
  const graph = graphOf(FLOORS);
  assert(graph.size > 60);
  const upwards = [...graph].flatMap(([file, imports]) =>
    imports
      .filter((imported) => imported.endsWith(".ts") && floorOf(imported) > floorOf(file))
      .map((imported) => `${file} → ${imported}`)
  );
  assertEquals(upwards, []);
});

Deno.test("two programs stand beside one another", () => {
  const imports = (wing: string, other: RegExp): string[] =>
    [...graphOf([wing])].flatMap(([, imported]) => imported.filter((file) => other.test(file)));
  assertEquals(imports("src/inspect/", /^src\/(serve|program)\//), []);
  assertEquals(imports("src/program/", /^src\/inspect\//), []);
});

Deno.test("what users import is no part of what it is made of", () => {
  const users = [...graphOf(FLOORS)].filter(([, imports]) => imports.includes("mod.ts"));
  assertEquals(users.map(([file]) => file), []);
});

Deno.test("there is no circle of imports", () => {
  assertEquals(circlesOf(graphOf([...FLOORS, "mod.ts"])), []);
  assertEquals(circlesOf(graphOf(["bench/", "examples/"])), []);
});
