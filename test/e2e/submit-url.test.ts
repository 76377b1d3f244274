import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clusterTrial, said } from '../support/cluster-cli.ts';
import { essence, outcomesOf } from '../support/dataset.ts';
import { fileServer } from '../support/file-server.ts';
import { describeNats, type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { runCli } from '../support/run-cli.ts';
import { testS3Gateway } from '../support/s3-gateway.ts';
import { createTestCa } from '../support/test-ca.ts';

const ROWS = 200;

describeNats('a job whose manifest is behind a URL', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(async () => server.close());

  it('is submitted from a store and from a web server, and its workers give what the same file here gives', async () => {
    const local = await clusterTrial({ rows: ROWS, shardSize: 50 });
    const content = await readFile(local.manifest);
    const gateway = await testS3Gateway('s3rver');
    const ca = createTestCa();
    const caFile = local.path('ca.pem');
    await writeFile(caFile, ca.caPem);
    await gateway.put('in/m.csv', content);
    const web = await fileServer({ content, tls: ca.tls }, '/m.csv');
    // Every host of the rows is played here, and that of the manifest is not.
    const flags = local.flags.slice(1).flatMap((flag) =>
      flag.startsWith('::')
        ? ['a', 'b', 'c', 'gone', 'page']
            .map((host) => `${host}.test${flag}`)
            .join('\n--connect-to\n')
            .split('\n')
        : [flag],
    );
    const alone = local.path('alone');
    expect((await runCli(['download', local.manifest, '-o', alone, ...flags])).code).toBe(0);
    const expected = essence(await outcomesOf(alone));
    expect(expected).toHaveLength(ROWS);
    for (const [at, url] of ['s3://bucket/in/m.csv', web.url].entries()) {
      const out = local.path(`out-${at}`);
      const args = ['submit', url, '-o', out, ...flags, '--ca-file', caFile, '--nats', server.url, '--job', `j${at}`];
      const submit = local.start(args, { env: gateway.env() });
      await said(submit, 'are published');
      // Workers have no part in the manifest, and no credentials for it.
      const worker = local.start(['worker', server.url, '--job', `j${at}`]);
      const done = await submit.done;
      expect(done.code, done.stderr).toBe(0);
      expect((await worker.done).code).toBe(0);
      expect(essence(await outcomesOf(out))).toEqual(expected);
      const again = await local.start(args, { env: gateway.env() }).done;
      expect(again.stderr).toContain('nothing to do');
    }
  });
});
