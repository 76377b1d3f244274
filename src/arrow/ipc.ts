/** One batch as an Arrow IPC stream, and back. */
import { Data, DataType, Int8, RecordBatch, RecordBatchReader, RecordBatchStreamWriter, Schema } from 'apache-arrow';

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
 * apache-arrow leaves out the bits of a bool column of nulls alone, which other readers of IPC refuse, parquet-wasm
 * among them. It asks the column's type: said to be bytes, which are as long as any bits, the buffer is written. The
 * schema still says bool.
 */
function withBits(data: Data): Data {
  const { type, length, nullCount, nullBitmap } = data;
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
