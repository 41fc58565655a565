/**
 * errno: its value after a call that failed, the names and meanings of the errors of sockets, and the error that is made
 * of them.
 *
 * @module
 */

import { libc } from "./libc.ts";
import { isDarwin } from "./platform.ts";

/** Each error: its number under Linux and under macOS, where that has it, and what it says of a socket. */
const ERRORS: Record<
  string,
  readonly [linux: number, darwin: number | undefined, meaning: string]
> = {
  EPERM: [1, 1, "not permitted"],
  ENOENT: [2, 2, "no such name"],
  ESRCH: [3, 3, "no such process"],
  EINTR: [4, 4, "interrupted by a signal"],
  EIO: [5, 5, "input/output error"],
  ENXIO: [6, 6, "no such device or address"],
  E2BIG: [7, 7, "the list is too long"],
  ENOEXEC: [8, 8, "not an executable"],
  EBADF: [9, 9, "not an open file descriptor"],
  ECHILD: [10, 10, "no child process"],
  EAGAIN: [11, 35, "not ready, or a table of the kernel is full"],
  ENOMEM: [12, 12, "the kernel has no memory for it"],
  EACCES: [13, 13, "permission denied"],
  EFAULT: [14, 14, "bad address"],
  ENOTBLK: [15, 15, "not a block device"],
  EBUSY: [16, 16, "in use"],
  EEXIST: [17, 17, "exists already"],
  EXDEV: [18, 18, "on another device"],
  ENODEV: [19, 19, "no such network interface"],
  ENOTDIR: [20, 20, "not a folder"],
  EISDIR: [21, 21, "a folder"],
  EINVAL: [22, 22, "the value is not valid, or not in this state of the socket"],
  ENFILE: [23, 23, "too many open files in the system"],
  EMFILE: [24, 24, "too many open files in the process"],
  ENOTTY: [25, 25, "the device does not have this call"],
  ETXTBSY: [26, 26, "the program is running"],
  EFBIG: [27, 27, "the file is too large"],
  ENOSPC: [28, 28, "no space left"],
  ESPIPE: [29, 29, "it has no position"],
  EROFS: [30, 30, "the file system can only be read"],
  EMLINK: [31, 31, "too many links"],
  EPIPE: [32, 32, "the connection is closed for writing"],
  EDOM: [33, 33, "the value is out of range"],
  ERANGE: [34, 34, "the value is out of range"],
  EDEADLK: [35, 11, "it would wait for ever"],
  ENAMETOOLONG: [36, 63, "the name is too long"],
  ENOLCK: [37, 77, "no locks are left"],
  ENOSYS: [38, 78, "the kernel does not have this call"],
  ENOTEMPTY: [39, 66, "not empty"],
  ELOOP: [40, 62, "too many links lead on"],
  ENOMSG: [42, 91, "no message of this kind"],
  EIDRM: [43, 90, "it was removed"],
  ECHRNG: [44, undefined, "the channel is out of range"],
  EL2NSYNC: [45, undefined, "level 2 is not synchronized"],
  EL3HLT: [46, undefined, "level 3 has stopped"],
  EL3RST: [47, undefined, "level 3 was reset"],
  ELNRNG: [48, undefined, "the link is out of range"],
  EUNATCH: [49, undefined, "the protocol driver is not attached"],
  ENOCSI: [50, undefined, "no CSI structure is there"],
  EL2HLT: [51, undefined, "level 2 has stopped"],
  EBADE: [52, undefined, "the exchange is not valid"],
  EBADR: [53, undefined, "the request descriptor is not valid"],
  EXFULL: [54, undefined, "the exchange is full"],
  ENOANO: [55, undefined, "no anode"],
  EBADRQC: [56, undefined, "the request is not valid"],
  EBADSLT: [57, undefined, "the slot is not valid"],
  EBFONT: [59, undefined, "the font is not valid"],
  ENOSTR: [60, 99, "not a stream"],
  ENODATA: [61, 96, "no data is there"],
  ETIME: [62, 101, "the timer has run out"],
  ENOSR: [63, 98, "no stream resources are left"],
  ENONET: [64, undefined, "not on the network"],
  ENOPKG: [65, undefined, "the package is not there"],
  EREMOTE: [66, 71, "it is remote"],
  ENOLINK: [67, 97, "the link is cut"],
  EADV: [68, undefined, "advertise error"],
  ESRMNT: [69, undefined, "mount error"],
  ECOMM: [70, undefined, "communication error on send"],
  EPROTO: [71, 100, "protocol error"],
  EMULTIHOP: [72, 95, "more than one hop"],
  EDOTDOT: [73, undefined, "file service error"],
  EBADMSG: [74, 94, "not a message that makes sense"],
  EOVERFLOW: [75, 84, "the value is too large"],
  ENOTUNIQ: [76, undefined, "the name is not unique on the network"],
  EBADFD: [77, undefined, "the descriptor is in a bad state"],
  EREMCHG: [78, undefined, "the remote address has changed"],
  ELIBACC: [79, undefined, "a shared library cannot be opened"],
  ELIBBAD: [80, undefined, "a shared library is damaged"],
  ELIBSCN: [81, undefined, "a section of a library is damaged"],
  ELIBMAX: [82, undefined, "too many shared libraries"],
  ELIBEXEC: [83, undefined, "a shared library cannot be run"],
  EILSEQ: [84, 92, "not a valid sequence of characters"],
  ERESTART: [85, undefined, "interrupted, to be started again"],
  ESTRPIPE: [86, undefined, "stream pipe error"],
  EUSERS: [87, 68, "too many users"],
  ENOTSOCK: [88, 38, "not a socket"],
  EDESTADDRREQ: [89, 39, "an address is needed"],
  EMSGSIZE: [90, 40, "the message is too long"],
  EPROTOTYPE: [91, 41, "wrong protocol for this kind of socket"],
  ENOPROTOOPT: [92, 42, "this kind of socket does not have the option"],
  EPROTONOSUPPORT: [93, 43, "protocol not supported"],
  ESOCKTNOSUPPORT: [94, 44, "kind of socket not supported"],
  EOPNOTSUPP: [95, 102, "not supported on this socket"],
  EPFNOSUPPORT: [96, 46, "protocol family not supported"],
  EAFNOSUPPORT: [97, 47, "address family not supported"],
  EADDRINUSE: [98, 48, "the address is in use"],
  EADDRNOTAVAIL: [99, 49, "the address is not one of this machine"],
  ENETDOWN: [100, 50, "the network is down"],
  ENETUNREACH: [101, 51, "the network cannot be reached"],
  ENETRESET: [102, 52, "the network has dropped the connection"],
  ECONNABORTED: [103, 53, "the connection was aborted"],
  ECONNRESET: [104, 54, "the peer reset the connection"],
  ENOBUFS: [105, 55, "the kernel has no buffer space for it"],
  EISCONN: [106, 56, "the socket is connected already"],
  ENOTCONN: [107, 57, "the socket is not connected"],
  ESHUTDOWN: [108, 58, "the socket is shut down"],
  ETOOMANYREFS: [109, 59, "too many references"],
  ETIMEDOUT: [110, 60, "timed out"],
  ECONNREFUSED: [111, 61, "the connection was refused"],
  EHOSTDOWN: [112, 64, "the host is down"],
  EHOSTUNREACH: [113, 65, "the host cannot be reached"],
  EALREADY: [114, 37, "under way already"],
  EINPROGRESS: [115, 36, "under way"],
  ESTALE: [116, 70, "it is no longer there"],
  EUCLEAN: [117, undefined, "the structure needs cleaning"],
  ENOTNAM: [118, undefined, "not a named file of XENIX"],
  ENAVAIL: [119, undefined, "no semaphore of XENIX is there"],
  EISNAM: [120, undefined, "a named file"],
  EREMOTEIO: [121, undefined, "remote input/output error"],
  EDQUOT: [122, 69, "the quota is used up"],
  ENOMEDIUM: [123, undefined, "no medium is there"],
  EMEDIUMTYPE: [124, undefined, "the medium is of the wrong kind"],
  ECANCELED: [125, 89, "canceled"],
  ENOKEY: [126, undefined, "there is no such key"],
  EKEYEXPIRED: [127, undefined, "the key has expired"],
  EKEYREVOKED: [128, undefined, "the key was revoked"],
  EKEYREJECTED: [129, undefined, "the key was rejected"],
  EOWNERDEAD: [130, 105, "the owner has died"],
  ENOTRECOVERABLE: [131, 104, "it cannot be recovered"],
  ERFKILL: [132, undefined, "a switch has turned the radio off"],
  EHWPOISON: [133, undefined, "the memory is damaged"],
  ENOTSUPP: [524, undefined, "not supported by the kernel"], // meant for the kernel alone, and yet it comes out
};

const COLUMN = isDarwin ? 1 : 0;

/** The names by their numbers, made for the first error. */
let names: Map<number, string> | undefined;

/** The name of an error, such as "ENOPROTOOPT"; "ERRNO_999" for a number that has none. */
export function errnoName(errno: number): string {
  names ??= new Map(
    Object.entries(ERRORS).flatMap(([name, entry]) => {
      const number = entry[COLUMN];
      return number === undefined ? [] : [[number, name]];
    }),
  );
  return names.get(errno) ?? `ERRNO_${errno}`;
}

/** What an error means, in a few words. */
function errnoMeaning(errno: number): string {
  return ERRORS[errnoName(errno)]?.[2] ?? `error number ${errno}`;
}

/** The number that this platform gives to an error's name. */
export function errnoNumber(name: string): number {
  const number = ERRORS[name]?.[COLUMN];
  if (number === undefined) throw new RangeError(`no error is named ${name} on this platform`);
  return number;
}

const value = new Int32Array(1);
const valueBytes = new Uint8Array(value.buffer);
let location: Deno.PointerValue | undefined;

/** errno as the last call of this thread left it. Call it right after the call that failed. */
export function lastErrno(): number {
  const c = libc();
  // the address is the thread's own, and a JavaScript realm stays on one thread
  location ??= c.__errno_location?.() ?? c.__error?.();
  c.memcpy(valueBytes, location!, BigInt(valueBytes.length));
  return value[0]!;
}

/**
 * What {@linkcode SocketError} is made of beside the call and its errno.
 *
 * @category Errors
 */
export interface SocketErrorDetails {
  /** The option that was read or set. */
  option?: string;
  /** What was done, or what to do, in place of the errno's general meaning. */
  reason?: string;
}

/**
 * A socket call that the kernel refused, in the manner of Node.js system errors.
 *
 * @category Errors
 *
 * @example An option that this kind of socket does not have
 * ```ts
 * import { getOption, SocketError, TCP_NODELAY } from "@sockopt/tcp";
 * import { assert, assertEquals, fail } from "@std/assert";
 *
 * using listener = Deno.listen({ transport: "unix", path: Deno.makeTempDirSync() + "/socket" });
 * try {
 *   getOption(listener, TCP_NODELAY);
 *   fail("a Unix socket has no TCP options");
 * } catch (error) {
 *   assert(error instanceof SocketError);
 *   assertEquals(error.code, "EOPNOTSUPP");
 *   assertEquals(error.syscall, "getsockopt");
 *   assertEquals(error.option, "TCP_NODELAY");
 * }
 * ```
 */
export class SocketError extends Error {
  /** Always "SocketError". */
  override readonly name = "SocketError";
  /** The error's name, such as "ENOPROTOOPT". */
  readonly code: string;
  /** The error's number on this platform, such as 92. */
  readonly errno: number;
  /** The call that failed, such as "setsockopt". */
  readonly syscall: string;
  /** The option that was read or set, such as "TCP_CONGESTION", where there was one. */
  readonly option?: string;

  /**
   * Makes the error of one failed call.
   *
   * @param syscall The call that failed.
   * @param errno What it left in errno.
   * @param details The option, and a better reason than the errno's general meaning.
   */
  constructor(syscall: string, errno: number, details: SocketErrorDetails = {}) {
    const code = errnoName(errno);
    const { option, reason = errnoMeaning(errno) } = details;
    super(`${syscall}${option === undefined ? "" : ` ${option}`}: ${reason} (${code})`);
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
    if (option !== undefined) this.option = option;
  }
}
