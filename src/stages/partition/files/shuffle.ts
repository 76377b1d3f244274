import { type Data, Field, makeData, RecordBatch, Schema, Struct } from 'apache-arrow';
import { rawBytes } from '../../../arrow/raw-bytes.ts';
import { takeRows } from '../../../arrow/take.ts';
import type { PartFiles } from './part-files.ts';

/** Rows that are gathered at once: enough that each of some hundred files gets a few hundred of them. */
const WINDOW_ROWS = 131_072;
const WINDOW_BYTES = 32 * 1024 * 1024;

/** A column that is written beside the manifest's own, made for the rows of one file. */
export interface AddedColumn {
  readonly name: string;
  /** @param ids - what came with these rows */
  make(ids: Int32Array): Data;
}

/** Rows with their file, window by window, gathered file by file. Holds one window and one file's part of it. */
export class Shuffle {
  readonly #sink: PartFiles;
  readonly #files: number;
  readonly #added: AddedColumn | undefined;
  #batches: RecordBatch[] = [];
  #fileOf: Int32Array[] = [];
  #ids: Int32Array[] = [];
  #rows = 0;
  #bytes = 0;

  constructor(sink: PartFiles, files: number, added: AddedColumn | undefined) {
    this.#sink = sink;
    this.#files = files;
    this.#added = added;
  }

  /**
   * @param fileOf - the file of every row
   * @param ids - what the added column is made of, for every row
   */
  async add(batch: RecordBatch, fileOf: Int32Array, ids: Int32Array): Promise<void> {
    this.#batches.push(batch);
    this.#fileOf.push(fileOf);
    this.#ids.push(ids);
    this.#rows += batch.numRows;
    this.#bytes += rawBytes(batch);
    if (this.#rows >= WINDOW_ROWS || this.#bytes >= WINDOW_BYTES) await this.flush();
  }

  /** Hand on what waits. */
  async flush(): Promise<void> {
    const { starts, batchOf, rowOf } = this.#sorted();
    for (let file = 0; file < this.#files; file++) {
      const end = starts[file + 1] as number;
      for (let from = starts[file] as number; from < end; ) {
        const to = Math.min(end, from + this.#sink.room(file));
        await this.#sink.append(file, this.#gather(batchOf.subarray(from, to), rowOf.subarray(from, to)));
        from = to;
      }
    }
    this.#batches = [];
    this.#fileOf = [];
    this.#ids = [];
    this.#rows = 0;
    this.#bytes = 0;
  }

  /** Counting sort by file; stable, so that rows stay in manifest order. File `i` has [starts[i], starts[i + 1]). */
  #sorted(): { starts: Uint32Array; batchOf: Uint32Array; rowOf: Uint32Array } {
    const starts = new Uint32Array(this.#files + 1);
    for (const files of this.#fileOf) for (const file of files) starts[file + 1] = (starts[file + 1] as number) + 1;
    for (let file = 0; file < this.#files; file++) starts[file + 1] = (starts[file + 1] as number) + (starts[file] as number);
    const next = starts.slice();
    const batchOf = new Uint32Array(this.#rows);
    const rowOf = new Uint32Array(this.#rows);
    this.#fileOf.forEach((files, batch) => {
      for (let row = 0; row < files.length; row++) {
        const file = files[row] as number;
        const at = next[file] as number;
        next[file] = at + 1;
        batchOf[at] = batch;
        rowOf[at] = row;
      }
    });
    return { starts, batchOf, rowOf };
  }

  /** The manifest's columns and the added one; what the reader says of them in the schema's metadata is left behind. */
  #gather(batches: Uint32Array, rows: Uint32Array): RecordBatch {
    const { schema, data } = takeRows(this.#batches, { batches, rows });
    const fields = [...schema.fields];
    const children = [...data.children];
    if (this.#added !== undefined) {
      const column = this.#added.make(this.#idsOf(batches, rows));
      fields.push(new Field(this.#added.name, column.type, true));
      children.push(column);
    }
    return new RecordBatch(new Schema(fields), makeData({ type: new Struct(fields), length: rows.length, nullCount: 0, children }));
  }

  #idsOf(batches: Uint32Array, rows: Uint32Array): Int32Array {
    const ids = new Int32Array(rows.length);
    for (let i = 0; i < ids.length; i++) ids[i] = this.#ids[batches[i] as number]?.[rows[i] as number] as number;
    return ids;
  }
}
