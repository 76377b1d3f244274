import { chmod, copyFile, mkdir, open, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { utf8Column } from '../../src/arrow/columns.ts';
import { urlColumns, writeParquetFile } from '../support/manifests.ts';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

interface Case {
  readonly name: string;
  /** Makes the arguments in a folder that holds good.parquet. */
  readonly args: (folder: string) => Promise<string[]> | string[];
  readonly code: number;
  /** All in one line of stderr. */
  readonly says: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: 'a missing file',
    args: (f) => [`${f}/nope.parquet`, '-o', `${f}/out`],
    code: 2,
    says: ['nope.parquet', 'FDC_ERR_MANIFEST_NOT_FOUND'],
  },
  {
    name: 'an empty file',
    args: async (f) => {
      await writeFile(`${f}/empty.csv`, '');
      return [`${f}/empty.csv`, '-o', `${f}/out`];
    },
    code: 2,
    says: ['empty.csv', 'FDC_ERR_MANIFEST_EMPTY'],
  },
  {
    name: 'an HTML page named .parquet',
    args: async (f) => {
      await writeFile(`${f}/page.parquet`, '<!DOCTYPE html><html><body>404</body></html>');
      return [`${f}/page.parquet`, '-o', `${f}/out`];
    },
    code: 2,
    says: ['page.parquet', 'HTML', 'FDC_ERR_MANIFEST_FORMAT'],
  },
  {
    name: 'a truncated parquet file',
    args: async (f) => {
      await copyFile(`${f}/good.parquet`, `${f}/cut.parquet`);
      await truncate(`${f}/cut.parquet`, 2000);
      return [`${f}/cut.parquet`, '-o', `${f}/out`];
    },
    code: 1,
    says: ['cut.parquet', 'copy or download it again', 'FDC_ERR_MANIFEST_CORRUPT'],
  },
  {
    name: 'a wrong column',
    args: (f) => [`${f}/good.parquet`, '--url', 'link', '-o', `${f}/out`],
    code: 2,
    says: ['link', 'url', 'FDC_ERR_MANIFEST_COLUMN'],
  },
  {
    name: 'a misspelt flag',
    args: (f) => [`${f}/good.parquet`, '-o', `${f}/out`, '--concurent-downloads', '5'],
    code: 2,
    says: ['--concurent-downloads', '--concurrent-downloads'],
  },
  {
    name: 'a misspelt key in a file',
    args: async (f) => {
      await writeFile(`${f}/c.json`, '{"timeout_secs": 5}');
      return [`${f}/good.parquet`, '-o', `${f}/out`, '--config', `${f}/c.json`];
    },
    code: 2,
    says: ['timeout_secs', 'timeout_sec'],
  },
  {
    name: 'a configuration that is not JSON',
    args: async (f) => {
      await writeFile(`${f}/c.json`, '{"timeout_sec": 5,\n}');
      return [`${f}/good.parquet`, '-o', `${f}/out`, '--config', `${f}/c.json`];
    },
    code: 2,
    says: ['c.json', 'FDC_ERR_CONFIG_UNREADABLE'],
  },
  {
    name: 'an output that is a file',
    args: async (f) => {
      await writeFile(`${f}/out`, 'mine');
      return [`${f}/good.parquet`, '-o', `${f}/out`];
    },
    code: 2,
    says: [`out`, 'FDC_ERR_DEST'],
  },
  {
    name: 'an output of somebody else',
    args: async (f) => {
      await mkdir(`${f}/out`);
      await writeFile(`${f}/out/thesis.tex`, 'x');
      return [`${f}/good.parquet`, '-o', `${f}/out`];
    },
    code: 2,
    says: ['out', 'FDC_ERR_DEST_FOREIGN'],
  },
  { name: 'no output', args: (f) => [`${f}/good.parquet`], code: 2, says: ['-o', 'FDC_ERR_USAGE'] },
  {
    name: 'a bad name template',
    args: (f) => [`${f}/good.parquet`, '-o', `${f}/out`, '--naming-mode', 'url_based', '--file-name-pattern', '{seg}'],
    code: 2,
    says: ['{seg', 'segment'],
  },
];

describe('flow-dc download', () => {
  const cases = CASES.map((one) => [one.name, one] as const);
  it.for(cases)('given %s ends with one line that names the fix', async ([, { args, code, says }]) => {
    const folder = await tempFolder();
    await goodManifest(folder);
    const result = await runCli(['download', ...(await args(folder)), '--progress', 'off']);
    expect(result.code, result.stderr).toBe(code);
    const lines = result.stderr.trim().split('\n');
    const line = lines.find((text) => text.startsWith('flow-dc:')) ?? '';
    for (const part of says) expect(line).toContain(part);
    expect(result.stderr).not.toContain('    at ');
    expect(result.stdout).toBe('');
  });

  it('says that a folder cannot be written, also to root', async () => {
    const folder = await tempFolder();
    await goodManifest(folder);
    await mkdir(join(folder, 'ro'));
    await chmod(join(folder, 'ro'), 0o500);
    const target = process.getuid?.() === 0 ? '/proc/flow-dc-out' : join(folder, 'ro', 'out');
    const result = await runCli(['download', join(folder, 'good.parquet'), '-o', target]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('FDC_ERR_DEST_UNWRITABLE');
  });

  it('stores the rows before a damaged page and exits 1, and the mended file resumes', async () => {
    const folder = await tempFolder();
    const manifest = join(folder, 'many.parquet');
    await writeParquetFile(manifest, plainHttp(6000), { rowGroupRows: 1000, codec: 'ZSTD' });
    const good = join(folder, 'copy.parquet');
    await copyFile(manifest, good);
    const file = await open(manifest, 'r+');
    const { size } = await file.stat();
    await file.write(Buffer.alloc(64, 0xff), 0, 64, Math.floor(size * 0.6));
    await file.close();
    const origin = await testOrigin({ meanBytes: 1000 });
    const args = (path: string): string[] => [
      'download',
      path,
      '-o',
      join(folder, 'out'),
      '--shard-size',
      '500',
      '--connect-to',
      origin.connectTo,
    ];
    const broken = await runCli(args(manifest));
    expect(broken.code, broken.stderr).toBe(1);
    expect(broken.stderr).toContain('FDC_ERR_MANIFEST_CORRUPT');
    expect((await readdir(join(folder, 'out'))).filter((name) => name.endsWith('.tar')).length).toBeGreaterThan(0);
    await copyFile(good, manifest);
    const mended = await runCli(['resume', join(folder, 'out')]);
    expect(mended.code, mended.stderr).toBe(0);
    expect((await runCli(['verify', join(folder, 'out'), '--input', good])).code).toBe(0);
  });
});

function plainHttp(rows: number): [string, ReturnType<typeof utf8Column>][] {
  return [['url', utf8Column(Array.from({ length: rows }, (_, i) => `http://photos.test/${i * 7919}/${i % 97}.jpg`))]];
}

async function goodManifest(folder: string): Promise<void> {
  await writeParquetFile(join(folder, 'good.parquet'), urlColumns(0, 3000), {});
}
