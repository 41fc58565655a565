/**
 * Deno's event loop as the kernel sees it: an epoll(7) descriptor, in which each socket that Deno made is registered with
 * a word that means something to Deno alone. The kernel tells that word to its own process in /proc/self/fdinfo. With
 * it another socket is put where Deno looks for one of its own.
 *
 * @module
 */

import { libc } from "./libc.ts";
import { openFds } from "./open_fds.ts";
import { readProc, readProcLink } from "./read_proc.ts";
import { lastErrno, SocketError } from "./socket_error.ts";

/** What the kernel has on record of a descriptor that an event loop waits for. */
interface Registration {
  /** The event loop's descriptor. */
  readonly epoll: number;
  /** `struct epoll_event`: for what the loop waits, and the word that it is told then. */
  readonly event: Uint8Array<ArrayBuffer>;
}

/**
 * `tfd: 21 events: 8000201d data: 555d394c3700 pos:0 ino:14eb52b sdev:9`: a line of an epoll descriptor's fdinfo, for each
 * that is registered.
 */
const LINE = /^tfd: +(\d+) events: +([\da-f]+) data: +([\da-f]+) .*\bino:([\da-f]+) /gm;

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;

/** `sizeof(struct epoll_event)` and `offsetof(struct epoll_event, data)`: it is packed on x86-64 alone. */
const [EVENT_SIZE, DATA] = Deno.build.arch === "x86_64" ? [12, 4] : [16, 8];

const O_CLOEXEC = 0o2000000;

/** `struct epoll_event`. */
export function epollEvent(events: number, data: bigint): Uint8Array<ArrayBuffer> {
  const event = new Uint8Array(EVENT_SIZE);
  const view = new DataView(event.buffer);
  view.setUint32(0, events, true);
  view.setBigUint64(DATA, data, true);
  return event;
}

/** The inode number of a socket, which tells it from all others. */
function inodeOf(fd: number): bigint | undefined {
  const inode = /^socket:\[(\d+)\]$/.exec(readProcLink(`/proc/self/fd/${fd}`) ?? "")?.[1];
  return inode === undefined ? undefined : BigInt(inode);
}

/** What an epoll descriptor has on record of a socket. */
function registrationIn(epoll: number, fd: number, inode: bigint): Registration | undefined {
  for (
    const [, tfd, events, data, ino] of readProc(`/proc/self/fdinfo/${epoll}`)?.matchAll(LINE) ?? []
  ) {
    if (Number(tfd) !== fd || BigInt(`0x${ino}`) !== inode) continue;
    return { epoll, event: epollEvent(parseInt(events!, 16), BigInt(`0x${data}`)) };
  }
  return undefined;
}

/** Finds the event loop that waits for a socket; `undefined` where none does, or the kernel does not tell. */
export function findRegistration(fd: number): Registration | undefined {
  const inode = inodeOf(fd);
  if (inode === undefined) return undefined;
  for (const epoll of openFds()) {
    const registration = registrationIn(epoll, fd, inode);
    if (registration !== undefined) return registration;
  }
  return undefined;
}

/**
 * Puts another socket in the place of one that Deno waits for: it gets the descriptor, and the event loop's record of it.
 * The old socket is closed, unless somebody has a copy of its descriptor. Nothing may be awaited meanwhile, and the old
 * socket must be one that nothing was done with yet. Where it fails, closing the old one ends it all.
 *
 * @param fd The old socket's descriptor.
 * @param by A descriptor of the new one, which stays open.
 * @throws {Deno.errors.NotSupported} where the kernel does not tell what is on record (gVisor, a kernel before 4.13, no
 *   /proc), or Deno waits in another way.
 * @throws {SocketError} when the kernel refuses.
 */
export function replaceSocket(fd: number, by: number): void {
  const c = libc();
  const checked = (call: "dup" | "dup3" | "epoll_ctl", result: number): number => {
    if (result < 0) throw new SocketError(call, lastErrno());
    return result;
  };
  // that none is free to read /proc by is another matter than that it does not tell
  c.close(checked("dup", c.dup(by)));
  const registration = findRegistration(fd);
  const inode = inodeOf(by);
  if (registration === undefined || inode === undefined) {
    throw new Deno.errors.NotSupported(
      "/proc/self/fdinfo does not tell how Deno waits for its sockets, so it takes no other one",
    );
  }
  const { epoll, event } = registration;
  if (registrationIn(epoll, by, inode) !== undefined) {
    throw new TypeError(`descriptor ${by} is a socket of Deno's already`);
  }
  // a record outlives its descriptor as long as somebody holds the socket: so it goes first
  checked("epoll_ctl", c.epoll_ctl(epoll, EPOLL_CTL_DEL, fd, event));
  checked("dup3", c.dup3(by, fd, O_CLOEXEC));
  checked("epoll_ctl", c.epoll_ctl(epoll, EPOLL_CTL_ADD, fd, event));
}
