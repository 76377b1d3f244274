import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { essence, outcomesOf } from '../support/dataset.ts';
import { csv, finished, flipByte, recordOf, SHARD_ROWS, verify } from '../support/finished-dataset.ts';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

describe('flow-dc repair', () => {
  it.for<[string, readonly string[]]>([
    ['webdataset shards', []],
    ['compressed shards', ['--compress-tar']],
    ['imagefolder shards', ['--label', 'label']],
    ['loose files', ['--label', 'label', '--no-create-tar']],
    ['parquet files', ['--output-format', 'parquet']],
  ])('keeps every whole picture of %s when its host is gone, and says so of what it loses', async ([, flags]) => {
    const { out, state, essence: whole, since } = await finished(...flags);
    const tables = flags.includes('--no-create-tar') ? state : out;
    const again = ['repair', out, '--progress', 'off'];
    await rm(join(tables, '000001.stats.json'));
    const kept = await runCli([...again, '--connect-to', '::127.0.0.1:1', '--max-retry-attempts', '1']);
    expect(kept.code, kept.stderr).toBe(0);
    expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
    expect(essence(await outcomesOf(tables))).toEqual(whole);
    expect(since()).toBe(0);
    if (flags.length > 0) return;
    const [shard] = (await readdir(out)).filter((name) => /^000001[.]tar/.test(name));
    await rm(join(out, shard as string));
    const gone = ['--connect-to', '::127.0.0.1:1', '--max-retry-attempts', '1', '--timeout', '2'];
    const lost = await runCli([...again, ...gone]);
    expect(lost.code, lost.stderr).toBe(3);
    expect(lost.stderr).toMatch(/unit 000001-\w+ had 50 samples and has 0/);
  });

  it.for<[string, readonly string[]]>([
    ['000001.tar', []],
    ['data-000001.parquet', ['--output-format', 'parquet']],
  ])('fetches of %s that was cut what lay behind the cut', async ([name, flags]) => {
    const { out, essence: whole, since } = await finished(...flags);
    const shard = await readFile(join(out, name));
    await writeFile(join(out, name), shard.subarray(0, shard.length / 2));
    const repaired = await runCli(['repair', out]);
    expect(repaired.code, repaired.stderr).toBe(0);
    expect(since()).toBeGreaterThan(0);
    expect(since()).toBeLessThan(SHARD_ROWS);
    expect(essence(await outcomesOf(out))).toEqual(whole);
  });

  it('trusts no sample of a damaged shard that was stored without hashes', async () => {
    const { out, since } = await finished('--no-hash');
    await flipByte(join(out, '000001.tar'), 3000);
    const repaired = await runCli(['repair', out]);
    expect(repaired.code, repaired.stderr).toBe(0);
    expect(repaired.stderr).toContain('000001.tar is damaged, and its samples were stored without hashes');
    expect(since()).toBe(SHARD_ROWS);
  });

  it('says that nothing can be told of a shard whose table is lost', async () => {
    const { out } = await finished();
    await rm(join(out, '000003.parquet'));
    expect((await runCli(['repair', out])).stderr).toMatch(
      /without its table 000003.parquet.*all of it is fetched again/,
    );
  });

  it.for([
    ...['README.md', 'overview.json', 'index.json', 'SHA256SUMS', '000001.tar', '000002.parquet'],
    ...['000003.stats.json', '_SUCCESS', 'RECORD'],
  ])('moves a folder aside that stands where %s belongs, and mends', async (name) => {
    const { out, state } = await finished();
    const path = name === 'RECORD' ? await recordOf(state, '000004') : join(out, name);
    await rm(path);
    await mkdir(path);
    await writeFile(join(path, 'mine.txt'), 'mine');
    const broken = await verify(out);
    expect(broken).toMatchObject({ code: 3 });
    expect(broken.stderr).toContain(`flow-dc repair ${out}`);
    expect(broken.stderr).not.toContain('EISDIR');
    const repaired = await runCli(['repair', out]);
    expect(repaired.code, repaired.stderr).toBe(0);
    expect(repaired.stderr).toContain('was a folder where a file belongs; it is moved to');
    const [moved] = await readdir(join(state, 'aside'));
    expect(await readFile(join(state, 'aside', moved as string, 'mine.txt'), 'utf8')).toBe('mine');
    expect((await stat(path)).isFile()).toBe(true);
    expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
  });

  it('moves a folder aside that stands where a picture, a table or the metadata of loose files belongs', async () => {
    const { out, state } = await finished('--no-create-tar');
    const [label] = (await readdir(out)).filter((name) => name.startsWith('l'));
    const [sample] = await readdir(join(out, label as string));
    for (const path of [join(out, label as string, sample as string), join(out, 'metadata.parquet')]) {
      await rm(path);
      await mkdir(path);
      await writeFile(join(path, 'mine.txt'), 'mine');
    }
    const broken = await verify(out);
    expect(broken).toMatchObject({ code: 3 });
    expect(`${broken.stdout}${broken.stderr}`).not.toMatch(/EISDIR|stray/);
    const repaired = await runCli(['repair', out]);
    expect(repaired.code, repaired.stderr).toBe(0);
    expect(await readdir(join(state, 'aside'))).toHaveLength(2);
    expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
  });

  it('misses the sums and the card of a finished dataset that are gone together', async () => {
    const { out } = await finished();
    await rm(join(out, 'SHA256SUMS'));
    await rm(join(out, 'README.md'));
    const broken = await verify(out);
    expect(broken.code).toBe(3);
    expect(broken.stdout).toMatch(/artifact_missing: README.md.*artifact_missing: SHA256SUMS/s);
    expect((await runCli(['repair', out])).code).toBe(0);
    expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
  });
});

describe('flow-dc verify --input of another manifest', () => {
  it.for([
    ['a shorter one', csv.split('\n').slice(0, 120).join('\n')],
    ['a longer one', `${csv}\nhttp://a.test/more.jpg,l0\n`],
  ] as const)('does not advise a repair for %s, which would find nothing', async ([, text]) => {
    const { out } = await finished();
    const other = join(out, '..', 'other.csv');
    await writeFile(other, text);
    const result = await runCli(['verify', out, '--input', other]);
    expect(result.code).toBe(3);
    expect(result.stderr).not.toContain('flow-dc repair');
    expect(result.stderr).toContain('not made of the manifest that was given');
  });
});

describe('a dataset that was piped in', () => {
  it('whose kept list is gone says so, and is mended when the same list is piped again', async () => {
    const origin = await testOrigin({});
    const out = join(await tempFolder(), 'out');
    const args = ['download', '-', '-o', out, '--shard-size', '50', '--connect-to', origin.connectTo];
    expect((await runCli(args, { stdin: csv })).code).toBe(0);
    await rm(join(out, '.flow-dc', 'stdin'));
    await rm(join(out, '000001.tar'));
    const refused = await runCli(['repair', out]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/what was kept of stdin is gone .*pipe the same manifest again/);
    expect(refused.stderr).not.toContain('not read to its end');
    expect((await runCli(args, { stdin: csv })).code).toBe(0);
    expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
  });
});

describe('a dataset whose records were deleted', () => {
  it.for<readonly string[]>([[], ['--no-create-tar']])(
    'is unfinished and no stray (%s), and a resume heals it',
    async (flags) => {
      const { out, state, since } = await finished(...flags);
      await rm(join(state, 'units'), { recursive: true });
      const result = await verify(out);
      expect(result.code).toBe(3);
      expect(result.stdout).toContain('record_missing: 000000');
      expect(result.stdout).not.toContain('stray');
      expect(result.stderr).toContain(`flow-dc resume ${out}`);
      expect(result.stderr).not.toContain('delete');
      const json = JSON.parse((await runCli(['verify', out, '--json'])).stdout) as object;
      expect(json).toMatchObject({ finished: false, units: 0 });
      expect((await runCli(['resume', out])).code).toBe(0);
      expect(since()).toBe(0);
      expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
    },
  );

  it('is healed by a resume as well where nothing is left to make one of them from', async () => {
    const { out, state, since } = await finished();
    await rm(join(state, 'units'), { recursive: true });
    await rm(join(out, '000002.stats.json'));
    expect((await verify(out)).stdout).toContain('record_missing: 000002');
    expect((await runCli(['resume', out])).code).toBe(0);
    expect(since()).toBe(SHARD_ROWS);
    expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
  });
});
