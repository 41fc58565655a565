/** How functions of libc are bound. */

import { assertEquals } from "@std/assert";
import { output, ROOT, withProgram } from "../helpers.ts";

/** Prints which functions are bound and called, in order, from the first call that fails on. */
const FIRST_FAILURE = `
const order = [];
const { dlopen } = Deno;
Deno.dlopen = (path, symbols) => {
  order.push(...Object.keys(symbols).map((name) => "bind " + name));
  const library = dlopen(path, symbols);
  const watched = Object.entries(library.symbols).map(([name, call]) => [
    name,
    call && ((...args) => (order.push(name), call(...args))),
  ]);
  return { symbols: Object.fromEntries(watched) };
};
const { getOption, SO_TYPE } = await import("${ROOT}mod.ts");
let code;
try {
  getOption(2 ** 31 - 1, SO_TYPE);
} catch (error) {
  code = error.code;
}
console.log(code, ...order.slice(order.indexOf("getsockopt")));
`;

Deno.test("nothing is bound between a call that fails and the look at its errno", async () => {
  await withProgram(FIRST_FAILURE, async (file) => {
    const printed = await output(Deno.execPath(), "run", "--allow-all", "--no-check", file);
    const location = Deno.build.os === "darwin" ? "__error" : "__errno_location";
    assertEquals(printed, `EBADF getsockopt ${location} memcpy\n`);
  });
});
