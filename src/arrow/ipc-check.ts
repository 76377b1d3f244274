/**
 * Whether an Arrow IPC stream is laid out as one: every table, vector and string of its heads lies within them, and no
 * count is larger than the bytes that it counts. apache-arrow takes all of that on trust, and reads on for ever, or
 * until memory is full, where it is not so.
 */

/** What a table of a head holds: bytes of a scalar, a string, tables, lists of them or of structs, one of several. */
type Slot =
  | number
  | 'string'
  | Table
  | { readonly list: Table | number }
  | { readonly oneOf: readonly (Table | undefined)[] };
type Table = readonly Slot[];

/** Fields, types and their notes; a wide manifest has some thousands of columns. */
const MAX_TABLES = 200_000;
/** Lists of lists of lists: no file that was seen goes deeper than eight. */
const MAX_DEPTH = 64;

const NOTES: Slot = { list: ['string', 'string'] };
const INT: Table = [4, 1];
/** By number, as Schema.fbs counts them; the last ones that apache-arrow knows. */
const TYPES: readonly (Table | undefined)[] = [
  ...[undefined, [], INT, [2], [], [], [], [4, 4, 4], [2], [2, 4], [2, 'string'] as const, [2]],
  ...[[], [], [2, { list: 4 }] as const, [4], [4], [1], [2], [], []],
];
const FIELD: Slot[] = ['string', 1, 1, { oneOf: TYPES }, [8, INT, 1, 2]];
FIELD.push({ list: FIELD }, NOTES);
const SCHEMA: Table = [2, { list: FIELD }, NOTES, { list: 8 }];
const STRUCT = 16;
const BATCH: Table = [8, { list: STRUCT }, { list: STRUCT }];
const HEADS = [undefined, SCHEMA, [8, BATCH, 1] as const, BATCH];
const MESSAGE: Table = [2, 1, { oneOf: HEADS }, 8, NOTES];
const [HEAD_KIND, HEAD, BODY_LENGTH] = [1, 2, 3];
const [SCHEMA_HEAD, DICTIONARY_HEAD] = [1, 2];

/** The columns of one batch: rows, and the length of every column and nested column in the order of the schema. */
export interface BatchLengths {
  readonly rows: number;
  readonly columns: readonly number[];
}

/**
 * @returns the batches of a stream, dictionaries first
 * Throws TypeError or RangeError when the stream is none, is compressed, or counts more than it holds.
 */
export function checkStream(bytes: Uint8Array): BatchLengths[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const batches: BatchLengths[] = [];
  for (let at = 0; ; ) {
    if (view.getInt32(at, true) !== -1) throw new TypeError('a message does not begin where it should');
    const length = view.getInt32(at + 4, true);
    if (length === 0) return batches;
    const head = new Heads(new DataView(view.buffer, view.byteOffset + at + 8, length));
    const message = head.table(head.follow(0), MESSAGE, 0);
    const kind = head.view.getUint8(head.place(message, HEAD_KIND));
    const content = head.follow(head.place(message, HEAD));
    if ((at === 0) !== (kind === SCHEMA_HEAD)) throw new TypeError('its messages are in another order');
    if (kind !== SCHEMA_HEAD)
      batches.push(
        head.lengths(kind === DICTIONARY_HEAD ? head.follow(head.place(content, 1)) : content, bytes.length),
      );
    const bodyPlace = head.placeOf(message, BODY_LENGTH);
    const body = bodyPlace === 0 ? 0 : Number(head.view.getBigInt64(bodyPlace, true));
    at += 8 + length;
    if (!(body >= 0 && body <= bytes.length - at)) throw new RangeError('a message is longer than the stream');
    at += body;
  }
}

/** The head of one message: a flatbuffer. */
class Heads {
  readonly view: DataView;
  #left = MAX_TABLES;

  constructor(view: DataView) {
    this.view = view;
  }

  /** Check a table and all below it. @returns `at` */
  table(at: number, slots: Table, depth: number): number {
    if (--this.#left < 0 || depth > MAX_DEPTH) throw new RangeError('its head is too large');
    const vtable = at - this.view.getInt32(at, true);
    this.#inside(vtable, this.view.getUint16(vtable, true));
    this.#inside(at, this.view.getUint16(vtable + 2, true));
    slots.forEach((slot, index) => {
      const place = this.placeOf(at, index);
      if (place > 0) this.#slot(place, slot, depth + 1, () => this.view.getUint8(this.place(at, index - 1)));
    });
    return at;
  }

  /** Where a table holds a slot; 0 where it leaves it out. */
  placeOf(table: number, slot: number): number {
    const vtable = table - this.view.getInt32(table, true);
    if (4 + 2 * slot >= this.view.getInt16(vtable, true)) return 0;
    const offset = this.view.getInt16(vtable + 4 + 2 * slot, true);
    return offset === 0 ? 0 : table + offset;
  }

  place(table: number, slot: number): number {
    const place = this.placeOf(table, slot);
    if (place === 0) throw new TypeError('its head lacks something');
    return place;
  }

  /** What the offset at `place` points to. */
  follow(place: number): number {
    return place + this.view.getUint32(place, true);
  }

  lengths(batch: number, bytes: number): BatchLengths {
    const nodes = this.placeOf(batch, 1);
    const list = nodes === 0 ? 0 : this.follow(nodes);
    const count = nodes === 0 ? 0 : this.view.getUint32(list, true);
    // The compression of a body, which we never write, would be the fourth.
    if (this.placeOf(batch, 3) !== 0) throw new TypeError('it is compressed');
    const read = (at: number): number => {
      const length = Number(this.view.getBigInt64(at, true));
      // A row takes a bit at least, but for columns of nulls alone.
      if (!(length >= 0 && length <= 8 * bytes)) throw new RangeError(`it counts ${length} rows`);
      return length;
    };
    const rows = this.placeOf(batch, 0);
    return {
      rows: rows === 0 ? 0 : read(rows),
      columns: Array.from({ length: count }, (_, index) => read(list + 4 + index * STRUCT)),
    };
  }

  #slot(place: number, slot: Slot, depth: number, kind: () => number): void {
    if (typeof slot === 'number') return this.#inside(place, slot);
    const at = this.follow(place);
    if (slot === 'string') return this.#inside(at + 4, this.view.getUint32(at, true));
    if (!('list' in slot) && !('oneOf' in slot)) return void this.table(at, slot, depth);
    if ('oneOf' in slot) {
      const one = slot.oneOf[kind()];
      if (one === undefined) throw new TypeError(`its head has a part of kind ${kind()}, which is not known`);
      return void this.table(at, one, depth);
    }
    const count = this.view.getUint32(at, true);
    const { list } = slot;
    this.#inside(at + 4, count * (typeof list === 'number' ? list : 4));
    if (typeof list === 'number') return;
    for (let index = 0; index < count; index++) this.table(this.follow(at + 4 + 4 * index), list, depth);
  }

  #inside(at: number, length: number): void {
    if (at < 0 || at + length > this.view.byteLength) throw new RangeError('its head points outside of itself');
  }
}
