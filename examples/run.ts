/** Runs an example by its name, or lists them: `deno task example [NAME [ARGUMENTS]]`. */

import { nearest } from "../src/cli/nearest.ts";

const folder = new URL(".", import.meta.url);
const names = [...Deno.readDirSync(folder)]
  .filter(({ name }) => name.endsWith(".ts") && name !== "run.ts")
  .map(({ name }) => name.slice(0, -".ts".length))
  .sort();

/** The first line of an example's comment. */
function title(name: string): string {
  const [, line = ""] = Deno.readTextFileSync(new URL(`${name}.ts`, folder)).split("\n");
  return line.slice(" * ".length);
}

const [name, ...args] = Deno.args;
if (name === undefined) {
  const width = Math.max(...names.map(({ length }) => length));
  for (const each of names) console.log(`${each.padEnd(width)}  ${title(each)}`);
} else if (!names.includes(name)) {
  const near = nearest(name, names);
  const allowed = near === undefined ? `one of ${names.join(", ")}` : `did you mean ${near}?`;
  console.error(`unknown example ${name}; ${allowed}`);
  Deno.exitCode = 2;
} else {
  const file = new URL(`${name}.ts`, folder).href;
  const command = ["run", "--unstable-net", "--allow-all", file, ...args];
  const process = new Deno.Command(Deno.execPath(), { args: command }).spawn();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => process.kill(signal));
  }
  Deno.exit((await process.status).code);
}
