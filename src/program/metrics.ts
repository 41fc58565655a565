/** The statistics as metrics of OpenTelemetry, which Deno sends. */

import type { Meter } from "@opentelemetry/api";
import type { ServerStats } from "../serve/stats.ts";

/** What a value belongs to. */
type Attributes = Record<string, string | number>;

/** What kind of instrument a metric is: what only grows, or what is now. */
type Kind = "Counter" | "UpDownCounter";

/** A metric: its values at one moment, each with its attributes. */
interface Metric {
  readonly name: string;
  readonly kind: Kind;
  readonly unit: string;
  readonly description: string;
  readonly values: (stats: ServerStats) => [number, Attributes?][];
}

/**
 * Names and attributes are OpenTelemetry's own where its conventions have them: error.type, network.io.direction,
 * server.*.
 */
const METRICS: readonly Metric[] = [
  {
    name: "sockopt.connections.accepted",
    kind: "Counter",
    unit: "{connection}",
    description: "Connections accepted.",
    values: ({ accepted }) => [[accepted]],
  },
  {
    name: "sockopt.connections.active",
    kind: "UpDownCounter",
    unit: "{connection}",
    description: "Connections that are open.",
    values: ({ active }) => [[active]],
  },
  {
    name: "sockopt.connections.closed",
    kind: "Counter",
    unit: "{connection}",
    description: "Connections that have ended, by why.",
    values: ({ closed, timedOut, assertionFailures, refused }) => [
      [Math.max(closed - timedOut - assertionFailures - refused, 0), { reason: "ended" }],
      [timedOut, { reason: "timed_out" }],
      [assertionFailures, { reason: "assertion_failed" }],
      [refused, { reason: "refused" }],
    ],
  },
  {
    name: "sockopt.network.io",
    kind: "Counter",
    unit: "By",
    description: "Bytes of connections that have ended; none once that cannot be told.",
    values: ({ bytesIn, bytesOut }) => [
      ...known(bytesIn, { "network.io.direction": "receive" }),
      ...known(bytesOut, { "network.io.direction": "transmit" }),
    ],
  },
  {
    name: "sockopt.errors",
    kind: "Counter",
    unit: "{error}",
    description: "Errors of handlers, accepting, handshakes and headers, by their code.",
    values: ({ errors }) =>
      Object.entries(errors).map(([code, n]) => [n, { "error.type": code }] as const),
  },
  {
    name: "sockopt.assertion_failures",
    kind: "Counter",
    unit: "{connection}",
    description: "Connections on which an assertion has failed.",
    values: ({ assertionFailures }) => [[assertionFailures]],
  },
  {
    name: "sockopt.accept_queue.length",
    kind: "UpDownCounter",
    unit: "{connection}",
    description: "Connections that wait to be accepted.",
    values: (stats) => queues(stats, "length"),
  },
  {
    name: "sockopt.accept_queue.limit",
    kind: "UpDownCounter",
    unit: "{connection}",
    description: "How many connections may wait to be accepted.",
    values: (stats) => queues(stats, "limit"),
  },
  {
    name: "sockopt.accept.pauses",
    kind: "Counter",
    unit: "{pause}",
    description: "How often accepting was put off because it had failed.",
    values: ({ acceptPauses }) => [[acceptPauses]],
  },
];

/** A value, where it is known. */
function known(value: number | undefined, attributes: Attributes): [number, Attributes][] {
  return value === undefined ? [] : [[value, attributes]];
}

/** The queues by their address: each thread has one of its own. */
function queues(
  stats: ServerStats,
  field: "length" | "limit",
): [number, Attributes][] {
  const byAddress = new Map<string, [number, Attributes]>();
  for (const { addr: { hostname, port }, [field]: n } of stats.queues) {
    if (n === undefined) continue; // the kernel does not tell
    const key = `${hostname} ${port}`;
    const [sum] = byAddress.get(key) ?? [0];
    byAddress.set(key, [sum + n, { "server.address": hostname, "server.port": port }]);
  }
  return [...byAddress.values()];
}

/** One metric, which is told by how much it has changed. */
class Recorder {
  readonly #metric: Metric;
  readonly #add: (change: number, attributes: Attributes) => void;
  /** What it was told last, by its attributes. */
  #last = new Map<string, { value: number; attributes: Attributes }>();

  constructor(meter: Meter, metric: Metric) {
    const { name, kind, unit, description } = metric;
    const instrument = meter[`create${kind}`](name, { unit, description });
    this.#metric = metric;
    this.#add = (change, attributes) => {
      // what a thread that has died had counted is lost
      if (kind === "UpDownCounter" || change >= 0) instrument.add(change, attributes);
    };
  }

  record(stats: ServerStats): void {
    const last = this.#last;
    this.#last = new Map();
    for (const [value, attributes = {}] of this.#metric.values(stats)) {
      const key = JSON.stringify(attributes);
      this.#last.set(key, { value, attributes });
      this.#add(value - (last.get(key)?.value ?? 0), attributes);
      last.delete(key);
    }
    // such as the queue of a listener that is closed
    for (const { value, attributes } of last.values()) this.#add(-value, attributes);
  }
}

/**
 * Has Deno send the statistics: it asks for them whenever it does.
 *
 * @param version This package's.
 * @param ask Tells the statistics of all threads together.
 * @returns Notes the last ones, as Deno asks for none when it ends.
 */
export async function exportMetrics(
  version: string,
  ask: () => ServerStats | Promise<ServerStats>,
): Promise<() => Promise<void>> {
  const { metrics } = await import("@opentelemetry/api");
  const meter = metrics.getMeter("@sockopt/tcp", version);
  const recorders = METRICS.map((metric) => new Recorder(meter, metric));
  let recording = Promise.resolve();
  // one after the other: threads take a moment to answer, and what has grown must not seem to shrink
  const record = (): Promise<void> =>
    recording = recording.then(async () => {
      const stats = await ask();
      for (const recorder of recorders) recorder.record(stats);
    });
  // it observes nothing itself: what observers would have seen last is not sent at the end
  meter.addBatchObservableCallback(record, []);
  return record;
}
