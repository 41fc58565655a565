/** Programs in classic BPF, the language of socket filters: linux/filter.h. */

import { checkInteger, checkObject, type Codec, LITTLE_ENDIAN, show } from "./codec.ts";
import { addressOf } from "./libc.ts";

/**
 * One instruction of a program in classic BPF: `struct sock_filter`.
 *
 * @category Filters
 */
export interface BpfInstruction {
  /** What is done: a class, a size or an operation, and a mode, such as 0x06 to return `k`. */
  code: number;
  /** How many instructions are left out where a comparison is true. Absent: 0. */
  jt?: number;
  /** The same where it is false. Absent: 0. */
  jf?: number;
  /** The number that the instruction works with. Absent: 0. */
  k?: number;
}

/** `sizeof(struct sock_filter)`. */
const INSTRUCTION = 8;

/** BPF_MAXINSNS. */
const MOST = 4096;

/** The program that was last written: the kernel follows its address until setsockopt(2) returns. */
let program = new Uint8Array();

/** `struct sock_fprog`: linux/filter.h. */
export const bpfProgram: Codec<readonly BpfInstruction[]> = {
  size: 16,
  encode(value, into) {
    if (!Array.isArray(value)) throw new TypeError(`expected a list, got ${show(value)}`);
    checkInteger(value.length, 1, MOST, "a number of instructions");
    program = new Uint8Array(new ArrayBuffer(INSTRUCTION * value.length));
    const view = new DataView(program.buffer);
    value.forEach((instruction: BpfInstruction, i) => {
      checkObject(instruction, ["code", "jt", "jf", "k"]);
      const { code, jt = 0, jf = 0, k = 0 } = instruction;
      checkInteger(code, 0, 0xffff, "code to be a whole number");
      checkInteger(jt, 0, 0xff, "jt to be a whole number");
      checkInteger(jf, 0, 0xff, "jf to be a whole number");
      checkInteger(k, 0, 0xffff_ffff, "k to be a whole number");
      view.setUint16(INSTRUCTION * i, code, LITTLE_ENDIAN);
      view.setUint8(INSTRUCTION * i + 2, jt);
      view.setUint8(INSTRUCTION * i + 3, jf);
      view.setUint32(INSTRUCTION * i + 4, k, LITTLE_ENDIAN);
    });
    into.setUint16(0, value.length, LITTLE_ENDIAN); // len
    into.setBigUint64(8, addressOf(program), LITTLE_ENDIAN); // filter
    return 16;
  },
  decode() {
    throw new TypeError("a program can only be written");
  },
};
