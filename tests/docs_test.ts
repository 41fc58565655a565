/** The reference and docs/*.md: what they say is there, has a source, and runs as it stands. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { OPTION_TABLE } from "../ffi/option_table.ts";
import { newSocket } from "../ffi/new_socket.ts";
import { closeFd, tryReadOption } from "../ffi/socket.ts";
import { isSupported, type ReadableOption } from "../mod.ts";
import { output, ROOT, run, testWith } from "./helpers.ts";

/** A symbol of mod.ts, as `deno doc --json` tells it. */
interface Symbol {
  readonly name: string;
  readonly declarations: readonly {
    readonly jsDoc?: {
      readonly doc?: string;
      readonly tags?: readonly { readonly kind: string; readonly doc?: string }[];
    };
  }[];
}

const json = JSON.parse(await output(Deno.execPath(), "doc", "--json", `${ROOT}mod.ts`));
const [{ module_doc: moduleDoc, symbols }] = Object.values(json.nodes) as [
  { module_doc: { doc: string }; symbols: Symbol[] },
];
const names = new Set(symbols.map(({ name }) => name));

/** What the docstring of a symbol says, on one line, and its category. */
function docOf(name: string): { doc: string; category: string | undefined } {
  const { jsDoc } = symbols.find((symbol) => symbol.name === name)!.declarations[0]!;
  const category = jsDoc?.tags?.find(({ kind }) => kind === "category")?.doc?.trim();
  return { doc: (jsDoc?.doc ?? "").replaceAll("\n", " "), category };
}

const OPTIONS = OPTION_TABLE.map((option) => ({ option, ...docOf(option.name) }));

Deno.test("every option has a category, a platform, a source with a link, and tells its access", () => {
  for (const { option, doc, category } of OPTIONS) {
    const { name, access } = option;
    assert(category !== undefined, name);
    assertMatch(doc, /Platform: (Linux|macOS)/, name);
    assertMatch(doc, /Source: .*(\]\(https:\/\/|of macOS)/, name);
    assertEquals(/\bRead only\./.test(doc), access === "read-only", name);
    const isAsked = "question" in option;
    assertEquals(/\bWrite only\./.test(doc), access === "write-only" && !isAsked, name);
    assertEquals(/\b(Capability: |Takes )CAP_/.test(doc), option.capability !== undefined, name);
  }
});

Deno.test("every reference to a symbol leads to one", () => {
  const texts = [moduleDoc.doc, ...OPTIONS.map(({ doc }) => doc)];
  const links = texts.flatMap((text) => [...text.matchAll(/\{@link(?:code)? (\w+)/g)]);
  assert(links.length > 300, `${links.length}`);
  assertEquals(links.map(([, name]) => name!).filter((name) => !names.has(name)), []);
});

testWith("Linux", "every sysctl that is named is one of the kernel's", () => {
  const sysctls = new Set(
    OPTIONS.flatMap(({ doc }) => doc.match(/\bnet\.(?:ipv4|ipv6|core)\.[\w.*]*\w/g) ?? []),
  );
  assert(sysctls.size > 30, `${sysctls.size}`);
  // what a network namespace or an older kernel lacks
  const missing = [...sysctls].filter((name) => {
    const path = `/proc/sys/${name.replace(".*.", ".default.").replaceAll(".", "/")}`;
    try {
      return !Deno.statSync(path).isFile;
    } catch {
      return true;
    }
  });
  assert(missing.length < 8, missing.join(", "));
});

Deno.test("the Linux that brought an option has a source in docs/linux_versions.md, and stands there right", async () => {
  const table = await Deno.readTextFile(`${ROOT}docs/linux_versions.md`);
  const sourced = [...table.matchAll(/^\| ([A-Z0-9_]+) +\| ([\d.]+) +\| \S.*\|$/gm)]
    .map(([, name, version]) => `${name} ${version}`);
  const said = OPTIONS.flatMap(({ option, doc }) => {
    const version = /Platform: Linux (\d[\d.]*\d)/.exec(doc)?.[1];
    return version === undefined ? [] : [`${option.name} ${version}`];
  });
  assertEquals(sourced, said.toSorted());
});

/** The kinds of socket that an ordinary user may have: family and type. */
const KINDS = [[2, 1], [10, 1], [2, 2], [10, 2], [1, 1]] as const;

testWith("Linux", "a default that is on, off or a number is what a fresh socket has", () => {
  const sockets = KINDS.map(([family, type]) => newSocket(family, type)).filter((fd) => fd >= 0);
  let compared = 0;
  for (const { option, doc } of OPTIONS) {
    const said = /Default: (on|off|-?\d+|"\w*")\. /.exec(doc)?.[1];
    if (said === undefined || option.access === "write-only" || !isSupported(option)) continue;
    const values = sockets.map((fd) => tryReadOption(fd, option as ReadableOption<unknown>))
      .filter((value) => value !== undefined)
      .map((value) => typeof value === "boolean" ? (value ? "on" : "off") : Deno.inspect(value));
    if (values.length === 0) continue; // of other sockets, or of a newer kernel
    compared++;
    assert(values.includes(said), `${option.name}: ${said}, ${values.join(", ")}`);
  }
  for (const fd of sockets) closeFd(fd);
  assert(compared > 60, `${compared}`);
});

const documents = await Promise.all(
  [...Deno.readDirSync(`${ROOT}docs`)].filter(({ name }) => name.endsWith(".md"))
    .map(async ({ name }) => ({ name, text: await Deno.readTextFile(`${ROOT}docs/${name}`) })),
);
const inline = documents.flatMap(({ text }) =>
  [...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!)
);

for (const command of inline.filter((code) => /^(\w+=\S+ )?deno (doc|test) /.test(code))) {
  testWith(command.includes("headers") ? "cc" : [], `docs: ${command}`, async () => {
    const path = `${Deno.execPath().replace(/\/[^/]*$/, "")}:${Deno.env.get("PATH")}`;
    const { code, stdout, stderr } = await run("env", [
      `PATH=${path}`,
      "NO_COLOR=1",
      "sh",
      "-c",
      command,
    ]);
    assertEquals(code, 0, stderr);
    assert(stdout.length > 100, stdout);
  });
}

Deno.test("every task that docs/*.md name is one of deno.json's", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const named = inline.flatMap((code) => /^deno task ([\w:]+)/.exec(code)?.[1] ?? []);
  assert(named.length > 0);
  assertEquals(named.filter((name) => !(name in tasks)), []);
});

Deno.test("the reference is built: an introduction, the categories, and a page for each symbol", async () => {
  const folder = await Deno.makeTempDir();
  await output(Deno.execPath(), "run", "--allow-all", `${ROOT}docs/build.ts`, folder);
  const landing = await Deno.readTextFile(`${folder}/index.html`);
  assertMatch(landing, /By task/);
  const categories = new Set(OPTIONS.map(({ category }) => category!));
  for (const category of categories) assert(landing.includes(category), category);
  const page = await Deno.readTextFile(`${folder}/~/TCP_KEEPIDLE.html`);
  assertMatch(page, /href="https:\/\/man7\.org\/linux\/man-pages\/man7\/tcp\.7\.html"/);
  await Deno.remove(folder, { recursive: true });
});
