/** The sheets of an Excel workbook as tables. */
import { nearest } from '../../config/nearest.ts';
import type { ManifestSettings } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import { someOf } from '../../short-text.ts';
import { type SheetRow, sheetRows } from './archive/sheet-rows.ts';
import { sheetText, startOf } from './archive/sheet-text.ts';
import { type OpenPart, type Sheet, Workbook } from './archive/workbook.ts';
import { type FileParts, unzipped, type ZipEntry, zipEntries } from './archive/zip.ts';
import { asNamed, type InnerTables, MEMBER } from './archive-tables.ts';
import { detectDialect } from './detect-dialect.ts';
import { wrongFormat } from './detect-format.ts';
import {
  closeSource,
  type InnerFile,
  type InnerSource,
  type LocalSource,
  type RemoteSource,
  within,
} from './file-source.ts';
import { startBytes } from './first-bytes.ts';
import { givenText } from './given-text.ts';
import { isPattern, keyPattern } from './remote/key-pattern.ts';
import { packedFault } from './unpack/unpack.ts';

/** Files of a workbook that say something of its tables, and how many of them there may be. Chosen. */
const PART = /^xl\/(?:[^/]+\.xml|_rels\/[^/]+|worksheets\/[^/]+\.xml|worksheets\/_rels\/[^/]+)$/;
const MAX_PARTS = 20_000;
/** So much may unpack from whatever; of more, a byte to so many: a sheet packs to a twentieth. Chosen. */
const FREE_BYTES = 256 * 1024 * 1024;
const MAX_RATIO = 250;
const HEAD_BYTES = 1024 * 1024;

/** Errors: FDC_ERR_MANIFEST_NOT_FOUND for a sheet that is not there, FDC_ERR_MANIFEST_CORRUPT, _FORMAT, _TOO_WIDE. */
export async function tablesInWorkbook(
  source: LocalSource | RemoteSource,
  file: FileParts,
  main: ZipEntry,
  settings: ManifestSettings,
  signal: AbortSignal,
): Promise<InnerTables> {
  if (settings.format !== 'auto' && settings.format !== 'excel')
    throw wrongFormat(source.name, 'an Excel workbook', settings.format);
  if (settings.rowsAt !== undefined)
    throw new FlowDcError(
      'FDC_ERR_MANIFEST_FORMAT',
      `${source.name} is an Excel workbook, and rows_at is for JSON and XML: leave rows_at out`,
    );
  return faulty(source.name, async () => {
    const parts = await partsIn(source.name, file, signal);
    const open: OpenPart = (name, end) => {
      const entry = parts.get(name);
      return entry && unzipped(file, entry, end);
    };
    const book = await Workbook.open(main.name, open, signal);
    const tables = new BookTables(source, book, parts, settings);
    return tables.chosen(signal);
  });
}

async function partsIn(name: string, file: FileParts, signal: AbortSignal): Promise<ReadonlyMap<string, ZipEntry>> {
  const parts = new Map<string, ZipEntry>();
  for await (const entry of zipEntries(file, signal)) {
    if (!PART.test(entry.name) || parts.size >= MAX_PARTS) continue;
    if (entry.bytes > FREE_BYTES && entry.bytes > entry.packedBytes * MAX_RATIO)
      throw new FlowDcError(
        'FDC_ERR_MANIFEST_TOO_WIDE',
        `${name}: ${entry.name} in it unpacks to over ${MAX_RATIO} times its size, as no sheet does: look at it`,
      );
    parts.set(entry.name, entry);
  }
  return parts;
}

class BookTables {
  readonly #source: LocalSource | RemoteSource;
  readonly #book: Workbook;
  readonly #parts: ReadonlyMap<string, ZipEntry>;
  readonly #settings: ManifestSettings;

  constructor(
    source: LocalSource | RemoteSource,
    book: Workbook,
    parts: ReadonlyMap<string, ZipEntry>,
    settings: ManifestSettings,
  ) {
    this.#source = source;
    this.#book = book;
    this.#parts = parts;
    this.#settings = settings;
  }

  /** The one that is named, those that a pattern fits, or the first one that has a URL. */
  async chosen(signal: AbortSignal): Promise<InnerTables> {
    const { name, member } = this.#source;
    const { sheets } = this.#book;
    const sources = async (all: readonly Sheet[]): Promise<InnerSource[]> =>
      Promise.all(all.map((sheet) => this.#asSource(sheet, signal)));
    if (member !== undefined) {
      const exact = sheets.filter((sheet) => sheet.name === member);
      const fitting = isPattern(member) ? sheets.filter((sheet) => keyPattern(member).test(sheet.name)) : [];
      const meant = exact.length > 0 ? exact : fitting;
      if (meant.length === 0) throw this.#none(member);
      return { sources: await sources(meant), said: [] };
    }
    const sheet = await this.#withAddress(signal);
    if (sheet === undefined) throw new FlowDcError('FDC_ERR_MANIFEST_EMPTY', `${name} has no rows in its sheets`);
    const others = sheets.filter((other) => other !== sheet).map((other) => other.name);
    const said =
      others.length === 0
        ? []
        : [
            `${name}: its sheet ${sheet.name} is read, and not ${someOf(others, 3)}; name another one, as ` +
              asNamed(name, others[0] as string),
          ];
    return { sources: await sources([sheet]), said };
  }

  /** Where none has a URL in its first rows, the first one that has rows. */
  async #withAddress(signal: AbortSignal): Promise<Sheet | undefined> {
    let first: Sheet | undefined;
    for (const sheet of this.#book.sheets) {
      const { rows, hasAddress } = await startOf(this.#rows(sheet, signal, () => {}));
      if (hasAddress) return sheet;
      if (rows.length > 0) first ??= sheet;
    }
    return first;
  }

  async *#rows(
    sheet: Sheet,
    signal: AbortSignal,
    warn: (message: string) => void,
  ): AsyncGenerator<readonly SheetRow[], void> {
    const terms = await this.#book.cellTerms(signal);
    const links = await this.#book.linksOf(sheet, signal);
    let [formulas, first, merged, ranges] = [0, '', '', 0];
    const options = { terms, links, mostChars: this.#settings.maxRecordBytes };
    yield* sheetRows(this.#book.chunks(sheet, signal), options, {
      onFormula: (cell) => {
        first ||= cell;
        formulas++;
      },
      onMerged: (cells) => {
        merged ||= cells;
        ranges++;
      },
    });
    if (ranges > 0)
      warn(
        `${ranges === 1 ? `its cells ${merged} are` : `${ranges} lots of its cells, ${merged} the first, are`} merged over ` +
          'several rows: the first row alone has what is in them; unmerge and fill them down if the others should',
      );
    if (formulas > 0)
      warn(
        `${formulas} of its cells, ${first} the first, are formulas that were never reckoned, and empty: open the ` +
          'workbook in a spreadsheet program and save it',
      );
  }

  async #asSource(sheet: Sheet, signal: AbortSignal): Promise<InnerSource> {
    const source = this.#source;
    const name = `${source.name}${MEMBER}${sheet.name}`;
    const text = (end: AbortSignal, warn: (message: string) => void = () => {}): AsyncGenerator<Buffer, void> => {
      const say = (message: string): void => warn(`${name}: ${message}`);
      return faultyChunks(name, () => sheetText(this.#rows(sheet, end, say), say));
    };
    const head = await startBytes(text(signal), HEAD_BYTES);
    const given = { columns: givenText(this.#settings).columns, delimiter: ',', quote: '"' };
    const dialect = detectDialect(head, head.length < HEAD_BYTES, ',', given);
    const header = dialect.columns === undefined ? [] : [`no header: ${dialect.columns.join(', ')}`];
    const inner: InnerFile = {
      bytes: this.#parts.get(sheet.path)?.bytes ?? 0,
      chunks: text,
      close: async () => {
        this.#book.close();
        await closeSource(source);
      },
      head: async () => head,
      telling: async () => this.#telling(sheet),
      format: { format: 'csv', dialect, encoding: 'utf-8', how: header[0] },
    };
    return { name, hive: source.hive, within: within(source, `xlsx > ${sheet.name}`), inner };
  }

  /** The sums of what it is made of. */
  #telling({ path }: Sheet): Buffer {
    const beside = path.replace(/([^/]+)$/, '_rels/$1.rels');
    const own = [path, beside, 'xl/sharedStrings.xml', 'xl/styles.xml'];
    return Buffer.from(own.map((name) => `${name} ${this.#parts.get(name)?.sum}`).join('\n'));
  }

  #none(member: string): FlowDcError {
    const names = this.#book.sheets.map(({ name }) => name);
    const near = nearest(member, names);
    const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
    return new FlowDcError(
      'FDC_ERR_MANIFEST_NOT_FOUND',
      `${this.#source.name} has no sheet ${member}${hint}: it has ${someOf(names, 5)}`,
    );
  }
}

async function faulty<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw packedFault(error, 'Excel workbook', name, 0);
  }
}

async function* faultyChunks(name: string, chunks: () => AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let bytes = 0;
  try {
    for await (const chunk of chunks()) {
      bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw packedFault(error, 'Excel workbook', name, bytes);
  }
}
