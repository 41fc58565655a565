/**
 * What it takes to find a socket's descriptor among 10,000: `deno task bench:fd`. Not a `deno bench`, since
 * the first look-up of a socket can be measured only once.
 */

import { socketFd } from "../mod.ts";

const OPEN = 10_000;
const TRIES = 200;

function report(what: string, times: number[], limit?: number): void {
  times.sort((a, b) => a - b);
  const median = times[times.length >> 1]! * 1000;
  const verdict = limit === undefined
    ? ""
    : `(at most ${limit}) ${median <= limit ? "ok" : "TOO SLOW"}`;
  console.log(`${what.padEnd(52)} ${median.toFixed(1).padStart(8)} µs ${verdict}`);
}

function time(run: () => void): number {
  const before = performance.now();
  run();
  return performance.now() - before;
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1000 });
const { port } = listener.addr;

async function pair(): Promise<[client: Deno.TcpConn, conn: Deno.TcpConn]> {
  return await Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
}

const pairs: Awaited<ReturnType<typeof pair>>[] = [];
while (pairs.length < OPEN / 2) pairs.push(await pair());
const some = (): number[] =>
  Array.from({ length: TRIES }, (_, i) => Math.floor(i * pairs.length / TRIES));

// the code itself runs slowly until it is compiled
for (let i = 0; i < 1000; i++) {
  const [client, conn] = await pair();
  socketFd(conn);
  socketFd(client);
  client.close();
  conn.close();
}
report(
  "from accept(), the first time",
  some().map((i) => time(() => socketFd(pairs[i]![1]))),
);
report("from accept(), again", some().map((i) => time(() => socketFd(pairs[i]![1]))), 3);
const old = some().map((i) => pairs[i]![0]);
report(
  "from Deno.connect(), an old one, the first time",
  old.map((c) => time(() => socketFd(c))),
  5000,
);
report("from Deno.connect(), an old one, again", old.map((c) => time(() => socketFd(c))), 3);
const fresh: number[] = [];
while (fresh.length < TRIES) {
  const [client] = await pair();
  fresh.push(time(() => socketFd(client)));
}
report("from Deno.connect(), a fresh one", fresh, 50);
Deno.exit(0);
