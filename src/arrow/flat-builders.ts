/** Columns that rows of other columns are appended to: what all have in common, and those without columns inside. */
import { Data, DataType } from 'apache-arrow';
import { plainType, valuesPerRow } from './column-types.ts';
import { firstRows } from './columns.ts';
import { copyBytes, viewOf } from './copy-bytes.ts';
import { type Expected, Growing, GrowingBits, Offsets } from './growing.ts';
import type { Runs } from './picks.ts';

/** From so many cells on, making a view and calling `set` beats a loop (measured on Node 20). */
const LONG_COPY_CELLS = 32;

/** A column to which rows of other columns of its type are appended, buffer by buffer. */
export abstract class ColumnBuilder<T extends DataType = DataType> {
  protected readonly type: T;
  protected readonly children: readonly ColumnBuilder[];
  protected readonly expected: Expected;
  protected rows = 0;
  /** From the first source with nulls on. */
  #validity: GrowingBits | undefined;

  constructor(type: T, expected: Expected, children: readonly ColumnBuilder[] = []) {
    this.type = type;
    this.expected = expected;
    this.children = children;
  }

  /** Bytes that the rows take. */
  get bytes(): number {
    return this.children.reduce((sum, child) => sum + child.bytes, (this.#validity?.bytes ?? 0) + this.valueBytes);
  }

  /** Throws RangeError when 32-bit offsets overflow. */
  append(sources: readonly Data[], runs: Runs): void {
    this.#appendValidity(sources, runs);
    this.appendValues(sources, runs);
    this.rows += runs.length;
  }

  /** The column; nothing can be appended afterwards. */
  finish(): Data {
    const [offsets, values] = this.finishValues();
    const buffers = [offsets, values, this.#validity?.filled()];
    const children = this.children.map((child) => child.finish());
    const nullCount = this.#validity === undefined ? 0 : -1;
    return new Data(plainType(this.type), 0, this.rows, nullCount, buffers as never, children);
  }

  protected get valueBytes(): number {
    return 0;
  }

  protected abstract appendValues(sources: readonly Data[], runs: Runs): void;

  /** Offsets and values, as far as the type has them. */
  protected finishValues(): [offsets?: ArrayBufferView | undefined, values?: ArrayBufferView] {
    return [];
  }

  #appendValidity(sources: readonly Data[], runs: Runs): void {
    if (this.#validity === undefined) {
      if (sources.every((source) => source.nullCount === 0)) return;
      this.#validity = new GrowingBits(this.expected);
      this.#validity.append(undefined, 0, this.rows);
    }
    for (let run = 0; run < runs.size; run++) {
      const source = sources[runs.batch(run)] as Data;
      const bits = source.nullCount === 0 ? undefined : source.nullBitmap;
      this.#validity.append(bits, source.offset + runs.start(run), runs.count(run));
    }
  }
}

/** A column of text of which it is known what it will be. */
export class KnownColumn extends ColumnBuilder {
  readonly #column: Data;

  /** @param column - has as many rows as will be appended, or more */
  constructor(column: Data, expected: Expected) {
    super(column.type, expected);
    this.#column = column;
  }

  override append(_sources: readonly Data[], runs: Runs): void {
    this.rows += runs.length;
  }

  override finish(): Data {
    return firstRows(this.#column, this.rows);
  }

  protected override appendValues(): void {}
}

/** Text and bytes, also those with 64-bit offsets. */
export class BytesBuilder extends ColumnBuilder {
  readonly #offsets = new Offsets(this.expected);
  readonly #bytes = new Growing((bytes) => bytes, this.expected);

  protected override get valueBytes(): number {
    return this.#offsets.bytes + this.#bytes.bytes;
  }

  protected override appendValues(sources: readonly Data[], runs: Runs): void {
    let row = this.#offsets.append(sources, runs);
    const { cells: offsets, end } = this.#offsets;
    this.#bytes.grow(end - this.#bytes.length);
    const target = this.#bytes.view;
    let batch = -1;
    let source = target;
    let from: ArrayLike<unknown> = offsets;
    for (let run = 0; run < runs.size; run++) {
      if (runs.batch(run) !== batch) {
        batch = runs.batch(run);
        const { values, valueOffsets } = sources[batch] as Data;
        source = viewOf(values);
        from = valueOffsets;
      }
      const at = offsets[row] as number;
      row += runs.count(run);
      copyBytes(source, Number(from[runs.start(run)]), target, at, (offsets[row] as number) - at);
    }
  }

  protected override finishValues(): [ArrayBufferView, ArrayBufferView] {
    const offsets = this.#offsets.filled();
    const isLarge = DataType.isLargeUtf8(this.type) || DataType.isLargeBinary(this.type);
    return [isLarge ? BigInt64Array.from(offsets, BigInt) : offsets, this.#bytes.filled()];
  }
}

export class BoolBuilder extends ColumnBuilder {
  readonly #bits = new GrowingBits(this.expected);

  protected override get valueBytes(): number {
    return this.#bits.bytes;
  }

  /**
   * A slice shares its parent's packed bits and carries a bit offset; every other buffer of a slice starts at its own
   * row 0.
   */
  protected override appendValues(sources: readonly Data[], runs: Runs): void {
    for (let run = 0; run < runs.size; run++) {
      const source = sources[runs.batch(run)] as Data;
      if (source.values.length > 0) this.#bits.append(source.values, source.offset + runs.start(run), runs.count(run));
      // A column of nulls may come over IPC without any value bits.
      else this.#bits.grow(runs.count(run));
    }
  }

  protected override finishValues(): [undefined, ArrayBufferView] {
    return [undefined, this.#bits.filled()];
  }
}

/** Numbers, times, decimals, fixed-size bytes. */
export class FixedBuilder extends ColumnBuilder {
  readonly #cells: Growing<Int32Array | Int16Array | Uint8Array>;
  readonly #cellsPerRow: number;

  constructor(type: DataType, expected: Expected) {
    super(type, expected);
    const width = (type.ArrayType as Uint8ArrayConstructor).BYTES_PER_ELEMENT;
    this.#cells = new Growing<Int32Array | Int16Array | Uint8Array>((bytes) => cellsOf(bytes, width), expected);
    this.#cellsPerRow = (valuesPerRow(type) * width) / this.#cells.cells.BYTES_PER_ELEMENT;
  }

  protected override get valueBytes(): number {
    return this.#cells.bytes;
  }

  protected override appendValues(sources: readonly Data[], runs: Runs): void {
    const perRow = this.#cellsPerRow;
    let at = this.#cells.grow(runs.length * perRow);
    const target = this.#cells.cells;
    let batch = -1;
    let source = target;
    for (let run = 0; run < runs.size; run++) {
      if (runs.batch(run) !== batch) {
        batch = runs.batch(run);
        const { values } = sources[batch] as Data;
        source = cellsOf(values, values.BYTES_PER_ELEMENT);
      }
      const from = runs.start(run) * perRow;
      const count = runs.count(run) * perRow;
      if (count < LONG_COPY_CELLS) for (let i = 0; i < count; i++) target[at + i] = source[from + i] as number;
      else target.set(source.subarray(from, from + count), at);
      at += count;
    }
  }

  protected override finishValues(): [undefined, ArrayBufferView] {
    const { buffer, byteLength } = this.#cells.filled();
    const Values = this.type.ArrayType as Uint8ArrayConstructor;
    return [undefined, new Values(buffer as ArrayBuffer, 0, byteLength / Values.BYTES_PER_ELEMENT)];
  }
}

/** As integers: one loop meets three kinds of arrays, not eleven; no bigint is made, and no NaN loses its bits. */
function cellsOf(
  { buffer, byteOffset, byteLength }: ArrayBufferView,
  width: number,
): Int32Array | Int16Array | Uint8Array {
  if (width >= 4) return new Int32Array(buffer, byteOffset, byteLength >> 2);
  return width === 2
    ? new Int16Array(buffer, byteOffset, byteLength >> 1)
    : new Uint8Array(buffer, byteOffset, byteLength);
}
