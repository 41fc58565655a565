/**
 * Socket calls on a file descriptor: options, flags, and data that has already arrived.
 *
 * @module
 */

import { libc } from "./libc.ts";
import { errnoNumber, lastErrno, SocketError } from "./socket_error.ts";
import type {
  AnySocketOption,
  OptionAccess,
  ReadableOption,
  SocketOption,
  WritableOption,
} from "./socket_option.ts";

/** More than any option's value takes. */
const SCRATCH = 4096;

const bytes = new Uint8Array(SCRATCH);
const view = new DataView(bytes.buffer);
const length = new Uint32Array(1);
const lengthBytes = new Uint8Array(length.buffer);

/** The first bytes of the scratch buffer, by length: made once each. */
const views: DataView[] = [];

function viewOf(size: number): DataView {
  return views[size] ??= new DataView(bytes.buffer, 0, size);
}

/** getsockopt(2) into the scratch buffer: the length of the value, or -1. */
function getsockopt(fd: number, option: SocketOption<unknown, OptionAccess>): number {
  const { level, optname, codec } = option;
  if (codec.exactSizes === undefined) return offer(fd, level, optname, codec.size);
  let size = -1;
  for (const exact of codec.exactSizes) {
    if (size < 0) size = offer(fd, level, optname, exact);
  }
  return size;
}

function offer(fd: number, level: number, optname: number, size: number): number {
  length[0] = size;
  return libc().getsockopt(fd, level, optname, bytes, lengthBytes) === 0 ? length[0] : -1;
}

/**
 * Reads an option.
 *
 * @throws {SocketError} when the kernel refuses, or this platform does not have the option.
 */
export function readOption<T>(fd: number, option: ReadableOption<T>): T {
  const size = getsockopt(fd, option);
  if (size < 0) throw failed("getsockopt", option);
  return option.codec.decode(viewOf(size));
}

/** Reads an option; `undefined` where the kernel refuses. */
export function tryReadOption<T>(fd: number, option: ReadableOption<T>): T | undefined {
  const size = getsockopt(fd, option);
  return size < 0 ? undefined : option.codec.decode(viewOf(size));
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
    throw failed("setsockopt", option);
  }
}

function encode<T>(option: WritableOption<T>, value: T): number {
  bytes.fill(0, 0, option.codec.size);
  try {
    return option.codec.encode(value, view);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    const Kind = error instanceof RangeError ? RangeError : TypeError;
    throw new Kind(`${option.name}: ${error.message}`, { cause: error });
  }
}

function failed(
  syscall: "getsockopt" | "setsockopt",
  { name, optname, capability }: SocketOption<unknown, OptionAccess>,
): SocketError {
  const errno = lastErrno();
  if (optname < 0) {
    const platform = Deno.build.os === "darwin" ? "macOS" : "Linux";
    const reason = `${platform} does not have this option`;
    return new SocketError(syscall, errnoNumber("ENOPROTOOPT"), { option: name, reason });
  }
  const error = new SocketError(syscall, errno, { option: name });
  if (syscall === "getsockopt" || capability === undefined) return error;
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

  private constructor({ level, optname }: AnySocketOption, bytes: Uint8Array<ArrayBuffer>) {
    this.#level = level;
    this.#optname = optname;
    this.#bytes = bytes;
  }

  /** The value that a socket has. */
  static of(fd: number, option: ReadableOption<unknown>): OptionBytes {
    const size = getsockopt(fd, option);
    if (size < 0) throw failed("getsockopt", option);
    return new OptionBytes(option, bytes.slice(0, size));
  }

  /** A value to be set. */
  static from<T>(option: WritableOption<T>, value: T): OptionBytes {
    return new OptionBytes(option, bytes.slice(0, encode(option, value)));
  }

  /** Whether a socket has the value; also `false` where it cannot be read. */
  isOn(fd: number): boolean {
    const expected = this.#bytes;
    if (offer(fd, this.#level, this.#optname, expected.length) !== expected.length) return false;
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
const O_NONBLOCK = Deno.build.os === "darwin" ? 0x4 : 0o4000;

/** Whether a file descriptor is in non-blocking mode. */
export function isNonBlocking(fd: number): boolean {
  const flags = libc().fcntl(fd, F_GETFL);
  if (flags < 0) throw new SocketError("fcntl", lastErrno());
  return (flags & O_NONBLOCK) !== 0;
}

const MSG_PEEK = 0x2;
const MSG_DONTWAIT = Deno.build.os === "darwin" ? 0x80 : 0x40;

/**
 * Takes data that has already arrived, without waiting: recv(2) with MSG_DONTWAIT.
 *
 * @returns The number of bytes, 0 at the end of the stream, -1 where nothing is there or the
 *   connection has failed, which the next ordinary read reports.
 */
export function receiveArrived(fd: number, into: Uint8Array<ArrayBuffer>): number {
  return libc().recv(fd, into, BigInt(into.length), MSG_DONTWAIT);
}

const MSG_NOSIGNAL = Deno.build.os === "darwin" ? 0 : 0x4000; // Deno ignores SIGPIPE anyway

/** Linux: with the end of the connection, data and FIN are one segment. */
const MSG_MORE = Deno.build.os === "darwin" ? 0 : 0x8000;

/**
 * Sends what the socket takes at once, without waiting: send(2) with MSG_DONTWAIT.
 *
 * @param isLast Whether the connection is closed right after: the kernel then waits for that, to send both at once.
 * @returns The number of bytes; 0 where it takes none, or where the connection has failed, which the next
 *   ordinary write reports.
 */
export function sendNow(fd: number, data: Uint8Array<ArrayBuffer>, isLast = false): number {
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL | (isLast ? MSG_MORE : 0);
  const n = libc().send(fd, data, BigInt(data.length), flags);
  return n < 0 ? 0 : n;
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
