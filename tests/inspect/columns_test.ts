/** Numbers in few letters. */

import { assertEquals } from "@std/assert";
import { amount, curve, cutLeft } from "../../src/inspect/columns.ts";

Deno.test("amounts take four letters at the most", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [999, "999"],
    [999.4, "999"],
    [1000, "1.0k"],
    [9949, "9.9k"],
    [9950, "10k"],
    [999_499, "999k"],
    [999_500, "1.0M"],
    [1_234_567_890, "1.2G"],
    [2 ** 53, ">1P"],
  ];
  for (const [n, text] of cases) assertEquals(amount(n), text);
  assertEquals(amount(undefined), "-");
});

Deno.test("a curve has a bar for each of the last numbers", () => {
  assertEquals(curve([], 5), "");
  assertEquals(curve([0, 0], 5), "▁▁");
  assertEquals(curve([9, 9, 0, 1, 50, 100], 4), "▁▂▅█");
});

Deno.test("of a long address the end is shown", () => {
  assertEquals(cutLeft("127.0.0.1:80", 12), "127.0.0.1:80");
  assertEquals(cutLeft("192.168.100.200:51234", 18), "…168.100.200:51234");
});
