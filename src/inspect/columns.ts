/** What the live view shows of a connection: one entry a column. */

import type { Flow } from "./flows.ts";
import { addressText, placeText } from "./text.ts";

/** A column. */
interface Column {
  /** How it is called, in its head too. */
  readonly name: string;
  /** How wide it is; absent where it takes what is left. */
  readonly width?: number;
  /** Whether its text begins at the left; otherwise it ends at the right. */
  readonly left?: boolean;
  /** What stands in it. */
  text(flow: Flow, width: number): string;
  /** By what it is sorted, the largest first. */
  key(flow: Flow): number | string;
}

/** The columns from the left. */
export const COLUMNS = [
  {
    name: "fd",
    text: ({ socket, isOneOfMany }) => isOneOfMany ? placeText(socket) : `${socket.fd}`,
    key: ({ socket }) => -socket.fd,
  },
  {
    name: "peer",
    left: true,
    // the port is at the end, and tells more than the beginning
    text: ({ socket }, width) => cutLeft(addressText(socket.remote), width),
    key: ({ socket }) => addressText(socket.remote),
  },
  {
    name: "state",
    width: 5,
    left: true,
    text: ({ socket }) => SHORT_STATES[socket.state] ?? socket.state,
    key: ({ socket }) => socket.state,
  },
  { name: "rtt", width: 5, text: ({ rtt }) => microseconds(rtt), key: ({ rtt }) => rtt },
  {
    name: "retr",
    width: 4,
    text: ({ retransmitted }) => amount(retransmitted),
    key: (flow) => flow.retransmitted,
  },
  {
    name: "rate",
    width: 4,
    text: ({ deliveryRate }) => amount(deliveryRate),
    key: (flow) => flow.deliveryRate,
  },
  {
    name: "curve",
    width: 5,
    left: true,
    text: ({ history }, width) => curve(history, width),
    key: ({ history }) => history.at(-1) ?? 0,
  },
  {
    name: "infl",
    width: 4,
    text: ({ inFlight }) => amount(inFlight),
    key: ({ inFlight }) => inFlight,
  },
  {
    name: "sndq",
    width: 4,
    text: ({ socket }) => amount(socket.send),
    key: ({ socket }) => socket.send ?? 0,
  },
  {
    name: "rcvq",
    width: 4,
    text: ({ socket }) => amount(socket.receive),
    key: ({ socket }) => socket.receive ?? 0,
  },
  { name: "idle", width: 4, text: ({ idle }) => seconds(idle / 1000), key: ({ idle }) => idle },
  { name: "cwnd", width: 4, text: ({ window }) => amount(window), key: ({ window }) => window },
  { name: "limit", width: 5, left: true, text: ({ limit }) => limit, key: ({ limit }) => limit },
] as const satisfies readonly Column[];

/** The name of a column. */
export type ColumnName = typeof COLUMNS[number]["name"];

/** Their names. */
export const COLUMN_NAMES: readonly ColumnName[] = COLUMNS.map(({ name }) => name);

/** A column by its name. */
export function columnOf(name: ColumnName): Column {
  return COLUMNS.find((column) => column.name === name)!;
}

const SHORT_STATES: Readonly<Record<string, string>> = {
  "established": "estab",
  "syn-sent": "syn-s",
  "syn-recv": "syn-r",
  "new-syn-recv": "syn-r",
  "fin-wait-1": "fin-1",
  "fin-wait-2": "fin-2",
  "time-wait": "time",
  "close-wait": "cl-wt",
  "last-ack": "l-ack",
  "closing": "closg",
};

/** The end of a text that is too long. */
export function cutLeft(text: string, width: number): string {
  return text.length > width ? `…${text.slice(text.length - width + 1)}` : text;
}

/** A number in at most four letters: 999, 1.2k, 12k, 999k, 1.2M. */
export function amount(n: number | undefined): string {
  if (n === undefined) return "-";
  let rest = n;
  for (const unit of ["", "k", "M", "G", "T"]) {
    if (rest < 9.95 && unit !== "") return `${rest.toFixed(1)}${unit}`;
    if (rest < 999.5) return `${Math.round(rest)}${unit}`;
    rest /= 1000;
  }
  return ">1P";
}

/** A time in at most five letters. */
function microseconds(n: number): string {
  if (n < 1000) return `${n}µs`;
  return n < 999_500
    ? `${n < 9_950 ? (n / 1000).toFixed(1) : Math.round(n / 1000)}ms`
    : seconds(n / 1e6);
}

/** A time in at most four letters. */
function seconds(n: number): string {
  if (n < 9.95) return `${n.toFixed(1)}s`;
  if (n < 100) return `${Math.round(n)}s`;
  if (n < 100 * 60) return `${Math.round(n / 60)}m`;
  return n < 100 * 3600 ? `${Math.round(n / 3600)}h` : `${Math.min(Math.round(n / 86_400), 999)}d`;
}

const BARS = "▁▂▃▄▅▆▇█";

/** The last numbers as bars, the highest of them full; nothing moves is a line. */
export function curve(history: readonly number[], width: number): string {
  const shown = history.slice(-width);
  const most = Math.max(...shown, 1);
  return shown.map((n) => BARS[Math.ceil((n / most) * (BARS.length - 1))]).join("");
}
