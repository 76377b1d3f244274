import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { describeNats, startNatsServer } from '../support/nats-server.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { expectWhole, uploadTrial } from '../support/upload-trial.ts';

describeNats('a job on several machines', () => {
  it('has each worker upload what it finished, also when one of them is killed', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.close());
    const { tools, out, base, remote } = await uploadTrial(20);
    const submit = startCli(
      ['submit', ...base.slice(1), '-o', out, '--cloud-destination', 'birds', '--nats', server.url, '--lease-sec', '3'],
      { env: tools.env },
    );
    const worker = () =>
      startCli(['worker', server.url, '--open-units', '2', '--idle-timeout', '20'], { env: tools.env });
    const [victim, other] = [worker(), worker()];
    await vi.waitFor(async () => expect((await readdir(remote)).length).toBeGreaterThan(2), { timeout: 60_000 });
    victim.child.kill('SIGKILL');
    await expectWhole(remote, await submit.done);
    other.child.kill('SIGTERM');
    await Promise.all([victim.done, other.done]);
    expect((await readdir(out)).filter((file) => file.endsWith('.tar'))).toEqual([]);
    expect(await runCli(['verify', out], { env: tools.env })).toMatchObject({ code: 0, stdout: '' });
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
