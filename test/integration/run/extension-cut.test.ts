import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { resumeDownload } from '../../../src/cli/commands/run-download.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { viewJob } from '../../../src/job/view/view-job.ts';
import { extendJob } from '../../../src/run/extend-job.ts';
import { openJobInput } from '../../../src/run/open-job-input.ts';
import { runJob } from '../../../src/run/run-job.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { serving } from '../fetch/fetching.ts';

const urls = (count: number): string =>
  Array.from({ length: count }, (_, row) => `http://h.example/${row}.jpg`).join('\n');

it('a resume adds the rows that were begun to be added by a run that was killed at once', async () => {
  const folder = await tempFolder();
  const origin = await serving({}, { meanBytes: 500 });
  const [first, grown, output] = ['first.txt', 'grown.txt', 'out'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(first, urls(6));
  await writeFile(grown, urls(9));
  const settings = { output, connect_to: [origin.connectTo], threads: 1, progress: 'off' } as const;
  const begun = { ...settings, input: first };
  await runJob(resolveConfig(begun, 'download'), { settings: begun });
  const more = resolveConfig({ ...settings, input: grown }, 'download');
  const job = await viewJob(output);
  const input = await openJobInput(more, undefined);
  expect(await extendJob(job, more, input, folder, false)).toMatchObject({ addedRows: 3 });
  await input.close();
  const idle = new AbortController().signal;
  const io = { stdout: new PassThrough(), stderr: new PassThrough(), stdin: undefined, env: {}, signal: idle };
  expect(await resumeDownload(await viewJob(output), {}, io)).toBe(0);
  expect(String(io.stderr.read())).toContain('9 of 9 rows fetched');
});
