import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { clusterTrial, said } from '../support/cluster-cli.ts';
import { outcomesOf } from '../support/dataset.ts';
import { deadlyRows } from '../support/deadly-rows.ts';
import { describeNats, startNatsServer } from '../support/nats-server.ts';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ROWS = 60;
const DEADLY = 37;

async function manifestWithOne(): Promise<string> {
  const path = join(await tempFolder(), 'manifest.txt');
  const urls = Array.from(
    { length: ROWS },
    (_, row) => `http://a.test/${row === DEADLY ? 'deadly' : 'good'}/${row}.jpg`,
  );
  await writeFile(path, urls.join('\n'));
  return path;
}

/** What became of the rows, by code: `fetched` for those without. */
async function codesOf(out: string): Promise<Record<string, number[]>> {
  const codes: Record<string, number[]> = {};
  for (const { row, code, status } of await outcomesOf(out)) {
    const key = String(code ?? status);
    codes[key] = [...(codes[key] ?? []), row as number];
  }
  return codes;
}

const ALL_BUT_ONE = Array.from({ length: ROWS }, (_, row) => row).filter((row) => row !== DEADLY);

it('bytes on which a download stands still end it, and the same command goes on without that row', async () => {
  const trial = await clusterTrial({ manifest: await manifestWithOne(), shardSize: 20 });
  const out = trial.path('out');
  const args = ['download', ...trial.flags, '-o', out];
  const env = deadlyRows('hang', 'everywhere');
  const stuck = await runCli(args, { env });
  expect(stuck.code).toBe(null);
  expect(stuck.stderr).toContain(`stood still for 3 s on the bytes of row ${DEADLY}`);
  const again = await runCli(args, { env });
  expect(again.code).toBe(0);
  const codes = await codesOf(out);
  expect(codes.poison_row).toEqual([DEADLY]);
  expect(codes.fetched?.toSorted((a, b) => a - b)).toEqual(ALL_BUT_ONE);
  expect(await runCli(['verify', out])).toMatchObject({ code: 0 });
});

it('a download that is stopped and goes on is not taken for one that stands still', async () => {
  const trial = await clusterTrial({ rows: 2000, latencyMs: 150 });
  const args = ['download', ...trial.flags, '-o', trial.path('out')];
  const process = trial.start(args, { env: deadlyRows('none', 'everywhere', 2000) });
  await sleep(1500);
  process.child.kill('SIGSTOP');
  await sleep(5000);
  process.child.kill('SIGCONT');
  expect((await process.done).code).toBe(0);
});

describeNats('a row that ends workers of a job', () => {
  it.for([
    ['that stand still on it', 'hang', 1],
    ['that die of it, which tells nothing but the unit', 'kill', 4],
  ] as const)('%s costs so many workers, and itself alone', async ([, harm, deaths]) => {
    const server = await startNatsServer();
    onTestFinished(() => server.close());
    const trial = await clusterTrial({ nats: server.url, manifest: await manifestWithOne(), shardSize: 20 });
    const out = trial.path('out');
    const submit = trial.submit(out, '--job', 'deadly');
    await said(submit, 'deadly');
    const env = deadlyRows(harm, 'everywhere');
    const ends: (number | null)[] = [];
    while (ends.length < 8 && ends.at(-1) !== 0) {
      const worker = trial.start(['worker', server.url, '--job', 'deadly', '--open-units', '3'], { env });
      ends.push((await worker.done).code);
    }
    expect(ends).toEqual([...new Array<null>(deaths).fill(null), 0]);
    expect((await submit.done).code).toBe(0);
    const codes = await codesOf(out);
    expect(codes.poison_row).toEqual([DEADLY]);
    expect(codes.fetched?.toSorted((a, b) => a - b)).toEqual(ALL_BUT_ONE);
  });
});
