/** What the columns of a text file are, told from their first values. Pure. */
import { fitsInt64, isWhole, type TextKind } from '../../arrow/typed-text.ts';

/** How the types of text are found: by all of the first rows, by the first one alone, or not at all. */
export type TypesBy = 'first rows' | 'first row' | 'nothing';

/** The same for the formats that have no types, or not all of them. */
export interface TextTypes {
  readonly json: TypesBy;
  readonly csv: TypesBy;
  /** UUIDs of parquet are text. */
  readonly uuids: boolean;
  readonly isPipe: boolean;
}

/** @param isPipe - rows are handed on as they come, and cut where a pipe was: types must not follow from how it came */
export function textTypes(
  { jsonTypes, inferTypes }: { readonly jsonTypes: boolean; readonly inferTypes: boolean },
  isPipe: boolean,
): TextTypes {
  const json = jsonTypes ? (isPipe ? 'first row' : 'first rows') : 'nothing';
  return { json, csv: inferTypes && !isPipe ? 'first rows' : 'nothing', uuids: jsonTypes, isPipe };
}

/** What values were seen, as bits. */
const SEEN = { string: 1, whole: 2, fraction: 4, bool: 8, nested: 16, huge: 32, wide: 64 } as const;

/** How a value of a JSON text is written. */
export type JsonForm = 'string' | 'number' | 'bool' | 'nested';

/** Of one column of JSON. */
export class SeenValues {
  #seen = 0;

  add(form: JsonForm, text: string): void {
    this.#seen |= form === 'number' ? bitsOfNumber(text) : SEEN[form];
  }

  /** Values of several forms, text among them: all are text then. */
  get isMixed(): boolean {
    return (this.#seen & SEEN.string) !== 0 && this.#seen !== SEEN.string;
  }

  get kind(): TextKind {
    const seen = this.#seen;
    if (seen === 0) return 'empty';
    if ((seen & SEEN.string) !== 0) return 'text';
    if (seen === SEEN.bool) return 'bool';
    if ((seen & ~(SEEN.whole | SEEN.wide)) === 0) return 'int';
    // Doubles hold neither all integers beyond 2^53 nor anything but numbers.
    return (seen & ~(SEEN.whole | SEEN.fraction)) === 0 ? 'float' : 'json';
  }

  /** Of a column that is told by its first value: numbers may be followed by others, and JSON text holds all of them. */
  get kindOfFirst(): TextKind {
    return this.#seen === 0 || this.#seen === SEEN.string ? 'text' : 'json';
  }
}

function bitsOfNumber(text: string): number {
  if (!isWhole(text)) return SEEN.fraction;
  if (text.length <= 15) return SEEN.whole;
  if (!fitsInt64(text)) return SEEN.huge;
  return Number.isSafeInteger(Number(text)) ? SEEN.whole : SEEN.whole | SEEN.wide;
}

/** Digits of a fraction that a double gives back as they are. */
const EXACT_DIGITS = 15;
const FRACTION = /^-?(0|[1-9]\d*)\.\d+$/;
/** Longer ones are numbers of something rather than counts: text keeps them as they are. */
const MOST_DIGITS = 18;
const WORD = /^(true|false|True|False|TRUE|FALSE)$/;

/**
 * What cells of csv are: integers without leading zeros and of at most 18 digits, fractions of at most 15 digits, true
 * and false; text as soon as one is anything else (`007`, `1e5`, `+1`, `n/a`).
 */
export function inferredKind(cells: readonly (string | null)[]): TextKind {
  let seen = 0;
  for (const cell of cells) {
    if (cell === null) continue;
    const digits = cell.replace(/\D/g, '').length;
    if (isWhole(cell) && digits <= MOST_DIGITS) seen |= digits > EXACT_DIGITS ? SEEN.whole | SEEN.wide : SEEN.whole;
    else if (FRACTION.test(cell) && digits <= EXACT_DIGITS) seen |= SEEN.fraction;
    else if (WORD.test(cell)) seen |= SEEN.bool;
    else return 'text';
  }
  if (seen === 0) return 'empty';
  if (seen === SEEN.bool) return 'bool';
  if ((seen & ~(SEEN.whole | SEEN.wide)) === 0) return 'int';
  return (seen & ~(SEEN.whole | SEEN.fraction)) === 0 ? 'float' : 'text';
}
