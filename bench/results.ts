/** What a run of the benchmarks finds. */

import type { Spread } from "./measure.ts";

/** What is compared: each server's cost in a unit. */
export interface Result {
  readonly title: string;
  readonly unit: string;
  /** The server that the others are best compared with. */
  readonly base?: "C epoll" | "bare Deno";
  /** The size of a message in bytes, where messages are exchanged. */
  readonly size?: number;
  readonly servers: Record<string, Cost>;
}

/** What one server costs. */
export interface Cost extends Spread {
  /** As a multiple of C's, and of a bare Deno.listen loop's: the middle of the rounds' ratios. */
  toC?: number;
  toBare?: number;
  /** What the load saw: exchanges a second, microseconds, and how many went wrong. */
  rate?: number;
  p50?: number;
  p99?: number;
  errors?: number;
  /** The share of one CPU that the load took; near 1 it is the load that is measured. */
  load?: number;
}

/** A whole run. */
export interface Results {
  readonly date: string;
  readonly kernel: string;
  readonly machine: string;
  readonly versions: Record<string, string>;
  readonly results: Record<string, Result>;
}
