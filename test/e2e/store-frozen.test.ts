import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { describeS3 } from '../support/s3-gateway.ts';
import { localEssence, storeTrial } from '../support/store-trial.ts';

describeS3('a store that is frozen', () => {
  it('lets two Ctrl-C end the run within 4 s with one line, and a resume complete it once it is thawed', async () => {
    const trial = await storeTrial({ rows: 1500, latencyMs: 100 });
    const { child, done, stderr } = trial.start(trial.download());
    const uploading = async (): Promise<void> => expect(await trial.gateway.openUploads()).not.toEqual([]);
    await vi.waitFor(uploading, { timeout: 30_000, interval: 50 });
    process.kill(trial.gateway.pid, 'SIGSTOP');
    onTestFinished(() => void thaw(trial.gateway.pid));
    child.kill('SIGINT');
    await wait(500);
    expect(child.exitCode).toBeNull();
    child.kill('SIGINT');
    const interruptedAtMs = performance.now();
    const { code } = await done;
    expect(performance.now() - interruptedAtMs).toBeLessThan(4000);
    expect(code, stderr()).toBe(130);
    expect(stderr().match(/FDC_ERR_/g), stderr()).toHaveLength(1);
    expect(stderr().trimEnd().split('\n').at(-1)).toContain('FDC_ERR_INTERRUPTED');
    expect(await readdir(join(trial.folder, 'tmp'))).toEqual([]);
    thaw(trial.gateway.pid);
    const resumed = await trial.run(['resume', trial.out]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await trial.essence()).toEqual(await localEssence(trial));
    await trial.expectClean();
  });
});

function thaw(pid: number): void {
  if (pid > 0) process.kill(pid, 'SIGCONT');
}
