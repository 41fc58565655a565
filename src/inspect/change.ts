/** `--set`: options that are set on live sockets of a process, once somebody has agreed. */

import { tryReadOption } from "../../ffi/socket.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import type { AnySocketOption, ReadableOption } from "../../ffi/socket_option.ts";
import { asJson } from "../cli/as_json.ts";
import { print } from "../cli/run_program.ts";
import { UsageError } from "../cli/usage_error.ts";
import { applyOption, type OptionValue } from "../options/settings.ts";
import type { CommandLine } from "./command_line.ts";
import { processName } from "./process.ts";
import { selected } from "./show.ts";
import { type FoundSocket, withSocket } from "./sockets.ts";
import { addressText, type Paint, tableOf, valueText } from "./text.ts";

/** What became of one option of one socket. */
interface Change {
  readonly pid: number;
  readonly fd: number;
  readonly remote: Deno.Addr | undefined;
  readonly option: string;
  readonly before: unknown;
  readonly after: unknown;
  /** Whether it is as it was asked for. */
  readonly ok: boolean;
  /** Why it is not. */
  readonly note?: string | undefined;
}

/**
 * Sets options on the sockets that are meant and have them.
 *
 * @returns The exit code: 1 where one is not as it was asked for, or nobody has agreed.
 */
export async function changeSockets(command: CommandLine, paint: Paint): Promise<number> {
  const { set, target, yes, json } = command;
  // the sockets that have the options: others of the process are not meant
  const sockets = selected(
    command,
    target,
    (copy) => set.some((each) => has(copy, each)) ? {} : undefined,
  );
  const [count, name] = [sockets.length, processName(target.pid)];
  const what = set.map(([option, value]) => `${option.name}=${valueText(value)}`).join(" ");
  if (count === 0) {
    throw new Error(`process ${target.pid} (${name}) has no socket that is meant and has ${what}`);
  }
  const many = count === 1 ? "1 socket" : `${count} sockets`;
  if (!yes && !agrees(`Set ${what} on ${many} of process ${target.pid} (${name})?`)) {
    await print("Nothing was set.");
    return 1;
  }
  const seen = new Set<string>();
  const changes = sockets
    // a process and its child may have one socket
    .filter(({ cookie }) => !seen.has(cookie) && seen.add(cookie))
    .flatMap((socket) => set.flatMap((each) => change(socket, each) ?? []));
  await print(json ? asJson(changes) : changeTable(changes, command.tree, paint).join("\n"));
  return changes.every(({ ok }) => ok) ? 0 : 1;
}

/** Whether somebody at a terminal says yes. */
function agrees(question: string): boolean {
  if (!Deno.stdin.isTerminal()) {
    throw new UsageError("--set takes --yes where nobody can be asked");
  }
  return confirm(question);
}

function isReadable(option: AnySocketOption): option is AnySocketOption & ReadableOption<unknown> {
  return option.access !== "write-only";
}

/** Whether a socket has an option; one that can only be written is tried. */
function has(fd: number, [option]: OptionValue): boolean {
  return !isReadable(option) || tryReadOption(fd, option) !== undefined;
}

/** Sets an option on a socket, if it still is the same one. */
function change(socket: FoundSocket, setting: OptionValue): Change | undefined {
  const [option] = setting;
  const { pid, fd, remote } = socket;
  return withSocket(socket, (copy) => {
    if (!has(copy, setting)) return undefined;
    const read = (): unknown => isReadable(option) ? tryReadOption(copy, option) : undefined;
    const before = read();
    const common = { pid, fd, remote, option: option.name, before };
    try {
      const { ok, note } = applyOption(copy, setting);
      return { ...common, after: read(), ok, note };
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      return { ...common, after: read(), ok: false, note: error.message };
    }
  });
}

function changeTable(changes: readonly Change[], withPid: boolean, paint: Paint): string[] {
  const heads = [...withPid ? ["pid"] : [], "fd", "peer", "option", "before", "after"];
  const rows = changes.map((each) => [
    ...withPid ? [`${each.pid}`] : [],
    `${each.fd}`,
    addressText(each.remote),
    each.option,
    valueText(each.before),
    valueText(each.after),
  ]);
  const [head, ...lines] = tableOf(heads, rows, paint, ["pid", "fd"]);
  return [
    head!,
    ...lines.flatMap((line, i) => {
      const { ok, note } = changes[i]!;
      return ok ? [line] : [paint("red", line), `      ${note ?? "it is not as asked for"}`];
    }),
  ];
}
