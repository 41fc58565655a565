/**
 * Sockets of another process: pidfd_getfd(2) makes a descriptor of this process for the same socket.
 *
 * @module
 */

import { addressOf, libc } from "./libc.ts";
import { lastErrno, SocketError } from "./socket_error.ts";

// asm-generic/unistd.h: these numbers are the same on every architecture
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;
// these are not
const [SYS_GETDENTS64, SYS_KCMP] = Deno.build.arch === "aarch64" ? [61, 272] : [217, 312];

/** linux/pidfd.h: O_EXCL. Linux 6.9. */
const PIDFD_THREAD = 0o200;
/** linux/kcmp.h */
const KCMP_FILES = 2;

/** syscall(2), for what libc may be too old to have. */
function syscall(number: number, ...args: (number | bigint)[]): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = args;
  return libc().syscall(BigInt(number), BigInt(a), BigInt(b), BigInt(c), BigInt(d), BigInt(e));
}

/** A process, or one of its threads with a table of descriptors of its own: pidfd_open(2). */
export class OtherProcess implements Disposable {
  readonly #pidfd: number;

  /**
   * @param id The process's ID, or the thread's.
   * @param isThread Whether it is the ID of a thread.
   * @throws {SocketError} ESRCH where there is none, ENOSYS on a kernel before 5.3, EINVAL for a thread before 6.9.
   */
  constructor(id: number, isThread = false) {
    this.#pidfd = syscall(SYS_PIDFD_OPEN, id, isThread ? PIDFD_THREAD : 0);
    if (this.#pidfd < 0) throw new SocketError("pidfd_open", lastErrno());
  }

  /**
   * Copies one of its descriptors, for as long as a function takes: while the copy is open, the socket does not close
   * although its process closes it. So the function does nothing that takes time.
   *
   * @param fd The number that the descriptor has there.
   * @param use What is done with the copy.
   * @throws {SocketError} EBADF where it has closed the descriptor, ESRCH where it has ended; EPERM where it may not be
   *   looked at; ENOSYS on a kernel before 5.6.
   */
  borrow<T>(fd: number, use: (copy: number) => T): T {
    const copy = syscall(SYS_PIDFD_GETFD, this.#pidfd, fd, 0);
    if (copy < 0) throw new SocketError("pidfd_getfd", lastErrno());
    try {
      return use(copy);
    } finally {
      libc().close(copy);
    }
  }

  [Symbol.dispose](): void {
    libc().close(this.#pidfd);
  }
}

/** Whether two threads have one table of descriptors; so they have where the kernel does not tell: kcmp(2). */
export function shareDescriptors(one: number, other: number): boolean {
  return one === other || syscall(SYS_KCMP, one, other, KCMP_FILES, 0, 0) <= 0;
}

const O_RDONLY = 0;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const entries = new Uint8Array(32_768);
const entriesView = new DataView(entries.buffer);
// struct linux_dirent64
const D_RECLEN = 16;
const D_NAME = 19;

/**
 * The numbers among the names of a folder of /proc: of processes, threads or descriptors.
 *
 * @throws {SocketError} ENOENT or ESRCH where it has gone, EACCES where it may not be read.
 */
export function numbersIn(folder: string): number[] {
  const c = libc();
  const fd = c.open(encoder.encode(`${folder}\0`), O_RDONLY);
  if (fd < 0) throw new SocketError("open", lastErrno());
  const numbers: number[] = [];
  try {
    for (;;) {
      const size = syscall(SYS_GETDENTS64, fd, addressOf(entries), entries.length);
      if (size < 0) throw new SocketError("getdents64", lastErrno());
      if (size === 0) return numbers.sort((a, b) => a - b);
      for (let at = 0; at < size; at += entriesView.getUint16(at + D_RECLEN, true)) {
        const end = entries.indexOf(0, at + D_NAME);
        const name = decoder.decode(entries.subarray(at + D_NAME, end));
        if (/^\d+$/.test(name)) numbers.push(Number(name));
      }
    }
  } finally {
    c.close(fd);
  }
}

const target = new Uint8Array(4096);
/** How what is a socket is called: proc(5). */
const SOCKET = encoder.encode("socket:[");

/** Whether a descriptor of a process is a socket, going by /proc alone: nothing else is to be copied. */
export function isSocket(folder: string, fd: number): boolean {
  const path = encoder.encode(`${folder}/${fd}\0`);
  const size = libc().readlink(path, target, BigInt(target.length));
  return size >= SOCKET.length && SOCKET.every((byte, i) => target[i] === byte);
}
