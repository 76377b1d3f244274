/** Why rows were not stored: how many of each code, with a few of their URLs. */
import { isTransient, type NamedRowCode, ROW_CODES, type RowCode } from '../../row-codes.ts';
import { shortened } from '../../short-text.ts';
import { visible } from '../../visible.ts';
import { withoutSecrets } from '../../without-secrets.ts';
import type { CodeCount } from './served-state.ts';

const MAX_CODES = 100;
const SAMPLES = 5;

interface Entry {
  rows: number;
  readonly samples: string[];
}

export class CodeBook {
  readonly #entries = new Map<string, Entry>();

  /** @param rows - less than none where rows have another outcome now */
  add(code: string, rows: number): void {
    this.#entry(code).rows += rows;
  }

  /** The last few stay. */
  sample(code: string, url: string): void {
    const { samples } = this.#entry(code);
    if (samples.length >= SAMPLES) samples.shift();
    samples.push(shortened(visible(withoutSecrets(url)), 300));
  }

  /** Most rows first. */
  read(): CodeCount[] {
    const counts = [...this.#entries].flatMap(([code, { rows, samples }]) =>
      rows <= 0
        ? []
        : {
            code,
            rows,
            meaning: meaningOf(code),
            isTransient: isKnown(code) && isTransient(code),
            samples: [...samples].reverse(),
          },
    );
    return counts.sort((a, b) => b.rows - a.rows);
  }

  #entry(code: string): Entry {
    const known = this.#entries.get(code);
    if (known !== undefined) return known;
    if (this.#entries.size >= MAX_CODES && code !== OTHER_CODES) return this.#entry(OTHER_CODES);
    const entry = { rows: 0, samples: [] };
    this.#entries.set(code, entry);
    return entry;
  }
}

/** Codes beyond the first hundred. */
export const OTHER_CODES = 'other';

/** A record of a later version may have codes that this one does not know. */
function isKnown(code: string): code is RowCode {
  return code.startsWith('http_') || Object.hasOwn(ROW_CODES, code);
}

function meaningOf(code: string): string {
  if (code === OTHER_CODES) return 'other codes';
  if (code.startsWith('http_')) return `the host answered with status ${code.slice(5)}`;
  return isKnown(code) ? ROW_CODES[code as NamedRowCode].text : code;
}
