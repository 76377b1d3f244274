import { readdir } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { runCli, startCli } from '../support/run-cli.ts';
import { committedRows, expectWhole, ROWS, uploadTrial } from '../support/upload-trial.ts';

describe('an upload by a program', () => {
  it('that streams shards fetches a unit again whose program died, and leaves nothing of a killed run', async () => {
    const { tools, out, base, asked, remote } = await uploadTrial(20);
    const flags = ['-o', out, '--cloud-destination', 'me@box:birds', '--cloud-tool', 'scp', '--cloud-stream'];
    const args = [...base, ...flags];
    const killed = startCli(args, { env: tools.env });
    const there = (): Promise<string[]> => readdir(remote).catch(() => []);
    await vi.waitFor(async () => expect((await there()).join()).toContain('.part'), { timeout: 60_000, interval: 5 });
    killed.child.kill('SIGKILL');
    await killed.done;
    await tools.plan({ die: 1 });
    const [before, left] = [asked(), ROWS - (await committedRows(out).catch(() => 0))];
    const result = await runCli(args, { env: tools.env });
    await expectWhole(remote, result);
    expect(result.stderr).toMatch(/ssh, \S+: .*exit 7: the line went dead; its unit is fetched again/);
    expect(asked() - before).toBeGreaterThan(left);
    expect(await runCli(['verify', out], { env: tools.env })).toMatchObject({ code: 0, stdout: '' });
  });
});
