/** Rows that cannot be read: what becomes of them, and how many of them are too many. */
import { FlowDcError } from '../../errors.ts';
import { badRowMark } from '../../record.ts';
import type { TextInput } from './text-rows.ts';

/** So many, and more than one in a hundred: then it is not the rows that are odd, but how they are read. Chosen. */
const MOST_BAD_ROWS = 100;
const MOST_BAD_SHARE = 0.01;

export class BadRows {
  readonly #input: TextInput;
  #first = '';
  #bad = 0;
  #good = 0;

  constructor(input: TextInput) {
    this.#input = input;
  }

  good(rows: number): void {
    this.#good += rows;
  }

  /**
   * @param reason - as it goes on behind `line 7`
   * @returns what the row has in place of its URL. FDC_ERR_MANIFEST_CORRUPT when rows are not to be skipped, and when
   * more than one in a hundred, and at least 100, are bad.
   */
  note(line: number, reason: string, cause?: unknown): string {
    const { name, onBadRow } = this.#input;
    const said = `${name}, line ${line}${reason}`;
    if (onBadRow !== 'skip')
      throw new FlowDcError('FDC_ERR_MANIFEST_CORRUPT', `${said}: mend the line, or skip it with on_bad_row skip`, {
        cause,
      });
    this.#bad++;
    if (this.#bad === 1) {
      this.#first = said;
      this.#input.warn(`${said}: it is skipped as bad_row, as are others of the kind`);
    }
    if (this.#bad < MOST_BAD_ROWS || this.#bad <= (this.#bad + this.#good) * MOST_BAD_SHARE)
      return badRowMark(line, reason);
    throw new FlowDcError(
      'FDC_ERR_MANIFEST_CORRUPT',
      `${this.#bad} of the first ${this.#bad + this.#good} rows of ${name} cannot be read, the first of them: ${this.#first}. ` +
        'Say how its cells are told apart with delimiter, quote, escape, skip_lines, encoding or columns, or mend them',
    );
  }
}
