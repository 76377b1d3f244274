import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeS3 } from '../support/s3-gateway.ts';
import { isSoak } from '../support/seeds.ts';
import { storeTrial } from '../support/store-trial.ts';

/** What garbage may still lie about; three times the smaller dataset is 480 MB. */
const MORE_MIB = 80;
const IMAGES = isSoak ? [800, 16_000] : [800, 2400];

describeS3('a download into a store', () => {
  it('needs no more memory for a larger dataset, also where the store is slower than the hosts', async () => {
    const peaks: number[] = [];
    for (const rows of IMAGES) {
      const trial = await storeTrial({ rows, shardSize: 50, bytes: 200_000, latencyMs: 1, flags: ['--threads', '1'] });
      trial.proxy.add({ fault: { kind: 'slow', bytesPerSecond: 60 << 20 } });
      const { child, done } = trial.start(trial.download());
      let peak = 0;
      const look = setInterval(() => (peak = Math.max(peak, peakMib(child.pid as number))), 50);
      const result = await done;
      clearInterval(look);
      expect(result.code, result.stderr).toBe(0);
      peaks.push(peak);
      await trial.expectClean();
    }
    const [small, large] = peaks as [number, number];
    expect(large - small, `${peaks.join(' and ')} MiB`).toBeLessThan(MORE_MIB);
  });
});

/** The most memory that a process had so far; 0 once it is gone. */
function peakMib(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
