/** A finished dataset of a few hundred pictures, for those who damage it. */
import { open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { essence, outcomesOf } from './dataset.ts';
import { type CliResult, runCli } from './run-cli.ts';
import { tempFolder } from './temp-folder.ts';
import { testOrigin } from './test-origin.ts';

const ROWS = 300;
export const SHARD_ROWS = 50;
export const csv = ['url,label', ...Array.from({ length: ROWS }, (_, i) => `http://a.test/p/${i}.jpg,l${i % 3}`)].join(
  '\n',
);

export async function finished(...flags: readonly string[]) {
  const origin = await testOrigin({ rules: [{ behaviours: [{ kind: 'latency', meanMs: 10 }] }] });
  const folder = await tempFolder();
  await writeFile(join(folder, 'm.csv'), csv);
  const out = join(folder, 'out');
  const shape = ['--shard-size', String(SHARD_ROWS), '--connect-to', origin.connectTo, '--progress', 'off'];
  const first = await runCli(['download', join(folder, 'm.csv'), '-o', out, ...shape, ...flags]);
  expect(first.code, first.stderr).toBe(0);
  const state = flags.includes('--no-create-tar') ? `${out}.flow-dc` : join(out, '.flow-dc');
  const before = asked();
  function asked(): number {
    return origin.stats().get('a.test')?.requests ?? 0;
  }
  return {
    origin,
    out,
    state,
    essence: essence(await outcomesOf(flags.includes('--no-create-tar') ? state : out)),
    since: () => asked() - before,
  };
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
