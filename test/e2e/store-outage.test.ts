import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { describeS3 } from '../support/s3-gateway.ts';
import { isSoak } from '../support/seeds.ts';
import { localEssence, type StoreTrial, storeTrial } from '../support/store-trial.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const AWAY_MS = 60_000;

describeS3('a store that is away', () => {
  it('for a minute, as with a pulled cable, is waited for', async () => {
    const trial = await storeTrial({ rows: 2000, latencyMs: 250 });
    const network = await TcpProxy.start(() => trial.proxy.port);
    const env = { AWS_ENDPOINT_URL: `http://127.0.0.1:${network.port}` };
    const { child, done } = trial.start(trial.download(), { env });
    await uploading(trial, 5);
    network.cut();
    await sleep(AWAY_MS);
    expect(child.exitCode).toBeNull();
    network.mend();
    const { code, stderr } = await done;
    await network.close();
    expect(code, stderr).toBe(0);
    expect(await trial.essence()).toEqual(await localEssence(trial));
    await trial.expectClean();
  });

  // Two minutes of waiting are for the night.
  if (isSoak) it('for good ends a run after two minutes with one line, and the resume completes it', forGood);
  async function forGood(): Promise<void> {
    const trial = await storeTrial({ rows: 2000, latencyMs: 250 });
    const { done } = trial.start(trial.download());
    await uploading(trial, 5);
    await trial.gateway.kill();
    const { code, stderr } = await done;
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/no answer from the store for 1[12]\d s .*; check the network and --s3-endpoint/);
    await trial.gateway.start();
    expect((await trial.run(['resume', trial.out])).code).toBe(0);
    expect(await trial.essence()).toEqual(await localEssence(trial));
    await trial.expectClean();
  }
});

/** Until so many parts have been uploaded. */
async function uploading({ proxy }: StoreTrial, parts: number): Promise<void> {
  const sent = () => proxy.seen.filter(({ operation }) => operation === 'UploadPart').length;
  await vi.waitFor(() => expect(sent()).toBeGreaterThan(parts), { timeout: 60_000 });
}
