/**
 * Codecs: what the bytes of an option's value mean.
 *
 * @module
 */

/** How a value of type `T` is laid out in the memory that getsockopt(2) and setsockopt(2) exchange. */
export interface Codec<T> {
  /** How many bytes to offer to getsockopt(2). The kernel may return fewer. */
  readonly size: number;
  /**
   * Writes a value for setsockopt(2).
   *
   * @param value The value.
   * @param into Where it goes: a zeroed buffer.
   * @returns How many bytes the value takes.
   * @throws {TypeError} when the value is of the wrong kind, saying what is allowed.
   * @throws {RangeError} when it is out of range, saying what is allowed.
   */
  encode(value: T, into: DataView): number;
  /**
   * Reads what getsockopt(2) returned.
   *
   * @param from Exactly the bytes that the kernel wrote.
   */
  decode(from: DataView): T;
}

/** Both platforms run on little-endian machines alone. */
const LITTLE_ENDIAN = true;

/** A C `int` from a value that may be as short as one byte, as some IP options are. */
function readInt(from: DataView): number {
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
};

/** A C `int`: a whole number of 32 bits with its sign. */
export const int: Codec<number> = {
  size: 4,
  encode(value, into) {
    checkInteger(value, -(2 ** 31), 2 ** 31 - 1);
    into.setInt32(0, value, LITTLE_ENDIAN);
    return 4;
  },
  decode: readInt,
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
      new Uint8Array(into.buffer, into.byteOffset).set(bytes);
      return bytes.length;
    },
    decode(from) {
      const bytes = new Uint8Array(from.buffer, from.byteOffset, from.byteLength);
      const end = bytes.indexOf(0);
      return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
    },
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
        const allowed = Object.keys(names).map(show).join(", ");
        throw new TypeError(`expected one of ${allowed}, got ${show(value)}`);
      }
      into.setInt32(0, names[value], LITTLE_ENDIAN);
      return 4;
    },
    decode(from) {
      const number = readInt(from);
      return (byNumber.get(number) ?? String(number)) as Name;
    },
  };
}

/** How close(2) treats data that was not sent yet: wait so many seconds for it, or not at all. */
export type Linger = number | false;

/** `struct linger { int l_onoff; int l_linger; }` as seconds, or `false` for off. */
export const linger: Codec<Linger> = {
  size: 8,
  encode(value, into) {
    if (value !== false) checkInteger(value, 0, 2 ** 31 - 1, "a whole number of seconds or false");
    into.setInt32(0, value === false ? 0 : 1, LITTLE_ENDIAN);
    into.setInt32(4, value === false ? 0 : value, LITTLE_ENDIAN);
    return 8;
  },
  decode: (from) => from.getInt32(0, LITTLE_ENDIAN) !== 0 && from.getInt32(4, LITTLE_ENDIAN),
};

/** Throws unless the value is a whole number in the range. */
function checkInteger(
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

/** A value as a message names it. */
function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
