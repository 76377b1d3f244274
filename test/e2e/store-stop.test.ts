import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { openTestStore } from '../integration/store/test-store.ts';
import { SLOW_DOWN } from '../support/fault-proxy.ts';
import { describeS3 } from '../support/s3-gateway.ts';
import { type StoreTrial, storeTrial } from '../support/store-trial.ts';

const BUCKET_GONE = { kind: 'answer', status: 404, code: 'NoSuchBucket', message: 'It is gone' } as const;
const INTERRUPTED = 130;

describeS3('a run whose store fails', () => {
  it('ends within seconds when its bucket vanishes', async () => {
    const trial = await storeTrial({ rows: 1500, latencyMs: 150 });
    const { done } = trial.start(trial.download());
    await uploading(trial);
    trial.proxy.add({ fault: BUCKET_GONE });
    const { code, stderr } = await within(20_000, done);
    expect(code, stderr).toBe(2);
    expect(stderr).toContain('there is no such bucket');
  });

  it('obeys one signal at its start, and says before that what it waits for', async () => {
    const trial = await storeTrial();
    trial.proxy.add({ fault: SLOW_DOWN });
    const { child, done } = trial.start(trial.download());
    await sleep(6000);
    child.kill('SIGINT');
    const { code, stderr } = await within(15_000, done);
    expect(stderr).toMatch(/the store answers 503 .*waiting for it/);
    expect(code, stderr).toBe(INTERRUPTED);
  });

  it('obeys one signal in its middle', async () => {
    const trial = await storeTrial({ rows: 1500, latencyMs: 150 });
    const { child, done } = trial.start(trial.download());
    await uploading(trial);
    trial.proxy.add({ fault: SLOW_DOWN });
    await sleep(2000);
    child.kill('SIGTERM');
    const { code, stderr } = await within(25_000, done);
    expect(code, stderr).not.toBe(0);
    trial.proxy.clear();
    expect((await trial.run(['resume', trial.out])).code).toBe(0);
    await trial.expectClean();
  });
});

describeS3('a dataset whose --overwrite was cut short', () => {
  it('is not called whole, and says what the next run does', async () => {
    const trial = await storeTrial({ rows: 200 });
    expect((await trial.run(trial.download())).code).toBe(0);
    const store = await openTestStore(trial.gateway, 'data/.flow-dc', { endpoint: trial.gateway.url });
    await store.put('overwrite', '');
    const pending = 'an --overwrite of s3://bucket/data was cut short: the next download or resume deletes';
    const { code, stderr } = await trial.run(['verify', trial.out]);
    expect(code).toBe(3);
    expect(stderr).toContain(pending);
    expect((await trial.run(['report', trial.out])).stdout).toContain('an --overwrite of');
    const resumed = await trial.run(['resume', trial.out]);
    expect(resumed.stderr).toContain('an --overwrite was cut short here');
    expect((await trial.run(['verify', trial.out])).code).toBe(0);
  });
});

async function within<T>(ms: number, done: Promise<T>): Promise<T> {
  const late = sleep(ms, undefined, { ref: false }).then(() => Promise.reject(new Error(`not ended after ${ms} ms`)));
  return Promise.race([done, late]);
}

async function uploading({ proxy }: StoreTrial): Promise<void> {
  const sent = () => proxy.seen.filter(({ operation }) => operation === 'UploadPart').length;
  await vi.waitFor(() => expect(sent()).toBeGreaterThan(5), { timeout: 60_000 });
}
