/** What differs between two sockets, or between the sockets of two processes. */

import { isEqual } from "../options/assert_option.ts";
import { READABLE_OPTIONS } from "../options/read_options.ts";
import type { OptionsRead } from "./options.ts";
import type { FoundSocket } from "./sockets.ts";

/** A value, and how many sockets have it. */
export interface Count {
  readonly value: unknown;
  readonly count: number;
}

/** An option that differs. */
export interface Difference {
  /** The kind of the sockets, and whether they listen. */
  readonly kind: string;
  readonly option: string;
  /** The values here, the most frequent first; none where no socket of the kind has it. */
  readonly here: readonly Count[];
  readonly there: readonly Count[];
}

type Inspected = FoundSocket & OptionsRead;

/**
 * Compares the sockets of each kind that both sides have: an option differs where its values are not the same on both.
 * What the kernel changes by itself is left out, unless a program has set it.
 */
export function differences(here: readonly Inspected[], there: readonly Inspected[]): Difference[] {
  const [ours, theirs] = [byKind(here), byKind(there)];
  return [...ours].flatMap(([kind, some]) => {
    const others = theirs.get(kind) ?? [];
    if (others.length === 0) return [];
    const isSet = (name: string): boolean =>
      [...some, ...others].some(({ changed }) => changed.includes(name));
    return READABLE_OPTIONS.flatMap(({ name, access, lapses, tuned, onConnection }) => {
      const isTuned = tuned === true || (tuned !== undefined && !isSet(name));
      const varies = access !== "read-write" || lapses || isTuned || onConnection !== undefined;
      if (varies) return [];
      const [a, b] = [countsOf(some, name), countsOf(others, name)];
      const isSame = a.length === b.length &&
        a.every(({ value }) => b.some((other) => isEqual(value, other.value)));
      return isSame ? [] : [{ kind, option: name, here: a, there: b }];
    });
  });
}

function byKind(sockets: readonly Inspected[]): Map<string, Inspected[]> {
  return Map.groupBy(
    sockets,
    ({ kind, state }) => state === "listen" ? `${kind} listen` : kind,
  );
}

function countsOf(sockets: readonly Inspected[], name: string): Count[] {
  const counts: { value: unknown; count: number }[] = [];
  for (const { options } of sockets) {
    if (!(name in options)) continue;
    const known = counts.find(({ value }) => isEqual(value, options[name]));
    if (known === undefined) counts.push({ value: options[name], count: 1 });
    else known.count++;
  }
  return counts.sort((a, b) => b.count - a.count);
}
