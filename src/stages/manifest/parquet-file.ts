/** One parquet file: schema, row groups, batches. */
import { openAsBlob } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import type { ParquetFile, ReaderOptions, RecordBatch, RowGroupMetaData } from 'parquet-wasm';
import { loadParquet } from '../../load-parquet.ts';
import { type FooterFacts, readFooter } from './parquet-footer.ts';
import { footerReplaced, type Parts } from './parquet-parts.ts';

/** Most rows in one batch, and in the first stretch that is decoded of a large row group. */
const BATCH_ROWS = 8192;
/** Aim for the bytes of one batch, so that rows of whole images do not make batches of gigabytes. */
const BATCH_BYTES = 8 * 1024 * 1024;
/** Decoded bytes of one stretch, see `stretches`. */
const STRETCH_BYTES = 32 * 1024 * 1024;
/**
 * What decoding may take beside the row group itself. A dictionary of one long text gives it to every row: 7 kB of a file
 * took all of the 4 GiB that WebAssembly has. Chosen: 32 times a stretch; writers of parquet need some of it as well.
 */
const DECODING_BYTES = 1024 * 1024 * 1024;
const PAGE_BYTES = 64 * 1024;

export interface OpenParquet {
  readonly summary: ParquetSummary;
  /** One IPC stream per batch, in the file's order; of all columns, or of those named, which must exist. */
  read(columns?: readonly string[]): AsyncGenerator<Uint8Array, void>;
  close(): void;
}

/**
 * Open a parquet file, by its path or by what reads parts of it. Rejects for anything but a complete footer; a damaged
 * page raises an uncaught RuntimeError later on.
 */
export async function openParquet(from: string | Parts): Promise<OpenParquet> {
  const { parts, facts } = await withoutHints(typeof from === 'string' ? await openAsBlob(from) : from);
  // Of a Blob it needs no more than what Parts have.
  const file = await loadParquet().ParquetFile.fromFile(parts as Blob);
  const metadata = file.metadata();
  const groups = metadata.rowGroups().map(measure);
  const summary = {
    schema: file.schema().intoIPCStream(),
    rows: groups.reduce((sum, group) => sum + group.rows, 0),
    rowGroupBytes: groups.reduce((most, group) => Math.max(most, group.compressed), 0),
    rowBytes: groups.reduce((most, group) => Math.max(most, group.uncompressed / Math.max(1, group.rows)), 0),
    leaves: groups.reduce((most, group) => Math.max(most, group.leaves), 0),
    ...facts,
  };
  boundMemory(summary.rowGroupBytes);
  if (typeof from !== 'string') from.keep?.(summary.rowGroupBytes);
  return { summary, read: (columns) => readGroups(file, groups, columns), close: () => file.free() };
}

/** For the whole process, from its next demand for memory on. */
function boundMemory(rowGroupBytes: number): void {
  setFlagsFromString(`--wasm-max-mem-pages=${Math.ceil((DECODING_BYTES + rowGroupBytes) / PAGE_BYTES)}`);
}

interface ColumnSizes {
  readonly rows: number;
  readonly compressed: number;
  readonly uncompressed: number;
}

function measure(group: RowGroupMetaData): GroupSize {
  const size = {
    rows: group.numRows(),
    compressed: group.compressedSize(),
    uncompressed: group.totalByteSize(),
    leaves: group.numColumns(),
  };
  group.free();
  return size;
}

interface GroupSize extends ColumnSizes {
  /** Columns, of nested ones what they are stored as. */
  readonly leaves: number;
}

/** The same of some columns alone: what is not read must not make stretches short. */
function measureColumns(file: ParquetFile, wanted: ReadonlySet<string>): ColumnSizes[] {
  const groups = file.metadata().rowGroups();
  return groups.map((group) => {
    const size = { rows: group.numRows(), compressed: 0, uncompressed: 0 };
    for (const column of group.columns()) {
      // A nested column is stored as its leaves.
      if (wanted.has(column.columnPath()[0] as string)) {
        size.compressed += column.compressedSize();
        size.uncompressed += column.uncompressedSize();
      }
      column.free();
    }
    group.free();
    return size;
  });
}

async function* readGroups(
  file: ParquetFile,
  all: readonly GroupSize[],
  columns?: readonly string[],
): AsyncGenerator<Uint8Array, void> {
  const wanted = columns === undefined ? {} : { columns: [...columns] };
  const groups = columns === undefined ? all : measureColumns(file, new Set(columns));
  for (const [index, group] of groups.entries()) {
    for (const stretch of stretches(group)) {
      const stream = (await file.stream({ ...stretch, ...wanted, rowGroups: [index] })) as AsyncIterable<RecordBatch>;
      for await (const batch of stream) yield batch.intoIPCStream();
    }
  }
}

/**
 * parquet-wasm decodes everything that it is asked for before it hands out the first batch, so a row group above 32 MiB
 * decoded is asked for in stretches of rows: the first one short, later ones four times the last up to 32 MiB, or a
 * quarter of what the group takes compressed (a file without a page index is read from the group's start for each of
 * them). Measured on one row group of 4 M rows, 750 MB decoded: first batch after 0.1 s in place of 12 s, 255 MB of
 * memory in place of 1.5 GB, and not slower over all. A smaller group is asked for at once: in three stretches, one of
 * 100,000 rows takes 1.7 times as long.
 */
function* stretches({ rows, compressed, uncompressed }: ColumnSizes): Iterable<ReaderOptions> {
  const rowBytes = Math.max(1, uncompressed / Math.max(1, rows));
  const most = Math.max(1, Math.floor(Math.max(STRETCH_BYTES, compressed / 4) / rowBytes));
  const batchSize = Math.min(BATCH_ROWS, Math.max(1, Math.floor(BATCH_BYTES / rowBytes)));
  let limit = rows <= most ? rows : BATCH_ROWS;
  for (let offset = 0; offset < rows; ) {
    limit = Math.min(limit, most, rows - offset);
    yield { offset, limit, batchSize };
    offset += limit;
    limit *= 4;
  }
}

/**
 * Writers may add their in-memory Arrow schema to the footer (large strings, string views, dictionaries, large lists),
 * some types of which apache-arrow cannot decode and all of which would make files of different writers clash. The
 * footer is read with that entry's key changed, so that types follow from parquet's own schema, and with text as bytes:
 * see parquet-footer.ts.
 */
async function withoutHints(
  file: Blob | Parts,
): Promise<{ readonly parts: Blob | Parts; readonly facts: FooterFacts }> {
  const tail = Buffer.from(await file.slice(Math.max(0, file.size - 8)).arrayBuffer());
  if (tail.toString('latin1', 4) !== 'PAR1')
    throw new Error('the file does not end as a parquet file does: it is cut off');
  const start = file.size - 8 - tail.readUInt32LE(0);
  if (start < 4) throw new Error('the footer is longer than the file: it is cut off or damaged');
  const footer = Buffer.from(await file.slice(start).arrayBuffer());
  const facts = readFooter(footer);
  const at = footer.lastIndexOf('ARROW:schema');
  if (at >= 0) footer.write('arrow:unread', at, 'latin1');
  else if (facts.texts.length === 0) return { parts: file, facts };
  const parts = file instanceof Blob ? new Blob([file.slice(0, start), footer]) : footerReplaced(file, start, footer);
  return { parts, facts };
}

/** What the main thread and the parquet thread say to each other. Every request gets one answer, in order. */
export type ParquetRequest =
  | { readonly op: 'open'; readonly path: string }
  /** A file that is read through `ParquetQuestion`s. */
  | { readonly op: 'open'; readonly bytes: number }
  /** `columns` counts on the first one; all columns without it. */
  | { readonly op: 'next'; readonly columns?: readonly string[] | undefined }
  | { readonly op: 'close' };

export type ParquetAnswer =
  | { readonly op: 'opened'; readonly summary: ParquetSummary }
  | { readonly op: 'batch'; readonly ipc: Uint8Array }
  | { readonly op: 'end' }
  | { readonly op: 'closed' }
  | { readonly op: 'failed'; readonly message: string };

/** What the parquet thread asks meanwhile, and is answered: undefined when the bytes are not to be had. */
export interface ParquetQuestion {
  readonly op: 'read';
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

export interface ParquetBytes {
  readonly op: 'bytes';
  readonly id: number;
  readonly bytes: Uint8Array | undefined;
}

/** A parquet file as its footer describes it. */
export interface ParquetSummary extends FooterFacts {
  /** The schema as an IPC stream without batches. */
  readonly schema: Uint8Array;
  readonly rows: number;
  /** Compressed bytes of the largest row group. */
  readonly rowGroupBytes: number;
  /** Uncompressed bytes of an average row, of the row group where that is most. */
  readonly rowBytes: number;
  /** Columns, of nested ones the leaves; 0 without row groups. */
  readonly leaves: number;
}
