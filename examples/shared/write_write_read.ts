/** Write, write, read: where Nagle's algorithm and the delayed acknowledgement meet. */

import { median, milliseconds, round } from "./report.ts";

/** A request and its answer have eight bytes. */
const SIZE = 8;

/** Answers each request when all of it is there. */
export async function answerRequests(
  conn: Deno.Conn,
  on: { onHalf?(): void; onAnswer?(): void } = {},
): Promise<void> {
  const request = new Uint8Array(SIZE);
  for (let n = 0, got; (got = await conn.read(request.subarray(n))) !== null;) {
    n = (n + got) % SIZE;
    if (n > 0) {
      on.onHalf?.();
    } else {
      await conn.write(request);
      on.onAnswer?.();
    }
  }
}

/** Writes a request in two pieces and reads its answer, so many times; in milliseconds. */
export async function timeRequests(
  conn: Deno.Conn,
  times: number,
): Promise<{ median: number; longest: number }> {
  const bytes = new Uint8Array(SIZE);
  const all: number[] = [];
  while (all.length < times) {
    all.push(
      await milliseconds(async () => {
        await conn.write(bytes.subarray(0, SIZE / 2));
        await conn.write(bytes.subarray(SIZE / 2));
        for (let n = 0; n < SIZE;) n += await conn.read(bytes) ?? NaN;
      }),
    );
  }
  return { median: round(median(all), 2), longest: round(Math.max(...all), 2) };
}
