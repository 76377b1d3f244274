/** How many bytes some rows hold. */
import type { Data, DataType, RecordBatch } from 'apache-arrow';
import { DataType as Types } from 'apache-arrow';
import { valuesPerRow } from './null-data.ts';

/**
 * Bytes that rows [from, to) of a batch hold: values and offsets, no bitmaps, no padding. Depends on the rows alone, so
 * it is the same however the rows are cut into batches. Dictionaries count as their indices.
 */
export function rawBytes(batch: RecordBatch, from = 0, to = batch.numRows): number {
  let bytes = 0;
  for (const child of batch.data.children) bytes += columnBytes(child, from, to);
  return bytes;
}

function columnBytes(data: Data, from: number, to: number): number {
  const { type, children, valueOffsets } = data;
  if (from === to || Types.isNull(type)) return 0;
  if (valueOffsets !== undefined) {
    const start = Number(valueOffsets[from]);
    const end = Number(valueOffsets[to]);
    const own = 4 * (to - from);
    return own + (children.length === 0 ? end - start : columnBytes(children[0] as Data, start, end));
  }
  if (Types.isFixedSizeList(type)) return columnBytes(children[0] as Data, from * type.listSize, to * type.listSize);
  if (children.length > 0) return children.reduce((sum, child) => sum + columnBytes(child, from, to), 0);
  return (to - from) * bytesPerRow(type);
}

function bytesPerRow(type: DataType): number {
  if (Types.isBool(type)) return 1;
  if (Types.isDictionary(type)) return bytesPerRow(type.indices);
  return valuesPerRow(type) * (type.ArrayType as Uint8ArrayConstructor).BYTES_PER_ELEMENT;
}
