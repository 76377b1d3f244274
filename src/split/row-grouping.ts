/** The groups of a manifest's rows: by host, domain, or a column's values. */
import { type Data, DataType, type RecordBatch } from 'apache-arrow';
import { viewOf } from '../arrow/copy-bytes.ts';
import { textColumn } from '../arrow/text.ts';
import { HostCensus } from '../host/host-census.ts';
import { HostGroups } from '../host/host-groups.ts';
import { ByteTable } from '../structures/byte-table.ts';
import { Counts } from '../structures/counts.ts';
import { urlColumn } from '../unit-rows.ts';
import type { SplitSettings } from './partition-options.ts';

/** Id of null. */
const NULL_ID = 0;

/** Numbers the groups of a manifest's rows: by host or domain, by a column's values, or all in one. */
export class RowGrouping {
  readonly hosts = new HostCensus();
  readonly #counts = new Counts();
  readonly #byHost: HostGroups;
  readonly #byValue = new ValueCensus();
  readonly #method: SplitSettings['method'];
  readonly #column: string | undefined;
  /** Rows counted. */
  rows = 0;

  constructor({ method, groupBy, groupingColumn }: SplitSettings) {
    this.#byHost = new HostGroups(this.hosts, groupBy);
    this.#method = method;
    this.#column = groupingColumn;
  }

  /** The only columns that `count` looks at. */
  get columns(): readonly string[] {
    return this.#method === 'greedy' && this.#column !== undefined ? [this.#column] : [];
  }

  count(batch: RecordBatch): void {
    this.rows += batch.numRows;
    if (this.#method === 'simple') return;
    const ids = this.#method === 'host' ? this.#byHost.read(this.hosts.read(urlColumn(batch))) : this.#valuesOf(batch);
    this.#counts.addAll(ids, this.#method === 'host' ? this.#byHost.size : this.#byValue.size);
  }

  /** The group of every row; `hosts` are the ids of the rows' hosts. */
  groupsOf(batch: RecordBatch, hosts: Int32Array): Int32Array {
    if (this.#method === 'host') return this.#byHost.read(hosts);
    return this.#method === 'greedy' ? this.#valuesOf(batch) : new Int32Array(batch.numRows);
  }

  /** Rows by group. */
  counts(): Float64Array {
    const size = this.#method === 'host' ? this.#byHost.size : this.#byValue.size;
    return Float64Array.from({ length: size }, (_, id) => this.#counts.of(id));
  }

  #valuesOf(batch: RecordBatch): Int32Array {
    const at = batch.schema.fields.findIndex(({ name }) => name === this.#column);
    return this.#byValue.read(batch.data.children[at] as Data);
  }
}

/**
 * Numbers a column's different values, whatever its type, by first appearance from 1; null is a value and has 0. Values
 * are told apart by their exact text. Holds some 30 bytes and the text per value.
 */
export class ValueCensus {
  readonly #values = new ByteTable();

  /** Ids are below this. */
  get size(): number {
    return this.#values.size + 1;
  }

  /** The id of every row's value. */
  read(column: Data): Int32Array {
    const { type, length, valueOffsets: offsets } = column;
    if (!DataType.isUtf8(type)) {
      return Int32Array.from(textColumn(column), (value) =>
        value === null ? NULL_ID : 1 + this.#values.internText(value),
      );
    }
    const ids = new Int32Array(length);
    const bytes = viewOf(column.values as Uint8Array);
    for (let row = 0; row < length; row++) {
      if (column.nullCount > 0 && !column.getValid(row)) continue;
      ids[row] = 1 + this.#values.intern(bytes, offsets[row] as number, offsets[row + 1] as number);
    }
    return ids;
  }
}
