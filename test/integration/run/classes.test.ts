import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { extract } from 'tar-stream';
import { expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { Config } from '../../../src/config/types.ts';
import { runJob } from '../../../src/run/run-job.ts';
import { outcomesOf, shardPaths } from '../../support/dataset.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { serving } from '../fetch/fetching.ts';

const GONE = [{ kind: 'status', status: 404, share: 1 }] as const;

/** Rows of three classes and of none on good hosts, and of one that is gone. */
async function manifest() {
  const folder = await tempFolder();
  const origin = await serving({ 'gone.test': GONE }, { meanBytes: 300 });
  const input = join(folder, 'm.csv');
  const rows = Array.from({ length: 60 }, (_, row) => {
    const label = ['wolf', 'ant', '', 'bee', 'yak'][row % 5];
    return `http://${label === 'yak' ? 'gone' : `h${row % 2}`}.test/${row}.jpg,${label}`;
  });
  await writeFile(input, `url,label\n${rows.join('\n')}\n`);
  const out = join(folder, 'out');
  const config: Config = { input, output: out, connect_to: [origin.connectTo], shard_size: 7, law: 'fixed' };
  return { folder, out, config: { ...config, output_format: 'webdataset', max_retry_attempts: 1 } as const };
}

/** Label and number of every sample. */
async function numbersOf(out: string): Promise<[label: string | null, number: string][]> {
  const files = new Map<string, string>();
  for (const path of await shardPaths(out)) {
    const reader = extract();
    reader.end(await readFile(path));
    for await (const entry of reader) {
      const pieces: Buffer[] = [];
      for await (const piece of entry) pieces.push(piece as Buffer);
      files.set(entry.header.name, Buffer.concat(pieces).toString());
    }
  }
  const keys = [...files.keys()].filter((name) => name.endsWith('.json'));
  return keys.map((name) => [
    JSON.parse(files.get(name) as string).label,
    files.get(name.replace('json', 'cls')) ?? '',
  ]);
}

async function classesOf(out: string): Promise<[label: string, index: number, count: number][]> {
  const classes = JSON.parse(await readFile(join(out, 'classes.json'), 'utf8')) as Record<string, never>[];
  return classes.map(({ label, index, count }) => [label as never, index as never, count as never]);
}

it('every sample has the number of its class, which classes.json names, over all shards', async () => {
  const { out, config } = await manifest();
  const summary = await runJob(resolveConfig(config, 'download'));
  const classes = await classesOf(out);
  expect(classes).toEqual([
    ['wolf', 0, 12],
    ['ant', 1, 12],
    ['bee', 2, 12],
    ['yak', 3, 0],
  ]);
  const numbers = new Map(classes.map(([label, index]) => [label, String(index)]));
  const samples = await numbersOf(out);
  expect(samples).toHaveLength(48);
  for (const [label, number] of samples) expect(number).toBe(label === null ? '-1' : numbers.get(label));
  expect(summary.classes).toMatchObject({ count: 4, empty: { count: 1, labels: ['yak'] } });
  expect(await readFile(join(out, 'classes.csv'), 'utf8')).toContain('index,label,folder,count\n0,wolf,wolf,12\n');
});

it('a list gives classes their numbers, and rows without a label are skipped where one is asked for', async () => {
  const { folder, out, config } = await manifest();
  const classes = join(folder, 'classes.txt');
  await writeFile(classes, 'ant\nnewt\nbee\n');
  await runJob(resolveConfig({ ...config, classes, require_label: true }, 'download'));
  const found = await classesOf(out);
  expect(found.map(([label, index]) => `${index} ${label}`)).toEqual(['0 ant', '1 newt', '2 bee', '3 wolf', '4 yak']);
  const numbers = new Map(found.map(([label, index]) => [label, String(index)]));
  for (const [label, number] of await numbersOf(out)) expect(number).toBe(numbers.get(label as string));
  const unlabelled = (await outcomesOf(out)).filter(({ label }) => label === null);
  expect(new Set(unlabelled.map(({ status, code }) => `${status} ${code}`))).toEqual(new Set(['skipped no_label']));
  await writeFile(classes, 'bee\nant\n');
  const other = runJob(resolveConfig({ ...config, classes, require_label: true }, 'download'));
  await expect(other).rejects.toMatchObject({ code: 'FDC_ERR_JOB_MISMATCH' });
});

it('what asks for labels is refused without a column of them', async () => {
  const { folder, config } = await manifest();
  const input = join(folder, 'plain.csv');
  await writeFile(input, 'url,note\nhttp://h.test/1.jpg,x\n');
  const run = runJob(resolveConfig({ ...config, input, require_label: true }, 'download'));
  await expect(run).rejects.toMatchObject({ code: 'FDC_ERR_MANIFEST_COLUMN' });
});

it('a job that an earlier version has begun goes on as it was begun', async () => {
  const { out, config } = await manifest();
  const before = resolveConfig({ ...config, image_name: 'jpg', cls: false }, 'download');
  const stop = new AbortController();
  await runJob(before, { drain: stop.signal, onStart: () => stop.abort() });
  const file = join(out, '.flow-dc', 'job.json');
  const job = JSON.parse(await readFile(file, 'utf8'));
  job.identity.cls = undefined;
  await writeFile(file, JSON.stringify(job));
  const summary = await runJob(resolveConfig(config, 'download'), { settings: config });
  expect(summary).toMatchObject({ complete: true, fetched: 48 });
  expect((await numbersOf(out)).every(([, number]) => number === '')).toBe(true);
  expect(await readFile(join(out, 'README.md'), 'utf8')).not.toContain('class_label');
});
