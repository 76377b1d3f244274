import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { essence, outcomesOf } from '../support/dataset.ts';
import { csv, finished, flipByte, recordOf, SHARD_ROWS, verify } from '../support/finished-dataset.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

describe('flow-dc repair', () => {
  it.for<[string, number, (out: string, state: string) => Promise<unknown>]>([
    ['a lost shard', 50, (out) => rm(join(out, '000002.tar'))],
    ['a damaged shard', 1, (out) => flipByte(join(out, '000001.tar'), 3000)],
    ['a lost outcome table', 50, (out) => rm(join(out, '000003.parquet'))],
    [
      'two units at once',
      50,
      async (out) => [await rm(join(out, '000000.tar')), await rm(join(out, '000005.stats.json'))],
    ],
    ['a damaged record', 0, async (_out, state) => writeFile(await recordOf(state, '000004'), '{"unit":')],
    ['an overview that was changed', 0, (out) => flipByte(join(out, 'overview.json'), 30)],
    [
      'a lost index and a lost card',
      0,
      (out) => Promise.all([rm(join(out, 'index.json')), rm(join(out, 'README.md'))]),
    ],
    ['a record of something else', 0, async (_out, state) => writeFile(await recordOf(state, '000004'), '{"unit":1}')],
    [
      'a unit that is gone with its record',
      50,
      async (out, state) => {
        await rm(await recordOf(state, '000000'));
        for (const end of ['.tar', '.parquet', '.stats.json']) await rm(join(out, `000000${end}`));
      },
    ],
    [
      'a damaged record of a damaged shard',
      1,
      async (out, state) => {
        await writeFile(await recordOf(state, '000004'), '');
        await flipByte(join(out, '000004.tar'), 3000);
      },
    ],
  ])('mends %s by taking what is wrong again, and nothing else', async ([, requests, harm]) => {
    const { out, state, essence: whole, since } = await finished();
    await harm(out, state);
    const broken = await verify(out);
    expect(broken.code, broken.stderr).toBe(3);
    expect(broken.stderr).toContain(`flow-dc repair ${out}`);
    const repaired = await runCli(['repair', out]);
    expect(repaired.code, repaired.stderr).toBe(0);
    expect(since()).toBe(requests);
    expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
    expect(essence(await outcomesOf(out))).toEqual(whole);
  });

  it('mends loose files', async () => {
    const { out, since } = await finished('--no-create-tar');
    const [label] = (await readdir(out)).filter((name) => name.startsWith('l'));
    const [sample, other] = await readdir(join(out, label as string));
    await rm(join(out, label as string, sample as string));
    await flipByte(join(out, label as string, other as string), 100);
    expect((await verify(out)).code).toBe(3);
    const repaired = await runCli(['repair', out]);
    expect(repaired.code, repaired.stderr).toBe(0);
    expect(since()).toBe(2);
    expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
  });

  it('that is killed in the middle leaves what a resume, or another repair, makes whole', async () => {
    const { out, essence: whole, since } = await finished();
    for (const shard of ['000000', '000002', '000004']) await rm(join(out, `${shard}.tar`));
    const repair = startCli(['repair', out]);
    await vi.waitFor(() => expect(since()).toBeGreaterThan(20), { timeout: 60_000, interval: 5 });
    repair.child.kill('SIGKILL');
    await repair.done;
    const between = await verify(out);
    expect(between.code).toBe(3);
    expect(between.stderr).toContain('unfinished');
    expect((await runCli(['resume', out])).code).toBe(0);
    expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
    expect(essence(await outcomesOf(out))).toEqual(whole);
  });

  it('leaves a folder alone that somebody is at work on', async () => {
    const { out, state } = await finished();
    await rm(join(out, '000001.tar'));
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
    const stat = await readFile(`/proc/${process.pid}/stat`, 'utf8').catch(() => '');
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const holder = { pid: process.pid, hostname: hostname(), processStart: `${boot.trim()}/${start}`, nonce: 'n' };
    await writeFile(join(state, 'lock'), JSON.stringify({ ...holder, startedAtMs: 0 }));
    const refused = await runCli(['repair', out]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('FDC_ERR_JOB_LOCKED');
    expect(await readdir(state)).not.toContain('repair.json');
    await rm(join(state, 'lock'));
    expect((await runCli(['repair', out])).code).toBe(0);
  });

  it('finds nothing to do in a dataset that is as it was committed, and leaves strays alone', async () => {
    const { out, since } = await finished();
    expect(await runCli(['repair', out])).toMatchObject({ code: 0 });
    // What asks for a repair and cannot be understood is put right by one.
    await writeFile(join(out, '.flow-dc', 'repair.json'), 'no JSON');
    expect(await runCli(['repair', out])).toMatchObject({ code: 0 });
    expect(await readdir(join(out, '.flow-dc'))).not.toContain('repair.json');
    await writeFile(join(out, 'notes.txt'), 'mine');
    const result = await runCli(['repair', out]);
    expect(result).toMatchObject({ code: 3, stdout: 'stray: notes.txt: no record names it\n' });
    expect(result.stderr).toContain('move it away');
    expect(since()).toBe(0);
  });
});

describe('flow-dc verify --input', () => {
  it('misses rows of the manifest that no unit has, in a text that says nowhere how many it has', async () => {
    const { out } = await finished();
    const longer = join(out, '..', 'longer.csv');
    await writeFile(longer, `${csv}\nhttp://a.test/more.jpg,l0\n`);
    expect((await runCli(['verify', out, '--input', join(out, '..', 'm.csv')])).code).toBe(0);
    const missing = await runCli(['verify', out, '--input', longer]);
    expect(missing.code).toBe(3);
    expect(missing.stdout).toContain('row_missing: rows 300..300');
  });
});

describe('a folder of loose files that was moved without its sibling', () => {
  it('is told which one that is, and is whole when it follows', async () => {
    const { out, state } = await finished('--no-create-tar');
    const moved = `${out}-moved`;
    await rename(out, moved);
    for (const command of [
      ['verify', moved],
      ['resume', moved],
      ['report', moved],
      ['repair', moved],
    ]) {
      const result = await runCli(command);
      expect(result.code).toBe(2);
      expect(result.stderr).toContain('rename out.flow-dc beside it to out-moved.flow-dc');
    }
    await rename(state, `${moved}.flow-dc`);
    expect(await verify(moved)).toMatchObject({ code: 0, stdout: '' });
    expect((await runCli(['resume', moved])).code).toBe(0);
  });
});

describe('flow-dc verify of an unfinished dataset', () => {
  it('is not misled by a _SUCCESS that nothing stands behind any more, and neither is a resume', async () => {
    const { out, state, essence: whole } = await finished();
    await rm(join(state, 'units'), { recursive: true });
    for (const name of await readdir(out)) if (/^\d{6}\./.test(name)) await rm(join(out, name));
    const result = await verify(out);
    expect(result.code).toBe(3);
    expect(result.stderr).toContain(`flow-dc repair ${out}`);
    expect((await runCli(['resume', out])).code).toBe(0);
    expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
    expect(essence(await outcomesOf(out))).toEqual(whole);
  });

  it('says that it is unfinished, how far it is, and what goes on with it', async () => {
    const origin = await testOrigin({ rules: [{ behaviours: [{ kind: 'latency', meanMs: 60 }] }] });
    const folder = await tempFolder();
    await writeFile(join(folder, 'm.csv'), csv);
    const out = join(folder, 'out');
    const shape = ['--shard-size', String(SHARD_ROWS), '--connect-to', origin.connectTo, '--progress', 'off'];
    const pace = ['--law', 'fixed', '--per-host-concurrency', '5', '--open-units', '2'];
    const run = startCli(['download', join(folder, 'm.csv'), '-o', out, ...shape, ...pace]);
    await vi.waitFor(async () => expect(await readdir(out)).toContain('000001.tar'), { timeout: 60_000 });
    const beside = await verify(out);
    expect(beside).toMatchObject({ code: 3, stdout: '' });
    expect(beside.stderr).toMatch(/^unfinished: \d+ of 300 rows are settled; process \d+ on .* is at work on it/);
    run.child.kill('SIGKILL');
    await run.done;
    await wait(50);
    const after = await verify(out);
    expect(after).toMatchObject({ code: 3, stdout: '' });
    expect(after.stderr).toContain(`of 300 rows are settled; go on with: flow-dc resume ${out}`);
    const json = JSON.parse((await runCli(['verify', out, '--json'])).stdout) as object;
    expect(json).toMatchObject({ finished: false, manifestRows: 300, findings: [] });
    await flipByte(join(out, '000001.tar'), 3000);
    const damaged = await verify(out);
    expect(damaged.stdout).toContain('000001.tar');
    expect(damaged.stderr).toContain('flow-dc repair');
    const repaired = await runCli(['repair', out]);
    expect(repaired.code, repaired.stderr).toBe(0);
    expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
  });

  it('says that nothing was stored where every row failed: nobody could go on with it, and no _SUCCESS is there', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'm.csv'), 'url\nhttp://127.0.0.1:9/a\n');
    const out = join(folder, 'out');
    expect((await runCli(['download', join(folder, 'm.csv'), '-o', out])).code).toBe(3);
    expect(await readdir(out)).not.toContain('_SUCCESS');
    const verdict = await verify(out);
    expect(verdict.stderr).toContain('nothing fetched: all 1 rows are settled; why: flow-dc report');
    expect(verdict.code).toBe(3);
  });
});
