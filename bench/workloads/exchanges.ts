/** Plain TCP: one-shot connections, and messages of every size on kept ones. */

import {
  type Bench,
  CLIENTS,
  exchanges,
  exchangeSeconds,
  inMode,
  withoutVariants,
  type Workload,
} from "../bench.ts";
import type { Result } from "../results.ts";

/** Connect, 64 bytes, echo, close. */
export const oneshot: Workload = {
  seconds: (bench) => exchangeSeconds(bench, bench.servers.length),
  run: async (bench) => [
    await exchanges(bench, {
      title: "connect, 64 bytes, echo, close",
      base: "C epoll",
      size: 64,
      notes: bench.servers.flatMap(({ note }) => note ?? []),
      contenders: inMode(bench.servers, "once"),
      run: (port, seconds) => bench.load.run("oneshot", port, CLIENTS, seconds, 64),
    }),
  ],
};

const showSize = (size: number): string =>
  size < 1024 ? `${size}-byte` : size < 1 << 20 ? `${size >> 10} KiB` : `${size >> 20} MiB`;

function messages(bench: Bench, size: number, rounds?: number): Promise<Result> {
  return exchanges(bench, {
    title: `${showSize(size)} messages`,
    base: "bare Deno",
    size,
    rounds,
    contenders: inMode(withoutVariants(bench), "stream"),
    run: (port, seconds) => bench.load.run("stream", port, CLIENTS, seconds, size),
  });
}

/** The smallest and the largest messages. */
export const stream: Workload = {
  seconds: (bench) => exchangeSeconds(bench, withoutVariants(bench).length),
  run: async (bench) => [await messages(bench, 64)],
};
export const bulk: Workload = {
  seconds: (bench) => exchangeSeconds(bench, withoutVariants(bench).length),
  run: async (bench) => [await messages(bench, 1 << 20)],
};

/** What lies between: two points are no curve. */
const SIZES = [256, 1024, 4096, 16_384, 65_536];
const sizeRounds = ({ rounds }: Bench): number => Math.ceil(rounds / 3);

export const sizes: Workload = {
  seconds: (bench) =>
    SIZES.length * exchangeSeconds(bench, withoutVariants(bench).length, sizeRounds(bench)),
  run: (bench) => Array.fromAsync(SIZES, (size) => messages(bench, size, sizeRounds(bench))),
};
