/**
 * Socket calls on a file descriptor: options, flags, and data that has already arrived.
 *
 * @module
 */

import { type Codec, LONGEST_VALUE, show } from "./codec.ts";
import { libc } from "./libc.ts";
import { newSocket, SOCK_STREAM } from "./new_socket.ts";
import { AF_INET6 } from "./sockaddr.ts";
import { isDarwin, platformName } from "./platform.ts";
import { errnoName, errnoNumber, lastErrno, SocketError } from "./socket_error.ts";
import {
  type AnySocketOption,
  type AskedOption,
  isSupported,
  type OptionAccess,
  type ReadableOption,
  type SocketOption,
  type WritableOption,
} from "./socket_option.ts";

/** What C may write for each byte of the length that it is told: SO_GET_FILTER counts in instructions of 8 bytes. */
const LARGEST_UNIT = 8;

/** What a value is exchanged in: as large as the largest so far, and as any common option's is from the start. */
let bytes = new Uint8Array(LARGEST_UNIT * 4096);

/** The length that C is told, and that it answers with. */
const length = new Uint32Array(1);
const lengthBytes = new Uint8Array(length.buffer);

/** The first bytes of the memory, by length: those of common options are made once each. */
let views: DataView[] = [];
const MOST_VIEWS = 4096;

function viewOf(size: number): DataView {
  if (size >= MOST_VIEWS) return new DataView(bytes.buffer, 0, size);
  return views[size] ??= new DataView(bytes.buffer, 0, size);
}

/** Makes room for a value. Who tells C a length makes room for it first. */
function makeRoom(size: number): void {
  if (LARGEST_UNIT * size <= bytes.length && size >= 0) return;
  if (!Number.isInteger(size) || size < 0 || size > LONGEST_VALUE) {
    throw new RangeError(`expected a size from 0 to ${LONGEST_VALUE} bytes, got ${size}`);
  }
  bytes = new Uint8Array(LARGEST_UNIT * size);
  views = [];
}

/** getsockopt(2) into the memory: the length of the value, or -1. */
function getsockopt(fd: number, option: SocketOption<unknown, OptionAccess>): number {
  const { level, optname, codec } = option;
  if (codec.exactSizes === undefined) {
    const size = offer(fd, level, optname, codec.size);
    if (size >= 0) return size;
    // a value of any length: the kernel tells how much room it takes
    const needed = length[0]!;
    if (needed <= codec.size || needed > LONGEST_VALUE) return size;
    return lastErrno() === errnoNumber("ERANGE") ? offer(fd, level, optname, needed) : size;
  }
  let size = -1;
  for (const exact of codec.exactSizes) {
    if (size < 0) size = offer(fd, level, optname, exact);
  }
  return size;
}

function offer(fd: number, level: number, optname: number, room: number): number {
  makeRoom(room);
  bytes.fill(0, 0, room); // some options look at what is there: TCP_AO_INFO refuses what it does not know
  length[0] = room;
  if (libc().getsockopt(fd, level, optname, bytes, lengthBytes) !== 0) return -1;
  return Math.min(length[0], room);
}

/**
 * Reads an option.
 *
 * @throws {SocketError} when the kernel refuses or returns too little, or this platform does not have the option.
 */
export function readOption<T>(fd: number, option: ReadableOption<T>): T {
  const size = getsockopt(fd, option);
  if (size < 0) throw failed("getsockopt", option);
  return decode(option, size);
}

/** Reads an option; `undefined` where the kernel refuses, or returns less than a value takes. */
export function tryReadOption<T>(fd: number, option: ReadableOption<T>): T | undefined {
  const size = getsockopt(fd, option);
  if (size < 0) return undefined;
  try {
    return decode(option, size);
  } catch (error) {
    if (error instanceof SocketError) return undefined;
    throw error;
  }
}

/** What {@linkcode decode} takes of an option. */
type Decodable<T> = Pick<SocketOption<T, OptionAccess>, "name" | "codec">;

/** The value that the kernel has just returned; one that is cut short, as by an emulation, is an error. */
function decode<T>({ name, codec }: Decodable<T>, size: number): T {
  try {
    return codec.decode(viewOf(size));
  } catch (error) {
    if (!(error instanceof RangeError) || size >= codec.size) throw error;
    const reason = `the kernel returned ${size} bytes, which is too short`;
    throw new SocketError("getsockopt", errnoNumber("EBADMSG"), { option: name, reason });
  }
}

/**
 * Writes an option.
 *
 * @throws {TypeError} when the value is of the wrong kind, {@linkcode RangeError} when out of range.
 * @throws {SocketError} when the kernel refuses, or this platform does not have the option.
 */
export function writeOption<T>(fd: number, option: WritableOption<T>, value: T): void {
  const size = encode(option, value);
  if (libc().setsockopt(fd, option.level, option.optname, bytes, size) !== 0) {
    throw failed("setsockopt", option, value);
  }
  option.codec.answered?.(viewOf(size), value);
}

/**
 * Reads an option of something.
 *
 * @throws {TypeError} when it is not said of what.
 * @throws {SocketError} when the kernel refuses.
 */
export function askOption<T, Question>(
  fd: number,
  option: AskedOption<T, Question>,
  about: Question,
): T {
  const { name, level, optname, question } = option;
  length[0] = encode({ name, codec: question }, about);
  if (libc().getsockopt(fd, level, optname, bytes, lengthBytes) !== 0) {
    throw failed("getsockopt", option);
  }
  const { size, fillsMemory = false } = question;
  return decode(option, fillsMemory ? size : Math.min(length[0], size));
}

/** What {@linkcode encode} takes of an option. */
interface Encodable<T> {
  readonly name: string;
  readonly codec: Pick<Codec<T>, "size" | "encode">;
}

/** Puts a value into the memory: its length, which is never more than its codec's size. */
function encode<T>({ name, codec }: Encodable<T>, value: T): number {
  try {
    makeRoom(codec.size);
    const into = viewOf(codec.size);
    bytes.fill(0, 0, codec.size);
    const size = codec.encode(value, into);
    if (Number.isInteger(size) && size >= 0 && size <= codec.size) return size;
    throw new RangeError(`its codec wrote ${size} bytes, of at most ${codec.size}`);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    const Kind = error instanceof RangeError ? RangeError : TypeError;
    throw new Kind(`${name}: ${error.message}`, { cause: error });
  }
}

function failed(
  syscall: "getsockopt" | "setsockopt",
  option: SocketOption<unknown, OptionAccess>,
  value?: unknown,
): SocketError {
  const errno = lastErrno();
  const { name, capability } = option;
  if (!isSupported(option)) {
    const reason = `${platformName} does not have this option`;
    return new SocketError(syscall, errnoNumber("ENOPROTOOPT"), { option: name, reason });
  }
  const error = new SocketError(syscall, errno, { option: name });
  if (syscall === "getsockopt") return error;
  if (error.code === "EINVAL" && typeof value !== "object") {
    const reason = `${show(value)} is not valid, or not in this state of the socket`;
    return new SocketError(syscall, errno, { option: name, reason });
  }
  if (capability === undefined) return error;
  if (error.code !== "EPERM" && error.code !== "EACCES") return error;
  const reason = `not permitted, it takes ${capability}`;
  return new SocketError(syscall, errno, { option: name, reason });
}

/**
 * An option with one value, in the kernel's bytes: for what is the same on every connection, so that each takes a call
 * and no more.
 */
export class OptionBytes {
  readonly #level: number;
  readonly #optname: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  /** What the kernel is offered to read into, which may be more than the value takes. */
  readonly #room: number;

  private constructor({ level, optname, codec }: AnySocketOption, size: number) {
    this.#level = level;
    this.#optname = optname;
    this.#bytes = bytes.slice(0, size);
    this.#room = codec.exactSizes === undefined ? Math.max(codec.size, size) : size;
  }

  /** The value that a socket has. */
  static of(fd: number, option: ReadableOption<unknown>): OptionBytes {
    const size = getsockopt(fd, option);
    if (size < 0) throw failed("getsockopt", option);
    return new OptionBytes(option, size);
  }

  /** A value to be set. */
  static from<T>(option: WritableOption<T>, value: T): OptionBytes {
    return new OptionBytes(option, encode(option, value));
  }

  /** Whether a socket has the value; also `false` where it cannot be read. */
  isOn(fd: number): boolean {
    const expected = this.#bytes;
    if (offer(fd, this.#level, this.#optname, this.#room) !== expected.length) return false;
    for (let i = 0; i < expected.length; i++) {
      if (bytes[i] !== expected[i]) return false;
    }
    return true;
  }

  /** Sets the value on a socket; `false` where the kernel refuses. */
  setOn(fd: number): boolean {
    const value = this.#bytes;
    return libc().setsockopt(fd, this.#level, this.#optname, value, value.length) === 0;
  }

  /** The value. */
  decode(option: ReadableOption<unknown>): unknown {
    return option.codec.decode(new DataView(this.#bytes.buffer));
  }
}

const F_GETFL = 3;
const O_NONBLOCK = isDarwin ? 0x4 : 0o4000;

/** Whether a file descriptor is in non-blocking mode. */
export function isNonBlocking(fd: number): boolean {
  const flags = libc().fcntl(fd, F_GETFL);
  if (flags < 0) throw new SocketError("fcntl", lastErrno());
  return (flags & O_NONBLOCK) !== 0;
}

const F_SETFL = 4;

/** Puts a file descriptor, and all copies of it, into non-blocking mode, or out of it. Linux only. */
export function setNonBlocking(fd: number, isOn: boolean): void {
  const flags = libc().fcntl(fd, F_GETFL);
  const next = isOn ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (flags < 0 || libc().fcntlOf(fd, F_SETFL, next) < 0) {
    throw new SocketError("fcntl", lastErrno());
  }
}

const F_DUPFD_CLOEXEC = 1030;

/**
 * Makes a copy of a file descriptor, which no other program inherits. Linux only.
 *
 * @throws {SocketError} EBADF when it is not open.
 */
export function duplicate(fd: number): number {
  const copy = libc().fcntlOf(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) {
    throw new SocketError("fcntl", lastErrno(), { reason: `descriptor ${fd} is not open` });
  }
  return copy;
}

/** Closes a descriptor that is nobody else's. */
export function closeFd(fd: number): void {
  libc().close(fd);
}

const MSG_PEEK = 0x2;
const MSG_DONTWAIT = isDarwin ? 0x80 : 0x40;

/**
 * Takes data that has already arrived, without waiting: recv(2) with MSG_DONTWAIT.
 *
 * @param most How much to take at most.
 * @returns The number of bytes, 0 at the end of the stream, -1 where nothing is there.
 * @throws {SocketError} when the connection has failed. The kernel says so once, and then that the stream has ended.
 */
export function receiveArrived(
  fd: number,
  into: Uint8Array<ArrayBuffer>,
  most: number = into.length,
): number {
  const n = libc().recv(fd, into, BigInt(Math.min(most, into.length)), MSG_DONTWAIT);
  if (n < 0) throwUnlessNotReady("recv");
  return n;
}

/** Throws what the last call has failed with, unless the socket was only not ready. */
function throwUnlessNotReady(syscall: "recv" | "send"): void {
  const errno = lastErrno();
  if (!NOT_READY.has(errnoName(errno))) throw new SocketError(syscall, errno);
}

/** What is no matter: who waits for the socket tries again. */
const NOT_READY: ReadonlySet<string> = new Set(["EAGAIN", "EINTR", "ENOBUFS", "ENOMEM"]);

/** The same, but leaves the data where it is: MSG_PEEK. */
export function peekArrived(fd: number, into: Uint8Array<ArrayBuffer>): number {
  return libc().recv(fd, into, BigInt(into.length), MSG_PEEK | MSG_DONTWAIT);
}

const MSG_NOSIGNAL = isDarwin ? 0 : 0x4000; // Deno ignores SIGPIPE anyway

/** Linux: with the end of the connection, data and FIN are one segment. */
const MSG_MORE = isDarwin ? 0 : 0x8000;

/**
 * Sends what the socket takes at once, without waiting: send(2) with MSG_DONTWAIT.
 *
 * @param isLast Whether the connection is closed right after: the kernel then waits for that, to send both at once.
 * @returns The number of bytes; 0 where it takes none.
 * @throws {SocketError} when the connection has failed. The kernel says once that the peer has reset it, and then EPIPE.
 */
export function sendNow(fd: number, data: Uint8Array<ArrayBuffer>, isLast = false): number {
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL | (isLast ? MSG_MORE : 0);
  const n = libc().send(fd, data, BigInt(data.length), flags);
  if (n >= 0) return n;
  throwUnlessNotReady("send");
  return 0;
}

/** Whether data has arrived that was not read yet. */
export function hasArrived(fd: number): boolean {
  return libc().recv(fd, bytes, 1n, MSG_PEEK | MSG_DONTWAIT) > 0;
}

const SHUT_RDWR = 2;

/** Ends a connection both ways, whoever still holds it: shutdown(2). */
export function shutdown(fd: number): void {
  libc().shutdown(fd, SHUT_RDWR); // a peer that has gone already is no matter
}

/** Whether the kernel has IPv6. */
export function hasIpv6(): boolean {
  const fd = newSocket(AF_INET6, SOCK_STREAM);
  if (fd >= 0) libc().close(fd);
  return fd >= 0;
}
