/** Processes as /proc tells of them, and what keeps one from looking at another's sockets. */

import { linuxRelease } from "../../ffi/kernel_release.ts";
import { isLinux, platformName } from "../../ffi/platform.ts";
import { numbersIn } from "../../ffi/other_process.ts";
import { readProc } from "../../ffi/read_proc.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import { printable } from "../cli/printable.ts";
import { UsageError } from "../cli/usage_error.ts";

/** Throws unless this platform and Deno's permissions let /proc be read. It never prompts. */
export function requireProc(): void {
  if (!isLinux) {
    throw new UsageError(`other processes' sockets can be read on Linux, not on ${platformName}`);
  }
  const { state } = Deno.permissions.querySync({ name: "read", path: "/proc" });
  if (state !== "granted") throw new UsageError("inspecting takes --allow-read=/proc");
}

/** The name of a process, as `ps` shows it; "" where it has gone. */
export function processName(pid: number): string {
  return printable(readProc(`/proc/${pid}/comm`)?.replace(/\n$/, "") ?? "");
}

/** A process with its children, their children and so on, from the oldest. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of numbersIn("/proc")) {
    const parent = parentOf(pid);
    if (parent === undefined) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [pid]);
    else siblings.push(pid);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...children.get(pid) ?? []);
  return tree;
}

/** What /proc/PID/stat has after the name, which may have parentheses itself: proc(5). */
function statOf(pid: number): string[] | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function parentOf(pid: number): number | undefined {
  const parent = statOf(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** Whether a process has ended, although its parent may not have asked how: its first thread may, and another go on. */
export function hasEnded(pid: number): boolean {
  const state = statOf(pid)?.[0];
  if (state === undefined) return true;
  if (state !== "Z") return false;
  try {
    return numbersIn(`/proc/${pid}/task`).length <= 1;
  } catch (error) {
    if (isGone(error)) return true;
    throw error;
  }
}

/** The effective user of a process. */
function userOf(pid: number | "self"): number | undefined {
  const [, uid] = /^Uid:\s+\d+\s+(\d+)/m.exec(readProc(`/proc/${pid}/status`) ?? "") ?? [];
  return uid === undefined ? undefined : Number(uid);
}

/** Whether an error says that what was looked at has gone meanwhile. */
export function isGone(error: unknown): boolean {
  return error instanceof SocketError && ["EBADF", "ENOENT", "ESRCH"].includes(error.code);
}

/** Why a process cannot be looked at, with the remedy, in one line. */
export function cannotLook(pid: number, error: SocketError): Error {
  const options = { cause: error };
  if (isGone(error) || hasEnded(pid)) return new Error(`there is no process ${pid}`, options);
  const process = `process ${pid} (${processName(pid)})`;
  if (error.code === "ENOSYS") {
    const call = error.syscall === "pidfd_open" ? "pidfd_open(2)" : "pidfd_getfd(2)";
    const release = linuxRelease().join(".");
    return new Error(
      `${call} is missing: it takes Linux 5.6, and a container that does not forbid it; this is Linux ${release}`,
      options,
    );
  }
  if (error.code === "EINVAL" && error.syscall === "pidfd_open") {
    return new Error(
      `${process} has threads with descriptors of their own: that takes Linux 6.9`,
      options,
    );
  }
  if (error.code !== "EPERM" && error.code !== "EACCES") {
    return new Error(`${process} cannot be looked at: ${error.message}`, options);
  }
  const [own, user] = [userOf("self"), userOf(pid)];
  if (own !== 0 && user !== undefined && user !== own) {
    return new Error(
      `${process} belongs to user ${user}, and this is user ${own}: run as that user or as root`,
      options,
    );
  }
  const yama = Number(readProc("/proc/sys/kernel/yama/ptrace_scope") ?? 0);
  if (yama === 3) {
    const why = "kernel.yama.ptrace_scope is 3: nobody may until the next boot";
    return new Error(`${process} may not be looked at: ${why}`, options);
  }
  if (yama > 0 && own !== 0) {
    return new Error(
      `${process} may not be looked at, as kernel.yama.ptrace_scope is ${yama}: run as root, or sysctl -w kernel.yama.ptrace_scope=0`,
      options,
    );
  }
  return new Error(
    `${process} may not be looked at: that takes CAP_SYS_PTRACE, in a container too; run as root with it`,
    options,
  );
}
