/** Records as databases write them as text: no quotes, and a backslash in front of whatever would mean something else. */
import type { Dialect } from './dialect.ts';

const [LF, CR, BACKSLASH] = [0x0a, 0x0d, 0x5c];
/** Other letters stand for themselves. */
const MEANT: ReadonlyMap<number, number> = new Map(
  Object.entries({ t: '\t', n: '\n', r: '\r', b: '\b', f: '\f', v: '\v' }).map(([letter, meant]) => [
    letter.charCodeAt(0),
    meant.charCodeAt(0),
  ]),
);

/** What nothing is written as, where an empty cell is an empty text. */
export const NULL_CELL = '\\N';

/** What a letter behind a backslash stands for. */
export function meantBy(letter: number): number {
  return MEANT.get(letter) ?? letter;
}

export interface EscapedRecord {
  readonly cells: readonly string[];
  /** Where the next record begins. */
  readonly end: number;
  /** No line end follows before `limit`. */
  readonly isOpen: boolean;
}

export function escapedRecord(block: Buffer, from: number, limit: number, dialect: Dialect): EscapedRecord {
  const delimiter = dialect.delimiter.charCodeAt(0);
  const lineByte = dialect.lineEnd === '\n' ? LF : CR;
  const cells: string[] = [];
  let start = from;
  const take = (end: number): void => void cells.push(cellOf(block.subarray(start, end)));
  for (let at = from; at < limit; at++) {
    const byte = block[at];
    if (byte === BACKSLASH) at++;
    else if (byte === delimiter) {
      take(at);
      start = at + 1;
    } else if (byte === lineByte) {
      take(lineByte === LF && at > start && block[at - 1] === CR ? at - 1 : at);
      return { cells, end: at + 1, isOpen: false };
    }
  }
  take(limit);
  return { cells, end: limit, isOpen: true };
}

function cellOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (text === NULL_CELL) return '';
  return text.replace(/\\(.)/gs, (_, letter: string) => {
    const code = letter.charCodeAt(0);
    return code < 0x80 ? String.fromCharCode(meantBy(code)) : letter;
  });
}
