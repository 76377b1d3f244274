/**
 * The foot of a parquet file of which some columns are written here, page by page, and the others by a library that
 * makes whole files: what that wrote of a row group is moved to another place, with all that points at it. So the bytes
 * of a column of images pass through once and are never in the memory of the library.
 */

import { WIRE } from './compact-reader.ts';
import { lengthOf, PLAIN, pageStart, RLE } from './pages.ts';
import { readStruct, type ThriftField, type ThriftList, type ThriftStruct, writeStruct } from './thrift.ts';

export const MAGIC = Buffer.from('PAR1');
const BYTE_ARRAY = 6;
/** How many leaves the column of media has, bytes and path; they come first. */
export const MEDIA_LEAVES = 2;

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
    this.foot = footOf(bytes);
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
    return {
      struct: movedGroup(this.#groups()[0] ?? new Map(), own, shift),
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

/** The foot that ends `bytes`. */
export function footOf(bytes: Uint8Array): ThriftStruct {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 8, true);
  return readStruct(bytes, bytes.length - 8 - length).struct;
}

/** Paths as a page. */
export function pathPage(paths: readonly string[]): Buffer {
  const chunks = paths.map((path) => Buffer.from(path)).flatMap((path) => [lengthOf(path.length), path]);
  const values = Buffer.concat(chunks);
  return Buffer.concat([pageStart(paths.length, values.length), values]);
}

/**
 * A row group of a file of ours as a file of its own, with empty bodies.
 * @param foot - of that file; @param others - its columns but for the media, as they lie there
 */
export function withoutBodies(foot: ThriftStruct, at: number, paths: readonly string[], others: Uint8Array): Buffer {
  const group = structsOf(foot, 4)[at];
  const chunks = structsOf(group ?? new Map(), 1);
  if (group === undefined || chunks.length <= MEDIA_LEAVES) throw new TypeError(`expected the row group ${at}`);
  const { length } = paths;
  const bodies = Buffer.concat([pageStart(length, 4 * length), Buffer.alloc(4 * length)]);
  const head = Buffer.concat([MAGIC, bodies, pathPage(paths)]);
  const pages = [
    { offset: MAGIC.length, bytes: bodies.length, firstRow: 0 },
    { offset: MAGIC.length + bodies.length, bytes: head.length - MAGIC.length - bodies.length, firstRow: 0 },
  ];
  const own = pages.map((page) => ({ pages: [page], values: length }));
  const struct = movedGroup(group, own, head.length - startOf(chunks[MEDIA_LEAVES] as ThriftStruct));
  const none = chunks.map(() => undefined);
  const alone = { struct, offsetIndexes: none, columnIndexes: none };
  return Buffer.concat([head, others, fileEnd(foot, [alone], head.length + others.length)]);
}

/**
 * What follows the last row group: the indexes and the foot.
 * @param template - the foot of any row group's file, or of one without any
 * @param at - where it will lie
 */
export function fileEnd(template: ThriftStruct, groups: readonly Group[], at: number): Buffer {
  const parts: Buffer[] = [];
  let end = at;
  const place = (group: Group, indexes: 'columnIndexes' | 'offsetIndexes', field: number): void => {
    const chunks = structsOf(group.struct, 1);
    group[indexes].forEach((index, i) => {
      const chunk = chunks[i] as ThriftStruct;
      chunk.delete(field);
      chunk.delete(field + 1);
      if (index === undefined) return;
      chunk.set(field, { type: WIRE.i64, value: end });
      chunk.set(field + 1, { type: WIRE.i32, value: index.length });
      parts.push(index);
      end += index.length;
    });
  };
  for (const group of groups) place(group, 'columnIndexes', 6);
  for (const group of groups) place(group, 'offsetIndexes', 4);
  const rows = groups.reduce((sum, { struct }) => sum + numberOf(struct, 3), 0);
  for (const [index, { struct }] of groups.entries()) struct.set(7, { type: WIRE.i16, value: index });
  const foot = new Map(template);
  foot.set(3, { type: WIRE.i64, value: rows });
  foot.set(4, { type: WIRE.list, value: { of: WIRE.struct, items: groups.map(({ struct }) => struct) } });
  const bytes = writeStruct(foot);
  return Buffer.concat([...parts, bytes, lengthOf(bytes.length), MAGIC]);
}

/** A row group with its region at `shift` bytes behind its first place, and own chunks in front. */
function movedGroup(group: ThriftStruct, own: readonly OwnChunk[], shift: number): ThriftStruct {
  const moved = structsOf(group, 1).map((chunk, i) =>
    own[i] === undefined ? movedChunk(chunk, shift) : ownChunk(chunk, own[i]),
  );
  const sum = (field: number): number => moved.reduce((total, chunk) => total + numberOf(metaOf(chunk), field), 0);
  return new Map(group)
    .set(1, { type: WIRE.list, value: { of: WIRE.struct, items: moved } })
    .set(2, { type: WIRE.i64, value: sum(6) })
    .set(5, { type: WIRE.i64, value: startOf(moved[0] as ThriftStruct) })
    .set(6, { type: WIRE.i64, value: sum(7) });
}

function movedChunk(chunk: ThriftStruct, shift: number): ThriftStruct {
  const meta = new Map(metaOf(chunk));
  for (const field of [9, 10, 11, 14]) shiftField(meta, field, shift);
  const moved = new Map(chunk);
  // Some writers say 0 here, which points nowhere.
  if (numberOf(chunk, 2) !== 0) shiftField(moved, 2, shift);
  return moved.set(3, { type: WIRE.struct, value: meta });
}

/** @param chunk - the library's of the same column, for its name */
function ownChunk(chunk: ThriftStruct, { pages, values }: OwnChunk): ThriftStruct {
  const bytes = pages.reduce((sum, page) => sum + page.bytes, 0);
  const integers = (items: readonly number[]): ThriftField => ({
    type: WIRE.list,
    value: { of: WIRE.i32, items },
  });
  const meta: ThriftStruct = new Map<number, ThriftField>([
    [1, { type: WIRE.i32, value: BYTE_ARRAY }],
    [2, integers([PLAIN, RLE])],
    [3, metaOf(chunk).get(3) as ThriftField],
    [4, { type: WIRE.i32, value: 0 }],
    [5, { type: WIRE.i64, value: values }],
    [6, { type: WIRE.i64, value: bytes }],
    [7, { type: WIRE.i64, value: bytes }],
    [9, { type: WIRE.i64, value: pages[0]?.offset ?? 0 }],
  ]);
  return new Map<number, ThriftField>([
    [2, { type: WIRE.i64, value: 0 }],
    [3, { type: WIRE.struct, value: meta }],
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
        [1, { type: WIRE.i64, value: offset }],
        [2, { type: WIRE.i32, value: bytes }],
        [3, { type: WIRE.i64, value: firstRow }],
      ]),
  );
  return { type: WIRE.list, value: { of: WIRE.struct, items } };
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
