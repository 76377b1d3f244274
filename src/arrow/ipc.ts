import { RecordBatch, RecordBatchReader, RecordBatchStreamWriter, Schema } from 'apache-arrow';

/** One batch as an Arrow IPC stream: schema, batch, end mark. */
export function encodeBatch(batch: RecordBatch): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  writer.write(batch);
  writer.finish();
  return writer.toUint8Array(true);
}

/**
 * The only batch of an IPC stream; a stream with a schema alone gives a batch without rows. Buffers are views of `bytes`.
 * Throws TypeError when the stream holds several batches, and what apache-arrow throws when it is not a stream.
 */
export function decodeBatch(bytes: Uint8Array): RecordBatch {
  const reader = RecordBatchReader.from(bytes).open({ autoDestroy: true });
  const first = reader.next();
  if (first.done) return new RecordBatch(new Schema(reader.schema.fields, reader.schema.metadata));
  if (!reader.next().done) throw new TypeError('expected one batch in the stream, got several');
  return first.value;
}
