import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoHosts, startDemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { type Outcome, outcomesOf } from '../support/dataset.ts';
import type { CliResult } from '../support/run-cli.ts';
import { runCli } from '../support/run-cli.ts';
import { runInProcess } from '../support/run-in-process.ts';
import { CASES } from './manifests/cases.ts';
import { type ManifestCase, URLS } from './manifests/manifest-case.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/manifests/', import.meta.url));
/** Cases that a process of their own runs: one of each theme, and what comes through a pipe. */
const IN_PROCESSES = 6;

let origin: DemoHosts;
let folder: string;

beforeAll(async () => {
  origin = await startDemoHosts({ meanBytes: 600 });
  folder = await mkdtemp(join(tmpdir(), 'flow-dc-test-'));
});

afterAll(async () => {
  await origin.close();
  await rm(folder, { recursive: true, force: true });
});

describe.concurrent('a list that people hold', () => {
  it.each(CASES.map((one, at) => [one.name, one, at] as const))('comes in whole: %s', async (_name, one, at) => {
    const out = join(folder, String(at));
    const result = await runInProcess(await commandOf(one, out));
    await check(one, result, out);
  });
});

describe('the same by the program itself', () => {
  const step = Math.floor(CASES.length / IN_PROCESSES);
  const some = CASES.filter((_, at) => at % step === step - 1);
  it.each(some.map((one, at) => [one.name, one, at] as const))('%s', async (_name, one, at) => {
    const out = join(folder, `process-${at}`);
    await check(one, await runCli(await commandOf(one, out)), out);
  });
});

it('has at least 120 cases, each with a name of its own', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(120);
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
});

/** The arguments, when its files are there. */
async function commandOf({ input, files = {}, flags = [] }: ManifestCase, out: string): Promise<string[]> {
  const own = `${out}-in`;
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(own, name)), { recursive: true });
    await writeFile(join(own, name), content);
  }
  const hasOwn = Object.keys(files).length > 0;
  const inputs = [input].flat().map((name) => (/^\w+:/.test(name) ? name : join(hasOwn ? own : FIXTURES, name)));
  const how = ['--connect-to', origin.connectTo, '--progress', 'off', '--threads', '1'];
  return ['download', ...inputs, '-o', out, ...how, ...flags];
}

async function check(one: ManifestCase, { code, stderr }: CliResult, out: string): Promise<void> {
  const { rows = {}, bad = {}, says = [], silent = [] } = one;
  expect(code, stderr).toBe(one.code ?? 0);
  for (const part of says) expect(stderr).toMatch(part);
  for (const part of silent) expect(stderr).not.toMatch(part);
  expect(stderr).not.toContain('    at ');
  if (code !== 0) return;
  const table = (await outcomesOf(out)).sort((a, b) => Number(a.row) - Number(b.row));
  const found = Object.fromEntries(
    Object.keys({ url: URLS, ...rows }).map((column) => [column, table.map((row) => ownValue(row, column))]),
  );
  expect(found, basename(out)).toEqual({ url: URLS, ...rows });
  const badRows = table.filter((row) => row.code === 'bad_row').map(({ message }) => String(message));
  const expected = Object.entries(bad);
  expect(badRows).toHaveLength(expected.length);
  for (const [i, [line, reason]] of expected.entries()) {
    expect(badRows[i]).toMatch(`line ${line}`);
    expect(badRows[i]).toMatch(reason);
  }
  const odd = table.filter((row) => row.code !== 'bad_row' && row.status !== 'fetched');
  expect(odd.map(({ url, code: why }) => [url, why])).toEqual([]);
}

/** A value of Arrow as JSON has it; what could not be read has no URL. */
function ownValue(row: Outcome, column: string): unknown {
  const value = row.code === 'bad_row' && column === 'url' ? null : row[column];
  if (typeof value !== 'object' || value === null) return value;
  return JSON.parse(JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? Number(one) : one)));
}
