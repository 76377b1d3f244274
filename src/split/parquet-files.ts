/** Every file as parquet. */
import { type Data, DataType, type RecordBatch } from 'apache-arrow';
import { rawBytes } from '../arrow/batch-bytes.ts';
import { destinationError } from '../destination/destination.ts';
import { ChunkStore } from './chunk-store.ts';
import type { ParquetShape } from './encode-worker.ts';
import { Encoder } from './encoder.ts';
import { ValueCensus } from './row-grouping.ts';

/** As all parquet files that flow-dc writes. */
const GROUP_ROWS = 50_000;
/**
 * Rows of whole images make smaller row groups: one is held as Arrow, on its way to the thread, and as it is encoded.
 */
const GROUP_BYTES = 32 * 1024 * 1024;
/**
 * From this share of different values on, a dictionary costs more than it saves (measured, six columns: 1.9 us a row
 * with all of them, 1.25 without those of four, and files 17 % smaller).
 */
const MANY_VALUES = 0.5;
/** Rows that are looked at to tell: fewer, and a class looks like a key. */
const SAMPLE_ROWS = 2000;

/** Every file as parquet, zstd; row groups fill in a ChunkStore and are encoded by threads. */
export class ParquetFiles {
  readonly #store: ChunkStore;
  readonly #encoder: Encoder;
  readonly #files: number;
  readonly #folder: string;
  readonly #pathOf: (file: number) => string;
  #shape: ParquetShape | undefined;

  constructor(files: number, folder: string, pathOf: (file: number) => string) {
    this.#files = files;
    this.#folder = folder;
    this.#pathOf = pathOf;
    this.#store = new ChunkStore(files, folder, GROUP_ROWS);
    this.#encoder = new Encoder(files);
  }

  /**
   * Append rows of a batch, told by their numbers, to a file, each file's in order. Errors: FDC_ERR_DEST_FULL,
   * FDC_ERR_DEST_IO, also those of earlier calls.
   */
  async append(file: number, batch: RecordBatch, rows: Uint32Array): Promise<void> {
    this.#shape ??= shapeFor(batch);
    const { groupRows } = this.#shape;
    for (let from = 0; from < rows.length; ) {
      const some = rows.subarray(from, from + groupRows - this.#store.rowsOf(file));
      await this.#touching(this.#store.add(file, batch, some));
      from += some.length;
      const isFull = this.#store.rowsOf(file) >= groupRows || this.#store.bytesOf(file) >= 2 * GROUP_BYTES;
      if (isFull) await this.#encode(file, this.#shape);
    }
  }

  /** Everything is in its file. Errors as `append`. */
  async finish(): Promise<void> {
    for (let file = 0; file < this.#files; file++) {
      if (this.#shape !== undefined && this.#store.rowsOf(file) > 0) await this.#encode(file, this.#shape);
      await this.#encoder.close(file, this.#pathOf(file));
    }
    await this.#encoder.settle();
    await this.close();
  }

  /** Let go of threads; nothing is finished. Idempotent. */
  async close(): Promise<void> {
    await this.#encoder.stop();
  }

  async #encode(file: number, shape: ParquetShape): Promise<void> {
    const ipc = await this.#touching(this.#store.take(file));
    await this.#encoder.write(file, this.#pathOf(file), ipc, shape);
  }

  async #touching<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw destinationError(error, this.#folder);
    }
  }
}

function shapeFor(rows: RecordBatch): ParquetShape {
  const rowBytes = Math.max(1, rawBytes(rows) / rows.numRows);
  const groupRows = Math.max(1, Math.min(GROUP_ROWS, Math.floor(GROUP_BYTES / rowBytes)));
  const plainColumns = rows.schema.fields
    .filter((_, i) => hasManyValues((rows.data.children[i] as Data).slice(0, Math.min(rows.numRows, SAMPLE_ROWS))))
    .map(({ name }) => name);
  return { groupRows, plainColumns };
}

/** Nested columns keep their dictionaries: their leaves would have to be named one by one. */
function hasManyValues(column: Data): boolean {
  if (column.children.length > 0 || DataType.isBool(column.type)) return false;
  const values = new ValueCensus();
  values.read(column);
  return values.size > column.length * MANY_VALUES;
}
