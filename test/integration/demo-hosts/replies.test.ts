import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../../../src/demo-hosts/behaviour.ts';
import type { DemoHosts } from '../../../src/demo-hosts/start-demo-hosts.ts';
import { readImage } from '../../../src/image/image-reader.ts';
import { type GetResult, httpGet } from '../../support/http-get.ts';
import { testOrigin } from '../../support/test-origin.ts';

/** GET one URL where every host behaves like this. */
async function getFrom(
  behaviours: readonly Behaviour[],
  url = 'http://host.test/a.jpg',
  signal = new AbortController().signal,
): Promise<GetResult> {
  const { port } = await testOrigin({ rules: [{ behaviours }] });
  return httpGet(url, { port, signal });
}

describe('images of demo hosts', () => {
  it.for([
    ['jpg', 'image/jpeg'],
    ['png', 'image/png'],
    ['gif', 'image/gif'],
    ['webp', 'image/webp'],
    ['php?id=3', 'image/jpeg'],
  ])('for .%s are %s, by header and by bytes', async ([extension, type]) => {
    const { headers, body } = await getFrom([], `http://host.test/a.${extension}`);
    expect(headers['content-type']).toBe(type);
    expect(readImage([body])).toMatchObject({ format: type?.slice(6), wholeness: 'whole', behind: 0 });
    expect(readImage([body])?.width).toBeGreaterThanOrEqual(16);
  });

  it('are the same for the same seed and URL, in any run and any order', async () => {
    const first = await testOrigin({ seed: 7 });
    const second = await testOrigin({ seed: 7 });
    const urls = ['http://a.test/1.jpg', 'http://b.test/1.jpg', 'http://a.test/2.jpg'];
    const get = (origin: DemoHosts) => async (url: string) => (await httpGet(url, { port: origin.port })).body;
    const bodies = await Promise.all(urls.map(get(first)));
    const again = await Promise.all(urls.toReversed().map(get(second)));
    expect(again.toReversed()).toEqual(bodies);
    expect(new Set(bodies.map((body) => body.toString('base64'))).size).toBe(3);
  });

  it('have sizes around the mean that was asked for', async () => {
    const { port } = await testOrigin({ meanBytes: 5000, sigma: 0.3 });
    const urls = Array.from({ length: 200 }, (_, index) => `http://host.test/${index}.jpg`);
    const sizes = await Promise.all(urls.map(async (url) => (await httpGet(url, { port })).body.length));
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    expect(mean).toBeGreaterThan(4500);
    expect(mean).toBeLessThan(5500);
  });
});

describe('among the faults of demo hosts,', () => {
  it('a 404 share strikes the same URLs every time', async () => {
    const { port } = await testOrigin({ rules: [{ behaviours: [{ kind: 'status', status: 404, share: 0.3 }] }] });
    const urls = Array.from({ length: 300 }, (_, index) => `http://host.test/${index}.jpg`);
    const statuses = () => Promise.all(urls.map(async (url) => (await httpGet(url, { port })).status));
    const first = await statuses();
    expect(await statuses()).toEqual(first);
    expect(first.filter((status) => status === 404).length).toBeGreaterThan(60);
    expect(first.filter((status) => status === 404).length).toBeLessThan(120);
  });

  it('an error per request may be gone on the next try', async () => {
    const { port } = await testOrigin({
      rules: [{ behaviours: [{ kind: 'status', status: 500, share: 0.5, per: 'request' }] }],
    });
    const statuses = new Set<number>();
    for (let request = 0; request < 40; request += 1)
      statuses.add((await httpGet('http://host.test/a.jpg', { port })).status);
    expect(statuses).toEqual(new Set([200, 500]));
  });

  it('a truncated body ends before its Content-Length', async () => {
    const { headers, body, error } = await getFrom([{ kind: 'truncated' }]);
    expect(error?.code).toBe('ECONNRESET');
    expect(body.length).toBe(Number(headers['content-length']) >> 1);
  });

  it('a reset in mid-body comes after a part of it', async () => {
    const { body, error } = await getFrom([{ kind: 'reset-mid-body' }]);
    expect(error?.code).toBe('ECONNRESET');
    expect(body.length).toBeGreaterThan(0);
  });

  it('a reset before the headers leaves no response', async () => {
    await expect(getFrom([{ kind: 'reset-before-headers' }])).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('a page poses as an image', async () => {
    const { status, headers, body } = await getFrom([{ kind: 'html' }]);
    expect([status, headers['content-type']]).toEqual([200, 'image/jpeg']);
    expect(body.toString()).toMatch(/^<!doctype html>/);
  });

  it('an opt-out header is sent as given', async () => {
    expect((await getFrom([{ kind: 'robots-tag', value: 'noai' }])).headers['x-robots-tag']).toBe('noai');
  });

  it('a silent host sends nothing until the client leaves', async () => {
    await expect(getFrom([{ kind: 'never' }], 'http://host.test/a.jpg', AbortSignal.timeout(100))).rejects.toThrow(
      /aborted/,
    );
  });

  it('a dripping host sends headers at once and then hardly anything', async () => {
    const { status, body } = await getFrom(
      [{ kind: 'drip', bytesPerSecond: 1 }],
      'http://host.test/a.jpg',
      AbortSignal.timeout(300),
    );
    expect(status).toBe(200);
    expect(body.length).toBeLessThan(3);
  });

  it('an endless body declares 10 GB and stops when the client has had enough', async () => {
    const { headers, body } = await getFrom([{ kind: 'endless' }], 'http://host.test/a.jpg', AbortSignal.timeout(200));
    expect(headers['content-length']).toBe('10000000000');
    expect(body.length).toBeGreaterThan(100_000);
  });

  it('an endless body can have a size of its own and no declared length', async () => {
    const { headers, body } = await getFrom([{ kind: 'endless', totalBytes: 1_000_000, declared: false }]);
    expect(headers['content-length']).toBeUndefined();
    expect(body.length).toBe(1_000_000);
  });

  it('a gzip reply holds the image', async () => {
    const { headers, body } = await getFrom([{ kind: 'gzip' }]);
    expect(headers['content-encoding']).toBe('gzip');
    expect(readImage([gunzipSync(body)])?.format).toBe('jpeg');
  });

  it('an empty reply is a success without bytes', async () => {
    const { status, headers, body } = await getFrom([{ kind: 'empty' }]);
    expect([status, headers['content-length'], body.length]).toEqual([200, '0', 0]);
  });

  it('a chunked reply has no Content-Length', async () => {
    const { headers, body } = await getFrom([{ kind: 'chunked' }]);
    expect([headers['content-length'], headers['transfer-encoding']]).toEqual([undefined, 'chunked']);
    expect(body.length).toBeGreaterThan(0);
  });

  it('a length that is too small leaves bytes behind the reply, which is not HTTP', async () => {
    const honest = (await getFrom([])).body.length;
    const { headers, error } = await getFrom([{ kind: 'wrong-length', offByBytes: -10 }]);
    expect(headers['content-length']).toBe(String(honest - 10));
    expect(error?.message).toMatch(/Parse Error/);
  });

  it('a length that is too large keeps the client waiting', async () => {
    const { body, error } = await getFrom(
      [{ kind: 'wrong-length', offByBytes: 10 }],
      'http://host.test/a.jpg',
      AbortSignal.timeout(200),
    );
    expect(error).toBeDefined();
    expect(body.length).toBeGreaterThan(0);
  });

  it('validators stay the same for a URL', async () => {
    const { headers } = await getFrom([{ kind: 'validators' }]);
    expect((await getFrom([{ kind: 'validators' }])).headers.etag).toBe(headers.etag);
    expect(Date.parse(headers['last-modified'] ?? '')).toBeGreaterThan(0);
  });
});

describe('redirects of demo hosts', () => {
  it.for([
    ['same-host', '/.hop/1/a.jpg'],
    ['other-host', 'http://elsewhere.test/.hop/1/a.jpg'],
    ['private', 'http://10.0.0.1/.hop/1/a.jpg'],
    ['loop', 'http://host.test/a.jpg'],
    ['nowhere', undefined],
  ] as const)('lead to where they are said to lead: %s', async ([to, location]) => {
    const { status, headers } = await getFrom([{ kind: 'redirect', to }]);
    expect([status, headers.location]).toEqual([302, location]);
  });

  it('end with the image after the hops asked for', async () => {
    const { port } = await testOrigin({ rules: [{ behaviours: [{ kind: 'redirect', to: 'same-host', hops: 2 }] }] });
    const first = await httpGet('http://host.test/dir/a.jpg', { port });
    const second = await httpGet(`http://host.test${first.headers.location}`, { port });
    const third = await httpGet(`http://host.test${second.headers.location}`, { port });
    expect([first.status, second.status, third.status]).toEqual([302, 302, 200]);
    expect(third.body).toEqual((await getFrom([], 'http://host.test/dir/a.jpg')).body);
  });

  it('can hold raw UTF-8 in a relative path', async () => {
    const { headers } = await getFrom([{ kind: 'redirect', to: 'relative-utf8' }]);
    expect(Buffer.from(headers.location ?? '', 'latin1').toString('utf8')).toBe('./.hop/1/größe-図.jpg');
  });
});
