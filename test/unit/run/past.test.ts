import { expect, it } from 'vitest';
import { beginningsOf } from '../../../src/run/past.ts';
import type { SettledDataset } from '../../../src/run/settled-rows.ts';

interface Found {
  readonly overview?: { readonly total_urls: number; readonly shutdown_requested: boolean };
  readonly before: number;
  readonly takenBack?: boolean;
}

function interrupted({ overview, before, takenBack = false }: Found): Promise<boolean> {
  const read = async (): Promise<Buffer> => {
    if (overview === undefined) throw new Error('none');
    return Buffer.from(JSON.stringify({ summary: overview }));
  };
  const files = { final: () => ({ read }) } as unknown as SettledDataset['files'];
  const decided = { records: async function* () {} };
  return beginningsOf({ rounds: [], parts: [] }, before, { files, decided }, takenBack).then(
    (told) => told.interrupted,
  );
}

const whole = { total_urls: 10, shutdown_requested: false };

it.for<[string, Found, boolean]>([
  ['a first run', { before: 0 }, false],
  ['one that was stopped', { before: 4 }, true],
  ['one that was stopped before its end was written', { before: 10 }, true],
  ['samples taken out of a finished dataset', { overview: whole, before: 10 }, false],
  ['the same of one that was stopped once', { overview: { ...whole, shutdown_requested: true }, before: 10 }, true],
  ['a repair of a finished dataset', { overview: whole, before: 7, takenBack: true }, false],
  ['a repair that was stopped and goes on', { overview: whole, before: 7 }, true],
  ['a repair of a dataset that was never finished', { before: 7, takenBack: true }, true],
])('an interruption is told of what was stopped, and of nothing else: %s', async ([, found, told]) => {
  expect(await interrupted(found)).toBe(told);
});
