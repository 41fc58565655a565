/**
 * The addresses of a host's name: getaddrinfo(3), which Deno's own functions ask as well.
 *
 * @module
 */

import { libc } from "./libc.ts";
import { SOCK_STREAM } from "./new_socket.ts";
import { isDarwin } from "./platform.ts";
import { readSockaddr } from "./sockaddr.ts";

// struct addrinfo
const AI_SOCKTYPE = 8;
const AI_ADDRLEN = 16;
const AI_ADDR = isDarwin ? 32 : 24;
const AI_NEXT = 40;
const ADDRINFO = 48; // its size

/** The errors of getaddrinfo(3) under Linux. */
const FAILURES: Record<number, readonly [code: string, meaning: string]> = {
  [-2]: ["EAI_NONAME", "no such name"],
  [-3]: ["EAI_AGAIN", "the name server does not answer; try again later"],
  [-4]: ["EAI_FAIL", "the name server has failed"],
  [-5]: ["EAI_NODATA", "the name has no address"],
  [-10]: ["EAI_MEMORY", "no memory is left"],
  [-11]: ["EAI_SYSTEM", "the system has failed"],
};

/** A name whose addresses could not be had. */
export class LookupError extends Error {
  /** Always "LookupError". */
  override readonly name = "LookupError";
  /** The error's name, such as "EAI_NONAME". */
  readonly code: string;

  /** @param result What getaddrinfo(3) returned. */
  constructor(result: number) {
    const [code, meaning] = FAILURES[result] ?? [`EAI_${result}`, `getaddrinfo says ${result}`];
    super(`${meaning} (${code})`);
    this.code = code;
  }
}

/** What is asked: the name, that it is for TCP, and room for where the answer begins. */
function question(hostname: string) {
  const node = new TextEncoder().encode(`${hostname}\0`);
  const hints = new Uint8Array(ADDRINFO);
  new DataView(hints.buffer).setInt32(AI_SOCKTYPE, SOCK_STREAM, true);
  return { node, hints, first: new BigUint64Array(1) };
}

/** What a thread of Deno's pool reads and writes: referred to from here, or the memory is somebody else's by then. */
const asked = new Set<ReturnType<typeof question>>();

/**
 * Looks up the addresses of a name, in the order in which RFC 6724 would have them tried. It waits on a thread of Deno's
 * pool.
 *
 * @throws {LookupError} when there are none.
 */
export async function lookUp(hostname: string): Promise<string[]> {
  const request = question(hostname);
  const { node, hints, first } = request;
  asked.add(request);
  try {
    const result = await libc().getaddrinfo(node, null, hints, new Uint8Array(first.buffer));
    return answer(result, first);
  } finally {
    asked.delete(request);
  }
}

/**
 * The same, and everything waits until the answer is there: for what must be done at once, such as listening.
 *
 * @throws {LookupError} when there are none.
 */
export function lookUpNow(hostname: string): string[] {
  const { node, hints, first } = question(hostname);
  const result = libc().getaddrinfoNow(node, null, hints, new Uint8Array(first.buffer));
  return answer(result, first);
}

/** The addresses, each once; C's own copy of them is freed. */
function answer(result: number, [first]: BigUint64Array): string[] {
  if (result !== 0) throw new LookupError(result);
  try {
    return [...new Set(addressesFrom(first!))];
  } finally {
    libc().freeaddrinfo(first!);
  }
}

function* addressesFrom(first: bigint): Generator<string> {
  for (let at = first; at !== 0n;) {
    const info = copyFrom(at, ADDRINFO);
    const name = copyFrom(info.getBigUint64(AI_ADDR, true), info.getUint32(AI_ADDRLEN, true));
    const addr = readSockaddr(name, "tcp");
    if ("hostname" in addr && addr.hostname !== "") yield addr.hostname;
    at = info.getBigUint64(AI_NEXT, true);
  }
}

/** A copy of memory that C has made. */
function copyFrom(address: bigint, size: number): DataView {
  const bytes = new Uint8Array(size);
  libc().memcpyFrom(bytes, address, BigInt(size));
  return new DataView(bytes.buffer);
}
