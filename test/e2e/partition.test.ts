import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { writeLargeParquet } from '../support/manifests.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ROWS = ['url,label', ...Array.from({ length: 9 }, (_, i) => `https://h${i % 4}.org/${i},l${i % 2}`)];

describe('flow-dc partition', () => {
  it('splits a manifest, says how on stderr and, with --json, on stdout', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'm.csv'), ROWS.join('\n'));
    const result = await runCli(['partition', 'm.csv', '-o', 'out', '--partitions', '3', '--json'], { cwd: folder });
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toContain('9 rows on 4 hosts');
    expect(JSON.parse(result.stdout)).toMatchObject({
      rows: 9,
      hosts: 4,
      partitions: [{ name: 'partition_001.parquet' }, {}, {}],
    });
    expect(await readdir(join(folder, 'out'))).toEqual([
      'partition_001.parquet',
      'partition_002.parquet',
      'partition_003.parquet',
    ]);
  });

  it("takes FLOW-DC's file and flags", async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'm.csv'), ROWS.join('\n'));
    const config = {
      parquet: 'm.csv',
      url_col: 'url',
      groups: 2,
      method: 'greedy',
      grouping_col: 'label',
      output_folder: 'out',
    };
    await writeFile(
      join(folder, 'split.json'),
      JSON.stringify({ ...config, output_format: 'csv', add_host_column: false }),
    );
    const result = await runCli(['partition', '--config', 'split.json'], { cwd: folder });
    expect(result.code, result.stderr).toBe(0);
    expect(await readdir(join(folder, 'out'))).toEqual(['partition_001.csv', 'partition_002.csv']);
    const flags = [
      '--parquet',
      'm.csv',
      '--url_col',
      'url',
      '--groups',
      '2',
      '--output_folder',
      'two',
      '--no_host_column',
    ];
    expect((await runCli(['partition', ...flags], { cwd: folder })).code).toBe(0);
  });

  const wrong: readonly { what: string; args: readonly string[]; says: string; code?: number }[] = [
    {
      what: 'more files than rows',
      args: ['m.csv', '-o', 'out', '--partitions', '10'],
      says: 'use --partitions 9 or fewer',
    },
    { what: 'no number of files', args: ['m.csv', '-o', 'out'], says: '--partitions 10' },
    { what: 'no output', args: ['m.csv', '--partitions', '2'], says: 'a folder: -o partitions' },
    { what: 'no manifest', args: ['-o', 'out', '--partitions', '2'], says: 'name a manifest' },
    {
      what: 'greedy without a column',
      args: ['m.csv', '-o', 'out', '--partitions', '2', '--method', 'greedy'],
      says: '--column',
    },
    {
      what: 'a column that does not exist',
      args: ['m.csv', '-o', 'out', '--partitions', '2', '--method', 'greedy', '--column', 'spices'],
      says: 'the columns are url, label',
    },
    { what: 'a manifest without rows', args: ['empty.csv', '-o', 'out', '--partitions', '2'], says: 'no rows' },
    {
      what: 'a file in place of the folder',
      args: ['m.csv', '-o', 'm.csv', '--partitions', '2'],
      says: 'is a file, expected a folder',
    },
    { what: 'a folder with partitions', args: ['m.csv', '-o', 'taken', '--partitions', '2'], says: '--overwrite' },
    {
      what: 'a layout of datasets',
      args: ['m.csv', '-o', 'out', '--partitions', '2', '--format', 'webdataset'],
      says: 'parquet or csv',
    },
  ];

  const cases = wrong.map((one) => [one.what, one] as const);
  it.for(cases)('refuses %s in one line and writes nothing', async ([, { args, says }]) => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'm.csv'), ROWS.join('\n'));
    await writeFile(join(folder, 'empty.csv'), 'url,label\n');
    await mkdir(join(folder, 'taken'));
    await writeFile(join(folder, 'taken', 'partition_004.parquet'), 'x');
    const result = await runCli(['partition', ...args], { cwd: folder });
    expect(result.stderr).toContain(says);
    expect(
      result.stderr
        .trimEnd()
        .split('\n')
        .filter((line) => line.startsWith('flow-dc:')),
    ).toHaveLength(1);
    expect(result.code).toBe(2);
    expect(await readdir(join(folder, 'out')).catch(() => [])).toEqual([]);
    expect(await readdir(join(folder, 'taken'))).toEqual(['partition_004.parquet']);
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const folder = await tempFolder();
    const out = join(folder, 'out');
    await writeLargeParquet(join(folder, 'm.parquet'), 400_000);
    const run = startCli(['partition', 'm.parquet', '-o', 'out', '--partitions', '4'], { cwd: folder });
    // The folder for temporary files is there from the first pass on.
    while (
      !(await access(join(out, '.flow-dc-partition')).then(
        () => true,
        () => false,
      ))
    )
      await wait(10);
    run.child.kill('SIGINT');
    expect((await run.done).code).toBe(130);
    expect(await readdir(out)).toEqual([]);
  });
});
