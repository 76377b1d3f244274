import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { utf8Column } from '../../src/arrow/columns.ts';
import { essence, outcomesOf } from '../support/dataset.ts';
import { fileServer } from '../support/file-server.ts';
import { writeParquetFile } from '../support/manifests.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { testS3Gateway } from '../support/s3-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { createTestCa } from '../support/test-ca.ts';
import { testOrigin } from '../support/test-origin.ts';

const URLS = Array.from({ length: 400 }, (_, i) => `http://${i % 2 === 0 ? 'a' : 'b'}.test/p/${i}.jpg`);
const CSV = ['url', ...URLS].join('\n');

/** A manifest here, on a web server and in a store. */
async function everywhere(name: string, content: Buffer) {
  const folder = await tempFolder();
  const ca = createTestCa();
  await writeFile(join(folder, name), content);
  await writeFile(join(folder, 'ca.pem'), ca.caPem);
  const server = await fileServer({ content, tls: ca.tls, cutAfter: 3000 }, `/${name}`);
  const gateway = await testS3Gateway('s3rver');
  const env = gateway.env();
  await gateway.put(`in/${name}`, content);
  return {
    folder,
    server,
    env,
    ca: join(folder, 'ca.pem'),
    inputs: [join(folder, name), server.url, `s3://bucket/in/${name}`],
  };
}

async function parquetOf(urls: readonly string[]): Promise<Buffer> {
  const at = join(await tempFolder(), 'm.parquet');
  await writeParquetFile(at, [['url', utf8Column([...urls])]]);
  return readFile(at);
}

describe('a manifest behind a URL', () => {
  it.each([
    ['m.csv', async () => Buffer.from(CSV)],
    ['m.parquet', () => parquetOf(URLS)],
  ])('makes the dataset that the same file here makes: %s', async (name, make) => {
    const { folder, inputs, env, ca } = await everywhere(name, await make());
    const origin = await testOrigin({ meanBytes: 3000 });
    const all: string[][] = [];
    for (const [at, input] of inputs.entries()) {
      const out = join(folder, `out-${at}`);
      const places = ['a', 'b'].flatMap((host) => ['--connect-to', `${host}.test${origin.connectTo}`]);
      const { code, stderr } = await runCli(['download', input, '-o', out, ...places, '--ca-file', ca], { env });
      expect(code, stderr).toBe(0);
      all.push(essence(await outcomesOf(out)));
    }
    expect(all[0]).toHaveLength(URLS.length);
    expect(all[1]).toEqual(all[0]);
    expect(all[2]).toEqual(all[0]);
  });

  it('is inspected and partitioned as a file is', async () => {
    const { folder, inputs, env, ca } = await everywhere('m.csv', Buffer.from(CSV));
    for (const [at, input] of inputs.entries()) {
      const inspected = await runCli(['inspect', input, '--json', '--ca-file', ca], { env });
      expect(inspected.code, inspected.stderr).toBe(0);
      expect(JSON.parse(inspected.stdout)).toMatchObject({ rows: URLS.length });
      const parts = ['partition', input, '-o', join(folder, `parts-${at}`), '--partitions', '2', '--ca-file', ca];
      expect((await runCli(parts, { env })).code).toBe(0);
    }
  });

  it('is read again by a resume, and another one there is another job', async () => {
    const { folder, server, ca } = await everywhere('m.csv', Buffer.from(CSV));
    const origin = await testOrigin({ rules: [{ behaviours: [{ kind: 'latency', meanMs: 100 }] }] });
    const out = join(folder, 'out');
    const places = ['a', 'b'].flatMap((host) => ['--connect-to', `${host}.test${origin.connectTo}`]);
    const pace = ['--law', 'fixed', '--per-host-concurrency', '4', '--shard-size', '50'];
    const args = ['download', server.url, '-o', out, '--ca-file', ca, ...places, ...pace];
    const run = startCli(args);
    await vi.waitFor(() => expect(origin.stats().get('a.test')?.requests ?? 0).toBeGreaterThan(30), {
      timeout: 60_000,
    });
    run.child.kill('SIGINT');
    expect((await run.done).code).toBe(130);
    const resumed = await runCli(['resume', out]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(essence(await outcomesOf(out))).toHaveLength(URLS.length);
    expect((await runCli(args)).stderr).toContain('nothing to do');
    server.replace(Buffer.from(CSV.replace('/p/0.jpg', '/q/0.jpg')));
    const other = await runCli(args);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('FDC_ERR_JOB_MISMATCH');
  });
});

describe('rows that are objects', () => {
  it('are downloaded with --allow-s3, and no secret is in what is left', async () => {
    const gateway = await testS3Gateway('s3rver');
    const folder = await tempFolder();
    for (let i = 0; i < 5; i += 1) await gateway.put(`p/${i}.txt`, `bytes of ${i}`);
    const rows = ['url', ...Array.from({ length: 6 }, (_, i) => `s3://bucket/p/${i}.txt`)].join('\n');
    await writeFile(join(folder, 'rows.csv'), rows);
    const out = join(folder, 'out');
    const { AWS_ENDPOINT_URL: _, ...env } = gateway.env();
    const flags = ['--allow-s3', '--s3-endpoint', gateway.url, '--expect-content', 'any', '--max-failure-rate', '1'];
    const { code, stderr } = await runCli(['download', join(folder, 'rows.csv'), '-o', out, ...flags], { env });
    expect(code, stderr).toBe(0);
    const outcomes = await outcomesOf(out);
    expect(outcomes.map(({ status }) => status)).toEqual([...Array(5).fill('fetched'), 'failed']);
    expect(outcomes.map(({ code: why }) => why).filter(Boolean)).toEqual(['http_404']);
    expect(JSON.stringify(outcomes) + stderr).not.toMatch(/AWS4|signature|S3RVER/i);
  });
});
