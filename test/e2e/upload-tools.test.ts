import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { findTool } from '../../scripts/cloud-tools.ts';
import { essence, hasPython, membersOf, outcomesOf } from '../support/dataset.ts';
import { urlColumns, writeParquetFile } from '../support/manifests.ts';
import { manyThreads } from '../support/many-threads.ts';
import { type CliResult, runCli, startCli } from '../support/run-cli.ts';
import { testOrigin } from '../support/test-origin.ts';
import { committedRows, expectWhole, filesOf, ROWS, uploadTrial } from '../support/upload-trial.ts';

const python = await hasPython();
const rclone = findTool('rclone');

const why = rclone === undefined ? ' (SKIPPED: no rclone)' : '';

describe("the notebook's cloud configuration", () => {
  const config = {
    port_number: 9123,
    parquets_directory: 'files/input/partitions',
    cloud_destination: 'AIIRA_Dataset',
    cloud_tool: 'gocmd',
    url_col: 'url',
    concurrent_downloads: 1000,
    timeout_sec: 30,
    enable_paarc: true,
    C_init: 8,
    C_min: 2,
    C_max: 2000,
    mu: 1.0,
    beta: 0.7,
    max_retry_attempts: 3,
    retry_backoff_sec: 2.0,
    timeout_minutes: 120,
    task_cores: 8,
    task_memory_mb: 16000,
  };

  async function inNotebook(changes: object = {}) {
    const { folder, tools } = await uploadTrial();
    const origin = await testOrigin({ meanBytes: 3000 });
    const manifest = join(folder, 'files', 'input', 'partitions', 'partition_000.parquet');
    await mkdir(dirname(manifest), { recursive: true });
    await writeParquetFile(manifest, urlColumns(0, 400, 'http'));
    await writeFile(join(folder, 'cloud.json'), JSON.stringify({ ...config, ...changes }));
    const args = ['download', '--config', 'cloud.json', '--connect-to', origin.connectTo];
    const run = (more: string[], env: Record<string, string>): Promise<CliResult> =>
      runCli([...args, ...more], { cwd: folder, env });
    return { folder, tools, run };
  }

  it('runs unchanged with gocmd: shards, tables and seal are in the collection, no shard is left here', async () => {
    const { folder, tools, run } = await inNotebook();
    const result = await run([], tools.env);
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).not.toMatch(/no effect {2}.*cloud_/);
    const remote = await filesOf(join(tools.store, 'AIIRA_Dataset'));
    const here = await filesOf(join(folder, 'AIIRA_Dataset'));
    const shards = Object.keys(remote).filter((name) => name.endsWith('.tar'));
    expect(shards.length).toBeGreaterThan(0);
    expect(Object.keys(here).filter((name) => name.endsWith('.tar'))).toEqual([]);
    expect(remote).toMatchObject(here);
    expect(await outcomesOf(join(tools.store, 'AIIRA_Dataset'))).toHaveLength(400);
  });

  it.skipIf(rclone === undefined)(`runs end to end with rclone${why}`, async () => {
    const { folder, run } = await inNotebook({ cloud_tool: 'rclone', cloud_destination: ':local:cloud/AIIRA_Dataset' });
    const env = { PATH: [dirname(rclone as string), process.env.PATH ?? ''].join(delimiter) };
    const result = await run([], env);
    expect(result.code, result.stderr).toBe(0);
    const remote = join(folder, 'cloud', 'AIIRA_Dataset');
    const sums = (await readFile(join(remote, 'SHA256SUMS'), 'utf8')).split('\n').slice(0, -1);
    const files = await filesOf(remote);
    for (const [sum = '', name = ''] of sums.map((text) => text.split('  '))) expect(files[name]).toBe(sum);
    expect(files).toHaveProperty('_SUCCESS');
    expect(await outcomesOf(remote)).toHaveLength(400);
    const again = await run([], env);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).toContain('nothing to do: all 400 rows');
  });

  it('shows with --dry-run what would be called, and calls nothing', async () => {
    const { folder, tools, run } = await inNotebook({ cloud_destination: "it's mine" });
    const result = await run(['--dry-run'], tools.env);
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/gocmd put -f -k '.+000000\.tar' 'it'\\''s mine\/000000\.tar'/);
    expect(await tools.calls()).toEqual([]);
    expect(await readdir(folder)).not.toContain("it's mine");
  });
});

describe('an upload by a program', () => {
  it.for<[string, string[]]>([
    ['gocmd', ['--cloud-destination', 'birds']],
    ['scp', ['--cloud-destination', 'me@box:birds', '--cloud-tool', 'scp']],
    [
      'a command of the user',
      ['--cloud-destination', 'birds', '--cloud-put-command', 'gocmd put -f -k {file} {destination}/{file}'],
    ],
    ['three threads', ['--cloud-destination', 'birds', '--threads', '3']],
  ])('gives with %s what a local run gives', async ([name, flags]) => {
    const { tools, out, base, remote } = await uploadTrial(name === 'three threads' ? 20 : 1);
    await mkdir(remote);
    const env = { ...tools.env, ...(name === 'three threads' ? manyThreads() : {}) };
    await expectWhole(remote, await runCli([...base, '-o', out, ...flags], { env }));
    expect((await readdir(out)).filter((file) => file.endsWith('.tar'))).toEqual([]);
    expect(await readdir(join(out, '.flow-dc', 'staging'))).toEqual([]);
    const local = `${out}-local`;
    expect((await runCli([...base, '-o', local])).code).toBe(0);
    expect(essence(await outcomesOf(remote))).toEqual(essence(await outcomesOf(local)));
    const names = async (folder: string) => (await membersOf(folder)).map((member) => member.name).sort();
    if (python) expect(await names(remote)).toEqual(await names(local));
  });

  it('is tried again when it fails, and the run goes on as if it had not', async () => {
    const { tools, out, base, asked, remote } = await uploadTrial();
    await tools.plan({ fail: 3 });
    const result = await runCli([...base, '-o', out, '--cloud-destination', 'birds'], { env: tools.env });
    await expectWhole(remote, result);
    expect(result.stderr).toMatch(/gocmd, 00000\d\.tar: exit 1: first line server said no.*; trying again/);
    expect(asked()).toBe(ROWS);
  });

  it('that fails for good ends the run, says why without a secret, and is made up for by the next run', async () => {
    const { tools, out, base, asked, remote } = await uploadTrial();
    await tools.plan({ down: 1 });
    const env = { ...tools.env, FAKE_SECRET_KEY: 'abcdefgh1234' };
    const args = [...base, '-o', out, '--cloud-destination', 'birds', '--log-file', `${out}.log`];
    const first = await runCli(args, { env });
    expect(first.code).toBe(1);
    expect(first.stderr).toMatch(
      /gocmd.*exit 1.*server said no.*tried 5 times; the same command goes on.*FDC_ERR_DEST_IO/,
    );
    expect(first.stderr + (await readFile(`${out}.log`, 'utf8').catch(() => ''))).not.toContain('abcdefgh1234');
    // What says whose place it is stays, for the run that goes on.
    expect(await readdir(remote)).toEqual([expect.stringMatching(/\.flow-dc-job$/)]);
    const [before, committed] = [asked(), await committedRows(out)];
    expect(committed).toBeGreaterThan(0);
    await rm(`${tools.store}.down`);
    await expectWhole(remote, await runCli(args, { env }));
    expect(asked() - before).toBeLessThanOrEqual(ROWS - committed);
  });

  it('that hangs is ended and made again', async () => {
    const { tools, out, base, remote } = await uploadTrial();
    await tools.plan({ hang: 1 });
    const args = [...base, '-o', out, '--cloud-destination', 'birds', '--cloud-timeout', '2'];
    const result = await runCli(args, { env: tools.env });
    await expectWhole(remote, result);
    expect(result.stderr).toMatch(/took longer than \d s; trying again/);
  });

  it('that claims success is not believed', async () => {
    const { tools, out, base, remote } = await uploadTrial();
    await tools.plan({ lie: 2 });
    const result = await runCli([...base, '-o', out, '--cloud-destination', 'birds'], { env: tools.env });
    await expectWhole(remote, result);
    expect(result.stderr).toMatch(/it said that \d+ bytes were uploaded, and nothing is there; trying again/);
  });

  it('that was killed half way with its run is made again by the next one, which asks no host again', async () => {
    const { tools, out, base, asked, remote } = await uploadTrial();
    await tools.plan({ half: 1 });
    const args = [...base, '-o', out, '--cloud-destination', 'birds', '--open-units', '1'];
    const run = startCli(args, { env: tools.env });
    await vi.waitFor(async () => expect((await readdir(remote)).length).toBeGreaterThan(0), { timeout: 60_000 });
    await vi.waitFor(() => expect(asked()).toBe(ROWS), { timeout: 3000 }).catch(() => {});
    run.child.kill('SIGKILL');
    await run.done;
    const before = asked();
    const committed = await committedRows(out);
    expect(committed).toBeGreaterThan(0);
    const last = await runCli(args, { env: tools.env });
    await expectWhole(remote, last);
    expect(asked() - before).toBeLessThanOrEqual(ROWS - committed);
  });

  it('ends with a second Ctrl-C at once and is made again by the resume; the first lets it end', async () => {
    const { tools, out, base, remote } = await uploadTrial();
    await tools.plan({ slow: 3 });
    const args = [...base, '-o', out, '--cloud-destination', 'birds'];
    const run = startCli(args, { env: tools.env });
    const puts = async (): Promise<number> => (await tools.calls()).filter((call) => call.includes(' put ')).length;
    await vi.waitFor(async () => expect(await puts()).toBeGreaterThan(0), { timeout: 60_000 });
    const startedMs = performance.now();
    run.child.kill('SIGINT');
    await vi.waitFor(() => expect(run.stderr()).toContain('stopping'), { timeout: 5_000 });
    run.child.kill('SIGINT');
    expect((await run.done).code).toBe(130);
    expect(performance.now() - startedMs).toBeLessThan(8_000);
    await rm(`${tools.store}.slow`);
    await expectWhole(remote, await runCli(['resume', out], { env: tools.env }));
  });

  it.for([
    ['failed', { down: 1 }, /trying again/],
    ['hangs', { hang: 1 }, /^/],
  ] as const)('that %s is not tried again after a Ctrl-C, within drain_sec, and the resume makes it', async (trial) => {
    const [, plan, seen] = trial;
    const { tools, out, base, remote } = await uploadTrial();
    await tools.plan(plan);
    const run = startCli([...base, '-o', out, '--cloud-destination', 'birds', '--drain-sec', '2'], { env: tools.env });
    const puts = async (): Promise<number> => (await tools.calls()).filter((call) => call.includes(' put ')).length;
    await vi.waitFor(async () => expect(await puts()).toBeGreaterThan(0), { timeout: 20_000 });
    await vi.waitFor(() => expect(run.stderr()).toMatch(seen), { timeout: 20_000 });
    const startedMs = performance.now();
    run.child.kill('SIGINT');
    const { code, stderr } = await run.done;
    expect(code, stderr).toBe(130);
    expect(performance.now() - startedMs).toBeLessThan(12_000);
    expect(stderr).toMatch(/interrupted; go on with: flow-dc resume/);
    await rm(`${tools.store}.down`, { force: true });
    await expectWhole(remote, await runCli(['resume', out], { env: tools.env }));
  });

  it('is not touched by the Ctrl-C of a terminal, which goes to all processes of its group', async () => {
    const { tools, out, base, remote } = await uploadTrial();
    await tools.plan({ slow: 2 });
    const args = [...base, '-o', out, '--cloud-destination', 'birds'];
    const run = startCli(args, { env: tools.env, ownGroup: true });
    const puts = async (): Promise<number> => (await tools.calls()).filter((call) => call.includes(' put ')).length;
    await vi.waitFor(async () => expect(await puts()).toBeGreaterThan(0), { timeout: 60_000 });
    process.kill(-(run.child.pid as number), 'SIGINT');
    const { code, stderr } = await run.done;
    expect(code, stderr).toBe(130);
    expect(stderr).not.toContain('trying again');
    expect((await readdir(remote)).length).toBeGreaterThanOrEqual(3);
    await rm(`${tools.store}.slow`);
    await expectWhole(remote, await runCli(['resume', out], { env: tools.env }));
  });

  it('without its program ends before anything is asked for, and says how to get it', async () => {
    const { out, base, asked } = await uploadTrial();
    const args = [...base, '-o', out, '--cloud-destination', 'birds'];
    const result = await runCli(args, { env: { PATH: dirname(process.execPath) } });
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(
      /gocmd is not installed, or not on PATH: https:.*gocommands.*FDC_ERR_DEST_UNWRITABLE/,
    );
    expect(asked()).toBe(0);
  });

  it('never replaces a dataset of another job, unless it is told to', async () => {
    const { tools, out, base, remote } = await uploadTrial();
    const flags = ['--cloud-destination', 'birds'];
    await expectWhole(remote, await runCli([...base, '-o', out, ...flags], { env: tools.env }));
    const other = await runCli([...base, '-o', `${out}-2`, ...flags], { env: tools.env });
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/birds holds a dataset, e\.g\. 000000\.parquet.*FDC_ERR_DEST_FOREIGN/);
    const replaced = await runCli([...base, '-o', `${out}-2`, ...flags, '--overwrite'], { env: tools.env });
    await expectWhole(remote, replaced);
  });

  it('refuses a second job while the first one is at work', async () => {
    const { tools, out, base, remote } = await uploadTrial(100);
    const flags = ['--cloud-destination', 'birds'];
    const first = startCli([...base, '-o', out, ...flags], { env: tools.env });
    const there = (): Promise<string[]> => readdir(remote).catch(() => []);
    await vi.waitFor(async () => expect((await there()).join()).toContain('.flow-dc-job'), { timeout: 60_000 });
    const second = await runCli([...base, '-o', `${out}-2`, ...flags], { env: tools.env });
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(/birds: another job works there|birds holds a dataset/);
    await expectWhole(remote, await first.done);
  });

  it('refuses a resume that would leave the rest of the shards elsewhere', async () => {
    const { tools, out, base } = await uploadTrial();
    const first = await runCli([...base, '-o', out, '--cloud-destination', 'birds'], { env: tools.env });
    expect(first.code, first.stderr).toBe(0);
    const other = await runCli([...base, '-o', out]);
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/cloud_destination was "birds", is now none/);
  });

  it('all of whose shards were damaged on the other side is repaired there, and taken for no foreign one', async () => {
    const { tools, out, base, remote } = await uploadTrial();
    const { env } = tools;
    await expectWhole(remote, await runCli([...base, '-o', out, '--cloud-destination', 'birds'], { env }));
    const shards = (await readdir(remote)).filter((name) => name.endsWith('.tar'));
    for (const name of shards) await writeFile(join(remote, name), 'no archive');
    await expectWhole(remote, await runCli(['repair', out], { env }));
    expect(await runCli(['verify', out], { env })).toMatchObject({ code: 0, stdout: '' });
  });

  it('notices that a shard is gone on the other side, and repair brings it back', async () => {
    const { tools, out, base, remote } = await uploadTrial();
    const args = [...base, '-o', out, '--cloud-destination', 'birds'];
    await expectWhole(remote, await runCli(args, { env: tools.env }));
    await rm(join(out, '_SUCCESS'));
    await rm(join(remote, '000001.tar'));
    const result = await runCli(args, { env: tools.env });
    expect(result.code).toBe(1);
    expect((await runCli(['verify', out], { env: tools.env })).stdout).toContain('artifact_missing: 000001.tar');
    expect(result.stderr).toMatch(/000001\.tar was uploaded and is not there any more.*flow-dc repair/);
    const repaired = await runCli(['repair', out], { env: tools.env });
    await expectWhole(remote, repaired);
    expect(await runCli(['verify', out], { env: tools.env })).toMatchObject({ code: 0, stdout: '' });
  });
});
