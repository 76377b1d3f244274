/** Rows of text cells, column by column. */
import { isUtf8 } from 'node:buffer';
import { type Data, Field, type RecordBatch, Schema, type Utf8 } from 'apache-arrow';
import { batchOf, schemaBatch, utf8Column } from '../../arrow/columns.ts';
import { viewOf } from '../../arrow/copy-bytes.ts';
import { textColumn } from '../../arrow/text.ts';
import { type BlockCells, TextBuilder } from '../../arrow/text-builder.ts';
import { kindMetadata, type TextKind, typedText } from '../../arrow/typed-text.ts';
import { BATCH_BYTES, BATCH_CELLS } from './bounds.ts';
import { inferredKind, type TypesBy } from './column-kinds.ts';

const KIND_NAMES: Readonly<Record<TextKind, string>> = {
  int: 'integers',
  float: 'numbers',
  bool: 'true and false',
  text: 'text',
  empty: 'nothing',
  json: 'JSON',
  uuid: 'UUIDs',
};

/** Most rows in a batch. */
export const BATCH_ROWS = 8192;

/** Bytes of a text file, unpacked, with the place to say what is odd about them. */
export interface TextInput {
  readonly name: string;
  readonly chunks: AsyncIterable<Buffer>;
  /** Hand on what is there after every chunk: the next one may be a long time coming. */
  readonly isLive: boolean;
  /** It is the beginning of an input: that it ends in the middle of a row is no fault. */
  readonly isCut?: boolean;
  /** How the types of its columns are found. Default: by nothing, all are text. */
  readonly typesBy?: TypesBy | undefined;
  /** Longest record. */
  readonly maxRecordBytes: number;
  /** What becomes of a record that cannot be read: it ends the reading, or is a row that bears why. Absent: it ends. */
  readonly onBadRow?: 'skip' | 'fail' | undefined;
  /** Of JSON: the path of the list whose members are the rows, where it is given. */
  readonly rowsAt?: string | undefined;
  /** Of JSON: its objects are the rows, whatever is in them. */
  readonly areRows?: boolean | undefined;
  /** Where a row bears why. */
  readonly urlColumn?: string | undefined;
  warn(message: string): void;
}

/** Whole rows within a block of bytes. */
export interface BlockRows extends BlockCells {
  readonly block: Buffer;
  /** Of all rows' cells: the bytes that have to be valid UTF-8. */
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** Rows of text cells, column by column, handed on with the types that the columns are found to have. */
export class TextRows {
  readonly names: readonly string[];
  readonly #columns: readonly TextBuilder[];
  /** Most rows in a batch of so many columns. */
  readonly #batchRows: number;
  /** Full batches, and the rows and, about, the bytes in them and in the one that is not. */
  #full: Data<Utf8>[][] = [];
  #fullRows = 0;
  #openBytes = 0;
  #hasWarned = false;
  readonly #input: TextInput;
  #taken = 0;
  /** By column; none where all are text. */
  #kinds: readonly TextKind[] | undefined;
  readonly #infers: boolean;
  /** Columns with values of another type than the first ones, as was said. */
  readonly #misfits = new Set<string>();

  /** @param kinds - by column; 'inferred' tells them from the first batch */
  constructor(names: readonly string[], input: TextInput, kinds?: readonly TextKind[] | 'inferred') {
    this.names = names;
    this.#infers = kinds === 'inferred';
    this.#kinds = kinds === 'inferred' ? undefined : kinds;
    this.#input = input;
    this.#batchRows = Math.max(1, Math.min(BATCH_ROWS, Math.floor(BATCH_CELLS / names.length)));
    this.#columns = names.map(() => new TextBuilder(this.#batchRows));
  }

  get length(): number {
    return this.#fullRows + this.#open;
  }

  /** There is enough to hand on. */
  get isFull(): boolean {
    return this.#full.length > 0;
  }

  /** Rows so far, those taken away included. */
  get total(): number {
    return this.#taken + this.length;
  }

  add(cells: readonly (string | null | undefined)[]): void {
    for (let i = 0; i < this.#columns.length; i++) {
      const cell = cells[i];
      this.#columns[i]?.append(cell);
      this.#openBytes += cell?.length ?? 0;
    }
    if (this.#open === this.#batchRows || this.#openBytes >= BATCH_BYTES) this.#finish();
  }

  addRows(given: BlockRows): void {
    const { block, from, to, rows } = given;
    if (!isUtf8(block.subarray(from, to))) return this.#addDamaged(given);
    const step = this.#columns.length * 2;
    for (let row = 0; row < rows; ) {
      const count = Math.min(rows - row, this.#batchRows - this.#open);
      for (let i = 0; i < this.#columns.length; i++)
        this.#columns[i]?.appendCells(given, row * step + i * 2, step, count);
      row += count;
      if (this.#open === this.#batchRows) this.#finish();
    }
    if (this.#open > 0) this.#openBytes += to - from;
    if (this.#openBytes >= BATCH_BYTES) this.#finish();
  }

  /** The rows as batches of at most 8192; they are not kept. */
  *take(): Iterable<RecordBatch> {
    if (this.#open > 0) this.#finish();
    const batches = this.#full;
    this.#full = [];
    this.#fullRows = 0;
    for (const columns of batches) {
      const parts = columns.map((data, i) => [this.names[i] as string, data] as const);
      for (const [name, data] of parts) this.#checkText(name, data.values);
      if (this.#infers) this.#kinds ??= columns.map((data) => inferredKind(textColumn(data)));
      const batch = this.#kinds === undefined ? batchOf(parts) : this.#typed(columns, this.#kinds);
      this.#taken += batch.numRows;
      yield batch;
    }
  }

  #typed(columns: readonly Data<Utf8>[], kinds: readonly TextKind[]): RecordBatch {
    const typed = columns.map((column, i) => typedText(column, kinds[i] as TextKind));
    for (const [i, { firstMisfit }] of typed.entries())
      if (firstMisfit >= 0) this.#sayMisfit(this.names[i] as string, kinds[i] as TextKind, this.#taken + firstMisfit);
    const fields = typed.map(
      ({ data }, i) => new Field(this.names[i] as string, data.type, true, kindMetadata(kinds[i] as TextKind)),
    );
    const children = typed.map(({ data }) => data);
    return schemaBatch(new Schema(fields), columns[0]?.length ?? 0, children);
  }

  #sayMisfit(column: string, kind: TextKind, row: number): void {
    if (this.#misfits.has(column)) return;
    this.#misfits.add(column);
    const key = this.#infers ? 'infer_types' : 'json_types';
    this.#input.warn(
      `${this.#input.name}: ${column} holds ${KIND_NAMES[kind]} in its first rows and something else in row ${row}: null ` +
        `there, and wherever that is so; without ${key} all columns are text`,
    );
  }

  /** The columns without rows. */
  none(): RecordBatch {
    return batchOf(this.names.map((name) => [name, utf8Column([])]));
  }

  /** Rows of the batch that is not full. */
  get #open(): number {
    return this.#columns[0]?.rows ?? 0;
  }

  #finish(): void {
    this.#fullRows += this.#open;
    this.#openBytes = 0;
    this.#full.push(this.#columns.map((column) => column.finish()));
  }

  #addDamaged({ block, view, bounds, unescaped, rows }: BlockRows): void {
    const columns = this.#columns.length;
    for (let row = 0; row < rows; row++) {
      const cells = this.names.map((_, i) => {
        const start = bounds[(row * columns + i) * 2] as number;
        const end = bounds[(row * columns + i) * 2 + 1] as number;
        if (start >= 0) return start === end ? null : block.toString('utf8', start, end);
        // A byte that is not UTF-8 may become three.
        const cell = Buffer.alloc((end - ~start) * 3);
        return cell.toString('utf8', 0, unescaped(view, ~start, end, viewOf(cell), 0));
      });
      this.add(cells);
    }
  }

  /**
   * Bytes that are not UTF-8 were read as U+FFFD: a damaged caption must not end a run of millions of rows, but it is
   * said.
   */
  #checkText(column: string, bytes: Uint8Array): void {
    if (this.#hasWarned || !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes('\ufffd')) return;
    this.#hasWarned = true;
    const near = `near row ${this.#taken} (column ${column})`;
    this.#input.warn(
      `${this.#input.name}: bytes that are not UTF-8 were replaced by U+FFFD ${near}; save the file as UTF-8 ` +
        'if it is in another encoding',
    );
  }
}
