import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { runJob } from '../../../src/run/run-job.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { serving } from '../fetch/fetching.ts';

it.each([1, 2])('a run of %i threads that stops by itself loses nothing, and the same one goes on', async (threads) => {
  const folder = await tempFolder();
  const origin = await serving({ 'bad.test': [{ kind: 'status', status: 404 }] as never }, { meanBytes: 500 });
  const urls = Array.from({ length: 400 }, (_, n) => `http://${n % 4 === 0 ? 'good' : 'bad'}.test/${n}.jpg`);
  await writeFile(join(folder, 'urls.txt'), urls.join('\n'));
  const common = { input: [join(folder, 'urls.txt')], output: join(folder, 'out'), shard_size: 100, threads } as const;
  const config = { ...common, connect_to: [origin.connectTo], law: 'fixed', per_host_concurrency: 4 } as const;
  const first = await runJob(
    resolveConfig({ ...config, stop_above_failure_rate: 0.5, stop_after_rows: 50 }, 'download'),
  );
  expect(first).toMatchObject({ complete: false, stopped: { code: 'FDC_ERR_FAILURE_RATE' } });
  expect(first.stopped?.message).toMatch(/http_404; at bad\.test/);
  const asked = origin.stats().get('bad.test')?.requests ?? 0;
  expect(asked).toBeLessThan(300);
  expect(await runJob(resolveConfig(config, 'download'))).toMatchObject({ complete: true, fetched: 100, failed: 300 });
  expect(origin.stats().get('good.test')?.requests).toBeLessThanOrEqual(100 + 8);
});
