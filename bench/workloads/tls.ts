/** TLS: handshakes, and messages on kept connections. */

import {
  type Bench,
  type Contender,
  exchanges,
  exchangeSeconds,
  ROOT,
  withoutVariants,
  type Workload,
} from "../bench.ts";
import type { Result } from "../results.ts";

const FILES = `${ROOT}tests/tls`;
const CLIENTS = 32;
const tlsRounds = ({ rounds }: Bench): number => Math.ceil(rounds / 2);

function contenders(bench: Bench, mode: "once" | "stream"): Contender[] {
  return withoutVariants(bench).filter(({ hasTls }) => hasTls).map(({ name, command }) => ({
    name,
    command: (port) => [...command(mode, port), `${FILES}/cert.pem`, `${FILES}/key.pem`],
  }));
}

function measure(bench: Bench, title: string, kind: "oneshot" | "stream"): Promise<Result> {
  return exchanges(bench, {
    title,
    base: "bare Deno",
    rounds: tlsRounds(bench),
    contenders: contenders(bench, kind === "oneshot" ? "once" : "stream"),
    run: (port, seconds) => bench.load.tls(kind, port, CLIENTS, seconds, `${FILES}/ca.pem`),
  });
}

export const tls: Workload = {
  seconds: (bench) =>
    2 * exchangeSeconds(bench, contenders(bench, "once").length, tlsRounds(bench)),
  run: async (bench) => [
    await measure(bench, "TLS: handshake, 64 bytes, echo, close", "oneshot"),
    await measure(bench, "TLS: 64-byte messages", "stream"),
  ],
};
