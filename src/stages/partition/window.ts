/** Rows held until they are cut. */
import type { RecordBatch } from 'apache-arrow';
import { rawBytes } from '../../arrow/batch-bytes.ts';
import { textColumn } from '../../arrow/text.ts';
import type { PartitionSettings } from '../../config/types.ts';
import type { HostReader } from '../../host/host.ts';
import { registrableDomain } from '../../host/host-groups.ts';
import { urlColumn } from '../../unit-rows.ts';

/** Rows of the first window; each further one is twice as long. Small at first, so that the first unit leaves early. */
export const FIRST_WINDOW_ROWS = 2000;
export const MAX_WINDOW_ROWS = 262_144;
/** A window also ends before its rows exceed this many raw bytes, which bounds what the partitioner holds. */
const MAX_WINDOW_BYTES = 64 * 1024 * 1024;

/** Rows in a window of its own; source rows are addressed as (batch, row) by window position. */
export class Window {
  readonly maxRows: number;
  readonly batches: RecordBatch[] = [];
  /** By window position: which batch, which row in it, which host. */
  readonly batchOf: Uint32Array;
  readonly rowOf: Uint32Array;
  readonly hostOf: Uint32Array;
  /** Host names by first appearance; `hostOf` points into it. */
  readonly hosts: string[] = [];
  /** By host: which group it belongs to, numbered by first appearance. */
  readonly groupOf: number[] = [];
  readonly #groupIds = new Map<string, number>();
  readonly #groupBy: PartitionSettings['groupBy'];
  readonly #hostIds = new Map<string, number>();
  readonly #reader: HostReader;
  rows = 0;
  bytes = 0;

  constructor(maxRows: number, reader: HostReader, groupBy: PartitionSettings['groupBy'] = 'host') {
    this.maxRows = maxRows;
    this.batchOf = new Uint32Array(maxRows);
    this.rowOf = new Uint32Array(maxRows);
    this.hostOf = new Uint32Array(maxRows);
    this.#reader = reader;
    this.#groupBy = groupBy;
  }

  get groups(): number {
    return this.#groupIds.size;
  }

  /**
   * Take as many of the batch's rows [from, end) as fit; returns where it stopped. Takes at least one into an empty
   * window.
   */
  add(batch: RecordBatch, from: number, end: number): number {
    const to = this.#limit(batch, from, Math.min(end, from + this.maxRows - this.rows));
    if (to === from) return from;
    const index = this.batches.push(batch) - 1;
    const urls = textColumn(urlColumn(batch));
    for (let row = from; row < to; row++) {
      const at = this.rows + row - from;
      this.batchOf[at] = index;
      this.rowOf[at] = row;
      this.hostOf[at] = this.#hostId(this.#reader.hostOf(urls[row] ?? ''));
    }
    this.rows += to - from;
    this.bytes += rawBytes(batch, from, to);
    return to;
  }

  isFull(): boolean {
    return this.rows === this.maxRows;
  }

  #limit(batch: RecordBatch, from: number, to: number): number {
    const room = MAX_WINDOW_BYTES - this.bytes;
    if (rawBytes(batch, from, to) <= room) return to;
    let low = this.rows === 0 ? from + 1 : from;
    let high = to;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (rawBytes(batch, from, middle) <= room) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #hostId(host: string): number {
    const known = this.#hostIds.get(host);
    if (known !== undefined) return known;
    // Through a buffer: a substring would keep the whole column's text alive as long as the host name.
    const name = Buffer.from(host).toString();
    const id = this.hosts.push(name) - 1;
    this.#hostIds.set(name, id);
    const group = this.#groupBy === 'host' ? name : registrableDomain(name);
    const groupId = this.#groupIds.get(group) ?? this.#groupIds.size;
    this.#groupIds.set(group, groupId);
    this.groupOf.push(groupId);
    return id;
  }
}
