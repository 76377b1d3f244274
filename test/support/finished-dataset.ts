/** A finished dataset of a few hundred pictures, for those who damage it. */
import { cp, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { type DemoHosts, startDemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { essence, outcomesOf } from './dataset.ts';
import { type CliResult, runCli } from './run-cli.ts';
import { tempFolder } from './temp-folder.ts';

const ROWS = 300;
export const SHARD_ROWS = 50;
export const csv = ['url,label', ...Array.from({ length: ROWS }, (_, i) => `http://a.test/p/${i}.jpg,l${i % 3}`)].join(
  '\n',
);

interface Prepared {
  readonly origin: DemoHosts;
  readonly folder: string;
  readonly essence: string[];
}

/** By flags. Nobody changes them: tests get copies. */
const prepared = new Map<string, Promise<Prepared>>();

afterAll(async () => {
  for (const { origin, folder } of await Promise.all(prepared.values())) {
    await origin.close();
    await rm(folder, { recursive: true, force: true });
  }
});

/** A copy of a dataset that was downloaded with these flags, once per file, and its host, which all copies share. */
export async function finished(...flags: readonly string[]) {
  const key = flags.join(' ');
  const first = prepared.get(key) ?? prepare(flags);
  prepared.set(key, first);
  const { origin, folder: source, essence: whole } = await first;
  const folder = await tempFolder();
  await cp(source, folder, { recursive: true, preserveTimestamps: true });
  const out = join(folder, 'out');
  const state = flags.includes('--no-create-tar') ? `${out}.flow-dc` : join(out, '.flow-dc');
  const asked = (): number => origin.stats().get('a.test')?.requests ?? 0;
  const before = asked();
  return { out, state, essence: whole, since: () => asked() - before };
}

async function prepare(flags: readonly string[]): Promise<Prepared> {
  const origin = await startDemoHosts({ rules: [{ behaviours: [{ kind: 'latency', meanMs: 10 }] }] });
  const folder = await mkdtemp(join(tmpdir(), 'flow-dc-finished-'));
  await writeFile(join(folder, 'm.csv'), csv);
  const out = join(folder, 'out');
  const shape = ['--shard-size', String(SHARD_ROWS), '--connect-to', origin.connectTo, '--progress', 'off'];
  const { code, stderr } = await runCli(['download', join(folder, 'm.csv'), '-o', out, ...shape, ...flags]);
  expect(code, stderr).toBe(0);
  const tables = flags.includes('--no-create-tar') ? `${out}.flow-dc` : out;
  return { origin, folder, essence: essence(await outcomesOf(tables)) };
}

export async function flipByte(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  await file.write(Buffer.from([(buffer[0] as number) ^ 0xff]), 0, 1, at);
  await file.close();
}

export async function recordOf(state: string, shard: string): Promise<string> {
  const folder = join(state, 'units', '000');
  const name = (await readdir(folder)).find((file) => file.startsWith(`${shard}-`));
  return join(folder, name as string);
}

export function verify(out: string): Promise<CliResult> {
  return runCli(['verify', out]);
}
