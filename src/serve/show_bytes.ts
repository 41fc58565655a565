/** Bytes as text that a log may hold. */

/** How many bytes of a message a log line shows. */
const SHOWN_BYTES = 80;

const ESCAPES: Record<number, string> = { 9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 92: "\\\\" };

/** Bytes between quotes, safe for a terminal: all but printable ASCII is escaped, and long ones are cut. */
export function showBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes.subarray(0, SHOWN_BYTES)) {
    text += ESCAPES[byte] ??
      (byte >= 32 && byte < 127
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, "0")}`);
  }
  const rest = bytes.length - SHOWN_BYTES;
  return rest > 0 ? `"${text}"… (${rest} more bytes)` : `"${text}"`;
}
