/** inspect.ts as a process, with the permissions that it asks for and no more. */

import { assertEquals } from "@std/assert";
import { type Ended, ROOT, run } from "../helpers.ts";

/** The command that runs it. */
export function inspectCommand(...args: (string | number)[]): string[] {
  const permissions = ["--allow-ffi", "--allow-read=/proc"];
  return [Deno.execPath(), "run", ...permissions, `${ROOT}inspect.ts`, ...args.map(String)];
}

/** Runs it to its end, by another command if need be. */
export function runInspect(args: (string | number)[], wrap: string[] = []): Promise<Ended> {
  const [program, ...rest] = [...wrap, ...inspectCommand(...args)];
  return run(program!, rest);
}

/** What it prints; it must not fail. */
export async function printed(...args: (string | number)[]): Promise<string> {
  const { code, stdout, stderr } = await runInspect(args);
  assertEquals([code, stderr], [0, ""]);
  return stdout.trimEnd();
}

/** A socket as its JSON has it. */
export interface JsonSocket {
  readonly pid: number;
  readonly process: string;
  readonly fd: number;
  readonly kind: string;
  readonly local?: Deno.NetAddr;
  readonly remote?: Deno.NetAddr;
  readonly state: string;
  readonly receive?: number;
  readonly changed: string[];
  readonly options: Record<string, unknown>;
}

/** The sockets that it prints as JSON. */
export async function sockets(...args: (string | number)[]): Promise<JsonSocket[]> {
  return JSON.parse(await printed("--json", ...args));
}
