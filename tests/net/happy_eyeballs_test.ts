import { assert, assertEquals, assertRejects } from "@std/assert";
import { firstToOpen, interleave } from "../../src/net/happy_eyeballs.ts";
import { leastTime } from "../helpers.ts";

Deno.test("the families take turns, and the first address stays first", () => {
  const four = ["1.1.1.1", "2.2.2.2", "3.3.3.3"];
  const six = ["::1", "::2"];
  assertEquals(interleave([...four, ...six]), ["1.1.1.1", "::1", "2.2.2.2", "::2", "3.3.3.3"]);
  assertEquals(interleave([...six, ...four]), ["::1", "1.1.1.1", "::2", "2.2.2.2", "3.3.3.3"]);
  assertEquals(interleave(["1.1.1.1", ...six]), ["1.1.1.1", "::1", "::2"]);
  assertEquals(interleave(four), four);
  assertEquals(interleave([]), []);
});

/** A connection that notes when it is closed. */
class Conn implements Disposable {
  isClosed = false;

  constructor(readonly address: string) {}

  [Symbol.dispose](): void {
    this.isClosed = true;
  }
}

/** Opens as an address says: at once, after so many milliseconds, never, or with an error. */
function opener(stop: AbortController) {
  const opened: Conn[] = [];
  const begun: string[] = [];
  const open = async (address: string): Promise<Conn> => {
    begun.push(address);
    const [what, when] = address.split(" ");
    if (what === "fails") throw new Error(address);
    await new Promise<void>((resolve, reject) => {
      const timer = what === "after" ? setTimeout(resolve, Number(when)) : undefined;
      // some have answered by the time that they are told to stop
      if (what === "late") return stop.signal.addEventListener("abort", () => resolve());
      stop.signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(stop.signal.reason);
      });
    });
    const conn = new Conn(address);
    opened.push(conn);
    return conn;
  };
  return { open, opened, begun };
}

Deno.test("one that fails is followed at once, one that is silent after 250 ms, and all others are closed", async () => {
  const took = await leastTime(async () => {
    const stop = new AbortController();
    const { open, opened, begun } = opener(stop);
    const conn = await firstToOpen(["fails 1", "late", "after 30", "never"], open, stop);
    assertEquals(conn.address, "after 30");
    assertEquals(begun, ["fails 1", "late", "after 30"]);
    assertEquals(opened.map(({ address, isClosed }) => [address, isClosed]), [
      ["after 30", false],
      ["late", true],
    ]);
  });
  assert(took > 250 && took < 500, `${took}`);
});

Deno.test("where all fail the error has each one's; where it is stopped it is the reason", async () => {
  const stop = new AbortController();
  const failing = opener(stop);
  const all = await assertRejects(
    () => firstToOpen(["fails 1", "fails 2"], failing.open, stop),
    AggregateError,
  );
  assertEquals(all.errors.map(({ message }) => message), ["fails 1", "fails 2"]);

  const { open, opened, begun } = opener(stop);
  const reason = new Error("enough");
  setTimeout(() => stop.abort(reason), 20);
  const error = await assertRejects(() => firstToOpen(["late", "never"], open, stop));
  assertEquals(error, reason);
  assertEquals(begun, ["late"]);
  assert(opened.every(({ isClosed }) => isClosed));
});
