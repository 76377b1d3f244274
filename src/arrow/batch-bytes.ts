/** A batch as bytes: written as an Arrow IPC stream, read back, measured. */
import { Data, DataType, Int8, RecordBatch, RecordBatchReader, RecordBatchStreamWriter, Schema } from 'apache-arrow';
import './linear-schemas.ts';
import { valuesPerRow } from './column-types.ts';
import { checkData } from './data-check.ts';
import { checkStream } from './ipc-check.ts';

/** One batch as an Arrow IPC stream: schema, batch, end mark. */
export function encodeBatch(batch: RecordBatch): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  writer.write(new RecordBatch(batch.schema, withBits(batch.data) as typeof batch.data));
  writer.finish();
  return writer.toUint8Array(true);
}

/**
 * The only batch of an IPC stream; a stream with a schema alone gives a batch without rows. Buffers are views of
 * `bytes`. Throws TypeError when the stream holds several batches, and what apache-arrow throws when it is not a
 * stream.
 */
export function decodeBatch(bytes: Uint8Array): RecordBatch {
  const reader = RecordBatchReader.from(bytes).open({ autoDestroy: true });
  const first = reader.next();
  if (first.done) return new RecordBatch(new Schema(reader.schema.fields, reader.schema.metadata));
  if (!reader.next().done) throw new TypeError('expected one batch in the stream, got several');
  return first.value;
}

/**
 * As decodeBatch, for bytes that anybody may have written: every value of the batch can be read afterwards, and reading
 * takes no more than the bytes account for. Throws TypeError or RangeError for anything else.
 */
export function decodeForeignBatch(bytes: Uint8Array): RecordBatch {
  const lengths = checkStream(bytes).at(-1);
  const { schema } = RecordBatchReader.from(bytes).open();
  let node = 0;
  for (const { type } of schema.fields) {
    // apache-arrow fills a column that is too short with nulls, however many that are.
    if (lengths !== undefined && lengths.columns[node] !== lengths.rows)
      throw new TypeError('its columns end unevenly');
    node += nodesOf(type);
  }
  const batch = decodeBatch(bytes);
  for (const column of batch.data.children) checkData(column);
  return batch;
}

/** How many columns a column is in a batch's head, nested ones counted. */
function nodesOf(type: DataType): number {
  if (DataType.isDictionary(type)) return 1;
  return (type.children ?? []).reduce((sum, child) => sum + nodesOf(child.type), 1);
}

/**
 * apache-arrow leaves out the bits of a bool column of nulls alone, which other readers of IPC refuse, parquet-wasm
 * among them. It asks the column's type: said to be bytes, which are as long as any bits, the buffer is written. The
 * schema still says bool.
 */
function withBits(data: Data): Data {
  const { type, length, nullCount, nullBitmap } = data;
  if (DataType.isNull(type)) return new Nulls(type, 0, length, length);
  if (DataType.isBool(type) && length > 0 && nullCount >= length) {
    return new Data(new Int8() as DataType, data.offset, length, nullCount, [
      undefined,
      new Int8Array(length),
      nullBitmap,
    ] as never);
  }
  const children = data.children.map(withBits);
  if (children.every((child, i) => child === data.children[i])) return data;
  return new Data(type, data.offset, length, nullCount, data as never, children, data.dictionary);
}

/** apache-arrow slices what is inside of lists, and then no longer knows that all of it is null. */
class Nulls extends Data {
  override slice(_offset: number, length: number): Data {
    return new Nulls(this.type, 0, length, length);
  }
}

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
  if (from === to || DataType.isNull(type)) return 0;
  if (valueOffsets !== undefined) {
    const start = Number(valueOffsets[from]);
    const end = Number(valueOffsets[to]);
    const own = 4 * (to - from);
    return own + (children.length === 0 ? end - start : columnBytes(children[0] as Data, start, end));
  }
  if (DataType.isFixedSizeList(type)) return columnBytes(children[0] as Data, from * type.listSize, to * type.listSize);
  if (children.length > 0) return children.reduce((sum, child) => sum + columnBytes(child, from, to), 0);
  return (to - from) * bytesPerRow(type);
}

function bytesPerRow(type: DataType): number {
  if (DataType.isBool(type)) return 1;
  if (DataType.isDictionary(type)) return bytesPerRow(type.indices);
  return valuesPerRow(type) * (type.ArrayType as Uint8ArrayConstructor).BYTES_PER_ELEMENT;
}
