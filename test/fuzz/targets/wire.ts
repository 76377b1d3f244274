/** What comes over the wire, mutated: units as a worker takes them from a queue. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { isFlowDcError } from '../../../src/errors.ts';
import { seededRandom } from '../../../src/structures/seeded-random.ts';
import { decodeUnit, encodeUnit } from '../../../src/transport/nats/units/unit-message.ts';
import { decodeRows } from '../../../src/unit-rows.ts';
import { makeUnits } from '../../support/units.ts';
import { mutate } from '../mutate.ts';
import type { FuzzRun } from '../target.ts';

const UNIT = '000000-';

export async function run({ seed, goOn, save }: FuzzRun): Promise<{ readonly cases: number }> {
  const random = seededRandom(seed);
  const [unit] = makeUnits(1, 20);
  if (unit === undefined) throw new Error('expected a unit');
  const good = await encodeUnit(unit);
  const inflated = inflateRawSync(good.subarray(1));
  let cases = 0;
  for (; goOn(); cases += 1) {
    // Most mutations of what is deflated are found by inflate: what lies in it is reached below.
    const bytes = random() < 0.2 ? mutate(good, random) : packed(mutate(inflated, random));
    await replay(bytes).catch((error: unknown) => {
      save(`unit-${seed}-${cases}`, bytes);
      process.stdout.write(`${error instanceof Error ? error.stack : error}\n`);
    });
  }
  return { cases };
}

/** A message is a unit, whose rows can be read then, or is refused by code. */
export async function replay(bytes: Uint8Array): Promise<void> {
  const id = `${UNIT}${'0'.repeat(8)}`;
  const unit = await decodeUnit(id, bytes).catch((error: unknown) => {
    if (isFlowDcError(error) && error.code === 'FDC_ERR_TRANSPORT_SERVER') return undefined;
    throw error;
  });
  if (unit !== undefined) decodeRows(unit);
}

function packed(inflated: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(1), deflateRawSync(inflated, { level: 1 })]);
}
