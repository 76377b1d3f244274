import { Data, DataType, Field, makeData, RecordBatch, Schema, Struct, type Vector } from 'apache-arrow';
import { copyBits } from './bits.ts';
import { copyBytes, viewOf } from './copy-bytes.ts';
import { nullData, valuesPerRow } from './null-data.ts';
import { type RowPicks, Runs, runsOf } from './picks.ts';

/**
 * Gather rows of several batches of one schema into a new batch, buffer by buffer, without making JS values.
 * Dictionary columns come out decoded, so the result stands alone. The schema's metadata is the first batch's.
 * Throws TypeError when the batches differ in their columns or hold a union, RangeError when 32-bit offsets overflow.
 */
export function takeRows(batches: readonly RecordBatch[], picks: RowPicks): RecordBatch {
  const first = batches[0];
  if (first === undefined) throw new TypeError('expected at least one batch to take rows from');
  const runs = runsOf(picks);
  const fields = first.schema.fields.map((field) => new Field(field.name, plainType(field.type), field.nullable, field.metadata));
  const children = first.schema.fields.map((field, column) => {
    return takeData(
      field.type,
      batches.map((batch) => columnOf(batch, column, field)),
      runs,
    );
  });
  const schema = new Schema(fields, first.schema.metadata);
  return new RecordBatch(schema, makeData({ type: new Struct(fields), length: runs.length, nullCount: 0, children }));
}

function columnOf(batch: RecordBatch, column: number, field: Field): Data {
  const own = batch.schema.fields[column];
  if (own === undefined || own.name !== field.name || own.typeId !== field.typeId) {
    throw new TypeError(`expected column ${column} of every batch to be ${field.name}: ${field.type}, got ${own ?? 'none'}`);
  }
  return batch.data.children[column] as Data;
}

function plainType(type: DataType): DataType {
  if (DataType.isDictionary(type)) return plainType(type.dictionary);
  const children = type.children ?? [];
  if (!children.some((child) => plainType(child.type) !== child.type)) return type;
  const copy = Object.assign(Object.create(Object.getPrototypeOf(type)), type);
  copy.children = children.map((child: Field) => new Field(child.name, plainType(child.type), child.nullable, child.metadata));
  return copy;
}

function takeData(type: DataType, sources: readonly Data[], runs: Runs): Data {
  if (DataType.isDictionary(type)) return takeDictionary(type.dictionary, sources, runs);
  if (DataType.isNull(type)) return makeData({ type, length: runs.length });
  if (DataType.isUnion(type)) throw new TypeError(`a column of type ${type} cannot be gathered`);
  const { nullCount, nullBitmap } = takeValidity(sources, runs);
  const build = (buffers: unknown[], children?: Data[]) =>
    new Data(plainType(type), 0, runs.length, nullCount, [buffers[0], buffers[1], nullBitmap] as never, children);
  if (DataType.isStruct(type)) {
    return build(
      [],
      type.children.map((field, i) => takeData(field.type, childrenAt(sources, i), runs)),
    );
  }
  if (DataType.isFixedSizeList(type)) return build([], [takeData(type.valueType, childrenAt(sources, 0), scaled(runs, type.listSize))]);
  if (DataType.isList(type) || DataType.isMap(type)) {
    const { offsets, childRuns } = takeListOffsets(sources, runs);
    return build([offsets], [takeData((type.children[0] as Field).type, childrenAt(sources, 0), childRuns)]);
  }
  if (DataType.isBool(type)) return build([undefined, takeBits(sources, runs)]);
  if (DataType.isUtf8(type) || DataType.isBinary(type)) return build(takeBytes(sources, runs));
  if (DataType.isLargeUtf8(type) || DataType.isLargeBinary(type)) {
    const [offsets, bytes] = takeBytes(sources, runs);
    return build([BigInt64Array.from(offsets, BigInt), bytes]);
  }
  return build([undefined, takeFixed(type, sources, runs)]);
}

function childrenAt(sources: readonly Data[], index: number): Data[] {
  return sources.map((source) => source.children[index] as Data);
}

function scaled(runs: Runs, factor: number): Runs {
  const children = new Runs();
  for (let run = 0; run < runs.size; run++) children.add(runs.batch(run), runs.start(run) * factor, runs.count(run) * factor);
  return children;
}

function takeValidity(sources: readonly Data[], runs: Runs): { nullCount: number; nullBitmap?: Uint8Array } {
  if (sources.every((source) => source.nullCount === 0)) return { nullCount: 0 };
  const nullBitmap = new Uint8Array((runs.length + 7) >> 3);
  let row = 0;
  for (let run = 0; run < runs.size; run++) {
    const source = sources[runs.batch(run)] as Data;
    const bits = source.nullCount === 0 ? undefined : source.nullBitmap;
    copyBits(bits, source.offset + runs.start(run), nullBitmap, row, runs.count(run));
    row += runs.count(run);
  }
  return { nullCount: -1, nullBitmap };
}

/** A slice shares its parent's packed bits and carries a bit offset; every other buffer of a slice starts at its own row 0. */
function takeBits(sources: readonly Data[], runs: Runs): Uint8Array {
  const bits = new Uint8Array((runs.length + 7) >> 3);
  let row = 0;
  for (let run = 0; run < runs.size; run++) {
    const source = sources[runs.batch(run)] as Data;
    // A column of nulls may come over IPC without any value bits.
    if (source.values.length > 0) copyBits(source.values, source.offset + runs.start(run), bits, row, runs.count(run));
    row += runs.count(run);
  }
  return bits;
}

/** From so many cells on, making a view and calling `set` beats a loop (measured on Node 20). */
const LONG_COPY_CELLS = 32;

function takeFixed(type: DataType, sources: readonly Data[], runs: Runs): ArrayBufferView {
  const stride = valuesPerRow(type);
  const values = new (type.ArrayType as Uint8ArrayConstructor)(runs.length * stride);
  const target = cellsOf(values);
  const cellsPerRow = stride * (target.length / Math.max(1, values.length));
  let at = 0;
  let batch = -1;
  let source = target;
  for (let run = 0; run < runs.size; run++) {
    if (runs.batch(run) !== batch) {
      batch = runs.batch(run);
      source = cellsOf((sources[batch] as Data).values);
    }
    const from = runs.start(run) * cellsPerRow;
    const count = runs.count(run) * cellsPerRow;
    if (count < LONG_COPY_CELLS) for (let i = 0; i < count; i++) target[at + i] = source[from + i] as number;
    else target.set(source.subarray(from, from + count), at);
    at += count;
  }
  return values;
}

/**
 * The same bytes as integers: one loop meets three kinds of arrays, not eleven; no bigint is made, and no NaN loses its bits.
 */
function cellsOf({ buffer, byteOffset, byteLength, BYTES_PER_ELEMENT }: Uint8Array): Int32Array | Int16Array | Uint8Array {
  if (BYTES_PER_ELEMENT >= 4) return new Int32Array(buffer, byteOffset, byteLength >> 2);
  return BYTES_PER_ELEMENT === 2 ? new Int16Array(buffer, byteOffset, byteLength >> 1) : new Uint8Array(buffer, byteOffset, byteLength);
}

function takeBytes(sources: readonly Data[], runs: Runs): [Int32Array, Uint8Array] {
  const offsets = takeOffsets(sources, runs);
  const bytes = new Uint8Array(offsets[runs.length] as number);
  const target = viewOf(bytes);
  let row = 0;
  let batch = -1;
  let source = target;
  let from: ArrayLike<unknown> = offsets;
  for (let run = 0; run < runs.size; run++) {
    if (runs.batch(run) !== batch) {
      batch = runs.batch(run);
      const { values, valueOffsets } = sources[batch] as Data;
      source = viewOf(values);
      from = valueOffsets;
    }
    const at = offsets[row] as number;
    row += runs.count(run);
    copyBytes(source, Number(from[runs.start(run)]), target, at, (offsets[row] as number) - at);
  }
  return [offsets, bytes];
}

function takeOffsets(sources: readonly Data[], runs: Runs): Int32Array {
  const offsets = new Int32Array(runs.length + 1);
  let row = 0;
  let end = 0;
  let batch = -1;
  let from: ArrayLike<unknown> = offsets;
  for (let run = 0; run < runs.size; run++) {
    if (runs.batch(run) !== batch) {
      batch = runs.batch(run);
      from = (sources[batch] as Data).valueOffsets;
    }
    const start = runs.start(run);
    const shift = end - Number(from[start]);
    for (let i = 1; i <= runs.count(run); i++) offsets[++row] = Number(from[start + i]) + shift;
    end = Number(from[start + runs.count(run)]) + shift;
    if (end > 0x7fffffff) throw new RangeError(`expected at most 2 GiB in one column of a batch, got more within ${runs.length} rows`);
  }
  return offsets;
}

function takeListOffsets(sources: readonly Data[], runs: Runs): { offsets: Int32Array; childRuns: Runs } {
  const childRuns = new Runs();
  for (let run = 0; run < runs.size; run++) {
    const { valueOffsets } = sources[runs.batch(run)] as Data;
    const from = Number(valueOffsets[runs.start(run)]);
    childRuns.add(runs.batch(run), from, Number(valueOffsets[runs.start(run) + runs.count(run)]) - from);
  }
  return { offsets: takeOffsets(sources, runs), childRuns };
}

function takeDictionary(type: DataType, sources: readonly Data[], runs: Runs): Data {
  const chunks: Data[] = [nullData(type, 1)];
  const firstChunk = new Map<Vector, number>();
  const valueRuns = new Runs();
  for (let run = 0; run < runs.size; run++) {
    const source = sources[runs.batch(run)] as Data;
    const dictionary = source.dictionary as Vector;
    const base = firstChunk.get(dictionary) ?? chunks.length;
    if (base === chunks.length) {
      firstChunk.set(dictionary, base);
      chunks.push(...dictionary.data);
    }
    for (let i = 0; i < runs.count(run); i++) {
      const row = runs.start(run) + i;
      if (source.getValid(row)) addDictionaryValue(valueRuns, dictionary.data, base, Number(source.values[row]));
      else valueRuns.add(0, 0, 1);
    }
  }
  return takeData(type, chunks, valueRuns);
}

function addDictionaryValue(runs: Runs, chunks: readonly Data[], base: number, index: number): void {
  let chunk = 0;
  let row = index;
  while (row >= (chunks[chunk] as Data).length) row -= (chunks[chunk++] as Data).length;
  runs.add(base + chunk, row, 1);
}
