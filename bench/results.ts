/** What a run of the benchmarks finds. */

import type { Spread } from "./measure.ts";

/** What is compared: each server's cost in a unit. Less is better. */
export interface Result {
  readonly title: string;
  readonly unit: string;
  /** Whom the others are best compared with: the bars are multiples of its cost. */
  readonly base?: Base;
  /** The size of a message in bytes, where messages are exchanged. */
  readonly size?: number;
  /** What must be known to read it. */
  readonly notes?: readonly string[];
  readonly servers: Record<string, Cost>;
}

/** Who others are compared with. */
export type Base = "C epoll" | "bare Deno";

/** What one server costs. */
export interface Cost extends Spread {
  /** As a multiple of C's, and of a bare loop's: of the ratios of the rounds. */
  toC?: Spread;
  toBare?: Spread;
  /** What else was seen: exchanges a second, microseconds of waiting, how many went wrong. */
  rate?: number;
  p50?: number;
  p99?: number;
  errors?: number;
  /** The share of one CPU that the load took; near 1 it is the load that is measured. */
  load?: number;
  /** What one CPU serves in a second. */
  perCpuSecond?: number;
  /** Of clients that connect anew: the wait of 99 in 100, in milliseconds. */
  new99?: number;
  /** What streams moved meanwhile, in MiB a second. */
  streams?: number;
}

/** A whole run. */
export interface Results {
  readonly date: string;
  readonly kernel: string;
  readonly machine: string;
  readonly versions: Record<string, string>;
  readonly results: Record<string, Result>;
}
