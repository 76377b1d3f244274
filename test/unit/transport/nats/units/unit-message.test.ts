import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeUnit,
  encodePointer,
  encodeUnit,
  pointerIn,
} from '../../../../../src/transport/nats/units/unit-message.ts';
import { readRoles } from '../../../../../src/unit-rows.ts';
import { makeUnit, makeUnits } from '../../../../support/units.ts';

const url = fc.oneof(fc.webUrl(), fc.constant(null), fc.string({ unit: 'binary' }));
const row = fc.record({ url, label: fc.option(fc.string({ unit: 'binary' })), caption: fc.option(fc.string()) });

describe('encodeUnit and decodeUnit', () => {
  it('bring back every row, the roles and the hosts of any unit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), fc.nat(999_999), async (rows, index) => {
        const unit = makeUnit(rows, { index });
        const back = await decodeUnit(unit.id, await encodeUnit(unit));
        expect({ id: back.id, shard: back.shard, hosts: back.hosts }).toEqual({
          id: unit.id,
          shard: unit.shard,
          hosts: unit.hosts,
        });
        expect(readRoles(back.rows.schema)).toEqual(readRoles(unit.rows.schema));
        expect(back.rows.toArray().map(String)).toEqual(unit.rows.toArray().map(String));
      }),
      { numRuns: 60 },
    );
  });

  it('make the same bytes of the same unit', async () => {
    const [first, second] = [makeUnits(1, 50)[0], makeUnits(1, 50)[0]];
    if (first === undefined || second === undefined) throw new Error('expected two units');
    expect(await encodeUnit(first)).toEqual(await encodeUnit(second));
  });

  it('make a few bytes per row of similar URLs', async () => {
    const [unit] = makeUnits(1, 2_000);
    if (unit === undefined) throw new Error('expected a unit');
    expect((await encodeUnit(unit)).length).toBeLessThan(2_000 * 30);
  });

  it('refuse a unit under another name, cut short, of an unknown encoding, and anything else', async () => {
    const [unit] = makeUnits(1);
    if (unit === undefined) throw new Error('expected a unit');
    const bytes = await encodeUnit(unit);
    const refusal = { code: 'FDC_ERR_TRANSPORT_SERVER' };
    await expect(decodeUnit('000099-00000000', bytes)).rejects.toMatchObject(refusal);
    await expect(decodeUnit(unit.id, bytes.subarray(0, bytes.length - 9))).rejects.toMatchObject(refusal);
    await expect(decodeUnit(unit.id, Uint8Array.of(0x77, 1, 2))).rejects.toMatchObject(refusal);
    await expect(decodeUnit(unit.id, new Uint8Array())).rejects.toMatchObject(refusal);
  });

  it('never crash on bytes that are no unit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await expect(decodeUnit('000000-00000000', Uint8Array.of(1, ...bytes))).rejects.toMatchObject({
          code: 'FDC_ERR_TRANSPORT_SERVER',
        });
      }),
    );
  });
});

describe('encodePointer', () => {
  it('is told from a body', async () => {
    const [unit] = makeUnits(1);
    if (unit === undefined) throw new Error('expected a unit');
    expect(pointerIn(encodePointer(unit.id))).toBe(unit.id);
    expect(pointerIn(await encodeUnit(unit))).toBeUndefined();
  });
});
