/** Pages of byte arrays without nulls, as a parquet file has them: not compressed, every value as its length and bytes. */
import { WIRE } from './compact-reader.ts';
import { readStruct, type ThriftField, writeStruct } from './thrift.ts';

const DATA_PAGE = 0;
export const PLAIN = 0;
export const RLE = 3;
/** Of a field that may be null in a struct that may be null. */
const MAX_LEVEL = 2;
/** The longest value that a page holds: sizes are signed, of 32 bits, and its head and levels want some. */
export const MAX_VALUE_BYTES = 2 ** 31 - 1024;

/** What a reader has to know to go on with a page. */
export interface PageHead {
  /** Behind the head. */
  readonly bytes: number;
  readonly values: number;
}

/**
 * What precedes the values of a page: its head and the levels that say that none is null.
 * @param bytes - of the values, each with its length in front: see lengthOf
 */
export function pageStart(values: number, bytes: number): Buffer {
  const levels = fullLevels(values);
  const size = { type: WIRE.i32, value: levels.length + bytes };
  const page = new Map<number, ThriftField>([
    [1, { type: WIRE.i32, value: values }],
    [2, { type: WIRE.i32, value: PLAIN }],
    [3, { type: WIRE.i32, value: RLE }],
    [4, { type: WIRE.i32, value: RLE }],
  ]);
  const head = new Map<number, ThriftField>([
    [1, { type: WIRE.i32, value: DATA_PAGE }],
    [2, size],
    [3, size],
    [5, { type: WIRE.struct, value: page }],
  ]);
  return Buffer.concat([writeStruct(head), levels]);
}

/** What precedes a value. */
export function lengthOf(bytes: number): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(bytes);
  return length;
}

/** One run of the highest level. */
function fullLevels(values: number): Buffer {
  const run: number[] = [];
  let rest = values * 2;
  for (; rest >= 128; rest = Math.floor(rest / 128)) run.push((rest % 128) | 128);
  return Buffer.concat([lengthOf(run.length + 2), Buffer.from([...run, rest, MAX_LEVEL])]);
}

/** The head of a page that begins `bytes`. Throws RangeError when it goes on behind them, TypeError when it is none. */
export function readPageHead(bytes: Uint8Array): { readonly head: PageHead; readonly end: number } {
  const { struct, end } = readStruct(bytes);
  const page = struct.get(5)?.value;
  const [size, values] = [struct.get(3)?.value, page instanceof Map ? page.get(1)?.value : undefined];
  if (struct.get(1)?.value !== DATA_PAGE || typeof size !== 'number' || typeof values !== 'number')
    throw new TypeError('expected the head of a page of values');
  return { head: { bytes: size, values }, end };
}
