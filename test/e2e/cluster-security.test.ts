import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clusterTrial, said } from '../support/cluster-cli.ts';
import { describeNats, startNatsServer } from '../support/nats-server.ts';
import { runCli } from '../support/run-cli.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
const run = promisify(execFile);

describeNats('the documented permissions', () => {
  it('let a worker finish its job and nothing else, and no password, header or signed link is in any log at debug', async () => {
    const [managerPassword, workerPassword, signature, header] = [
      'manager-pw-7d1f',
      'worker-pw-93ac',
      'sig-51c0ffee',
      'Bearer header-a1b2',
    ];
    const server = await startNatsServer({ config: await exampleConfig(managerPassword, workerPassword) });
    onTestFinished(() => server.close());
    const trial = await clusterTrial({ law: 'paarc', rows: 300, query: `?X-Signature=${signature}` });
    const manager = {
      FLOW_DC_NATS_URL: server.url,
      FLOW_DC_NATS_USER: 'submitter',
      FLOW_DC_NATS_PASSWORD: managerPassword,
    };
    const photos = { FLOW_DC_NATS_URL: server.url, FLOW_DC_NATS_USER: 'worker', FLOW_DC_NATS_PASSWORD: workerPassword };
    const log = (name: string): string[] => ['--log-level', 'debug', '--log-file', trial.path(name)];
    const secrets = ['--header', `Authorization: ${header}`];
    const out = trial.path('out');
    const submit = trial.start(
      ['submit', ...trial.flags, '-o', out, '--job', 'photos', ...secrets, ...log('submit.log')],
      {
        env: manager,
      },
    );
    await said(submit, 'units are published');
    const limited = ['worker', '--nats-inbox', '_INBOX_w', ...secrets];
    const worker = trial.start([...limited, '--job', 'photos', ...log('worker.log')], { env: photos });
    expect((await submit.done).code).toBe(0);
    expect((await worker.done).code).toBe(0);
    expect((await runCli(['verify', out])).code).toBe(0);

    const elsewhere = await runCli([...limited, '--job', 'others'], { env: photos });
    expect(elsewhere.code).toBe(1);
    expect(elsewhere.stderr).toMatch(/permissions violation/i);
    const cancel = await runCli(['cancel', 'photos', '--nats-inbox', '_INBOX_w'], { env: photos });
    expect(cancel.code).not.toBe(0);
    const wrong = await runCli(['jobs'], { env: { ...manager, FLOW_DC_NATS_PASSWORD: 'wrong-pw-1234' } });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('FDC_ERR_TRANSPORT_CONNECT');

    const written = await Promise.all(
      ['submit.log', 'worker.log', 'out/.flow-dc/job.json', 'out/overview.json', 'out/README.md'].map((name) =>
        readFile(trial.path(name), 'utf8'),
      ),
    );
    const all = [submit.stderr(), worker.stderr(), elsewhere.stderr, cancel.stderr, wrong.stderr, ...written].join(
      '\n',
    );
    for (const secret of [managerPassword, workerPassword, header, 'wrong-pw-1234']) expect(all).not.toContain(secret);
    // The manifest's own links are its owner's data; what is said and logged about them leaves the query out.
    expect([submit.stderr(), worker.stderr(), ...written.slice(0, 2)].join('\n')).not.toContain(signature);
  });
});

describe('flow-dc jobs', () => {
  it('refuses a password on the command line', async () => {
    const result = await runCli(['jobs', '--nats', 'nats://user:hunter2@127.0.0.1:4222']);
    expect(result.code).toBe(2);
    expect(result.stderr).not.toContain('hunter2');
  });
});

describe('the examples for clusters', () => {
  it('are valid for the programs that read them', async () => {
    await run('bash', ['-n', `${EXAMPLES}cluster/workers.sbatch`]);
    const analyze = ['verify', `${EXAMPLES}cluster/flow-dc-worker.service`];
    const verified = await run('systemd-analyze', analyze).catch(
      (error: NodeJS.ErrnoException & { stderr?: string }) => error,
    );
    if ('code' in verified && verified.code === 'ENOENT') return;
    expect(verified.stderr).toBe('');
  });
});

/** The example, with passwords in place of its variables, and without what the test's server decides itself. */
async function exampleConfig(managerPassword: string, workerPassword: string): Promise<string> {
  const text = await readFile(`${EXAMPLES}nats-server.conf`, 'utf8');
  return text
    .replace(/^jetstream: enabled$/m, '')
    .replaceAll('FD_JOB_', 'FD_photos_')
    .replace('$SUBMITTER_PASSWORD', `"${managerPassword}"`)
    .replace('$WORKER_PASSWORD', `"${workerPassword}"`);
}
