/** What `--check` finds: what was asked of the kernel, and what it made of it. */

import { SO_REUSEADDR, SO_REUSEPORT } from "../../ffi/options/socket.ts";
import { tryReadOption } from "../../ffi/socket.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import type { ReadableOption } from "../../ffi/socket_option.ts";
import type { PreparedListener } from "../net/prepare_listener.ts";
import { prepareListeners } from "../net/listen_all.ts";
import { isAsExpected } from "../options/assert_option.ts";
import { readSysctl } from "../options/kernel_limits.ts";
import { readOptions } from "../options/read_options.ts";
import {
  applyOption,
  BACKLOG_CAP,
  isForConnections,
  type OptionValue,
  settingOptions,
  type SettingReport,
  settingsInForce,
  type SocketSettings,
} from "../options/settings.ts";
import { supportedOptions } from "../options/supported_options.ts";
import { socketFd } from "../options/socket_fd.ts";
import type { CommandLine } from "./command_line.ts";
import { defaultsOf, settingsOf } from "./serve_as.ts";

/** What is found of one option of one socket. */
export interface Row extends Omit<SettingReport, "requested" | "limit"> {
  /** The address that was listened on, where there are several. */
  host?: string;
  /** Absent where nothing was asked for. */
  requested?: unknown;
  /** The kernel's limit; "unknown" where it may not be read. */
  limit?: number | "unknown";
}

/** What was found. */
export interface Findings {
  ok: boolean;
  listener: Row[];
  connection: Row[];
}

/** Applies what the command line asks for to a listener and to a connection over loopback, for each address. */
export async function check(options: CommandLine): Promise<Findings> {
  const listener: Row[] = [];
  const connection: Row[] = [];
  const settings = settingsInForce(settingOptions(settingsOf(options)));
  const opened = prepareListeners(
    {
      hostname: options.host,
      backlog: options.backlog,
      reusePort: options["reuse-port"],
      settings: { options: settings as SocketSettings["options"] }, // by the options' own codecs
    },
    (to) => Deno.listen(to),
    apply,
  );
  try {
    for (const each of opened) {
      const found = await checkListener(each, settings, options);
      const host = each.listener.addr.hostname;
      const named = (rows: Row[]): Row[] =>
        opened.length === 1 ? rows : rows.map((row) => ({ host, ...row }));
      listener.push(...named(withLimits(found.listener)));
      connection.push(...named(withLimits(found.connection)));
    }
  } finally {
    for (const { listener } of opened) listener.close();
  }
  return { ok: [...listener, ...connection].every(({ ok }) => ok), listener, connection };
}

/** How many seconds a connection may take. */
const PATIENCE = 5;

async function checkListener(
  { listener, fd, reports }: PreparedListener<Deno.TcpListener>,
  settings: readonly OptionValue[],
  options: CommandLine,
): Promise<Pick<Findings, "listener" | "connection">> {
  const { "reuse-port": reusePort } = options;
  const fixed: [ReadableOption<unknown>, unknown][] = [[SO_REUSEADDR, true], [
    SO_REUSEPORT,
    reusePort,
  ]];
  const onListener: Row[] = [
    ...fixed.map(([option, value]) => compare(fd, option, value)),
    ...reports,
    // what the kernel refuses of these is done without
    ...settingOptions(defaultsOf(options)).map((setting) => apply(fd, setting)).filter(({ ok }) =>
      ok
    ),
  ];
  if (!options.asksForOptions) onListener.push(...others(fd, onListener));

  const pair = await connectTo(listener);
  if (pair instanceof Error) {
    const failed = { option: "connect", effective: undefined, ok: false, note: pair.message };
    return { listener: onListener, connection: [failed] };
  }
  using _client = pair.client;
  using conn = pair.conn;
  const connFd = socketFd(conn);
  const onConnection: Row[] = [
    ...fixed.map(([option, value]) => compare(connFd, option, value)),
    ...settings.filter((setting) => setting[0].access === "write-only" || isForConnections(setting))
      .map((setting) => inherit(connFd, setting)),
  ];
  if (!options.asksForOptions) onConnection.push(...others(connFd, onConnection));
  return { listener: onListener, connection: onConnection };
}

/** Both ends of a connection to a listener, or why there is none. */
async function connectTo(
  listener: Deno.TcpListener,
): Promise<{ client: Deno.TcpConn; conn: Deno.TcpConn } | Error> {
  const { hostname, port } = listener.addr;
  const anyAddress: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  const to = anyAddress[hostname] ?? hostname;
  let client: Deno.TcpConn | undefined;
  let accepted: Promise<Deno.TcpConn> | undefined;
  const late = AbortSignal.timeout(PATIENCE * 1000);
  const isLate = new Promise<never>((_, reject) => {
    late.onabort = () => reject(new Error(`no connection within ${PATIENCE} seconds`));
  });
  try {
    accepted = listener.accept();
    client = await Promise.race([Deno.connect({ hostname: to, port, signal: late }), isLate]);
    // the kernel may hand a connection over with its first data alone
    await client.write(new Uint8Array(1));
    return { client, conn: await Promise.race([accepted, isLate]) };
  } catch (error) {
    client?.close();
    accepted?.then((conn) => conn.close(), () => {}); // the listener closes, and so it ends
    return late.aborted ? new Error(`no connection within ${PATIENCE} seconds`) : error as Error;
  }
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

/** Sets an option; what the kernel refuses is a row as well. */
function apply(fd: number, setting: OptionValue): SettingReport {
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
