/**
 * Text that is not ours, such as names of columns, hosts and files, as it may stand before people: what a terminal
 * would obey, what turns the direction of reading around, and what would begin another line becomes visible. The one
 * place where that is done; every way out leads through it: lines for a terminal, logs, and HTML.
 */

/**
 * C0 and C1 controls, DEL, marks and isolates of direction, the two separators that count as ends of a line, and what is
 * not seen at all (but for the joiners that scripts and emoji need): two names that look alike are not the same.
 */
const OBEYED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line. Idempotent, and it leaves the meaning of JSON as it is: there the same characters are escaped alike. */
export function visible(text: string): string {
  return text.replaceAll(OBEYED, (character) => SHORT[character] ?? character.split('').map(escaped).join(''));
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
