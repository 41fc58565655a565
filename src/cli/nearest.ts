/** Advice for a misspelt name. */

// @ts-types="./levenshtein_distance.d.ts"
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** The one of the names that a misspelt one most likely means, if any is near enough. */
export function nearest(misspelt: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  // a third of the letters may be wrong
  let least = Math.floor(misspelt.length / 3) + 1;
  for (const name of names) {
    const distance = levenshteinDistance(misspelt.toLowerCase(), name.toLowerCase());
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}
