import assert from "node:assert/strict";
import { output, ROOT } from "../helpers.ts";

/** What `deno info --json` says of a module. */
interface ModuleInfo {
  specifier: string;
  dependencies?: { code?: { specifier: string }; isDynamic?: true }[];
}

/** The modules that a module imports at once, not when it gets there nor for their types alone. */
function imports({ dependencies = [] }: ModuleInfo): string[] {
  return dependencies.flatMap(({ code, isDynamic }) =>
    code === undefined || isDynamic ? [] : [code.specifier]
  );
}

Deno.test("load_order.ts names every module that server.ts loads at once, and no other", async () => {
  const info = await output(Deno.execPath(), "info", "--json", `${ROOT}server.ts`);
  const { modules, roots: [root] } = JSON.parse(info) as { modules: ModuleInfo[]; roots: string[] };
  const byName = new Map(modules.map((module) => [module.specifier, module]));
  const order = new URL("src/program/load_order.ts", root).href;

  const loaded = new Set([root!]);
  for (const name of loaded) {
    if (name === order) continue;
    for (const imported of imports(byName.get(name)!)) loaded.add(imported);
  }
  loaded.delete(root!);
  loaded.delete(order);
  assert(loaded.size > 20);
  assert.deepEqual(imports(byName.get(order)!).toSorted(), [...loaded].toSorted());
  assert.equal(imports(byName.get(root!)!)[0], order);
});
