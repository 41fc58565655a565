/** The plain numbers of a C structure, by their names in order: those of `struct tcp_info` and the like. */

import { LITTLE_ENDIAN } from "./codec.ts";

/** A number's width; each lies at a multiple of its own size, so the order gives the offsets. */
export type Width = "u8" | "u16" | "u32" | "u64";

const SIZES: Record<Width, number> = { u8: 1, u16: 2, u32: 4, u64: 8 };

/** A number of a structure: its name, its offset and its size in bytes. */
export interface Field<Name extends string> {
  readonly name: Name;
  readonly offset: number;
  readonly size: number;
}

/** Lays out the numbers of a structure, from an offset on. */
export function layOut<Name extends string>(
  fields: readonly (readonly [name: Name, width: Width])[],
  start: number,
): readonly Field<Name>[] {
  let next = start;
  return fields.map(([name, width]) => {
    const size = SIZES[width];
    const offset = Math.ceil(next / size) * size;
    next = offset + size;
    return { name, offset, size };
  });
}

/** Reads those numbers that are there: a kernel may be older than the structure. */
export function readFields<Name extends string>(
  fields: readonly Field<Name>[],
  from: DataView,
): { [name in Name]?: number | bigint } {
  const values: { [name in Name]?: number | bigint } = {};
  for (const { name, offset, size } of fields) {
    if (offset + size > from.byteLength) break;
    values[name] = size === 8
      ? from.getBigUint64(offset, LITTLE_ENDIAN)
      : size === 4
      ? from.getUint32(offset, LITTLE_ENDIAN)
      : size === 2
      ? from.getUint16(offset, LITTLE_ENDIAN)
      : from.getUint8(offset);
  }
  return values;
}
