/** Whether the buffers of a column hold what its length, offsets and indices say, so that every value can be read. */
import { type Data, DataType } from 'apache-arrow';
import { valuesPerRow } from './column-types.ts';

/** Digits of the widest decimal that there is. */
const MAX_DIGITS = 76;

/** Throws TypeError where a value would be read from outside of its buffers. */
export function checkData(data: Data): void {
  const { type, length, nullCount, nullBitmap, children } = data;
  if (DataType.isNull(type)) return;
  holds(nullCount >= 0 && nullCount <= length, 'counts nulls');
  if (nullCount > 0) holds(nullBitmap.length * 8 >= length && zeros(nullBitmap, length) === nullCount, 'counts nulls');
  if (DataType.isUnion(type)) throw new TypeError('a column is a union');
  // Seconds to nanoseconds, days or milliseconds, one of three intervals: whatever else it is counted from 0.
  if ('unit' in type) holds(Number(type.unit) <= (DataType.isDate(type) ? 1 : 3), 'names a unit of time');
  if (DataType.isDecimal(type)) holds(Math.abs(type.scale) <= MAX_DIGITS, 'scales');
  if (hasOffsets(type)) return checkLists(data);
  if (DataType.isStruct(type)) {
    holds(children.length === type.children.length, 'nests');
    for (const child of children) checkChild(child, length);
  } else if (DataType.isFixedSizeList(type)) {
    holds(type.listSize >= 0, 'nests');
    checkChild(children[0], length * type.listSize);
  } else if (DataType.isBool(type)) holds((data.values as Uint8Array).length * 8 >= length, 'ends early');
  else {
    if (DataType.isFixedSizeBinary(type)) holds(type.byteWidth > 0, 'has no width');
    holds((data.values as Uint8Array).length >= length * valuesPerRow(type), 'ends early');
    if (DataType.isDictionary(type)) checkWords(data);
  }
}

type Offsets = Int32Array | BigInt64Array;

function hasOffsets(type: DataType): boolean {
  const isText = DataType.isUtf8(type) || DataType.isBinary(type);
  const isLarge = DataType.isLargeUtf8(type) || DataType.isLargeBinary(type);
  return isText || isLarge || DataType.isList(type) || DataType.isMap(type);
}

function checkLists({ length, valueOffsets, values, children: [child] }: Data): void {
  const offsets = valueOffsets as unknown as Offsets;
  if (length === 0) return;
  holds(offsets.length > length && offsets[0] !== undefined && offsets[0] >= 0, 'has no offsets');
  for (let row = 0; row < length; row++)
    holds((offsets[row] as number) <= (offsets[row + 1] as number), 'goes backwards');
  const end = Number(offsets[length]);
  if (child === undefined) holds(end <= (values as Uint8Array).length, 'ends early');
  else checkChild(child, end);
}

function checkChild(child: Data | undefined, length: number): void {
  if (child === undefined || child.length < length) throw new TypeError('a nested column ends early');
  checkData(child);
}

function checkWords({ length, values, dictionary, nullCount, nullBitmap }: Data): void {
  holds(dictionary !== undefined, 'has no dictionary');
  for (const chunk of dictionary?.data ?? []) checkData(chunk);
  const words = dictionary?.length ?? 0;
  for (let row = 0; row < length; row++) {
    const isNull = nullCount > 0 && ((nullBitmap[row >> 3] as number) & (1 << (row & 7))) === 0;
    const word = Number(values[row]);
    holds(isNull || (word >= 0 && word < words), 'names words that its dictionary lacks');
  }
}

function zeros(bits: Uint8Array, length: number): number {
  let count = 0;
  for (let at = 0; at < length; at++) if (((bits[at >> 3] as number) & (1 << (at & 7))) === 0) count += 1;
  return count;
}

function holds(condition: boolean, what: string): void {
  if (!condition) throw new TypeError(`a column ${what} wrongly`);
}
