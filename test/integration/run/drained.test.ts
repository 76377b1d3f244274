import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { runJob } from '../../../src/run/run-job.ts';
import { subscribe } from '../../../src/telemetry/channels.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { serving } from '../fetch/fetching.ts';

const ROWS = 300;
const AT_ONCE = 8;

it.each([1, 2])(
  'a run of %i threads that is drained keeps what it fetched, and the next asks for the rest',
  async (threads) => {
    const folder = await tempFolder();
    const origin = await serving({ '*': [{ kind: 'latency', meanMs: 15 }] }, { meanBytes: 500 });
    const input = join(folder, 'rows.txt');
    await writeFile(input, Array.from({ length: ROWS }, (_, row) => `http://h.example/${row}.jpg`).join('\n'));
    const pace = { law: 'fixed', per_host_concurrency: AT_ONCE, threads } as const;
    const output = join(folder, 'out');
    const config = resolveConfig(
      { input, output, connect_to: [origin.connectTo], shard_size: ROWS, ...pace },
      'download',
    );
    const stop = new AbortController();
    let rows = 0;
    const unsubscribe = subscribe('flow-dc:row', () => {
      rows += 1;
      if (rows === 100) stop.abort();
    });
    const summary = await runJob(config, { drain: stop.signal });
    unsubscribe();
    expect(summary).toMatchObject({ complete: false, rows: 0, kept: { units: 1 } });
    expect(summary.kept?.rows).toBeGreaterThanOrEqual(100);
    expect(await runJob(config)).toMatchObject({ complete: true, rows: ROWS, fetched: ROWS });
    expect(origin.stats().get('h.example')?.requests).toBeLessThanOrEqual(ROWS + AT_ONCE);
  },
);
