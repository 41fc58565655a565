/** The sockets of a process, its own or another's. */

import { lastCookie, readCookie } from "../../ffi/cookie.ts";
import {
  describeSocket,
  type QueueLengths,
  queueLengths,
  type SocketDescription,
} from "../../ffi/describe_socket.ts";
import { isSocket, numbersIn, OtherProcess, shareDescriptors } from "../../ffi/other_process.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import { cannotLook, isGone, processName, processTree } from "./process.ts";

/** Where a socket is found, with the proof that it is the same one. */
export interface Place {
  /** The process. */
  readonly pid: number;
  /** The process's name. */
  readonly process: string;
  /** The thread, where it has descriptors of its own; otherwise the process. */
  readonly thread: number;
  /** The number of its descriptor there. */
  readonly fd: number;
  /** The kernel's own number for the socket: SO_COOKIE. */
  readonly cookie: string;
}

/** A socket as it was when it was looked at. */
export interface FoundSocket extends Place, SocketDescription, QueueLengths {}

/** Which processes are looked at. */
export interface Scope {
  readonly pid: number;
  /** Whether its children are, too. */
  readonly tree: boolean;
}

/**
 * The sockets of a process. What closes or ends meanwhile is left out.
 *
 * @param scope The process.
 * @param read What else is read of each, while its copy is open; `undefined` leaves it out.
 * @throws {Error} One line that says why it cannot be looked at.
 */
export function findSockets<T>(
  { pid, tree }: Scope,
  read: (copy: number, socket: FoundSocket) => T | undefined,
): (FoundSocket & T)[] {
  const found: (FoundSocket & T)[] = [];
  for (const each of tree ? processTree(pid) : [pid]) {
    try {
      for (const thread of tablesOf(each)) found.push(...inTable(each, thread, read));
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      // a child may end meanwhile
      if (each === pid || !isGone(error)) throw cannotLook(each, error);
    }
  }
  return found;
}

/** One thread for each table of descriptors that a process has: nearly always one. */
function tablesOf(pid: number): number[] {
  const tables: number[] = [];
  for (const thread of numbersIn(`/proc/${pid}/task`)) {
    if (!tables.some((other) => shareDescriptors(other, thread))) tables.push(thread);
  }
  return tables;
}

function inTable<T>(
  pid: number,
  thread: number,
  read: (copy: number, socket: FoundSocket) => T | undefined,
): (FoundSocket & T)[] {
  const folder = `/proc/${pid}/task/${thread}/fd`;
  const process = processName(pid);
  using owner = new OtherProcess(thread, thread !== pid);
  const found: (FoundSocket & T)[] = [];
  for (const fd of numbersIn(folder)) {
    if (!isSocket(folder, fd)) continue;
    try {
      owner.borrow(fd, (copy) => {
        const description = describeSocket(copy);
        if (description === undefined) return; // the number is something else by now
        const place = { pid, process, thread, fd, cookie: cookieOf(copy) };
        const socket = { ...place, ...description, ...queueLengths(copy, description) };
        const more = read(copy, socket);
        if (more !== undefined) found.push({ ...socket, ...more });
      });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return found;
}

/** The cookie as text; without meaning where the kernel gives none. */
function cookieOf(fd: number): string {
  return readCookie(fd) ? `${lastCookie[1]! >>> 0}:${lastCookie[0]! >>> 0}` : "";
}

/**
 * Does something with a socket that was found before.
 *
 * @returns What is made of it; `undefined` where it has closed, or its number is another socket's by now.
 * @throws {Error} One line that says why it cannot be looked at.
 */
export function withSocket<T>(
  { pid, thread, fd, cookie }: Place,
  use: (copy: number) => T,
): T | undefined {
  try {
    using owner = new OtherProcess(thread, thread !== pid);
    return owner.borrow(
      fd,
      (copy) => cookie !== "" && cookieOf(copy) === cookie ? use(copy) : undefined,
    );
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error instanceof SocketError ? cannotLook(pid, error) : error;
  }
}
