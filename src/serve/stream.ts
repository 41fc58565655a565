/**
 * The bytes of a connection: the one place where they are read and sent, with TLS or without, whatever the handler.
 *
 * @module
 */

import { TCP_STATE } from "../../ffi/describe_socket.ts";
import { libc } from "../../ffi/libc.ts";
import { disconnect } from "../../ffi/reconnect.ts";
import {
  hasArrived,
  type OptionBytes,
  receiveArrived,
  sendNow,
  shutdown,
  tryReadOption,
} from "../../ffi/socket.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import type { Descriptor } from "../options/descriptor.ts";
import { socketDescriptor } from "../options/socket_fd.ts";
import type { ConnInfo } from "./conn_handler.ts";
import { close, Connection, isTls } from "./connection.ts";
import { asDeno } from "./errors.ts";
import { logMessage } from "./log_message.ts";
import { after } from "../net/timer.ts";
import { giveBuffer, LARGE, sharedBuffer, SMALL, takeBuffer, TLS_RECORD } from "./read_buffers.ts";

/** How many bytes a connection moves before others have their turn. */
const TURN = LARGE;

/** Where a stream counts, and says that its connection should linger. */
export type StreamInfo = Pick<ConnInfo, "bytesIn" | "bytesOut" | "linger">;

/** The bytes of one connection. */
export class Stream {
  readonly isTls: boolean;
  readonly #isDeferred: boolean;
  readonly #conn: Deno.Conn<Deno.NetAddr>;
  readonly #info: StreamInfo;
  /** The descriptor, where it can be proven. */
  readonly descriptor: Descriptor | undefined;
  /** Made by who waits first: what is there already needs none. */
  #buffer: Uint8Array<ArrayBuffer> | undefined = undefined;
  /** Bytes read in one turn of the event loop, and in which. */
  #read = 0;
  #turn = -1;
  /** What the connection has failed with, where the kernel has said so and no read was told yet. */
  #failure: Error | undefined = undefined;

  constructor(conn: Deno.Conn<Deno.NetAddr>, info: StreamInfo) {
    this.isTls = isTls(conn);
    this.#conn = conn;
    this.#info = info;
    this.descriptor = descriptorOf(conn, info);
    this.#isDeferred = info instanceof Connection && info.isDeferred;
    if (info instanceof Connection) info.isCounted = true;
  }

  /** The descriptor; -1 where the connection is closed, or that cannot be told. */
  #fd(): number {
    return this.descriptor === undefined ? -1 : this.descriptor.prove();
  }

  /** The descriptor, for bytes; -1 where they must go through Deno: with TLS it encrypts them. */
  #bytesFd(): number {
    return this.isTls ? -1 : this.#fd();
  }

  /**
   * Takes the first data of a connection that was held back for it, without waiting: memory that is the caller's until it
   * waits for something. `undefined` where there is none, and on all other connections: then {@linkcode wait} for it.
   *
   * @param most How much to take at most.
   */
  takeFirst(most: number): Uint8Array<ArrayBuffer> | undefined {
    const fd = this.#isDeferred ? this.#bytesFd() : -1;
    if (fd < 0) return undefined;
    const shared = sharedBuffer();
    const n = this.#receiveArrived(fd, shared, most);
    // an end or a failure is told to who waits
    if (n <= 0) return undefined;
    this.#info.bytesIn += n;
    if (n > SMALL) this.#count(n);
    return shared.subarray(0, n);
  }

  /** Waits until data arrives: how much {@linkcode take} finds at once, or `null` at the end. */
  wait(): Promise<number | null> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#buffer ??= this.isTls ? new Uint8Array(TLS_RECORD) : takeBuffer();
    return this.#conn.read(this.#buffer);
  }

  /**
   * Takes what has arrived: memory that is the caller's until it waits for something.
   *
   * @param n What {@linkcode wait} said.
   * @param most How much to take at most.
   */
  take(n: number, most: number = LARGE): Uint8Array<ArrayBuffer> {
    return this.#take(n, most, n === SMALL ? this.#bytesFd() : -1);
  }

  #take(n: number, most: number, fd: number): Uint8Array<ArrayBuffer> {
    let data = this.#buffer!.subarray(0, n);
    // a read that fills its buffer says that more has arrived
    if (n === SMALL && most > n && fd >= 0) {
      const shared = sharedBuffer();
      shared.set(data);
      data = shared.subarray(0, n + this.#receiveArrived(fd, shared.subarray(n, most)));
    }
    this.#info.bytesIn += data.length;
    if (data.length > SMALL) this.#count(data.length);
    return data;
  }

  /** Takes what has arrived: how much. That the connection has failed is told to who waits for more. */
  #receiveArrived(fd: number, into: Uint8Array<ArrayBuffer>, most?: number): number {
    try {
      return Math.max(receiveArrived(fd, into, most), 0);
    } catch (error) {
      this.#failure = asDeno(error);
      return 0;
    }
  }

  /** Counts what was read in this turn. Small messages are not worth it: their clients must wait for the answer. */
  #count(bytes: number): void {
    const turn = currentTurn();
    this.#read = turn === this.#turn ? this.#read + bytes : bytes;
    this.#turn = turn;
  }

  /** Lets others have their turn, where this connection has read much in this one. */
  turn(): Promise<unknown> | undefined {
    if (this.#read < TURN) return undefined;
    this.#read = 0;
    return nextTurn();
  }

  /**
   * Sends what the socket takes at once: how many bytes.
   *
   * @throws when the connection has failed.
   */
  sendNow(data: Uint8Array<ArrayBuffer>): number {
    return this.#sendNow(this.#bytesFd(), data, false);
  }

  /** The same by a descriptor that is proven; with the last, the kernel makes one segment of it and of the end. */
  #sendNow(fd: number, data: Uint8Array<ArrayBuffer>, isLast: boolean): number {
    if (fd < 0) return 0;
    try {
      const sent = sendNow(fd, data, isLast);
      this.#info.bytesOut += sent;
      return sent;
    } catch (error) {
      throw asDeno(error);
    }
  }

  /** Sends some data when the socket takes it: how many bytes. Where somebody has closed the connection, it says so. */
  async write(data: Uint8Array<ArrayBuffer>): Promise<number> {
    const written = await this.#conn.write(data);
    this.#info.bytesOut += written;
    return written;
  }

  /** Sends data: what the socket takes at once without a promise, the rest as it takes more. */
  send(data: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    return this.#sendRest(data, this.sendNow(data));
  }

  /**
   * Sends back what has arrived. One proof of the descriptor is enough for both, as nobody else's code runs between: with
   * messages that do not fit into the small buffer it is a twentieth of their cost.
   *
   * @param n What {@linkcode wait} said.
   * @param info Where it is logged.
   */
  sendBack(n: number, info: ConnInfo): Promise<void> | undefined {
    const fd = this.#bytesFd();
    const data = this.#take(n, LARGE, fd);
    let sent: number;
    try {
      sent = this.#sendNow(fd, data, false);
    } finally {
      logMessage(info, "received", data);
    }
    logMessage(info, "sent", data);
    return this.#sendRest(data, sent);
  }

  /**
   * Sends data that the connection ends with: the kernel makes one segment of both. If more has arrived by then, the server
   * is told to linger.
   */
  finish(data: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    const fd = this.#bytesFd();
    const sent = this.#sendNow(fd, data, true);
    // to wait for every client would cost as much again as all the checks do
    this.#info.linger = data.length >= SMALL || fd >= 0 && hasArrived(fd);
    return this.#sendRest(data, sent);
  }

  #sendRest(data: Uint8Array<ArrayBuffer>, sent: number): Promise<void> | undefined {
    if (sent === data.length) return undefined;
    // the shared buffer is somebody else's by the next await
    return this.#writeAll(isShared(data) ? data.slice(sent) : data.subarray(sent));
  }

  async #writeAll(data: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let n = 0; n < data.length;) n += await this.write(data.subarray(n));
  }

  /** Whether the connection is over, both ways, as after a reset. */
  isOver(): boolean {
    const fd = this.#fd();
    return fd >= 0 && tryReadOption(fd, TCP_STATE) === "close";
  }

  /** Whether bytes have arrived that nobody has read; of TLS those that are encrypted. */
  hasArrived(): boolean {
    const fd = this.#fd();
    return fd >= 0 && hasArrived(fd);
  }

  /**
   * Ends the connection at once, and leaves the closing to the caller. As when a program ends: the peer is told by a reset
   * where it has sent what nobody has read, otherwise by the end. With TLS it is not told that this was all.
   *
   * @param isUnread Whether something was read that nobody was given.
   */
  abort(isUnread: boolean): void {
    this.#info.linger = false;
    const fd = this.#fd();
    if (fd < 0) return;
    if (isUnread || hasArrived(fd)) tryTo(() => disconnect(fd));
    else if (this.isTls) shutdown(fd);
  }

  /** Ends the own side. */
  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  /** Sets an option, if the connection is open and the kernel has it. */
  set(option: OptionBytes): void {
    const fd = this.#fd();
    if (fd >= 0) option.setOn(fd);
  }

  /** Gives the buffer back: nothing is read any more, and nothing that was taken is used. */
  release(): void {
    if (this.#buffer !== undefined && !this.isTls) giveBuffer(this.#buffer);
  }
}

/** Does what some kernel cannot, or what is no longer needed: then closing must do. */
function tryTo(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
  }
}

function isShared(data: Uint8Array<ArrayBuffer>): boolean {
  return data.buffer === sharedBuffer().buffer;
}

/** The descriptor of a connection that is provable: a server knows it, of others it is found. */
function descriptorOf(conn: Deno.Conn<Deno.NetAddr>, info: StreamInfo): Descriptor | undefined {
  const descriptor = info instanceof Connection && info.conn === conn
    ? info.descriptor
    : socketDescriptor(conn);
  return descriptor?.isProvable ? descriptor : undefined;
}

/** How long the peer may take over the rest of what it sends, in milliseconds. */
const LINGERING_TIME = 5_000;
/** How much of it is read and dropped, in bytes. */
const LINGERING_BYTES = 64 * 1024 * 1024;

/** Where what is dropped goes: shared, as nobody looks at it. */
const dropped = new Uint8Array(64 * 1024);

/**
 * Ends a connection whose peer may still be sending: says that nothing more will come, reads and drops what arrives until
 * the peer has ended as well, and leaves the closing to the caller. Without this the kernel answers further data with a
 * reset, which can cost the peer the end of what it was sent.
 *
 * It takes at most 5 seconds and 64 MiB, and any failure ends it: the connection is over anyway.
 */
export async function lingeringClose(conn: Deno.Conn): Promise<void> {
  const cancel = after(LINGERING_TIME, () => close(conn));
  try {
    await conn.closeWrite();
    for (let total = 0; total < LINGERING_BYTES;) {
      const n = await conn.read(dropped);
      if (n === null) return;
      total += n;
      if (total % TURN < n) await nextTurn();
    }
  } catch {
    // reset by the peer, or closed because it took too long
  } finally {
    cancel();
  }
}

/** Which turn of the event loop it is: counted while somebody asks. */
let turn = 0;
let isCounting = false;

function currentTurn(): number {
  if (!isCounting) {
    isCounting = true;
    setTimeout(() => {
      turn++;
      isCounting = false;
    }, 0);
  }
  return turn;
}

let turning: Promise<unknown> | undefined;

/**
 * A turn of the event loop in which it looks at all sockets. It does so only when it has nothing else to do: after a
 * setImmediate() at every 61st time. So it waits for another thread, all connections together.
 */
function nextTurn(): Promise<unknown> {
  return turning ??= libc().sched_yield().then(() => turning = undefined);
}
