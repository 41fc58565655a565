import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { LineWriter } from "../../src/cli/line_writer.ts";

/** A sink that keeps what it is given, and does what the next of its orders says. */
class Sink {
  text = "";
  /** For each write: how many bytes it takes, or how it fails. */
  orders: (number | Error)[] = [];
  writes = 0;

  write(chunk: Uint8Array): Promise<number> {
    this.writes++;
    const order = this.orders.shift() ?? chunk.length;
    if (order instanceof Error) return Promise.reject(order);
    this.text += new TextDecoder().decode(chunk.subarray(0, order));
    return Promise.resolve(Math.min(order, chunk.length));
  }
}

/** A writer to a sink, and the numbers of lines that it has called lost. */
function writerTo(sink: { write(chunk: Uint8Array): Promise<number> }) {
  const writer = new LineWriter(sink);
  const lost: number[] = [];
  writer.onLost = (n) => void lost.push(n);
  return { writer, lost };
}

Deno.test("LineWriter writes the lines of one moment together, in their order", async () => {
  const sink = new Sink();
  const { writer, lost } = writerTo(sink);
  writer.write("one");
  writer.write("two");
  assertEquals(await writer.flush(1000), undefined);
  assertEquals([sink.text, sink.writes, lost], ["one\ntwo\n", 1, []]);
});

Deno.test("LineWriter goes on where a write has taken a part, or nothing for now", async () => {
  const sink = new Sink();
  const { writer, lost } = writerTo(sink);
  sink.orders = [2, new Deno.errors.WouldBlock(), 1, new Deno.errors.WouldBlock()];
  writer.write("one");
  writer.write("two");
  assertEquals(await writer.flush(1000), undefined);
  assertEquals([sink.text, lost], ["one\ntwo\n", []]);
});

Deno.test("LineWriter counts the lines that a failure loses, and says so when it can write again", async () => {
  const sink = new Sink();
  const { writer, lost } = writerTo(sink);
  const full = new Error("No space left on device");
  sink.orders = [full];
  writer.write("one");
  writer.write("two");
  assertStrictEquals(await writer.flush(1000), full);
  // a line that is cut is lost, and the next one does not continue it
  sink.orders = [2, full];
  writer.write("three");
  assertStrictEquals(await writer.flush(1000), full);
  assertEquals([sink.text, lost], ["th", []]);
  writer.write("four");
  assertEquals(await writer.flush(1000), undefined);
  assertEquals([sink.text, lost], ["th\nfour\n", [3]]);
});

Deno.test("LineWriter keeps no more than its queue takes, drops what is beyond in one place, and says how many", async () => {
  const written: string[] = [];
  let open!: () => void;
  const opened = new Promise<void>((resolve) => open = resolve);
  const { writer, lost } = writerTo({
    async write(chunk) {
      await opened;
      written.push(new TextDecoder().decode(chunk));
      return chunk.length;
    },
  });
  writer.onLost = (n) => {
    lost.push(n);
    writer.write(`${n} lost`);
  };
  const size = 1024;
  const count = 10_000;
  for (let i = 0; i < count; i++) writer.write(`${i}`.padEnd(size - 1));
  assertMatch(`${await writer.flush(20)}`, /nobody reads it/);
  open();
  assertEquals(await writer.flush(5000), undefined);
  const lines = written.join("").trimEnd().split("\n").map((line) => line.trimEnd());
  const kept = 4 * 2 ** 20 / size;
  assertEquals(lines, [
    ...Array.from({ length: kept }, (_, i) => `${i}`),
    `${count - kept} lost`,
  ]);
  assertEquals(lost, [count - kept]);
});

Deno.test("LineWriter's flush waits no longer than it may, for a pipe that nobody reads", async () => {
  const { writer } = writerTo({ write: () => new Promise(() => {}) });
  writer.write("never");
  const before = performance.now();
  assertMatch(`${await writer.flush(50)}`, /nobody reads it/);
  assert(performance.now() - before < 1000);
});

Deno.test("LineWriter gives a pipe no more at once than it takes as a whole, unless a line is longer", async () => {
  const sizes: number[] = [];
  const { writer } = writerTo({
    write(chunk) {
      sizes.push(chunk.length);
      return Promise.resolve(chunk.length);
    },
  });
  for (let i = 0; i < 100; i++) writer.write("x".repeat(99));
  writer.write("y".repeat(9999));
  await writer.flush(1000);
  assertEquals(sizes, [4000, 4000, 2000, 10_000]);
});
