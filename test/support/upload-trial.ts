/** A small download whose shards recorded programs upload, and what its dataset must be on the other side. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { digestFile } from '../../src/destination/hashed-file.ts';
import { recordedTools } from './recorded-tools.ts';
import type { CliResult } from './run-cli.ts';
import { tempFolder } from './temp-folder.ts';
import { testOrigin } from './test-origin.ts';

export const ROWS = 300;
const csv = ['url', ...Array.from({ length: ROWS }, (_, i) => `http://h${i % 3}.test/p/${i}.jpg`)].join('\n');

/** A manifest, hosts that answer it, and programs for uploads. @param meanMs - how long an answer takes */
export async function uploadTrial(meanMs = 1) {
  const folder = await tempFolder();
  const origin = await testOrigin({ rules: [{ behaviours: [{ kind: 'latency', meanMs }] }], meanBytes: 3000 });
  const tools = await recordedTools(folder);
  await writeFile(join(folder, 'm.csv'), csv);
  const out = join(folder, 'out');
  const base = ['download', join(folder, 'm.csv'), '--connect-to', origin.connectTo, '--shard-size', '60'];
  const asked = (): number => [0, 1, 2].reduce((sum, i) => sum + (origin.stats().get(`h${i}.test`)?.requests ?? 0), 0);
  return { folder, tools, out, base, asked, remote: join(tools.store, 'birds') };
}

/** Of units that have their record. */
export async function committedRows(out: string): Promise<number> {
  const folder = join(out, '.flow-dc', 'units', '000');
  const names = await readdir(folder);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.reduce((sum, text) => sum + (JSON.parse(text) as { rows: number }).rows, 0);
}

/** What every file holds, by name. */
export async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  const sums = names.map(async ({ name }) => [name, (await digestFile(join(folder, name))).sha256] as const);
  return Object.fromEntries((await Promise.all(sums)).sort());
}

/** A whole dataset is there: the sums that were uploaded are those of the files beside them. */
export async function expectWhole(remote: string, result: CliResult): Promise<void> {
  expect(result.code, result.stderr).toBe(0);
  const files = await filesOf(remote);
  const lines = (await readFile(join(remote, 'SHA256SUMS'), 'utf8')).split('\n').slice(0, -1);
  const sums = Object.fromEntries(lines.map((line) => line.split('  ').reverse()));
  expect(lines.length).toBeGreaterThanOrEqual((ROWS / 60) * 3 + 3);
  expect(files).toMatchObject(sums);
  expect(Object.keys(files).sort()).toEqual([...Object.keys(sums), 'SHA256SUMS', '_SUCCESS'].sort());
}
