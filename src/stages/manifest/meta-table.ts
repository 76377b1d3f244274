/** A table of an archive whose columns are described elsewhere: a text without a header of its own. */
import { type Data, Field, type RecordBatch, Schema, Utf8 } from 'apache-arrow';
import { repeatedUtf8Column, schemaBatch, utf8Column } from '../../arrow/columns.ts';
import { textColumn } from '../../arrow/text.ts';
import type { ManifestSettings } from '../../config/types.ts';
import type { MetaTable } from './archive/meta-xml.ts';
import { delimitedRows } from './delimited-rows.ts';
import { dialectWords, type FileDialect, PLAIN_DIALECT } from './dialect.ts';
import type { FileSource } from './file-source.ts';
import { asUtf8 } from './text-encoding.ts';
import { chunksOf } from './text-input.ts';
import { ByteWindow } from './unpack/byte-window.ts';

/** A longer first line is not looked through. */
const LINE_BYTES = 1024 * 1024;

/** What nobody has named: which row of the core a row belongs to. */
export const CORE_ID = 'core_id';

export class TableFile {
  /** What is described of its columns. */
  readonly names: readonly string[];
  readonly idColumn: string;
  readonly urlColumn: string | undefined;
  /** How its cells are told apart. */
  readonly words: string;
  readonly label: string;
  readonly #columns: readonly string[];
  readonly #sources: readonly FileSource[];
  readonly #table: MetaTable;
  readonly #settings: Pick<ManifestSettings, 'maxRecordBytes' | 'onBadRow'>;

  constructor(sources: readonly FileSource[], table: MetaTable, settings: ManifestSettings, urlColumn?: string) {
    this.#sources = sources;
    this.#table = table;
    this.#settings = settings;
    this.#columns = table.names.map((name, at) => name ?? (at === table.idAt ? CORE_ID : `column_${at + 1}`));
    this.idColumn = this.#columns[table.idAt] as string;
    const described = this.#columns.filter((_, at) => table.names[at] !== undefined || at === table.idAt);
    this.names = [...described, ...table.constants.keys()];
    this.urlColumn = urlColumn;
    this.label = table.files.join(' and ');
    this.words = dialectWords({ ...this.#dialect(0), columns: undefined });
  }

  /** All rows. What cannot be read has a mark where its address would be. Errors: those of delimitedRows. */
  async *batches(signal: AbortSignal, warn: (message: string) => void): AsyncGenerator<RecordBatch, void> {
    for (const source of this.#sources) {
      const input = new ByteWindow(asUtf8(chunksOf(source, signal), this.#table.encoding, () => {}));
      try {
        const dialect = this.#dialect(await this.#skipHeader(input));
        const about = { name: source.name, isLive: false, urlColumn: this.urlColumn ?? this.idColumn, warn };
        for await (const batch of delimitedRows({ ...about, ...this.#settings, chunks: rest(input) }, dialect))
          yield withDefaults(batch, this.#table);
      } finally {
        await input.close();
      }
    }
  }

  /** The first batch of them, or less of it. */
  async *first(rows: number, signal: AbortSignal): AsyncGenerator<RecordBatch, void> {
    for await (const batch of this.batches(signal, () => {})) {
      yield batch.slice(0, rows);
      return;
    }
  }

  /** @returns how many cells its first line has, where that can be told */
  async #skipHeader(input: ByteWindow): Promise<number> {
    const { headerLines, delimiter, quote, lineEnd } = this.#table;
    let cells = 0;
    for (let line = 0; line < Math.max(1, headerLines); line++) {
      let end = -1;
      for (let bytes = 4096; end < 0 && bytes <= LINE_BYTES; bytes *= 4) {
        const isMore = await input.fill(bytes);
        end = input.held.subarray(0, LINE_BYTES).indexOf(lineEnd);
        if (!isMore) break;
      }
      const length = end < 0 ? Math.min(input.held.length, LINE_BYTES) : end + 1;
      // A quoted cell may hold anything; names of columns hold no more than letters.
      if (line === 0 && (headerLines > 0 || quote === ''))
        cells = input.held.toString('latin1', 0, length).split(delimiter).length;
      if (line < headerLines) input.take(length);
    }
    return cells;
  }

  /** @param cells - of a line: there may be more of them than columns that are described */
  #dialect(cells: number): FileDialect {
    const { delimiter, quote, lineEnd } = this.#table;
    const more = Array.from({ length: Math.max(0, cells - this.#columns.length) }, (_, i) => this.#columns.length + i);
    const columns = [...this.#columns, ...more.map((at) => `column_${at + 1}`)];
    return { ...PLAIN_DIALECT, delimiter, quote, lineEnd, columns };
  }
}

/** With the columns that are in no file, and what empty cells of others mean. */
function withDefaults(batch: RecordBatch, { constants, defaults }: MetaTable): RecordBatch {
  if (constants.size === 0 && defaults.size === 0) return batch;
  const { fields, metadata } = batch.schema;
  const own = fields.map(({ name }, at) => {
    const [column, empty] = [batch.data.children[at] as Data, defaults.get(name)];
    if (empty === undefined || column.nullCount === 0) return column;
    return utf8Column(textColumn(column).map((cell) => cell ?? empty));
  });
  const added = [...constants].map(([, value]) => repeatedUtf8Column(value, batch.numRows));
  const all = [...fields, ...[...constants.keys()].map((name) => new Field(name, new Utf8(), true))];
  return schemaBatch(new Schema(all, metadata), batch.numRows, [...own, ...added]);
}

async function* rest(input: ByteWindow): AsyncGenerator<Buffer, void> {
  while (await input.fill(1)) yield input.take(input.held.length);
}
