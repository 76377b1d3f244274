import { mkdir, readdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { findTool } from '../../scripts/cloud-tools.ts';
import { essence, outcomesOf } from '../support/dataset.ts';
import { manyThreads } from '../support/many-threads.ts';
import { describeNats, startNatsServer } from '../support/nats-server.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { expectWhole, uploadTrial } from '../support/upload-trial.ts';

describeNats('a job on several machines', () => {
  it.for<[string, string[]]>([
    ['gocmd', []],
    ['rclone', []],
    ['gocmd in three threads', ['--threads', '3']],
  ])(
    'needs no folder in common: workers upload with %s, one is killed, nothing is left over',
    async ([name, flags], { skip }) => {
      const rclone = findTool('rclone');
      if (name === 'rclone' && rclone === undefined) skip('no rclone');
      const server = await startNatsServer();
      onTestFinished(() => server.close());
      const { folder, tools, out, base, remote } = await uploadTrial(20);
      const [PATH, upload] =
        name === 'rclone'
          ? [tools.env.PATH + delimiter + dirname(rclone as string), [`:local:${remote}`, '--cloud-tool', 'rclone']]
          : [tools.env.PATH, ['birds']];
      const args = [...base.slice(1), '-o', out, '--cloud-destination', ...upload, '--nats', server.url];
      const submit = startCli(['submit', ...args, '--lease-sec', '3'], { env: { PATH } });
      const worker = async (own: string) => {
        const TMPDIR = join(folder, own);
        await mkdir(TMPDIR);
        const threads = flags.length === 0 ? {} : manyThreads();
        const wanted = ['--open-units', '2', '--idle-timeout', '20', ...flags];
        return startCli(['worker', server.url, ...wanted], { env: { PATH, TMPDIR, ...threads }, cwd: TMPDIR });
      };
      await vi.waitFor(() => expect(submit.stderr()).toContain('are published'), { timeout: 30_000 });
      // It dies when it has its record and is giving its shard the final name.
      if (name === 'gocmd') await tools.plan({ 'hang-mv': 1 });
      const victim = await worker('victim');
      const isDue = async (): Promise<boolean> =>
        name === 'gocmd'
          ? (await tools.calls()).some((call) => call.startsWith('gocmd mv'))
          : (await readdir(remote).catch(() => [])).length > 0;
      await vi.waitFor(async () => expect(await isDue()).toBe(true), { timeout: 60_000, interval: 20 });
      victim.child.kill('SIGKILL');
      const others = [await worker('b'), await worker('c')];
      await expectWhole(remote, await submit.done);
      for (const other of others) other.child.kill('SIGTERM');
      await Promise.all([victim, ...others].map((one) => one.done));
      for (const own of ['b', 'c']) expect(await readdir(join(folder, own))).toEqual([]);
      expect((await readdir(out)).filter((file) => file.endsWith('.tar'))).toEqual([]);
      expect(await readdir(join(out, '.flow-dc', 'staging'))).toEqual([]);
      expect(await runCli(['verify', out], { env: { PATH } })).toMatchObject({ code: 0, stdout: '' });
      const local = `${out}-local`;
      expect((await runCli([...base, '-o', local])).code).toBe(0);
      expect(essence(await outcomesOf(remote))).toEqual(essence(await outcomesOf(local)));
    },
  );

  it('leaves nothing half done on the other side when it is cancelled, and goes on afterwards', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.close());
    const { folder, tools, out, base, remote } = await uploadTrial(20);
    const args = [...base.slice(1), '-o', out, '--cloud-destination', 'birds', '--nats', server.url, '--job', 'birds'];
    const submit = startCli(['submit', ...args, '--lease-sec', '3'], { env: tools.env });
    await vi.waitFor(() => expect(submit.stderr()).toContain('are published'), { timeout: 30_000 });
    await tools.plan({ 'hang-mv': 3, slow: 1 });
    const TMPDIR = join(folder, 'own');
    await mkdir(TMPDIR);
    const worker = startCli(['worker', server.url, '--job', 'birds'], { env: { ...tools.env, TMPDIR } });
    const isMoving = async (): Promise<boolean> => (await tools.calls()).some((call) => call.startsWith('gocmd mv'));
    await vi.waitFor(async () => expect(await isMoving()).toBe(true), { timeout: 60_000 });
    worker.child.kill('SIGKILL');
    await worker.done;
    await tools.plan({ 'hang-mv': 0, slow: 0 });
    const cancelled = await runCli(['cancel', 'birds', '--nats', server.url], { env: tools.env });
    expect(cancelled.code, cancelled.stderr).toBe(0);
    await submit.done;
    expect((await readdir(remote)).filter((name) => name.startsWith('.'))).toEqual([]);
    await expectWhole(remote, await runCli([...base, '-o', out, '--cloud-destination', 'birds'], { env: tools.env }));
  });

  it('shows with --dry-run what workers would call', async () => {
    const { tools, out, base } = await uploadTrial();
    const args = ['submit', ...base.slice(1), '-o', out, '--cloud-destination', 'birds', '--dry-run'];
    const result = await runCli(args, { env: tools.env });
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/gocmd put -f -k \S+000000\.tar birds\/\.UNIT\.TOKEN\.000000\.tar\.part/);
    expect(result.stderr).toContain('gocmd mv birds/.UNIT.TOKEN.000000.tar.part birds/000000.tar');
    expect(await tools.calls()).toEqual([]);
  });

  it('needs the folder where the program cannot rename, and says so', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.close());
    const { folder, tools, out, base, remote } = await uploadTrial();
    await mkdir(remote);
    const put = ['--cloud-destination', 'birds', '--cloud-put-command', 'gocmd put -f -k {file} {destination}/{file}'];
    const submit = startCli(['submit', ...base.slice(1), '-o', out, ...put, '--nats', server.url], { env: tools.env });
    const env = { ...tools.env, TMPDIR: folder };
    const worker = startCli(['worker', server.url, '--idle-timeout', '20'], { env });
    const end = await submit.done;
    await expectWhole(remote, end);
    expect(end.stderr).toContain('cloud_put_command cannot rename what it uploaded: every worker must see ');
    worker.child.kill('SIGTERM');
    await worker.done;
  });

  it('is refused by a worker that does not have the program', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.close());
    const { tools, out, base } = await uploadTrial();
    const args = ['submit', ...base.slice(1), '-o', out, '--cloud-destination', 'birds', '--nats', server.url];
    const submit = startCli([...args, '--job', 'birds'], { env: tools.env });
    await vi.waitFor(() => expect(submit.stderr()).toContain('are published'), { timeout: 30_000 });
    const env = { PATH: dirname(process.execPath) };
    const worker = await runCli(['worker', server.url, '--job', 'birds'], { env });
    expect(worker.code).toBe(2);
    expect(worker.stderr).toContain('gocmd is not installed, or not on PATH');
    submit.child.kill('SIGKILL');
    await submit.done;
  });
});
