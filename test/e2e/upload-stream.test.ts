import { readdir, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { findTool } from '../../scripts/cloud-tools.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { expectWhole, ROWS, uploadTrial } from '../support/upload-trial.ts';

const rclone = findTool('rclone');

describe('an upload by a program', () => {
  it.skipIf(rclone === undefined)(
    'of loose files is what a local run makes, and verify and repair ask the program',
    async () => {
      const { folder, tools, out, base } = await uploadTrial();
      const remote = join(folder, 'cloud');
      const env = { PATH: [tools.env.PATH, dirname(rclone as string)].join(delimiter) };
      const loose = [...base, '--no-create-tar', '-o'];
      const args = [...loose, out, '--cloud-destination', `:local:${remote}`, '--cloud-tool', 'rclone'];
      const result = await runCli(args, { env });
      expect(result.code, result.stderr).toBe(0);
      const local = `${out}-local`;
      expect((await runCli([...loose, local])).code).toBe(0);
      const paths = async (root: string): Promise<string[]> =>
        (await readdir(root, { recursive: true })).filter((path) => path.endsWith('.jpg')).sort();
      expect(await paths(remote)).toEqual(await paths(local));
      expect(await paths(remote)).toHaveLength(ROWS);
      expect(await paths(out)).toEqual([]);
      expect(await runCli(['verify', out], { env })).toMatchObject({ code: 0, stdout: '' });
      await rm(join(remote, (await paths(remote))[7] as string));
      expect((await runCli(['verify', out], { env })).stdout).toContain('sample_missing');
      const repaired = await runCli(['repair', out], { env });
      expect(repaired.code, repaired.stderr).toBe(0);
      expect(await paths(remote)).toHaveLength(ROWS);
      expect(await runCli(['verify', out], { env })).toMatchObject({ code: 0, stdout: '' });
    },
  );

  const flags = ['--cloud-destination', 'me@box:birds', '--cloud-tool', 'scp', '--cloud-stream'];

  it('that streams shards fetches a unit again whose program died half way', async () => {
    const { tools, out, base, asked, remote } = await uploadTrial();
    await tools.plan({ die: 1 });
    const result = await runCli([...base, '-o', out, ...flags], { env: tools.env });
    await expectWhole(remote, result);
    expect(result.stderr).toMatch(/ssh, \S+: .*exit 7: the line went dead; its unit is fetched again/);
    expect(asked()).toBeGreaterThan(ROWS);
    expect(await runCli(['verify', out], { env: tools.env })).toMatchObject({ code: 0, stdout: '' });
  });

  it('that streams shards leaves nothing of a killed run on the other side', async () => {
    const { tools, out, base, remote } = await uploadTrial(200);
    const args = [...base, '-o', out, ...flags];
    const killed = startCli(args, { env: tools.env });
    const there = (): Promise<string[]> => readdir(remote).catch(() => []);
    await vi.waitFor(async () => expect((await there()).join()).toContain('.part'), { timeout: 60_000, interval: 5 });
    killed.child.kill('SIGKILL');
    await killed.done;
    await expectWhole(remote, await runCli(args, { env: tools.env }));
  });
});
