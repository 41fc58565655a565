/** What is shown of a process's sockets once: a list, their options, or what differs. */

import { type Difference, differences } from "./diff.ts";
import type { CommandLine, Target } from "./command_line.ts";
import { OptionReader, type OptionsRead } from "./options.ts";
import { processName } from "./process.ts";
import { isSelected } from "./select.ts";
import { findSockets, type FoundSocket } from "./sockets.ts";
import {
  changedList,
  differenceTable,
  type Listed,
  optionTable,
  type Paint,
  socketList,
} from "./text.ts";

/** As lines for people. */
export function linesOf(command: CommandLine, paint: Paint): string[] {
  const { target, options, diff, tree, changed } = command;
  if (diff !== undefined) {
    return differenceTable(compared(command, diff), [nameOf(target), nameOf(diff)], paint);
  }
  const isOne = target.fd !== undefined;
  if (isOne || changed) {
    const sockets = withOptions(command, target);
    if (sockets.length === 0) return nothing(target);
    return isOne && !changed
      ? sockets.flatMap((socket) => optionTable(socket, paint))
      : changedList(sockets, tree, paint);
  }
  const sockets: Listed[] = options.size === 0
    ? selected(command, target, () => ({}))
    : withOptions(command, target);
  return sockets.length === 0 ? nothing(target) : socketList(sockets, [...options], tree, paint);
}

/** As data for programs. */
export function dataOf(command: CommandLine): unknown[] {
  const { target, diff } = command;
  if (diff !== undefined) return compared(command, diff);
  return withOptions(command, target).map((socket) => {
    const { pid, process, fd, kind, local, remote, state, receive, send, changed } = socket;
    const options = command.changed
      ? Object.fromEntries(changed.map((name) => [name, socket.options[name]]))
      : socket.options;
    return { pid, process, fd, kind, local, remote, state, receive, send, changed, options };
  });
}

/** The sockets that are meant. */
export function selected<T>(
  { port, peer, state, tree }: CommandLine,
  { pid, fd }: Target,
  read: (copy: number, socket: FoundSocket) => T | undefined,
): (FoundSocket & T)[] {
  const selection = { fd, port, peer, state };
  const sockets = findSockets(
    { pid, tree },
    (copy, socket) => isSelected(socket, selection) ? read(copy, socket) : undefined,
  );
  if (fd !== undefined && sockets.length === 0) {
    throw new Error(`process ${pid} (${processName(pid)}) has no socket ${fd} that is meant`);
  }
  return sockets;
}

function withOptions(command: CommandLine, target: Target): (FoundSocket & OptionsRead)[] {
  const reader = new OptionReader(command.options.size === 0 ? undefined : command.options);
  return selected(command, target, (copy, { pid }) => reader.read(copy, pid));
}

function compared(command: CommandLine, diff: Target): Difference[] {
  return differences(withOptions(command, command.target), withOptions(command, diff));
}

function nameOf({ pid, fd }: Target): string {
  return fd === undefined ? `${pid}` : `${pid}/${fd}`;
}

function nothing({ pid }: Target): string[] {
  return [`process ${pid} (${processName(pid)}) has no socket that is meant`];
}
