/**
 * The foot of a parquet file of which some columns are written here, page by page, and the others by a library that
 * makes whole files: what that wrote of a row group is moved to another place, with all that points at it. So the bytes
 * of a column of images pass through once and are never in the memory of the library.
 */
import { PLAIN, RLE } from './pages.ts';
import { readStruct, THRIFT, type ThriftField, type ThriftList, type ThriftStruct, writeStruct } from './thrift.ts';

export const MAGIC = Buffer.from('PAR1');
const BYTE_ARRAY = 6;

/** Where a page lies in the file. */
export interface PagePlace {
  readonly offset: number;
  /** With its head. */
  readonly bytes: number;
  readonly firstRow: number;
}

/** A column of a row group as it was written here: leaves in front of all others, in their order. */
export interface OwnChunk {
  readonly pages: readonly PagePlace[];
  readonly values: number;
}

interface Group {
  readonly struct: ThriftStruct;
  /** Index of pages by column, and of their values where there is one. */
  readonly offsetIndexes: readonly (Buffer | undefined)[];
  readonly columnIndexes: readonly (Buffer | undefined)[];
}

/** A file of the library's, taken apart. */
export class LibraryFile {
  readonly #bytes: Uint8Array;
  readonly foot: ThriftStruct;

  /** @param bytes - whole, with one row group or none */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 8, true);
    this.foot = readStruct(bytes, bytes.length - 8 - length).struct;
  }

  /** Its chunks but for the first ones, which lie one behind the other. */
  region(without: number): { readonly from: number; readonly bytes: Uint8Array } {
    const chunks = this.#chunks();
    const from = startOf(chunks[without] as ThriftStruct);
    const last = metaOf(chunks.at(-1) as ThriftStruct);
    const end = startOf(chunks.at(-1) as ThriftStruct) + numberOf(last, 7);
    return { from, bytes: this.#bytes.subarray(from, end) };
  }

  /** The row group as it is with its region at `shift` bytes behind its first place, and own chunks in front. */
  group(own: readonly OwnChunk[], shift: number): Group {
    const chunks = this.#chunks();
    const moved = chunks.map((chunk, i) => (own[i] === undefined ? movedChunk(chunk, shift) : ownChunk(chunk, own[i])));
    const sum = (field: number): number => moved.reduce((total, chunk) => total + numberOf(metaOf(chunk), field), 0);
    const group = new Map(this.#groups()[0]);
    group.set(1, { type: THRIFT.list, value: { of: THRIFT.struct, items: moved } });
    group.set(2, { type: THRIFT.i64, value: sum(6) });
    group.set(5, { type: THRIFT.i64, value: startOf(moved[0] as ThriftStruct) });
    group.set(6, { type: THRIFT.i64, value: sum(7) });
    return {
      struct: group,
      offsetIndexes: chunks.map((chunk, i) =>
        own[i] === undefined ? movedIndex(this.#index(chunk, 4, 5), shift) : ownIndex(own[i]),
      ),
      columnIndexes: chunks.map((chunk, i) => (own[i] === undefined ? this.#index(chunk, 6, 7) : undefined)),
    };
  }

  #groups(): readonly ThriftStruct[] {
    return structsOf(this.foot, 4);
  }

  #chunks(): readonly ThriftStruct[] {
    return structsOf(this.#groups()[0] ?? new Map(), 1);
  }

  #index(chunk: ThriftStruct, offset: number, length: number): Buffer | undefined {
    const [from, bytes] = [chunk.get(offset)?.value, chunk.get(length)?.value];
    if (typeof from !== 'number' || typeof bytes !== 'number') return undefined;
    return Buffer.from(this.#bytes.subarray(from, from + bytes));
  }
}

/**
 * What follows the last row group: the indexes and the foot.
 * @param template - of any row group of the file, or of none
 * @param at - where it will lie
 */
export function fileEnd(template: LibraryFile, groups: readonly Group[], at: number): Buffer {
  const parts: Buffer[] = [];
  let end = at;
  const place = (group: Group, indexes: 'columnIndexes' | 'offsetIndexes', field: number): void => {
    const chunks = structsOf(group.struct, 1);
    group[indexes].forEach((index, i) => {
      const chunk = chunks[i] as ThriftStruct;
      chunk.delete(field);
      chunk.delete(field + 1);
      if (index === undefined) return;
      chunk.set(field, { type: THRIFT.i64, value: end });
      chunk.set(field + 1, { type: THRIFT.i32, value: index.length });
      parts.push(index);
      end += index.length;
    });
  };
  for (const group of groups) place(group, 'columnIndexes', 6);
  for (const group of groups) place(group, 'offsetIndexes', 4);
  const rows = groups.reduce((sum, { struct }) => sum + numberOf(struct, 3), 0);
  for (const [index, { struct }] of groups.entries()) struct.set(7, { type: THRIFT.i16, value: index });
  const foot = new Map(template.foot);
  foot.set(3, { type: THRIFT.i64, value: rows });
  foot.set(4, { type: THRIFT.list, value: { of: THRIFT.struct, items: groups.map(({ struct }) => struct) } });
  const bytes = writeStruct(foot);
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([...parts, bytes, length, MAGIC]);
}

function movedChunk(chunk: ThriftStruct, shift: number): ThriftStruct {
  const meta = new Map(metaOf(chunk));
  for (const field of [9, 10, 11, 14]) shiftField(meta, field, shift);
  const moved = new Map(chunk);
  // Some writers say 0 here, which points nowhere.
  if (numberOf(chunk, 2) !== 0) shiftField(moved, 2, shift);
  return moved.set(3, { type: THRIFT.struct, value: meta });
}

/** @param chunk - the library's of the same column, for its name */
function ownChunk(chunk: ThriftStruct, { pages, values }: OwnChunk): ThriftStruct {
  const bytes = pages.reduce((sum, page) => sum + page.bytes, 0);
  const integers = (items: readonly number[]): ThriftField => ({
    type: THRIFT.list,
    value: { of: THRIFT.i32, items },
  });
  const meta: ThriftStruct = new Map<number, ThriftField>([
    [1, { type: THRIFT.i32, value: BYTE_ARRAY }],
    [2, integers([PLAIN, RLE])],
    [3, metaOf(chunk).get(3) as ThriftField],
    [4, { type: THRIFT.i32, value: 0 }],
    [5, { type: THRIFT.i64, value: values }],
    [6, { type: THRIFT.i64, value: bytes }],
    [7, { type: THRIFT.i64, value: bytes }],
    [9, { type: THRIFT.i64, value: pages[0]?.offset ?? 0 }],
  ]);
  return new Map<number, ThriftField>([
    [2, { type: THRIFT.i64, value: 0 }],
    [3, { type: THRIFT.struct, value: meta }],
  ]);
}

function ownIndex({ pages }: OwnChunk): Buffer {
  return writeStruct(new Map([[1, pageList(pages)]]));
}

function movedIndex(index: Buffer | undefined, shift: number): Buffer | undefined {
  if (index === undefined) return undefined;
  const { struct } = readStruct(index);
  const pages = structsOf(struct, 1).map((page) => ({
    offset: numberOf(page, 1) + shift,
    bytes: numberOf(page, 2),
    firstRow: numberOf(page, 3),
  }));
  return writeStruct(new Map(struct).set(1, pageList(pages)));
}

function pageList(pages: readonly PagePlace[]): ThriftField {
  const items = pages.map(
    ({ offset, bytes, firstRow }): ThriftStruct =>
      new Map([
        [1, { type: THRIFT.i64, value: offset }],
        [2, { type: THRIFT.i32, value: bytes }],
        [3, { type: THRIFT.i64, value: firstRow }],
      ]),
  );
  return { type: THRIFT.list, value: { of: THRIFT.struct, items } };
}

function startOf(chunk: ThriftStruct): number {
  const meta = metaOf(chunk);
  const dictionary = meta.get(11)?.value;
  return typeof dictionary === 'number' ? dictionary : numberOf(meta, 9);
}

function metaOf(chunk: ThriftStruct): ThriftStruct {
  return chunk.get(3)?.value as ThriftStruct;
}

function structsOf(struct: ThriftStruct, field: number): readonly ThriftStruct[] {
  const list = struct.get(field)?.value as ThriftList | undefined;
  return (list?.items ?? []) as readonly ThriftStruct[];
}

function numberOf(struct: ThriftStruct, field: number): number {
  return (struct.get(field)?.value as number | undefined) ?? 0;
}

function shiftField(struct: ThriftStruct, field: number, shift: number): void {
  const before = struct.get(field);
  if (before !== undefined) struct.set(field, { type: before.type, value: (before.value as number) + shift });
}
