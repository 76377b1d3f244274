/** A column that rows of other columns are appended to. */
import { Data, type DataType } from 'apache-arrow';
import { type Expected, GrowingBits } from './growing.ts';
import type { Runs } from './picks.ts';
import { plainType } from './plain-type.ts';

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
