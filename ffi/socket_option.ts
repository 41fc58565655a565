/**
 * What a socket option is: one line of data.
 *
 * @module
 */

import { type Codec, oneOf, show } from "./codec.ts";
import { DARWIN_OPTIONS } from "./darwin.ts";
import { isDarwin } from "./platform.ts";

/**
 * Whether an option can be read with getsockopt(2), written with setsockopt(2), or both.
 *
 * @category Any option
 */
export type OptionAccess = "read-write" | "read-only" | "write-only";

/**
 * A socket option with the type of its value, in the manner of Java's `SocketOption<T>`.
 *
 * @category Any option
 * @typeParam T What a person reads and writes: a boolean, a number, a structure by field names.
 * @typeParam Access Whether it can be read, written or both; wrong use does not compile.
 */
export interface SocketOption<T, Access extends OptionAccess = "read-write"> {
  /** The name that the man pages give it, such as "TCP_NODELAY". */
  readonly name: string;
  /** Its level, the second argument of getsockopt(2). */
  readonly level: number;
  /** Its number, the third argument of getsockopt(2); -1 where this platform does not have it. */
  readonly optname: number;
  /** Whether it can be read, written or both. */
  readonly access: Access;
  /** What the bytes of its value mean. */
  readonly codec: Codec<T>;
  /** Whether the kernel reads back twice what was set, as Linux does with buffer sizes. */
  readonly doubles?: boolean;
  /** The sysctl that caps it, such as "net.core.rmem_max": more than that is taken for that, without an error. */
  readonly cappedBy?: string;
  /** The capability that setting it takes, or setting it to some values: capabilities(7). */
  readonly capability?: string;
  /**
   * What a socket must not have done yet. Later the kernel refuses it, or takes it without the effect that it is for:
   * for "bind" on the address and the port that bind(2) took, for "connect" on the handshake, of which a listener does
   * one for each connection, so that it counts for those that arrive after it was set.
   */
  readonly setBefore?: "bind" | "connect";
  /** Whether it is for listeners alone, so that connections are not expected to have it. */
  readonly listenerOnly?: boolean;
  /** `false` where a connection does not inherit it from its listener: a server sets it on each. */
  readonly inherited?: false;
  /** What a connection reports in its place, where that is another quantity than the one that was set. */
  readonly onConnection?: string;
  /**
   * Whether the kernel may drop it at any time. A server sets it again on each connection, and after each read to keep it,
   * and does without it where the kernel refuses it.
   */
  readonly lapses?: boolean;
  /**
   * Whether the kernel chooses it in the course of a connection, as long as nobody has: its value then does not tell
   * whether it was set. Of a buffer's size SO_BUF_LOCK tells it, by this name.
   */
  readonly tuned?: true | "send" | "receive";
  /** Whether it binds a socket to a link, as the kernel does with connections whose addresses are good for one link alone. */
  readonly bindsToLink?: boolean;
  /** Whether it tells what happens to a socket, and so changes by itself. */
  readonly measures?: boolean;
  /** Whether reading it changes the socket, so that `readOptions()` leaves it out. */
  readonly consumes?: boolean;
}

/**
 * An option that {@linkcode defineOption} has made.
 *
 * @category Any option
 */
export interface DefinedOption<T, Access extends OptionAccess> extends SocketOption<T, Access> {
  /** Tells it from the table's options. */
  readonly defined: true;
}

/**
 * An option that is read of something, such as the filter of one group: {@linkcode getOption} is told of what.
 *
 * @category Any option
 */
export interface AskedOption<T, Question> extends SocketOption<T, "write-only"> {
  /** How it is said of what, in the memory that the answer comes in. */
  readonly question: Pick<Codec<Question>, "size" | "encode"> & {
    /**
     * Whether the answer may fill all of the question's size, whatever length is exchanged: a list of which the length
     * tells the size of one entry.
     */
    readonly fillsMemory?: boolean;
  };
}

/**
 * An option that getOption() takes.
 *
 * @category Any option
 */
export type ReadableOption<T> = SocketOption<T, "read-write"> | SocketOption<T, "read-only">;

/**
 * An option that setOption() takes.
 *
 * @category Any option
 */
export type WritableOption<T> = SocketOption<T, "read-write"> | SocketOption<T, "write-only">;

/**
 * Any option at all. Its `access` tells TypeScript which functions take it.
 *
 * @category Any option
 */
export type AnySocketOption =
  | SocketOption<unknown, "read-write">
  | SocketOption<unknown, "read-only">
  | SocketOption<unknown, "write-only">;

/**
 * Whether this platform has an option: some are Linux's alone, some macOS's. The running kernel may still be too old for
 * it, or the kind of socket not have it: {@linkcode readOptions} tells what a socket has.
 *
 * @category Any option
 *
 * @example
 * ```ts
 * import { isSupported, setOption, TCP_QUICKACK } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * if (isSupported(TCP_QUICKACK)) setOption(listener, TCP_QUICKACK, true);
 * ```
 *
 * @param option The option.
 * @returns Whether the platform has it.
 * @throws {TypeError} when it is no option.
 */
export function isSupported(option: SocketOption<unknown, OptionAccess>): boolean {
  checkOption(option);
  return option.optname >= 0;
}

/**
 * Checks that a value is an option.
 *
 * @throws {TypeError} when it is none.
 */
export function checkOption(value: unknown): void {
  const isOption = typeof value === "object" && value !== null && "optname" in value &&
    "codec" in value;
  if (!isOption) throw new TypeError(`expected a socket option, got ${show(value)}`);
}

/**
 * The protocol level of an option.
 *
 * @category Any option
 */
export type OptionLevel =
  | "SOL_SOCKET"
  | "IPPROTO_IP"
  | "IPPROTO_TCP"
  | "IPPROTO_UDP"
  | "IPPROTO_IPV6"
  | "SOL_MPTCP"
  | "AF_VSOCK";

const LEVELS: Record<OptionLevel, number> = {
  SOL_SOCKET: isDarwin ? 0xffff : 1,
  IPPROTO_IP: 0,
  IPPROTO_TCP: 6,
  IPPROTO_UDP: 17,
  IPPROTO_IPV6: 41,
  SOL_MPTCP: 284,
  AF_VSOCK: 40,
};

/**
 * The number of a level on this platform.
 *
 * @throws {TypeError} when there is no such level.
 */
export function levelNumber(level: OptionLevel): number {
  if (Object.hasOwn(LEVELS, level)) return LEVELS[level];
  throw new TypeError(`expected one of ${oneOf(LEVELS)}, or a number, got ${show(level)}`);
}

/** What is particular to an option of the table. Without `access` it can be read and written. */
type Particulars<Access extends OptionAccess> = Partial<
  Omit<SocketOption<unknown, Access>, "name" | "level" | "optname" | "codec">
>;

/** An entry of the option table that is read of something. */
export function askedOption<T, Question>(
  level: OptionLevel,
  name: string,
  number: number,
  codec: Codec<T>,
  question: AskedOption<T, Question>["question"],
): AskedOption<T, Question> {
  return { ...option(level, name, number, codec, { access: "write-only" }), question };
}

/**
 * An entry of the option table. The number is Linux's; macOS has its own in {@linkcode DARWIN_OPTIONS}.
 *
 * @param level Its protocol level.
 * @param name Its man-page name.
 * @param number Its number under Linux, -1 where Linux does not have it.
 * @param codec What its bytes mean.
 * @param particulars What else is to be known of it.
 */
export function option<T, Access extends OptionAccess = "read-write">(
  level: OptionLevel,
  name: string,
  number: number,
  codec: Codec<T>,
  particulars: Particulars<Access> = {},
): SocketOption<T, Access> {
  const optname = isDarwin ? DARWIN_OPTIONS[name] ?? -1 : number;
  const access = "read-write" as Access;
  return { name, level: LEVELS[level], optname, codec, access, ...particulars };
}
