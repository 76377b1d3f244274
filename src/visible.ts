/**
 * Text that is not ours, such as names of columns, hosts and files, as it may stand before people: what a terminal
 * would obey, what turns the direction of reading around, and what would begin another line becomes visible. The one
 * place where that is done; every way out leads through it: lines for a terminal, logs, and HTML.
 */

/** C0 and C1 controls, DEL, marks and isolates of direction, and the two separators that count as ends of a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line. Idempotent, and it leaves the meaning of JSON as it is: there the same characters are escaped alike. */
export function visible(text: string): string {
  return text.replaceAll(
    OBEYED,
    (character) => SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
