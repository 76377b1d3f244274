import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { uniform } from '../../src/demo-hosts/random.ts';
import { describeS3 } from '../support/s3-gateway.ts';
import { isSoak, SEED } from '../support/seeds.ts';
import { localEssence, storeTrial } from '../support/store-trial.ts';

const KILLS = isSoak ? 20 : 4;

describeS3('a download into a store', () => {
  it(`killed at ${KILLS} random points is the same as a local one, with no upload left open and nothing lying about`, async () => {
    const trial = await storeTrial({ rows: 2000, latencyMs: 20 });
    const startMs = performance.now();
    const local = await localEssence(trial);
    const runMs = performance.now() - startMs;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const { child, done } = trial.start(trial.download());
      await wait(400 + uniform(`kill ${kill}`, SEED) * runMs);
      child.kill('SIGKILL');
      await done;
    }
    const resumed = await trial.run(['resume', trial.out]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await trial.essence()).toEqual(local);
    expect(await trial.run(['verify', trial.out])).toMatchObject({ code: 0, stdout: '' });
    await trial.expectClean();
  });
});
