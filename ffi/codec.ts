/**
 * Codecs: what the bytes of an option's value mean.
 *
 * @module
 */

import { isDarwin } from "./platform.ts";

/**
 * How a value of type `T` is laid out in the memory that getsockopt(2) and setsockopt(2) exchange.
 *
 * @category Any option
 */
export interface Codec<T> {
  /**
   * How many bytes a value takes at the most: so many are offered to getsockopt(2). The kernel may return fewer, and more
   * where it says that it has more, as of a list.
   */
  readonly size: number;
  /** Sizes that are offered in turn instead, where the kernel takes one alone. */
  readonly exactSizes?: readonly number[];
  /**
   * Writes a value for setsockopt(2).
   *
   * @param value The value.
   * @param into Where it goes: `size` zeroed bytes, which are used again afterwards.
   * @returns How many bytes the value takes.
   * @throws {TypeError} when the value is of the wrong kind, saying what is allowed.
   * @throws {RangeError} when it is out of range, saying what is allowed.
   */
  encode(value: T, into: DataView): number;
  /**
   * Reads what getsockopt(2) returned.
   *
   * @param from Exactly the bytes that the kernel wrote. They are used again: copy what is kept of them.
   */
  decode(from: DataView): T;
  /**
   * Takes over what setsockopt(2) has answered in the place of the value, where it does.
   *
   * @param from The bytes of the value, as the kernel left them.
   * @param value The value that was written.
   */
  answered?(from: DataView, value: T): void;
  /**
   * Makes a value of text, as on a command line. Absent where a value has no short form.
   *
   * @throws {TypeError} saying what is allowed.
   */
  parse?(text: string): T;
}

/** More bytes than the value of any option takes. */
export const LONGEST_VALUE = 2 ** 24;

/** Both platforms run on little-endian machines alone. */
export const LITTLE_ENDIAN = true;

/** A C `int` from a value that may be as short as one byte, as some IP options are. */
export function readInt(from: DataView): number {
  return from.byteLength >= 4 ? from.getInt32(0, LITTLE_ENDIAN) : from.getUint8(0);
}

/** A C `int` that stands for yes or no. */
export const bool: Codec<boolean> = {
  size: 4,
  encode(value, into) {
    if (typeof value !== "boolean") {
      throw new TypeError(`expected true or false, got ${show(value)}`);
    }
    into.setInt32(0, Number(value), LITTLE_ENDIAN);
    return 4;
  },
  decode: (from) => readInt(from) !== 0,
  parse(text) {
    if (/^(on|true|yes|1)$/i.test(text)) return true;
    if (/^(off|false|no|0)$/i.test(text)) return false;
    throw new TypeError(`expected on or off, got ${show(text)}`);
  },
};

/** A C `int` of a range: what is not in it, the kernel would refuse without saying why, or cut. */
export function integer(low: number, high: number): Codec<number> {
  return {
    size: 4,
    encode(value, into) {
      checkInteger(value, low, high);
      into.setInt32(0, value, LITTLE_ENDIAN);
      return 4;
    },
    decode: readInt,
    parse: parseInteger,
  };
}

/** A C `int`: a whole number of 32 bits with its sign. */
export const int: Codec<number> = integer(-(2 ** 31), 2 ** 31 - 1);

/** An unsigned whole number of 32 bits. */
export const uint32: Codec<number> = {
  size: 4,
  encode(value, into) {
    checkInteger(value, 0, 2 ** 32 - 1);
    into.setUint32(0, value, LITTLE_ENDIAN);
    return 4;
  },
  decode: (from) => readInt(from) >>> 0,
  parse: parseInteger,
};

/** An unsigned whole number of 32 bits in network byte order. */
export const uint32BigEndian: Codec<number> = {
  size: 4,
  encode(value, into) {
    checkInteger(value, 0, 2 ** 32 - 1);
    into.setUint32(0, value);
    return 4;
  },
  decode: (from) => from.getUint32(0),
  parse: parseInteger,
};

/** An unsigned whole number of 64 bits, which a JavaScript number cannot hold. */
export const uint64: Codec<bigint> = {
  size: 8,
  encode(value, into) {
    if (typeof value !== "bigint") throw new TypeError(`expected a bigint, got ${show(value)}`);
    if (value < 0n || value >= 1n << 64n) {
      throw new RangeError(`expected a bigint from 0n to 2n ** 64n - 1n, got ${value}n`);
    }
    into.setBigUint64(0, value, LITTLE_ENDIAN);
    return 8;
  },
  decode: (from) => from.getBigUint64(0, LITTLE_ENDIAN),
  parse(text) {
    if (/^\d+$/.test(text)) return BigInt(text);
    throw new TypeError(`expected a whole number, got ${show(text)}`);
  },
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A name of at most `size - 1` bytes, such as that of an algorithm or an interface. */
export function string(size: number): Codec<string> {
  return {
    size,
    encode(value, into) {
      if (typeof value !== "string") throw new TypeError(`expected a string, got ${show(value)}`);
      const bytes = encoder.encode(value);
      if (bytes.length >= size || bytes.includes(0)) {
        throw new RangeError(`expected at most ${size - 1} bytes without NUL, got ${show(value)}`);
      }
      asBytes(into).set(bytes);
      return bytes.length;
    },
    decode(from) {
      const bytes = new Uint8Array(from.buffer, from.byteOffset, from.byteLength);
      const end = bytes.indexOf(0);
      return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
    },
    parse: (text) => text,
  };
}

/** A C `int` that stands for one of a few names. A number that has no name decodes as that number. */
export function enumeration<Name extends string>(
  names: Readonly<Record<Name, number>>,
): Codec<Name> {
  const byNumber = new Map(Object.entries<number>(names).map(([name, number]) => [number, name]));
  return {
    size: 4,
    encode(value, into) {
      if (!Object.hasOwn(names, value)) {
        throw new TypeError(`expected one of ${oneOf(names)}, got ${show(value)}`);
      }
      into.setInt32(0, names[value], LITTLE_ENDIAN);
      return 4;
    },
    decode(from) {
      const number = readInt(from);
      return (byNumber.get(number) ?? String(number)) as Name;
    },
    parse: (text) => text as Name, // encode() knows which there are
  };
}

/**
 * The address families of sockets, as SO_DOMAIN names them; another one as its number: socket(2).
 *
 * @category Diagnosis
 */
export type SocketDomain = "unix" | "inet" | "inet6" | "netlink" | "packet" | "vsock";

/** An address family. */
export const socketDomain: Codec<SocketDomain> = enumeration({
  unix: 1,
  inet: 2,
  inet6: isDarwin ? 30 : 10,
  netlink: 16,
  packet: 17,
  vsock: 40,
});

/**
 * Whether packets may be fragmented: ip(7), ipv6(7).
 *
 * @category Path MTU
 */
export type MtuDiscover = "dont" | "want" | "do" | "probe" | "interface" | "omit";

/** IP_PMTUDISC_DONT and so on. */
export const mtuDiscover: Codec<MtuDiscover> = enumeration({
  dont: 0,
  want: 1,
  do: 2,
  probe: 3,
  interface: 4,
  omit: 5,
});

/** A bit set as the names of the bits that are set, in the order of the table. */
export function flags<Name extends string>(
  bits: Readonly<Record<Name, number>>,
): Codec<readonly Name[]> {
  const names = Object.keys(bits) as Name[];
  return {
    size: 4,
    encode(value, into) {
      into.setUint32(0, flagBits(bits, value), LITTLE_ENDIAN);
      return 4;
    },
    decode(from) {
      const set = readInt(from);
      return names.filter((name) => (set & bits[name]) !== 0);
    },
    parse: (text) => text.split(",").filter((name) => name !== "") as Name[],
  };
}

/** The number of a bit set. */
export function flagBits<Name extends string>(
  bits: Readonly<Record<Name, number>>,
  value: readonly Name[],
): number {
  if (!Array.isArray(value)) throw new TypeError(`expected a list of names, got ${show(value)}`);
  let set = 0;
  for (const name of value) {
    if (!Object.hasOwn(bits, name)) {
      throw new TypeError(`expected names out of ${oneOf(bits)}, got ${show(name)}`);
    }
    set |= bits[name as Name];
  }
  return set >>> 0;
}

/** Bytes as they are, at most so many. */
export function bytes(size: number): Codec<Uint8Array> {
  return {
    size,
    encode(value, into) {
      checkBytes(value, size);
      asBytes(into).set(value);
      return value.length;
    },
    decode: (from) => asBytes(from).slice(),
  };
}

/** An array of values of one size, at most so many. */
export function list<T>(one: Codec<T>, most: number): Codec<readonly T[]> {
  return {
    size: one.size * most,
    encode(value, into) {
      if (!Array.isArray(value)) throw new TypeError(`expected a list, got ${show(value)}`);
      if (value.length > most) {
        throw new RangeError(`expected at most ${most}, got ${value.length}`);
      }
      value.forEach((each, i) => one.encode(each, part(into, i * one.size, one.size)));
      return value.length * one.size;
    },
    decode: (from) =>
      Array.from(
        { length: Math.floor(from.byteLength / one.size) },
        (_, i) => one.decode(part(from, i * one.size, one.size)),
      ),
  };
}

/** A list of unsigned numbers of 32 bits, such as group IDs. Read, it may be of any length. */
export const uint32List: Codec<readonly number[]> = list(uint32, 1024);

/** The bits of a yes or no that may be absent. */
export function flagOf(value: boolean | undefined, what: string, flag: number): number {
  if (value !== undefined && typeof value !== "boolean") {
    throw new TypeError(`expected ${what} to be true or false, got ${show(value)}`);
  }
  return value === true ? flag : 0;
}

/** Throws unless the value is an object with no other fields than these. */
export function checkObject(value: unknown, names: readonly string[]): asserts value is object {
  const known = `an object with ${names.join(", ")}`;
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`expected ${known}, got ${show(value)}`);
  }
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new TypeError(`expected ${known}; there is no ${unknown}`);
}

/** A part of a view, to its end where no length is given. */
export function part(
  view: DataView,
  offset: number,
  length: number = view.byteLength - offset,
): DataView {
  if (offset + length > view.byteLength) throw new RangeError("a part goes beyond its whole");
  return new DataView(view.buffer, view.byteOffset + offset, length);
}

/** Throws unless the value is bytes, and no more than so many. */
export function checkBytes(value: unknown, size: number): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`expected bytes, got ${show(value)}`);
  if (value.length > size) {
    throw new RangeError(`expected at most ${size} bytes, got ${value.length}`);
  }
}

/** The memory of a view as bytes. */
export function asBytes(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** A whole number of text, in digits. */
function parseInteger(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new TypeError(`expected a whole number, got ${show(text)}`);
}

/** Throws unless the value is a whole number in the range. */
export function checkInteger(
  value: unknown,
  low: number,
  high: number,
  kind: string = "a whole number",
): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`expected ${kind}, got ${show(value)}`);
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`expected ${kind} from ${low} to ${high}, got ${value}`);
  }
}

/** The names of a table as a message lists them. */
export function oneOf(names: object): string {
  return Object.keys(names).map(show).join(", ");
}

/** A value as a message names it. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
