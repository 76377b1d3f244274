/** Rows held until they are cut. */
import type { RecordBatch } from 'apache-arrow';
import { rawBytes } from '../../arrow/batch-bytes.ts';
import type { PartitionSettings } from '../../config/types.ts';
import type { HostCensus } from '../../host/host-census.ts';
import { registrableDomain } from '../../host/host-groups.ts';
import { urlColumn } from '../../unit-rows.ts';

/** Rows of the first window; each further one is twice as long. Small at first, so that the first unit leaves early. */
export const FIRST_WINDOW_ROWS = 2000;
export const MAX_WINDOW_ROWS = 262_144;
/** A window also ends before its rows exceed this many raw bytes, which bounds what the partitioner holds. */
const MAX_WINDOW_BYTES = 64 * 1024 * 1024;

/** Rows in a window of its own, and which host each of them has. */
export class Window {
  readonly maxRows: number;
  /** The rows, in order: a window's position counts over all of them. What is used up is undefined. */
  readonly batches: (RecordBatch | undefined)[] = [];
  /** By window position; hosts are numbered by first appearance. */
  readonly hostOf: Int32Array;
  readonly hosts: string[] = [];
  /** By host: which group it belongs to, numbered by first appearance. */
  readonly groupOf: number[] = [];
  readonly #groupIds = new Map<string, number>();
  readonly #groupBy: PartitionSettings['groupBy'];
  readonly #census: HostCensus;
  /** By number in the census, as far as the window has met its hosts: one more than the window's own number. */
  #numbers: Int32Array;
  rows = 0;
  bytes = 0;

  /** @param census - reads hosts off URLs; may have done so for other windows */
  constructor(maxRows: number, census: HostCensus, groupBy: PartitionSettings['groupBy'] = 'host') {
    this.maxRows = maxRows;
    this.hostOf = new Int32Array(maxRows);
    this.#census = census;
    this.#groupBy = groupBy;
    this.#numbers = new Int32Array(census.hosts + 1);
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
    const rows = to - from === batch.numRows ? batch : batch.slice(from, to);
    this.batches.push(rows);
    this.#readHosts(rows);
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

  #readHosts(rows: RecordBatch): void {
    const ids = this.#census.read(urlColumn(rows));
    if (this.#census.hosts >= this.#numbers.length) {
      const numbers = new Int32Array((this.#census.hosts + 1) * 2);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    const numbers = this.#numbers;
    for (let row = 0; row < ids.length; row++) {
      const id = ids[row] as number;
      if (numbers[id] === 0) numbers[id] = 1 + this.#addHost(this.#census.hostName(id));
      this.hostOf[this.rows + row] = (numbers[id] as number) - 1;
    }
  }

  #addHost(name: string): number {
    const group = this.#groupBy === 'host' ? name : registrableDomain(name);
    const groupId = this.#groupIds.get(group) ?? this.#groupIds.size;
    this.#groupIds.set(group, groupId);
    this.groupOf.push(groupId);
    return this.hosts.push(name) - 1;
  }
}
