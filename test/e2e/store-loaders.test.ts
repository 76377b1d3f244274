import { expect, it } from 'vitest';
import { outcomesOf } from '../support/dataset.ts';
import { describeLoaders, LOADERS, readWith } from '../support/loaders.ts';
import { PREFIX, storeTrial } from '../support/store-trial.ts';

describeLoaders('a dataset in a store', () => {
  it('is read from there, sample by sample as it was fetched, by everybody', async () => {
    const trial = await storeTrial({ rows: 500, shardSize: 100 });
    const { code, stderr } = await trial.run(trial.download());
    expect(code, stderr).toBe(0);
    const outcomes = (await outcomesOf(await trial.copy())).filter(({ status }) => status === 'fetched');
    const expected = outcomes.map(({ key, sha256 }) => [key, sha256]).sort();
    expect(expected.length).toBeGreaterThan(400);
    for (const loader of LOADERS) {
      const read = await readWith(loader, trial.gateway, `${PREFIX}/`, '{000000..000004}');
      expect(read.sort(), loader).toEqual(expected);
    }
  });
});
