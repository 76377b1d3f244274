/** What comes over the wire, mutated: unit messages alone, and every subject and key of a real server. */
import { findNatsServer } from '../../../scripts/nats-server-binary.ts';
import { seededRandom } from '../../../src/structures/seeded-random.ts';
import type { FuzzRun } from '../target.ts';
import { drawPoison, type Poison } from '../wire/poison.ts';
import { SprayedServer } from '../wire/sprayed-server.ts';
import { readUnit, unitMutator } from '../wire/unit-codec.ts';

/** Messages of one round on the server; a fixture holds them all. */
const SPRAY = 60;
/** Units that are read by themselves between two rounds. */
const UNITS = 300;

export async function run({ seed, goOn, save }: FuzzRun): Promise<{ readonly cases: number }> {
  const random = seededRandom(seed);
  const unitMessage = await unitMutator(seed, random);
  const server = findNatsServer() === undefined ? undefined : await SprayedServer.start();
  let cases = 0;
  const attempt = async (name: string, bytes: Uint8Array, work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => {
      save(`${name}-${seed}-${cases}`, bytes);
      process.stdout.write(`${error instanceof Error ? error.stack : error}\n`);
    });
  };
  try {
    while (goOn()) {
      for (let index = 0; index < UNITS && goOn(); index += 1, cases += 1) {
        const bytes = unitMessage();
        await attempt('unit', bytes, () => readUnit(bytes));
      }
      if (server === undefined || !goOn()) continue;
      const poison = Array.from({ length: SPRAY }, () => drawPoison(random, unitMessage));
      await attempt('round', packed(poison), () => server.round(poison));
      cases += SPRAY;
    }
  } finally {
    await server?.close();
  }
  return { cases };
}

export async function replay(bytes: Uint8Array): Promise<void> {
  const poison = unpacked(bytes);
  if (poison === undefined) return void (await readUnit(bytes));
  if (findNatsServer() === undefined) return;
  const server = await SprayedServer.start();
  await server.round(poison).finally(() => server.close());
}

function packed(poison: readonly Poison[]): Uint8Array {
  const lines = poison.map(({ subject, data }) => [subject, Buffer.from(data).toString('base64')]);
  return Buffer.from(JSON.stringify(lines, undefined, 1));
}

/** @returns undefined for a unit message */
function unpacked(bytes: Uint8Array): Poison[] | undefined {
  try {
    const lines = JSON.parse(Buffer.from(bytes).toString()) as [string, string][];
    return lines.map(([subject, data]) => ({ subject, data: Buffer.from(data, 'base64') }));
  } catch {
    return undefined;
  }
}
