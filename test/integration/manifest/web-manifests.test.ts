import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8Column } from '../../../src/arrow/columns.ts';
import { readManifest, readManifestInfo } from '../../../src/stages/manifest/read-manifest.ts';
import { type Origin, RemoteFile } from '../../../src/stages/manifest/remote/remote-file.ts';
import { fileServer } from '../../support/file-server.ts';
import { writeLargeParquet, writeParquetFile } from '../../support/manifests.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { createTestCa } from '../../support/test-ca.ts';
import { collect } from '../../unit/stages/manifest/collect-rows.ts';

/** Retries without their waits. */
const AT_ONCE = { clock: { nowMs: () => performance.now(), wallMs: () => Date.now(), timer }, random: () => 0 };

function timer(delayMs: number, fn: () => void): () => void {
  const handle = setTimeout(fn, delayMs >= 30_000 ? delayMs : Math.min(delayMs, 2));
  return () => clearTimeout(handle);
}

const csvOf = (rows: number): Buffer =>
  Buffer.from(
    `url,label\n${Array.from({ length: rows }, (_, i) => `https://a.example.org/${i}.jpg,label ${i % 7}`).join('\n')}\n`,
  );
const read = (url: string, options = {}) => collect(readManifest(url, { remote: AT_ONCE, ...options }));
const withoutFile = (rows: readonly Record<string, unknown>[]) =>
  rows.map(({ 'flow_dc:source_file': _, ...row }) => row);

async function localFile(name: string, content: Buffer): Promise<string> {
  const at = path.join(await tempFolder(), name);
  await writeFile(at, content);
  return at;
}

describe('a manifest on a web server', () => {
  it.each([
    ['csv', 'm.csv', (csv: Buffer) => csv],
    ['packed csv', 'm.csv.gz', (csv: Buffer) => gzipSync(csv)],
    ['a list of URLs', 'm.txt', (csv: Buffer) => Buffer.from(csv.toString().replace(/,.*/g, '').replace('url\n', ''))],
    [
      'jsonl',
      'm.jsonl',
      (csv: Buffer) =>
        Buffer.from(
          csv
            .toString()
            .split('\n')
            .slice(1, -1)
            .map((line) => JSON.stringify({ url: line.split(',')[0], label: line.split(',')[1] }))
            .join('\n'),
        ),
    ],
  ])('brings the rows and the identity that the file has here: %s', async (_what, name, make) => {
    const content = make(csvOf(20_000));
    const local = await localFile(name, content);
    const server = await fileServer({ content }, `/${name}`);
    const [here, there] = [await collect(readManifest(local)), await read(server.url)];
    expect(there.error).toBeUndefined();
    expect(withoutFile(there.rows)).toEqual(withoutFile(here.rows));
    expect(there.rows[0]?.['flow_dc:source_file']).toBe(server.url);
    const [a, b] = [await readManifestInfo(local), await readManifestInfo(server.url, { remote: AT_ONCE })];
    expect({ ...b.files[0], name: '' }).toEqual({ ...a.files[0], name: '' });
  });

  it('reads parquet in parts: the footer, then what the columns need, over https', async () => {
    const ca = createTestCa();
    const folder = await tempFolder();
    const at = path.join(folder, 'm.parquet');
    await writeLargeParquet(at, 120_000, { rowGroupRows: 40_000 }, (first, rows) => [
      ['url', utf8Column(Array.from({ length: rows }, (_, i) => `https://a.example.org/${first + i}.jpg`))],
      ['text', utf8Column(Array.from({ length: rows }, (_, i) => `${Math.sin(first + i)} `.repeat(8)))],
    ]);
    const content = await readFile(at);
    await writeFile(path.join(folder, 'ca.pem'), ca.caPem);
    const server = await fileServer({ content, tls: ca.tls }, '/m.parquet');
    const remote = { ...AT_ONCE, network: { caFile: path.join(folder, 'ca.pem') } };
    const [here, there] = [await collect(readManifest(at)), await read(server.url, { remote })];
    expect(there.error).toBeUndefined();
    expect(withoutFile(there.rows)).toEqual(withoutFile(here.rows));
    const all = server.sent();
    expect(all).toBeLessThan(content.length * 1.3);
    const narrow = await read(server.url, { remote, columns: ['url'] });
    expect(narrow.rows).toHaveLength(120_000);
    expect(server.sent() - all).toBeLessThan(content.length / 2);
    expect(server.ranges.every((range) => range !== '')).toBe(true);
  });

  it('is asked for its row group once, however many stretches that is decoded in', async () => {
    const at = path.join(await tempFolder(), 'm.parquet');
    await writeLargeParquet(at, 900_000, { rowGroupRows: 1_000_000 });
    const content = await readFile(at);
    const server = await fileServer({ content }, '/m.parquet');
    const { rows, error } = await read(server.url);
    expect(error).toBeUndefined();
    expect(rows).toHaveLength(900_000);
    expect(server.sent()).toBeLessThan(content.length * 1.3);
  });

  it.each([
    ['csv', 'm.csv', async () => csvOf(30_000)],
    [
      'parquet',
      'm.parquet',
      async () => {
        const at = path.join(await tempFolder(), 'm.parquet');
        await writeLargeParquet(at, 60_000, { rowGroupRows: 20_000 });
        return readFile(at);
      },
    ],
  ])('goes on where a connection was cut: %s', async (_what, name, make) => {
    const content = await make();
    const server = await fileServer({ content, cutAfter: 300_000 }, `/${name}`);
    const here = await collect(readManifest(await localFile(name, content)));
    const there = await read(server.url);
    expect(there.error).toBeUndefined();
    expect(withoutFile(there.rows)).toEqual(withoutFile(here.rows));
  });

  it('is not a mixture of two files when it changes meanwhile', async () => {
    const content = csvOf(60_000);
    const server = await fileServer({ content, cutAfter: 200_000 });
    const reader = readManifest(server.url, { remote: AT_ONCE });
    reader.once('data', () => server.replace(Buffer.from(content.toString().replaceAll('label', 'LABEL'))));
    const { error, rows } = await collect(reader);
    expect(error).toMatchObject({ code: 'FDC_ERR_MANIFEST_CORRUPT', message: /changed while it was read/ });
    expect(rows.some(({ label }) => String(label).startsWith('LABEL'))).toBe(false);
  });

  it.each([
    ['a server without ranges', { noRanges: true }],
    ['one whose Content-Range is wrong', { rangeShift: 7 }],
    ['one that packs what nobody wants packed', { encoded: true }],
  ])('is downloaded first, and that is said: %s', async (_what, options) => {
    const at = path.join(await tempFolder(), 'm.parquet');
    await writeParquetFile(at, [['url', utf8Column(['https://a.example.org/1.jpg', null])]]);
    for (const [name, content] of [
      ['m.csv', csvOf(5000)],
      ['m.parquet', await readFile(at)],
    ] as const) {
      const server = await fileServer({ content, ...options }, `/${name}`);
      const local = await localFile(name, content);
      const reader = readManifest(server.url, { remote: AT_ONCE });
      const [here, there] = [await collect(readManifest(local)), await collect(reader)];
      expect(there.error).toBeUndefined();
      expect(withoutFile(there.rows)).toEqual(withoutFile(here.rows));
      expect(reader.warnings).toContainEqual(expect.stringMatching(/no parts of files.*downloaded first/));
      expect((await reader.ready).files[0]?.hash).toBe((await readManifestInfo(local)).files[0]?.hash);
    }
  });

  it('is told by its type where its name says nothing', async () => {
    const content = Buffer.from('photo\nhttps://a.example.org/1.jpg\n');
    const headers = { 'content-type': 'text/csv; charset=utf-8' };
    const server = await fileServer({ content, headers }, '/export?format=table');
    const info = await readManifestInfo(server.url, { remote: AT_ONCE });
    expect(info.files[0]).toMatchObject({ format: 'csv', name: server.url });
    expect(info.roles.url).toBe('photo');
  });

  it('waits as long as a server asks, and tries again when it has trouble', async () => {
    const before = (_: IncomingMessage, response: ServerResponse, n: number) => {
      if (n > 3) return false;
      response.writeHead(n === 1 ? 503 : 429, { 'retry-after': '1' }).end();
      return true;
    };
    const server = await fileServer({ content: csvOf(10), before });
    expect((await read(server.url)).rows).toHaveLength(10);
  });

  it('follows redirects, but never out of https, nor to a private place that nobody named', async () => {
    const target = await fileServer({ content: csvOf(10) });
    const to = (location: string) => (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(302, { location }).end();
      return true;
    };
    const guarded = await fileServer({ content: Buffer.alloc(0), before: to(target.url) });
    const refused = await read(guarded.url);
    expect(refused.error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_NOT_FOUND',
      message: /private address.*--allow-private/,
    });
    expect(target.ranges).toEqual([]);
    const network = { allowPrivate: ['127.0.0.1'] };
    expect((await read(guarded.url, { remote: { ...AT_ONCE, network } })).rows).toHaveLength(10);
    const ca = createTestCa();
    const secure = await fileServer({ content: Buffer.alloc(0), tls: ca.tls, before: to(target.url) });
    const leaving = await read(secure.url, { remote: { ...AT_ONCE, network: { insecure: true, ...network } } });
    expect(leaving.error?.message).toMatch(/which is not https; name that address itself/);
  });

  it.each([
    [404, /does not exist \(HTTP 404\); check the address/],
    [403, /is refused \(HTTP 403\); a signed link may have expired/],
    [401, /wants a login \(HTTP 401\); write user:password@/],
    [418, /cannot be read \(HTTP 418\)/],
  ])('that answers %i is refused in a line that says what to do', async (status, message) => {
    const server = await fileServer({
      content: Buffer.alloc(0),
      before: (_, response) => {
        response.writeHead(status).end();
        return true;
      },
    });
    const { error } = await read(`${server.url}?token=abc`);
    expect(error).toMatchObject({ code: 'FDC_ERR_MANIFEST_NOT_FOUND', message });
    expect(error?.message).not.toMatch(/abc|\n/);
  });

  it('with a certificate that nobody trusts names --ca-file', async () => {
    const server = await fileServer({ content: csvOf(3), tls: createTestCa().tls });
    expect((await read(server.url)).error?.message).toMatch(/certificate that cannot be trusted.*--ca-file FILE/);
  });

  it('that nobody serves is an error soon', async () => {
    const socket = createServer();
    await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
    const { port } = socket.address() as { port: number };
    await new Promise((resolve) => socket.close(resolve));
    const { error } = await read(`http://127.0.0.1:${port}/m.csv`);
    expect(error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_NOT_FOUND',
      message: /connection refused \(asked 4 times\)/,
    });
  });

  it('that is a page is refused with the address of the file, where that is known', async () => {
    const server = await fileServer({
      content: Buffer.from('<!DOCTYPE html><html>…'),
      headers: { 'content-type': 'text/html' },
    });
    expect((await read(server.url)).error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_FORMAT',
      message: /is an HTML page, not a manifest; name the address of the file itself/,
    });
  });

  it('gets the login of its URL, which nobody else gets to see', async () => {
    const server = await fileServer({ content: csvOf(3) });
    const url = server.url.replace('http://', 'http://ann:s3cret@');
    const { rows } = await read(url);
    expect(server.headersSeen[0]?.authorization).toBe(`Basic ${Buffer.from('ann:s3cret').toString('base64')}`);
    expect(rows[0]?.['flow_dc:source_file']).toBe(server.url);
    expect(JSON.stringify(await readManifestInfo(url, { remote: AT_ONCE }))).not.toContain('s3cret');
  });

  it('that comes slowly comes whole', async () => {
    const server = await fileServer({ content: csvOf(500), slowBytes: 4096 });
    expect((await read(server.url)).rows).toHaveLength(500);
  });
});

describe('a file that is read in parts', () => {
  it('has the same bytes whatever is cut where', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 4000 }),
        fc.array(fc.nat(4000), { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(500), { minLength: 1, maxLength: 20 }),
        async (content, bounds, cuts) => {
          let asked = 0;
          const origin: Origin = {
            name: 'x',
            ask: async (start, end) => {
              const cut = cuts[asked++ % cuts.length] as number;
              const version = { bytes: content.length, etag: '"1"', lastModified: undefined };
              return { version, chunks: part(content.subarray(start, Math.min(end, start + 1 + cut))) };
            },
            close: async () => {},
          };
          const version = { bytes: content.length, etag: '"1"', lastModified: undefined };
          const file = new RemoteFile(origin, version, { ...AT_ONCE, tries: 100 });
          const at = [0, ...bounds.map((bound) => Math.min(bound, content.length)), content.length].sort(
            (a, b) => a - b,
          );
          const { signal } = new AbortController();
          const parts = await Promise.all(at.slice(1).map((end, i) => file.read(at[i] as number, end, signal)));
          expect(Buffer.concat(parts).equals(Buffer.from(content))).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});

async function* part(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 97) yield bytes.subarray(at, at + 97);
}
