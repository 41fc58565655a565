/** Text from elsewhere, safe on a terminal and in a line. */

/** What moves a terminal's cursor, or begins another line. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;

/** A text whose control characters are shown by their codes. */
export function printable(text: string): string {
  return text.replaceAll(
    CONTROL,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
