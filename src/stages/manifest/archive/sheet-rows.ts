/** The rows of a sheet, as text. */
import { PackedError } from '../unpack/packed-error.ts';
import { unescaped } from './shared-texts.ts';
import { dateText, spanText } from './sheet-dates.ts';
import { type CellTerms, columnOf, isAddress } from './workbook.ts';
import { walkXml, type XmlAttributes, type XmlVisitor } from './xml-walk.ts';

export interface SheetRow {
  /** As the sheet has it. */
  readonly number: number;
  /** By column; undefined for what is empty. */
  readonly cells: readonly (string | undefined)[];
  /** By column, where cells lead to that show something else. */
  readonly links: ReadonlyMap<number, string>;
}

/** What is in cells and not in rows. */
export interface OddCells {
  /** A formula that was never reckoned. */
  onFormula(cell: string): void;
  /** Cells over several rows that are one, with what is in the first. */
  onMerged(cells: string): void;
}

/** Excel's own bound. */
const MAX_COLUMNS = 16_384;

export interface SheetOptions {
  readonly terms: CellTerms;
  readonly links: ReadonlyMap<string, string>;
  /** Of a row. */
  readonly mostChars: number;
}

/** Rows without a cell are passed over. Errors: PackedError; those of `chunks`. */
export async function* sheetRows(
  chunks: AsyncIterable<Buffer>,
  options: SheetOptions,
  odd: OddCells,
): AsyncGenerator<readonly SheetRow[], void> {
  const reader = new SheetReader(options, odd);
  try {
    for await (const _ of walkXml(chunks, reader)) if (reader.rows.length > 0) yield reader.taken();
  } catch (error) {
    // Those before the fault.
    if (reader.rows.length > 0) yield reader.taken();
    throw error;
  }
  if (reader.rows.length > 0) yield reader.taken();
}

class SheetReader implements XmlVisitor {
  /** Whole ones. */
  rows: SheetRow[] = [];
  readonly #options: SheetOptions;
  readonly #odd: OddCells;
  #number = 0;
  #cells: (string | undefined)[] = [];
  /** Where a cell without a place of its own is. */
  #next = 0;
  #links = new Map<number, string>();
  #chars = 0;
  #cell = { at: 0, name: '', kind: 'n', style: 0, hasValue: false };
  #text = '';
  #formula: string | undefined;
  #isSpoken = false;

  constructor(options: SheetOptions, odd: OddCells) {
    this.#options = options;
    this.#odd = odd;
  }

  taken(): readonly SheetRow[] {
    const { rows } = this;
    this.rows = [];
    return rows;
  }

  open(name: string, attributes: XmlAttributes): void {
    if (name === 'row') {
      this.#number = Number(attributes.r ?? this.#number + 1);
      [this.#cells, this.#links, this.#chars, this.#next] = [[], new Map(), 0, 0];
    } else if (name === 'c') this.#begin(attributes);
    else if (name === 'rPh') this.#isSpoken = true;
    else if (name === 'mergeCell' && isTall(attributes.ref ?? '')) this.#odd.onMerged(attributes.ref ?? '');
  }

  close(name: string, text = ''): void {
    switch (name) {
      case 'v':
      case 't':
        if (this.#isSpoken) return;
        this.#text += text;
        this.#cell.hasValue = true;
        return;
      case 'rPh':
        this.#isSpoken = false;
        return;
      case 'f':
        this.#formula = text;
        return;
      case 'c':
        return this.#end();
      case 'row':
        if (this.#cells.length > 0) this.rows.push({ number: this.#number, cells: this.#cells, links: this.#links });
        this.#cells = [];
        return;
    }
  }

  #begin({ r: name, t: kind = 'n', s: style = '0' }: XmlAttributes): void {
    const at = name === undefined ? this.#next : columnOf(name);
    if (!(at >= 0 && at < MAX_COLUMNS)) throw new PackedError('a cell without a place');
    this.#next = at + 1;
    this.#cell = { at, name: name ?? '', kind, style: Number(style), hasValue: false };
    [this.#text, this.#formula] = ['', undefined];
  }

  #end(): void {
    const { at, name, hasValue } = this.#cell;
    const shown = linkIn(this.#formula ?? '');
    const link = shown?.address ?? this.#options.links.get(name);
    const value = (hasValue ? this.#value() : undefined) ?? shown?.text;
    if (this.#formula !== undefined && this.#text === '' && !value) this.#odd.onFormula(name);
    this.#chars += (value?.length ?? 0) + (link?.length ?? 0);
    if (this.#chars > this.#options.mostChars)
      throw new PackedError(`a row of over ${this.#options.mostChars} characters (max_record)`, 'too large');
    if (link !== undefined && !isAddress(value ?? '')) this.#links.set(at, link);
    if ((value !== undefined && value !== '') || this.#links.has(at)) this.#cells[at] = value;
  }

  /** Undefined for errors. */
  #value(): string | undefined {
    const { terms } = this.#options;
    const { kind, style } = this.#cell;
    const raw = this.#text;
    switch (kind) {
      case 's':
        return terms.texts.at(Number(raw));
      case 'b':
        return raw === '1' ? 'true' : 'false';
      case 'e':
        return undefined;
      case 'n': {
        const value = Number(raw);
        if (raw === '' || Number.isNaN(value)) return raw;
        const kind = terms.timeOf(style);
        if (kind === 'span') return spanText(value);
        if (kind === 'date') return dateText(value, terms.is1904);
        return /^-?\d+$/.test(raw) ? raw : String(value);
      }
      default:
        return unescaped(raw);
    }
  }
}

/** Of `A2:B9`, whether it has several rows. */
function isTall(ref: string): boolean {
  const [first, last] = ref.split(':').map((cell) => cell.replace(/\D/g, ''));
  return last !== undefined && first !== last;
}

/** Of a formula that shows a link or a picture. */
function linkIn(formula: string): { readonly address: string; readonly text: string } | undefined {
  const [, address, text] =
    /^\s*(?:_xlfn\.)?(?:HYPERLINK|IMAGE)\(\s*"((?:[^"]|"")*)"(?:\s*[,;]\s*"((?:[^"]|"")*)")?/i.exec(formula) ?? [];
  if (address === undefined || !isAddress(address)) return undefined;
  const plain = address.replaceAll('""', '"');
  return { address: plain, text: text?.replaceAll('""', '"') ?? plain };
}
