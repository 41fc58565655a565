/**
 * What `--check` shows: what was asked of the kernel, and what it made of it.
 *
 * @module
 */

import { styleText } from "node:util";
import { SO_REUSEADDR, SO_REUSEPORT } from "../../ffi/options/socket.ts";
import { tryReadOption } from "../../ffi/socket.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import type { ReadableOption } from "../../ffi/socket_option.ts";
import {
  applyOption,
  BACKLOG_CAP,
  isForConnections,
  type OptionValue,
  settingOptions,
  settingsInForce,
} from "../options/settings.ts";
import { isAsExpected } from "../options/assert_option.ts";
import type { CommandLine } from "./command_line.ts";
import { readSysctl } from "../options/kernel_limits.ts";
import { prepareListener } from "../net/listen.ts";
import { settingsOf } from "./serve_as.ts";
import { readOptions } from "../options/read_options.ts";
import { supportedOptions } from "../options/supported_options.ts";
import { socketFd } from "../options/socket_fd.ts";

/** One option of one socket. */
export interface Row {
  option: string;
  /** Absent where nothing was asked for. */
  requested?: unknown;
  effective: unknown;
  /** The kernel's limit; "unknown" where it may not be read. */
  limit?: number | "unknown";
  ok: boolean;
  note?: string;
}

/** What was found. */
export interface Findings {
  ok: boolean;
  listener: Row[];
  connection: Row[];
}

/** Applies what the command line asks for to a listener and to a connection over loopback. */
export async function check(options: CommandLine): Promise<Findings> {
  const { host: [hostname], backlog, "reuse-port": reusePort } = options;
  const { listener, fd, reports } = prepareListener(
    { hostname, backlog, reusePort },
    (to) => Deno.listen(to),
  );
  using _listener = listener;
  const settings = settingsInForce(settingOptions(settingsOf(options)));
  const fixed: [ReadableOption<unknown>, unknown][] = [[SO_REUSEADDR, true], [
    SO_REUSEPORT,
    reusePort,
  ]];
  const onListener = [
    ...fixed.map(([option, value]) => compare(fd, option, value)),
    ...reports,
    ...settings.map((setting) => apply(fd, setting)),
  ];

  const { hostname: at, port } = listener.addr;
  const to = { "0.0.0.0": "127.0.0.1", "::": "::1" }[at] ?? at;
  const [client, conn] = await Promise.all([
    Deno.connect({ hostname: to, port }),
    listener.accept(),
  ]);
  using _client = client;
  using _conn = conn;
  const connFd = socketFd(conn);
  const onConnection = [
    ...fixed.map(([option, value]) => compare(connFd, option, value)),
    ...settings.filter((setting) => setting[0].access === "write-only" || isForConnections(setting))
      .map((setting) => inherit(connFd, setting)),
  ];

  if (!options.asksForOptions) {
    onListener.push(...others(fd, onListener));
    onConnection.push(...others(connFd, onConnection));
  }
  const ok = [...onListener, ...onConnection].every(({ ok }) => ok);
  return { ok, listener: withLimits(onListener), connection: withLimits(onConnection) };
}

/** A row of an option that is only read. */
function compare(fd: number, option: ReadableOption<unknown>, requested: unknown): Row {
  const effective = tryReadOption(fd, option);
  return {
    option: option.name,
    requested,
    effective,
    ok: isAsExpected(option, requested, effective),
  };
}

/** A row of an option that is set; what the kernel refuses is a row as well. */
function apply(fd: number, setting: OptionValue): Row {
  const [option, requested] = setting;
  try {
    return applyOption(fd, setting);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    const effective = option.access === "write-only" ? undefined : tryReadOption(fd, option);
    return { option: option.name, requested, effective, ok: false, note: error.message };
  }
}

/** A row of an option that a connection has from its listener, or that is set on it if it has not. */
function inherit(fd: number, setting: OptionValue): Row {
  const [option, requested] = setting;
  if (option.access === "write-only") return apply(fd, setting);
  const row = compare(fd, option, requested);
  return row.ok ? row : apply(fd, setting);
}

/** Rows of all other options that the socket has, without those that measure it. */
function others(fd: number, rows: Row[]): Row[] {
  const measures = supportedOptions().filter(({ measures }) => measures).map(({ name }) => name);
  const shown = new Set([...measures, ...rows.map(({ option }) => option)]);
  return Object.entries(readOptions(fd))
    .filter(([option]) => !shown.has(option))
    .map(([option, effective]) => ({ option, effective, ok: true }));
}

function withLimits(rows: Row[]): Row[] {
  const caps = new Map(supportedOptions().map(({ name, cappedBy }) => [name, cappedBy]));
  caps.set("backlog", BACKLOG_CAP);
  return rows.map((row) => {
    const cap = caps.get(row.option);
    return cap === undefined ? row : { ...row, limit: readSysctl(cap) ?? row.limit ?? "unknown" };
  });
}

/** The longest text of a value in the table; more is cut. */
const WIDEST = 40;

/** The findings as two tables. */
export function findingsAsText({ listener, connection }: Findings, colors: boolean): string {
  const paint = (style: "bold" | "red", text: string): string =>
    colors ? styleText(style, text, { validateStream: false }) : text;
  const table = (title: string, rows: Row[]): string => {
    const cells = [
      ["option", "requested", "effective", "limit", "ok", "note"],
      ...rows.map((row) => [
        row.option,
        "requested" in row ? showValue(row.requested) : "",
        showValue(row.effective),
        row.limit === undefined ? "" : `${row.limit}`,
        row.ok ? "yes" : "NO",
        row.note ?? "",
      ]),
    ];
    const widths = cells[0]!.map((_, column) =>
      Math.max(...cells.map((row) => row[column]!.length))
    );
    const lines = cells.map((row, i) => {
      const padded = row.map((cell, column) => cell.padEnd(widths[column]!));
      const line = padded.join("  ").trimEnd();
      if (i === 0) return paint("bold", line);
      return row[4] === "NO" ? paint("red", line) : line;
    });
    return [paint("bold", title), ...lines].join("\n");
  };
  return `${table("listener", listener)}\n\n${table("connection", connection)}`;
}

function showValue(value: unknown): string {
  if (value === undefined) return "-";
  const text = typeof value === "string" && value !== ""
    ? value
    : Deno.inspect(value, { compact: true, breakLength: Infinity });
  return text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text;
}
