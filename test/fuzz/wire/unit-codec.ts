/** Mutated units through the reader of unit messages, without a server. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type Data, Field, makeData, RecordBatch, Schema, Struct, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import { jsonReader } from '../../../src/arrow/json-value.ts';
import { isFlowDcError } from '../../../src/errors.ts';
import type { Unit } from '../../../src/record.ts';
import { decodeUnit, encodeUnit } from '../../../src/transport/nats/units/unit-message.ts';
import { decodeRows } from '../../../src/unit-rows.ts';
import { COLUMN_TYPES } from '../../support/column-types.ts';
import { makeUnits } from '../../support/units.ts';
import { mutate } from '../mutate.ts';

const ROWS = 20;

/** A unit with a column of every type that there is. */
function wideUnit(seed: number): Unit {
  const [unit] = makeUnits(1, ROWS);
  if (unit === undefined) throw new Error('expected a unit');
  const { schema, data } = unit.rows;
  const fields = [...schema.fields];
  const columns: Data[] = [...data.children];
  for (const [name, type, values] of COLUMN_TYPES) {
    const vector = vectorFromArray(fc.sample(fc.option(values), { seed, numRuns: ROWS }), type);
    fields.push(new Field(name, vector.type, true));
    columns.push(vector.data[0] as Data);
  }
  const wide = new Schema(fields, schema.metadata);
  const rows = makeData({ type: new Struct(fields), length: ROWS, nullCount: 0, children: columns });
  return { ...unit, rows: new RecordBatch(wide, rows) };
}

/** Unit messages that were mutated, most of them within what is deflated, which inflate would find otherwise. */
export async function unitMutator(seed: number, random: () => number): Promise<() => Uint8Array> {
  const units = [...makeUnits(1, ROWS), wideUnit(seed)];
  const messages = await Promise.all(units.map(encodeUnit));
  const inflated = messages.map((message) => inflateRawSync(message.subarray(1)));
  return () => {
    const which = random() < 0.5 ? 0 : 1;
    if (random() < 0.1) return mutate(messages[which] as Uint8Array, random);
    const packed = deflateRawSync(mutate(inflated[which] as Uint8Array, random), { level: 1 });
    return Buffer.concat([Uint8Array.of(1), packed]);
  };
}

/** A message is a unit, whose values can all be read then, or is refused by code. @returns whether it is a unit */
export async function readUnit(message: Uint8Array): Promise<boolean> {
  const unit = await decodeUnit('000000-00000000', message).catch((error: unknown) => {
    if (isFlowDcError(error) && error.code === 'FDC_ERR_TRANSPORT_SERVER') return undefined;
    throw error;
  });
  if (unit === undefined) return false;
  decodeRows(unit);
  for (const column of unit.rows.data.children) {
    const read = jsonReader(column);
    for (let row = 0; row < unit.rows.numRows; row++) read(row);
  }
  return true;
}
