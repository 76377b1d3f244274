/** An Excel workbook: its sheets, and what their cells share. */
import { PackedError } from '../unpack/packed-error.ts';
import { readSharedTexts, type SharedTexts } from './shared-texts.ts';
import { type TimeKind, timeStyles } from './sheet-dates.ts';
import { localName, readXml, type XmlAttributes } from './xml-walk.ts';

/** A file of the workbook, unpacked; undefined for what is not there. */
export type OpenPart = (name: string, signal: AbortSignal) => AsyncIterable<Buffer> | undefined;

export interface Sheet {
  readonly name: string;
  /** Of its file in the archive. */
  readonly path: string;
}

/** What the cells of every sheet share. */
export interface CellTerms {
  readonly texts: SharedTexts;
  readonly is1904: boolean;
  /** What a cell of a style is, if it is no plain number. */
  timeOf(style: number): TimeKind | undefined;
}

export const WORKBOOK = /^xl\/workbook\d*\.xml$/;
const MAX_SHEETS = 10_000;
/** A sheet of Excel's has at most 65,530. Chosen. */
const MAX_LINKS = 1_000_000;

export class Workbook {
  /** Those that are shown come first. */
  readonly sheets: readonly Sheet[];
  readonly #open: OpenPart;
  readonly #is1904: boolean;
  /** Sheets share it, and reading them again. */
  #terms: Promise<CellTerms> | undefined;

  private constructor(sheets: readonly Sheet[], is1904: boolean, open: OpenPart) {
    this.sheets = sheets;
    this.#is1904 = is1904;
    this.#open = open;
  }

  /** @param path - of its main file. Errors: PackedError for what is no workbook; those of `open`. */
  static async open(path: string, open: OpenPart, signal: AbortSignal): Promise<Workbook> {
    const targets = await relations(open(relationsOf(path), signal));
    const [shown, hidden]: [Sheet[], Sheet[]] = [[], []];
    let is1904 = false;
    await readXml(open(path, signal), {
      open: (element, attributes) => {
        if (element === 'workbookPr') is1904 = /^(1|true)$/.test(attributes.date1904 ?? '');
        if (element !== 'sheet') return;
        const target = targets.get(idOf(attributes));
        // A chart on a sheet of its own is no table.
        if (target === undefined || !/worksheet/i.test(target.kind)) return;
        const { name = '', state = 'visible' } = attributes;
        (state === 'visible' ? shown : hidden).push({ name, path: besideOf(path, target.target) });
        if (shown.length + hidden.length > MAX_SHEETS) throw new PackedError('over 10,000 sheets', 'too large');
      },
    });
    return new Workbook([...shown, ...hidden], is1904, open);
  }

  async cellTerms(signal: AbortSignal): Promise<CellTerms> {
    this.#terms ??= this.#readTerms(signal).catch((error: unknown) => {
      this.#terms = undefined;
      throw error;
    });
    return this.#terms;
  }

  /** What was read is forgotten, until it is asked for again. */
  close(): void {
    this.#terms = undefined;
  }

  chunks({ name, path }: Sheet, signal: AbortSignal): AsyncIterable<Buffer> {
    const chunks = this.#open(path, signal);
    if (chunks === undefined) throw new PackedError(`no file of its sheet ${name}`);
    return chunks;
  }

  /** Where its cells lead to, by their names: they stand at the end of it. */
  async linksOf(sheet: Sheet, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const links = new Map<string, string>();
    const targets = await relations(this.#open(relationsOf(sheet.path), signal));
    if (![...targets.values()].some(({ kind }) => /hyperlink/i.test(kind))) return links;
    await readXml(this.chunks(sheet, signal), {
      open: (name, attributes) => {
        if (name !== 'hyperlink') return;
        const target = targets.get(idOf(attributes))?.target ?? '';
        if (!isAddress(target)) return;
        const place = attributes.location === undefined ? '' : `#${attributes.location}`;
        for (const cell of cellsOf(attributes.ref ?? '')) links.set(cell, target + place);
        if (links.size > MAX_LINKS) throw new PackedError('over a million links (save the sheet as csv)', 'too large');
      },
    });
    return links;
  }

  async #readTerms(signal: AbortSignal): Promise<CellTerms> {
    return {
      texts: await readSharedTexts(this.#open('xl/sharedStrings.xml', signal)),
      timeOf: await timeStyles(this.#open('xl/styles.xml', signal)),
      is1904: this.#is1904,
    };
  }
}

export function isAddress(text: string): boolean {
  return /^\s*[a-z][a-z0-9+.-]*:\/\/\S/i.test(text);
}

/** Of a cell's name, from 0 on: 27 for AB3; -1 for what is none. */
export function columnOf(name: string): number {
  let column = 0;
  for (const letter of /^[A-Z]{1,4}/.exec(name)?.[0] ?? '') column = column * 26 + letter.charCodeAt(0) - 64;
  return column - 1;
}

/** Of `B2:B9`, its cells: a link may be that of a column of them. */
function* cellsOf(ref: string): Generator<string, void> {
  const [, column, first, last] = /^([A-Z]+)(\d+)(?::\1(\d+))?$/.exec(ref) ?? [];
  if (column === undefined) return yield ref.replace(/:.*$/s, '');
  const most = Math.min(Number(last ?? first), Number(first) + MAX_LINKS);
  for (let row = Number(first); row <= most; row++) yield `${column}${row}`;
}

interface Target {
  readonly kind: string;
  readonly target: string;
}

async function relations(chunks: AsyncIterable<Buffer> | undefined): Promise<ReadonlyMap<string, Target>> {
  const targets = new Map<string, Target>();
  await readXml(chunks, {
    open: (name, { Id, Type = '', Target }) => {
      if (name === 'Relationship' && Id !== undefined && Target !== undefined)
        targets.set(Id, { kind: Type.slice(Type.lastIndexOf('/') + 1), target: Target });
      if (targets.size > MAX_LINKS) throw new PackedError('over a million links (save the sheet as csv)', 'too large');
    },
  });
  return targets;
}

function relationsOf(path: string): string {
  return path.replace(/([^/]+)$/, '_rels/$1.rels');
}

/** A path as a file names another one. */
function besideOf(path: string, target: string): string {
  return new URL(target, `file:///${path}`).pathname.slice(1);
}

/** Its prefix is the writer's choice. */
function idOf(attributes: XmlAttributes): string {
  const key = Object.keys(attributes).find((name) => name.includes(':') && localName(name) === 'id');
  return key === undefined ? '' : (attributes[key] ?? '');
}
