/** The types of `@std/text/levenshtein-distance`, which its npm package does not have. */

/** How many letters must be changed, added or left out to make one text of another. */
export function levenshteinDistance(str1: string, str2: string): number;
