import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findVersitygw } from '../../../scripts/versitygw-binary.ts';
import { estimateManifest } from '../../../src/estimate/estimate-manifest.ts';
import { type FetchRowsOptions, fetchRows } from '../../../src/stages/fetch/fetch-rows.ts';
import { openObjectStore } from '../../../src/store/s3/open-object-store.ts';
import { fileServer } from '../../support/file-server.ts';
import { describeS3, type GatewayKind, testS3Gateway } from '../../support/s3-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const JPEG = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(2000, 1)]);

interface Row {
  readonly url: string;
}

/** Environment for the test. */
function withEnvironment(values: Readonly<Record<string, string | undefined>>): void {
  const before = Object.fromEntries(Object.keys(values).map((name) => [name, process.env[name]]));
  const put = (all: Readonly<Record<string, string | undefined>>): void => {
    for (const [name, value] of Object.entries(all)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  put(values);
  onTestFinished(() => put(before));
}

async function gatewayWith(kind: GatewayKind, keys: readonly string[]) {
  const gateway = await testS3Gateway(kind);
  const { AWS_ENDPOINT_URL: _, ...env } = gateway.env();
  withEnvironment({ ...env, AWS_ENDPOINT_URL: undefined, AWS_PROFILE: undefined });
  const store = await openObjectStore('s3://bucket', { endpoint: gateway.url });
  for (const key of keys) await store.put(key, `bytes of ${key}`);
  await store.close();
  return gateway;
}

async function fetched(urls: readonly string[], options: Partial<FetchRowsOptions<Row>>) {
  const stage = fetchRows<Row>({
    url: (row) => row.url,
    allowS3: true,
    expectContent: 'any',
    retryBackoffMs: 10,
    timeoutMs: 5000,
    ...options,
  } as FetchRowsOptions<Row>);
  onTestFinished(async () => {
    if (stage.closed) return;
    stage.destroy();
    await once(stage, 'close');
  });
  const results = new Map<
    string,
    {
      code?: string | undefined;
      message?: string | undefined;
      sha256?: string | undefined;
      host?: string;
      finalUrl?: string | undefined;
    }
  >();
  for await (const result of Readable.from(urls.map((url) => ({ url }))).pipe(stage)) {
    const { row, code, message, sha256, host, finalUrl } = result;
    results.set(row.url, { code, message, sha256, host, finalUrl });
  }
  return results;
}

const KEYS = ['a/1.jpg', 'a/ü +(1)!.jpg', 'x?y#z%41.jpg', "quote'*.jpg"];

describe.each<GatewayKind>(['s3rver', 'versitygw'])('rows of an object store (%s)', (kind) => {
  const suite = kind === 's3rver' ? describe : (describeS3 as unknown as typeof describe);
  suite('with --allow-s3', () => {
    it('are fetched by their keys, byte by byte, with the credentials of this machine', async () => {
      const gateway = await gatewayWith(kind, KEYS);
      const results = await fetched(
        KEYS.map((key) => `s3://bucket/${key}`),
        { store: { endpoint: gateway.url } },
      );
      for (const key of KEYS)
        expect(results.get(`s3://bucket/${key}`)).toMatchObject({
          code: undefined,
          sha256: createHash('sha256').update(`bytes of ${key}`).digest('hex'),
          host: gateway.url.slice(7),
        });
      expect(JSON.stringify([...results])).not.toMatch(/signature|credential=|AWS4|security-token/i);
    });

    it('that are not there end with their status, and keys that no URL has are refused', async () => {
      const gateway = await gatewayWith(kind, ['1.jpg']);
      const results = await fetched(
        ['s3://bucket/none.jpg', 's3://bucket/a/../1.jpg', 's3://bucket', 's3://B_/x.jpg', 'S3://bucket/1.jpg'],
        { store: { endpoint: gateway.url } },
      );
      expect(results.get('s3://bucket/none.jpg')?.code).toBe('http_404');
      for (const url of ['s3://bucket/a/../1.jpg', 's3://bucket', 's3://B_/x.jpg'])
        expect(results.get(url)?.code).toBe('invalid_url');
      expect(results.get('S3://bucket/1.jpg')?.code).toBeUndefined();
    });
  });
});

describe('rows of an object store', () => {
  it('are sized by an estimate where they may be fetched, by bucket', async () => {
    const keys = Array.from({ length: 8 }, (_, i) => `${i}.jpg`);
    const gateway = await gatewayWith('s3rver', keys);
    const manifest = join(await tempFolder(), 'm.csv');
    await writeFile(manifest, ['url', ...keys.map((key) => `s3://bucket/${key}`), 's3://Bad/1.jpg'].join('\n'));
    const store = { endpoint: gateway.url };
    const allowed = await estimateManifest(manifest, { fetch: { allowS3: true, expectContent: 'any', store } });
    expect(allowed.bytes?.total).toBe(8 * 'bytes of 0.jpg'.length);
    expect(allowed.failures.map(({ code, rows }) => [code, rows])).toEqual([['invalid_url', 1]]);
    const refused = await estimateManifest(manifest, { fetch: { store } });
    expect(refused.failures.map(({ code, rows }) => [code, rows])).toEqual([['unsupported_scheme', 9]]);
  });

  it('are not fetched unless that is allowed, which names the flag', async () => {
    const results = await fetched(['s3://bucket/1.jpg', 'gs://bucket/1.jpg'], { allowS3: false });
    for (const { code, message } of results.values()) {
      expect(code).toBe('unsupported_scheme');
      expect(message).toContain('--allow-s3');
    }
  });

  it.skipIf(findVersitygw() === undefined)('with a wrong secret end as refused, which nothing tells', async () => {
    const gateway = await gatewayWith('versitygw', ['1.jpg']);
    withEnvironment({ AWS_SECRET_ACCESS_KEY: 'wr0ng-and-s3cret' });
    const results = await fetched(['s3://bucket/1.jpg'], { store: { endpoint: gateway.url } });
    expect(results.get('s3://bucket/1.jpg')?.code).toBe('http_403');
    expect(JSON.stringify([...results])).not.toContain('wr0ng');
  });

  it('without credentials anywhere end the stage, naming what to set', async () => {
    withEnvironment({
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    await expect(fetched(['s3://bucket/1.jpg'], { store: { endpoint: 'http://127.0.0.1:9' } })).rejects.toThrow(
      /no credentials were found.*AWS_ACCESS_KEY_ID/,
    );
  });

  it('are asked for anew when the store says "slow down", which is no fault of theirs', async () => {
    withEnvironment({ AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'eu-central-1' });
    let asked = 0;
    const server = await fileServer({
      content: JPEG,
      before: (request, response) => {
        if (request.method === 'HEAD') response.writeHead(200).end();
        else if (++asked > 5) return false;
        else response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
        return true;
      },
    });
    const store = { endpoint: server.url.replace(/\/m\.csv$/, '') };
    const results = await fetched(['s3://bucket/1.jpg'], { store, maxAttempts: 2 });
    expect(results.get('s3://bucket/1.jpg')?.code).toBeUndefined();
    const last = server.headersSeen.at(-1);
    expect(last?.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=k\/\d{8}\/eu-central-1\/s3\/aws4_request/);
    expect(new Set(server.headersSeen.map((headers) => headers.authorization)).size).toBeGreaterThan(1);
  });

  it('of public buckets are asked for without a signature', async () => {
    const server = await fileServer({ content: JPEG });
    const store = { endpoint: server.url.replace(/\/m\.csv$/, '') };
    const results = await fetched(['s3://bucket/1.jpg'], { store, s3NoSign: true });
    expect(results.get('s3://bucket/1.jpg')).toMatchObject({
      code: undefined,
      finalUrl: `${store.endpoint}/bucket/1.jpg`,
    });
    expect(server.headersSeen.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  it('may be at a private address that the user named, and nothing else may', async () => {
    const gateway = await gatewayWith('s3rver', ['1.jpg']);
    const other = await fileServer({ content: JPEG });
    const results = await fetched([other.url, 's3://bucket/1.jpg'], { store: { endpoint: gateway.url } });
    expect(results.get('s3://bucket/1.jpg')?.code).toBeUndefined();
    expect(results.get(other.url)?.code).toBe('address_refused');
  });
});
