import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { RecordBatch } from 'apache-arrow';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readManifest, readManifestInfo } from '../../../../src/stages/manifest/read-manifest.ts';
import { urlColumns, writeParquetFile } from '../../../support/manifests.ts';
import { collect, folder, rowsOf } from './collect-rows.ts';

const A = 'https://a.example.org/1.jpg';
const B = 'https://b.example.org/2.jpg';

/** A stream of the given bytes in pieces of `size`. */
function pieces(bytes: Uint8Array | string, size: number): Readable {
  const whole = Buffer.from(bytes as string);
  const parts = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
    whole.subarray(i * size, (i + 1) * size),
  );
  return Readable.from(parts, { objectMode: false });
}

const CSV = `url,note\n${A},one\n${B},two\n`;

describe('a manifest on stdin', () => {
  it.each([
    ['csv', CSV],
    ['csv in gzip', gzipSync(CSV)],
    ['jsonl', `{"url":"${A}","note":"one"}\n{"url":"${B}","note":"two"}\n`],
    ['a JSON array', `[{"url":"${A}","note":"one"},\n{"url":"${B}","note":"two"}]`],
  ])('is read as %s, in whatever pieces it comes, also after it was inspected', async (_format, content) => {
    for (const size of [3, 40, 10_000]) {
      const stdin = pieces(content, size);
      const info = await readManifestInfo('-', { stdin });
      expect(info).toMatchObject({
        roles: { url: 'url' },
        guessed: ['url'],
        columns: [{ name: 'url' }, { name: 'note' }],
      });
      const { rows, error } = await collect(readManifest('-', { stdin, info }));
      expect(error).toBeUndefined();
      expect(rows.map((row) => [row.url, row.note, row['flow_dc:row'], row['flow_dc:source_file']])).toEqual([
        [A, 'one', 0, '-'],
        [B, 'two', 1, '-'],
      ]);
    }
  });

  it.each([
    ['csv', `url,note\n${A},"${'x'.repeat(200_000)}"\n`],
    ['jsonl', `{"url":"${A}","note":"${'x'.repeat(200_000)}"}\n`],
    ['csv in gzip', gzipSync(`url,note\n${A},"${'x'.repeat(2_000_000)}"\n`)],
  ])('may begin with a row that is longer than what is looked at (%s)', async (_format, content) => {
    const stdin = pieces(content, 16_384);
    const info = await readManifestInfo('-', { stdin });
    expect(info).toMatchObject({ roles: { url: 'url' }, columns: [{ name: 'url' }, { name: 'note' }] });
    const { rows, error } = await collect(readManifest('-', { stdin, info }));
    expect(error).toBeUndefined();
    expect(rows).toMatchObject([{ url: A, note: expect.stringMatching(/^x{200000,}$/) }]);
  });

  it('hands a URL on before the next one comes', async () => {
    const stdin = new PassThrough();
    const reader = readManifest('-', { stdin });
    const batches: RecordBatch[] = [];
    reader.on('data', (batch: RecordBatch) => batches.push(batch));
    const urls = () => batches.flatMap(rowsOf).map((row) => row.url);
    stdin.write(`${A}\n`);
    while (batches.length === 0) await setImmediate();
    expect(urls()).toEqual([A]);
    stdin.write(`${B}\n`);
    while (batches.length === 1) await setImmediate();
    expect(urls()).toEqual([A, B]);
    stdin.end();
    await new Promise((resolve) => reader.once('end', resolve));
  });

  it('needs no line break at its end', async () => {
    expect((await collect(readManifest('-', { stdin: pieces(A, 100) }))).rows.map((row) => row.url)).toEqual([A]);
  });

  it('that cannot be kept ends with what the disk says, in one line', async () => {
    for (const [spoolPath, code] of [
      ['/dev/full', 'FDC_ERR_DEST_FULL'],
      [path.join(await folder(), 'missing', 'stdin.csv'), 'FDC_ERR_DEST_IO'],
    ] as const) {
      const { error } = await collect(readManifest('-', { stdin: pieces(CSV, 7), spoolPath }));
      expect(error).toMatchObject({ code, message: expect.stringMatching(/^stdin cannot be kept in [^\n]+$/) });
    }
  });

  it('is kept in a file when asked to, byte for byte', async () => {
    const spoolPath = path.join(await folder(), 'stdin.csv');
    await collect(readManifest('-', { stdin: pieces(CSV, 7), spoolPath }));
    expect(await readFile(spoolPath, 'utf8')).toBe(CSV);
  });

  it('may be parquet, which goes through a temporary file that is removed', async () => {
    const at = path.join(await folder(), 'm.parquet');
    await writeParquetFile(at, urlColumns(0, 100));
    const own = await folder();
    vi.stubEnv('TMPDIR', own);
    onTestFinished(() => void vi.unstubAllEnvs());
    const stdin = pieces(await readFile(at), 1000);
    const info = await readManifestInfo('-', { stdin });
    expect(info).toMatchObject({ rows: 100, files: [{ name: '-', format: 'parquet' }] });
    const { rows } = await collect(readManifest('-', { stdin, info }));
    expect(rows.map((row) => row['flow_dc:source_file'])).toEqual(Array.from({ length: 100 }, () => '-'));
    expect((await readdir(own)).filter((name) => name.startsWith('flow-dc-'))).toEqual([]);
  });

  it('leaves no temporary file when it is damaged parquet', async () => {
    const own = await folder();
    vi.stubEnv('TMPDIR', own);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { error } = await collect(readManifest('-', { stdin: pieces(`PAR1${'x'.repeat(5000)}PAR1`, 1000) }));
    expect(error).toMatchObject({ code: 'FDC_ERR_MANIFEST_CORRUPT' });
    expect((await readdir(own)).filter((name) => name.startsWith('flow-dc-'))).toEqual([]);
  });

  it('is let go by a reader that was told to stop before it began', async () => {
    const stdin = new PassThrough();
    const reader = readManifest('-', { stdin, signal: AbortSignal.abort() });
    const [{ error }] = await Promise.all([collect(reader), expect(reader.ready).rejects.toThrow('aborted')]);
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(stdin.destroyed).toBe(true);
  });

  it('is let go when the reader is destroyed, also while it waits for a first byte', async () => {
    const stdin = new PassThrough();
    const reader = readManifest('-', { stdin });
    await setImmediate();
    reader.destroy();
    await new Promise((resolve) => reader.once('close', resolve));
    expect(stdin.destroyed).toBe(true);
  });

  it('fails with the reason when it breaks', async () => {
    const stdin = new PassThrough();
    stdin.write(`${A}\n${B}\n`);
    const reader = readManifest('-', { stdin });
    await reader.ready;
    stdin.destroy(new Error('pipe broke'));
    expect((await collect(reader)).error?.message).toBe('pipe broke');
  });

  it('must not be empty, and must be the only input', async () => {
    expect((await collect(readManifest('-', { stdin: pieces('', 1) }))).error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_EMPTY',
    });
    expect(() => readManifest(['-', 'a.csv'], { stdin: pieces('', 1) })).toThrow(/only input/);
    expect(() => readManifest('-')).toThrow(/option stdin/);
    expect(existsSync('-')).toBe(false);
  });
});
