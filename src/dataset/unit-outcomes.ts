/** What a unit keeps of its results once their bodies are written: columns from the start, a slot per row. */
import { type Data, Field, Int64, List, makeData, TimestampMillisecond, Utf8 } from 'apache-arrow';
import { float64Column, int32Column, packedBits, utf8Column } from '../arrow/columns.ts';
import type { FetchResult, UnitRow } from '../record.ts';
import { shortened } from '../short-text.ts';
import { visible } from '../visible.ts';
import { DUPLICATE_OF } from './column-names.ts';
import type { Publish } from './published.ts';

/** Flag of rows with a "no longer available" picture. */
export const PLACEHOLDER = 'placeholder';
/** Rows per host with the same content above which it is taken for such a picture. */
const PLACEHOLDER_ROWS = 50;
/** Hex digits of a sha256. */
const DIGEST_CHARS = 64;

export type Column = readonly [name: string, data: Data];

/** Numbers by row, with a mark where there is one. */
class Numbers {
  readonly values: Float64Array;
  readonly isSet: Uint8Array;

  constructor(rows: number) {
    this.values = new Float64Array(rows);
    this.isSet = new Uint8Array(rows);
  }

  set(index: number, value: number | undefined): void {
    if (value === undefined) return;
    this.values[index] = value;
    this.isSet[index] = 1;
  }

  get(index: number): number | undefined {
    return this.isSet[index] === 1 ? this.values[index] : undefined;
  }

  ints(): Data {
    return int32Column(Array.from(this.values, (_, index) => this.get(index)));
  }

  floats(): Data {
    return float64Column(Array.from(this.values, (_, index) => this.get(index)));
  }
}

export class UnitOutcomes {
  /** Rows by status; those with `fetched` are the stored ones. */
  readonly counts = { fetched: 0, failed: 0, skipped: 0 };
  /** Rows by code, of those that are not stored. */
  readonly errors: Record<string, number> = {};
  /** Of stored bodies. */
  bytes = 0;
  /** Stored rows by the extension of their file. */
  readonly media: Record<string, number> = {};
  readonly #rows: readonly UnitRow[];
  readonly #attemptSet: number;
  readonly #status: (FetchResult['status'] | undefined)[];
  readonly #names: (string | undefined)[] = [];
  readonly #codes: (string | undefined)[] = [];
  readonly #hosts: (string | undefined)[] = [];
  /** Only where it is not the row's own URL, which is nearly never. */
  readonly #finalUrls: (string | undefined)[] = [];
  readonly #contentTypes: (string | undefined)[] = [];
  readonly #etags: (string | undefined)[] = [];
  readonly #lastModified: (string | undefined)[] = [];
  readonly #digests: Buffer;
  readonly #hasDigest: Uint8Array;
  readonly #numbers: Readonly<Record<NumberField, Numbers>>;
  /** Of rows that are not fetched: in words, what a code does not say. */
  readonly #messages = new Map<number, string>();
  /** Of the few rows that have any. */
  readonly #flags = new Map<number, readonly string[]>();

  /** @param attemptSet - how often the rows have been taken, this time included */
  constructor(rows: readonly UnitRow[], attemptSet = 1) {
    this.#attemptSet = attemptSet;
    const size = rows.length;
    this.#rows = rows;
    this.#status = new Array<undefined>(size).fill(undefined);
    for (const texts of this.#texts()) texts.length = size;
    this.#digests = Buffer.alloc(size * DIGEST_CHARS);
    this.#hasDigest = new Uint8Array(size);
    this.#numbers = Object.fromEntries(NUMBER_FIELDS.map((field) => [field, new Numbers(size)])) as Record<
      NumberField,
      Numbers
    >;
  }

  /** @param name - path of the sample in its shard or folder; undefined unless stored */
  set(result: FetchResult, name: string | undefined): void {
    const { row, status, code, sha256, finalUrl } = result;
    const { index } = row;
    this.#status[index] = status;
    this.#names[index] = name;
    this.#codes[index] = code;
    this.#hosts[index] = result.host;
    this.#finalUrls[index] = finalUrl === row.url ? row.url : finalUrl;
    this.#contentTypes[index] = result.contentType;
    this.#etags[index] = result.etag;
    this.#lastModified[index] = result.lastModified;
    if (sha256 !== undefined) {
      this.#digests.write(sha256, index * DIGEST_CHARS, DIGEST_CHARS, 'latin1');
      this.#hasDigest[index] = 1;
    }
    for (const field of NUMBER_FIELDS) this.#numbers[field].set(index, result[field]);
    if (result.flags !== undefined && result.flags.length > 0) this.#flags.set(index, result.flags);
    this.counts[status] += 1;
    if (name !== undefined) {
      this.bytes += result.bytes;
      const extension = name.slice(name.lastIndexOf('.') + 1);
      this.media[extension] = (this.media[extension] ?? 0) + 1;
    }
    if (status !== 'fetched') {
      this.errors[code ?? 'unknown'] = (this.errors[code ?? 'unknown'] ?? 0) + 1;
    }
    // Part of it may be a stranger's.
    if (result.message !== undefined) this.#messages.set(index, visible(shortened(result.message)));
  }

  /** Of all stored rows; undefined where there are several hosts, or no such row. */
  get onlyHost(): string | undefined {
    let only: string | undefined;
    for (const [index, name] of this.#names.entries()) {
      if (name === undefined) continue;
      const host = this.#hosts[index];
      if (only !== undefined && host !== only) return undefined;
      only = host;
    }
    return only;
  }

  /** The table's own columns, in their order. */
  columns(publish: Publish): Column[] {
    const rows = this.#rows;
    const { httpStatus, bytes, width, height, attempts, headersMs, totalMs, fetchedAtMs } = this.#numbers;
    return [
      ['key', utf8Column(rows.map((row) => publish(row.key)))],
      ['name', utf8Column(this.#names)],
      ['row', int64Column(rows.map((row) => row.row))],
      ['source_file', utf8Column(rows.map((row) => row.sourceFile))],
      ['source_row', int64Column(rows.map((row) => row.sourceRow))],
      ['url', utf8Column(rows.map((row) => (row.url === '' ? null : publish(row.url))))],
      ['final_url', utf8Column(this.#finalUrls.map((url) => (url === undefined ? undefined : publish(url))))],
      ['label', utf8Column(rows.map(({ label }) => (label == null ? label : publish(label))))],
      ['caption', utf8Column(rows.map(({ caption }) => (caption == null ? caption : publish(caption))))],
      ['status', utf8Column(this.#status)],
      ['code', utf8Column(this.#codes)],
      ['message', utf8Column(rows.map((_, index) => this.#messages.get(index)))],
      ['http_status', httpStatus.ints()],
      ['bytes', int64Column(bytes.values)],
      ['content_type', utf8Column(this.#contentTypes)],
      ['sha256', this.#digestColumn()],
      ['width', width.ints()],
      ['height', height.ints()],
      ['attempts', attempts.ints()],
      // Rows that are fetched again have a higher number; readers take the highest.
      ['attempt_set', int32Column(rows.map(() => this.#attemptSet))],
      ['headers_ms', headersMs.floats()],
      ['total_ms', totalMs.floats()],
      ['fetched_at', timestampColumn(fetchedAtMs.values)],
      ['etag', utf8Column(this.#etags)],
      ['last_modified', utf8Column(this.#lastModified)],
      ['host', utf8Column(this.#hosts)],
      ['flags', flagsColumn(rows.length, this.#allFlags())],
      ...this.#duplicates(),
    ];
  }

  #duplicates(): Column[] {
    if (this.#rows[0]?.duplicateOf === undefined) return [];
    const isSet = Uint8Array.from(this.#rows, ({ duplicateOf }) => (duplicateOf == null ? 0 : 1));
    const data = words(this.#rows.map(({ duplicateOf }) => duplicateOf ?? 0));
    return [[DUPLICATE_OF, makeData({ type: new Int64(), length: isSet.length, ...packedBits(isSet), data })]];
  }

  #texts(): unknown[][] {
    const replies = [this.#contentTypes, this.#etags, this.#lastModified];
    return [this.#names, this.#codes, this.#hosts, this.#finalUrls, ...replies];
  }

  #digestColumn(): Data<Utf8> {
    const length = this.#rows.length;
    const valueOffsets = new Int32Array(length + 1);
    const data = new Uint8Array(length * DIGEST_CHARS);
    let end = 0;
    for (let index = 0; index < length; index++) {
      if (this.#hasDigest[index] === 1) {
        data.set(this.#digests.subarray(index * DIGEST_CHARS, (index + 1) * DIGEST_CHARS), end);
        end += DIGEST_CHARS;
      }
      valueOffsets[index + 1] = end;
    }
    const type = new Utf8();
    return makeData({ type, length, ...packedBits(this.#hasDigest), valueOffsets, data: data.subarray(0, end) });
  }

  #allFlags(): ReadonlyMap<number, readonly string[]> {
    const flags = new Map(this.#flags);
    for (const index of this.#placeholders()) flags.set(index, [...(flags.get(index) ?? []), PLACEHOLDER]);
    return flags;
  }

  /** Rows that hold a body that more than 50 rows of the same host have as well. */
  #placeholders(): number[] {
    const rowsOf = new Map<string, number[]>();
    const placeholders: number[] = [];
    for (let index = 0; index < this.#rows.length; index++) {
      if (this.#hasDigest[index] === 0 || this.#status[index] !== 'fetched') continue;
      // Sixteen digits tell contents apart as far as a flag needs; hosts are told apart among those that repeat.
      const content = this.#digests.toString('latin1', index * DIGEST_CHARS, index * DIGEST_CHARS + 16);
      const rows = rowsOf.get(content);
      if (rows === undefined) rowsOf.set(content, [index]);
      else rows.push(index);
    }
    for (const rows of rowsOf.values()) {
      if (rows.length <= PLACEHOLDER_ROWS) continue;
      const byHost = new Map<string | undefined, number>();
      for (const index of rows) byHost.set(this.#hosts[index], (byHost.get(this.#hosts[index]) ?? 0) + 1);
      for (const index of rows)
        if ((byHost.get(this.#hosts[index]) as number) > PLACEHOLDER_ROWS) placeholders.push(index);
    }
    return placeholders;
  }
}

const NUMBER_FIELDS = [
  'httpStatus',
  'bytes',
  'width',
  'height',
  'attempts',
  'headersMs',
  'totalMs',
  'fetchedAtMs',
] as const;
type NumberField = (typeof NUMBER_FIELDS)[number];

/** Whole numbers below 2^53, as the words of 64-bit ones: a BigInt for each would cost more than all else here. */
function words(values: ArrayLike<number>): BigInt64Array {
  const halves = new Int32Array(values.length * 2);
  for (let index = 0; index < values.length; index++) {
    const value = Math.round(values[index] as number);
    halves[2 * index] = (value % 4_294_967_296) | 0;
    halves[2 * index + 1] = Math.floor(value / 4_294_967_296);
  }
  return new BigInt64Array(halves.buffer);
}

export function int64Column(values: ArrayLike<number>): Data<Int64> {
  return makeData({ type: new Int64(), length: values.length, nullCount: 0, data: words(values) });
}

function timestampColumn(values: ArrayLike<number>): Data<TimestampMillisecond> {
  return makeData({ type: new TimestampMillisecond('UTC'), length: values.length, nullCount: 0, data: words(values) });
}

/** A list per row, mostly empty. */
function flagsColumn(length: number, flags: ReadonlyMap<number, readonly string[]>): Data<List<Utf8>> {
  const valueOffsets = new Int32Array(length + 1);
  const items: string[] = [];
  for (let index = 0; index < length; index++) {
    const own = flags.get(index);
    if (own !== undefined) items.push(...own);
    valueOffsets[index + 1] = items.length;
  }
  const type = new List(new Field('item', new Utf8(), true));
  return makeData({ type, length, nullCount: 0, valueOffsets, child: utf8Column(items) });
}
