import { expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { isOurCard } from '../../../src/dataset/seal/put-card.ts';
import type { Destination } from '../../../src/destination/destination.ts';
import { identityOf } from '../../../src/job/identity.ts';
import type { UnitRecord } from '../../../src/record.ts';
import { CardKeeper } from '../../../src/run/card-keeper.ts';
import type { ManifestInfo } from '../../../src/stages/manifest/manifest-info.ts';
import { unitOf } from '../../support/sink-units.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const { schema } = unitOf({ rows: 0 }).batch;
const manifest: ManifestInfo = {
  ...{ files: [], columns: [], roles: { url: 'URL' }, guessed: [], schema, rows: 5000, warnings: ['a cell is odd'] },
};
const input = { info: manifest, warnings: { all: ['a cell is odd'] } };
const config = resolveConfig({ input: 'm.parquet', output: 'birds' }, 'download');
const job = { id: 'abcdefgh', createdAtMs: 0, identity: identityOf(config, manifest), settings: {} };

function recordOf(shard: string, rows: number): UnitRecord {
  const counts = { rows, stored: rows, failed: 0, skipped: 0, bytes: 100, errors: {} };
  return { unit: `${shard}-1a2b3c4d`, token: 't', worker: 'w', ...counts, artifacts: [], committedAtMs: 0 };
}

function keeping(lying?: string) {
  const cards: string[] = [];
  const destination = {
    name: '/data/birds',
    readFile: async () => {
      const there = cards.at(-1)?.replace(/^.*\n/, '') ?? lying;
      if (there === undefined) throw new Error('there is no README.md');
      return Buffer.from(there);
    },
    putFile: async (name: string, card: string) => void cards.push(`${name}\n${card}`),
  } as unknown as Destination;
  const clock = new VirtualClock();
  return { cards, clock, keeper: new CardKeeper({ config, input, job, destination, clock }) };
}

it('the card is there from the first shard on, with the types of all fields, and says what is not there yet', async () => {
  const { cards, keeper } = keeping();
  keeper.note(recordOf('000000', 50));
  await keeper.end();
  expect(cards).toHaveLength(1);
  expect(cards[0]).toMatch(/^README\.md\n---\nconfigs:\n.*\n {2}data_files: "\*\.tar"\ndataset_info:\n {2}features:/);
  expect(cards[0]).toContain('**Unfinished: 50 of 5,000 rows are settled**');
  expect(cards[0]).toContain('- a cell is odd');
});

it('it is written once a minute, however many shards come, and once more when the run stops', async () => {
  const { cards, clock, keeper } = keeping();
  for (let shard = 0; shard < 250; shard += 1) {
    keeper.note(recordOf(String(shard).padStart(6, '0'), 10));
    await clock.advance(1000);
  }
  expect(cards.length).toBe(5);
  await keeper.leave();
  expect(cards.at(-1)).toContain('2,500 of 5,000 rows');
  expect(isOurCard(Buffer.from(cards.at(-1) as string))).toBe(true);
});

it('units that are told of again, as to whoever comes back to a job, write none', async () => {
  const { cards, keeper } = keeping();
  for (let shard = 0; shard < 9; shard += 1) keeper.note(recordOf(`00000${shard}`, 10), shard === 8);
  await keeper.end();
  expect(cards.map((card) => /\*\*.*\*\*/.exec(card)?.[0])).toEqual(['**Unfinished: 90 of 5,000 rows are settled**']);
});

it('it says of a retry, whose rows all have an outcome, that they are being fetched again', async () => {
  const { cards, keeper } = keeping();
  keeper.note(recordOf('000000', 5000));
  const again = { set: 2, failed: 10, skipped: 0, errors: { reset: 10 } };
  keeper.note({ ...recordOf('000001', 10), again });
  await keeper.leave();
  expect(cards.at(-1)).toContain('**Unfinished: rows are being fetched again**');
});

it('a card of their own that people put there stays', async () => {
  const { cards, keeper } = keeping('# Birds, collected by us\n');
  keeper.note(recordOf('000000', 50));
  await keeper.leave();
  expect(cards).toEqual([]);
});
