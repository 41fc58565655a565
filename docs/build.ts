/**
 * `deno task docs [FOLDER]`: the reference as HTML, the symbols in their categories. Deno makes categories of
 * declaration files alone, so it is given one that exports all of mod.ts.
 */

/** The folder of the package. */
const root = new URL("..", import.meta.url);
const output = Deno.args[0] ?? new URL("docs/api", root).pathname;
const folder = await Deno.makeTempDir();

const mod = await Deno.readTextFile(new URL("mod.ts", root));
const [moduleDoc] = /^\/\*\*[\s\S]*?\*\//.exec(mod)!;
await Deno.writeTextFile(
  `${folder}/tcp.d.ts`,
  `${moduleDoc}\n\nexport * from "${new URL("mod.ts", root)}";\n`,
);
await Deno.remove(output, { recursive: true }).catch(() => {});
const { success } = await new Deno.Command(Deno.execPath(), {
  args: [
    "doc",
    "--html",
    "--name=@sockopt/tcp",
    `--output=${output}`,
    `${folder}/tcp.d.ts`,
  ],
}).spawn().status;
await Deno.remove(folder, { recursive: true });
if (!success) Deno.exit(1);
console.log(`Read ${output}/index.html`);
