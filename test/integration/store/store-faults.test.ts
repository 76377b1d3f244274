import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { openObjectStore } from '../../../src/store/s3/open-object-store.ts';
import type { S3Settings } from '../../../src/store/s3/settings.ts';
import {
  ACCESS_DENIED,
  type FaultProxy,
  QUOTA_EXCEEDED,
  SLOW_DOWN,
  STORAGE_FULL,
  testFaultProxy,
} from '../../support/fault-proxy.ts';
import { describeS3, type S3Gateway, testS3Gateway } from '../../support/s3-gateway.ts';
import { bytesOf, HURRYING, keysOf, openTestStore, stubCredentials } from './test-store.ts';

const MIB = 1024 * 1024;

interface Faulty {
  readonly gateway: S3Gateway;
  readonly proxy: FaultProxy;
  readonly store: ObjectStore;
}

async function openFaulty(settings: S3Settings = {}): Promise<Faulty> {
  const gateway = await testS3Gateway();
  const proxy = await testFaultProxy(() => gateway.port);
  return { gateway, proxy, store: await openTestStore(gateway, 'data', { endpoint: proxy.url, ...settings }) };
}

/** Upload random bytes in pieces, and say what the object must be. */
async function uploadRandom(store: ObjectStore, key: string, mebibytes: number): Promise<string> {
  const upload = store.upload(key);
  const hash = createHash('sha256');
  for (let left = mebibytes; left > 0; left -= 1) {
    const piece = randomBytes(MIB);
    hash.update(piece);
    await upload.write([piece]);
  }
  const { upload: note, sha256 } = await upload.close();
  expect(sha256).toBe(hash.digest('hex'));
  if (!(await store.complete(key, note))) expect(await store.head(key)).toMatchObject({ bytes: mebibytes * MIB });
  return sha256;
}

async function expectObject({ store, gateway }: Faulty, key: string, sha256: string): Promise<void> {
  const read = await bytesOf(await store.open(key));
  expect(createHash('sha256').update(read).digest('hex')).toBe(sha256);
  expect(await gateway.openUploads()).toEqual([]);
}

describeS3('an upload', () => {
  it('outlives a storm of 503 SlowDown', async () => {
    const faulty = await openFaulty();
    const hits = faulty.proxy.add({ fault: SLOW_DOWN, when: ({ nth }) => nth % 3 !== 0 });
    const sha256 = await uploadRandom(faulty.store, 'a', 23);
    expect(hits()).toBeGreaterThan(5);
    faulty.proxy.clear();
    await expectObject(faulty, 'a', sha256);
  });

  it('goes without checksums that the store would keep where it knows none', async () => {
    const faulty = await openFaulty();
    const hits = faulty.proxy.add({
      fault: answer(501, 'NotImplemented'),
      when: ({ headers }) => Object.keys(headers).some((name) => name.startsWith('x-amz-checksum')),
    });
    await expectObject(faulty, 'a', await uploadRandom(faulty.store, 'a', 6));
    await expectObject(faulty, 'b', await uploadRandom(faulty.store, 'b', 1));
    expect(hits()).toBe(1);
  });

  it('removes objects one by one where the store cannot remove many', async () => {
    const { proxy, store } = await openFaulty();
    for (const key of ['a', 'b', 'c']) await store.put(key, 'x');
    proxy.add({ fault: answer(501, 'NotImplemented'), when: ({ operation }) => operation === 'DeleteObjects' });
    await store.remove(['a', 'b', 'never there']);
    expect(await keysOf(store)).toEqual(['c']);
  });

  it('outlives connections that are cut in the middle of parts, and answers that get lost', async () => {
    const faulty = await openFaulty();
    const { proxy, store } = faulty;
    proxy.add({ fault: { kind: 'cut', afterBytes: MIB }, when: ({ part }) => part === 2, times: 2 });
    proxy.add({ fault: { kind: 'cutAnswer' }, when: ({ part }) => part === 3, times: 1 });
    proxy.add({
      fault: { kind: 'cutAnswer' },
      when: ({ operation }) => operation === 'CompleteMultipartUpload',
      times: 1,
    });
    await expectObject(faulty, 'a', await uploadRandom(store, 'a', 17));
  });

  it('outlives a connection on which nothing moves', async () => {
    const faulty = await openFaulty({ silentMs: 500 });
    faulty.proxy.add({ fault: { kind: 'hang' }, when: ({ part }) => part === 1, times: 1 });
    await expectObject(faulty, 'a', await uploadRandom(faulty.store, 'a', 6));
  });

  it('goes on when the gateway was killed in its middle and comes back', async () => {
    const faulty = await openFaulty({ clock: HURRYING });
    const { store, gateway } = faulty;
    await store.put('before', 'x');
    const uploading = uploadRandom(store, 'a', 40);
    await expect.poll(async () => (await gateway.openUploads()).length).toBe(1);
    await gateway.kill();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await gateway.start();
    await expectObject(faulty, 'a', await uploading);
  });

  it('waits for a store that is away for a minute', async () => {
    const faulty = await openFaulty({ clock: HURRYING });
    const { store, gateway } = faulty;
    await store.put('before', 'x');
    await gateway.kill();
    const startMs = HURRYING.nowMs();
    const putting = store.put('after', 'y');
    await new Promise((resolve) => setTimeout(resolve, 3200));
    await gateway.start();
    await putting;
    expect(HURRYING.nowMs() - startMs).toBeGreaterThan(60_000);
    expect(await keysOf(store)).toEqual(['after', 'before']);
  });

  it('holds whoever writes while the store is slow, so that memory stays bounded', async () => {
    const { proxy, store } = await openFaulty({ bufferBytes: 10 * MIB });
    const parts = (): number => proxy.seen.filter(({ operation }) => operation === 'UploadPart').length;
    proxy.add({ fault: { kind: 'slow', bytesPerSecond: 20 * MIB }, when: ({ part }) => part > 0 });
    const upload = store.upload('a');
    const piece = Buffer.alloc(MIB);
    for (let written = 1; written <= 40; written += 1) {
      await upload.write([piece]);
      // Two parts on their way and one being filled: nothing beyond is taken.
      expect(written - 5 * parts()).toBeLessThanOrEqual(15);
    }
    await upload.abort();
  });

  it('a created object is known as ours when only the answer got lost', async () => {
    const { proxy, store } = await openFaulty();
    await store.isConditional();
    const isCreate = (headers: Record<string, unknown>): boolean => headers['if-none-match'] === '*';
    proxy.add({ fault: { kind: 'cutAnswer' }, when: ({ headers }) => isCreate(headers), times: 1 });
    expect(await store.create('lock', 'ours')).toBe(true);
    proxy.add({ fault: { kind: 'cutAnswer' }, when: ({ headers }) => isCreate(headers), times: 1 });
    expect(await store.create('lock', 'theirs')).toBe(false);
  });

  it('a read goes on where its connection broke', async () => {
    const { gateway, proxy, store } = await openFaulty({ clock: HURRYING });
    const content = randomBytes(8 * MIB);
    await store.put('a', content);
    proxy.add({
      fault: { kind: 'slow', bytesPerSecond: 4 * MIB },
      when: ({ operation }) => operation === 'GetObject',
      times: 1,
    });
    const read: Uint8Array[] = [];
    let restarted: Promise<void> | undefined;
    for await (const chunk of await store.open('a')) {
      read.push(chunk);
      restarted ??= gateway.kill().then(() => gateway.start());
    }
    await restarted;
    expect(Buffer.concat(read).equals(content)).toBe(true);
    const gets = proxy.seen.filter(({ operation }) => operation === 'GetObject');
    expect(gets.at(-1)?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });
});

describeS3('what is wrong with a store is said in one line that names the fix:', () => {
  const says = async (failing: Promise<unknown>, code: string, text: RegExp): Promise<void> => {
    const error = await failing.then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ code, message: expect.stringMatching(text) });
    expect(error?.message).not.toContain('\n');
    expect(`${error?.message} ${JSON.stringify(error)} ${String(error?.cause)}`).not.toMatch(/s3cret|hush/);
  };

  it.each([
    ['no right to', ACCESS_DENIED, 'FDC_ERR_DEST_UNWRITABLE', /may not put x .*policy of the bucket/],
    ['quota used up', QUOTA_EXCEEDED, 'FDC_ERR_DEST_FULL', /takes no more .*raise the quota/],
    ['full', STORAGE_FULL, 'FDC_ERR_DEST_FULL', /takes no more .*free space/],
    ['expired token', answer(400, 'ExpiredToken'), 'FDC_ERR_DEST_UNWRITABLE', /have expired .*get new ones/],
    ['clock', answer(403, 'RequestTimeTooSkewed'), 'FDC_ERR_DEST_UNWRITABLE', /clock is wrong .*NTP/],
    ['region', answer(301, 'PermanentRedirect'), 'FDC_ERR_DEST_UNWRITABLE', /another region .*--s3-region/],
    ['hostile text', answer(400, 'Odd', 'a\u001b[2Jb\u202e'), 'FDC_ERR_DEST_IO', /a\\u001b\[2Jb\\u202e/],
    [
      'broken for long',
      answer(500, 'InternalError'),
      'FDC_ERR_DEST_IO',
      /could not put x for 1[12]\d s .*same command/,
    ],
  ] as const)('%s', async (_name, fault, code, text) => {
    const { proxy, store } = await openFaulty({ clock: HURRYING });
    proxy.add({ fault });
    await says(store.put('x', 'y'), code, text);
  });

  it('a bucket that does not exist', async () => {
    const gateway = await testS3Gateway();
    stubCredentials(gateway);
    const store = await opened('s3://another-bucket/a', { endpoint: gateway.url });
    await says(
      store.put('x', 'y'),
      'FDC_ERR_DEST_UNWRITABLE',
      /^s3:\/\/another-bucket\/a: there is no such bucket .*make it/,
    );
  });

  it.each([
    [{ AWS_SECRET_ACCESS_KEY: 'hush-hush' }, /wrong credentials .*check AWS_ACCESS_KEY_ID/],
    [{ AWS_ACCESS_KEY_ID: 'SOMEBODY-ELSE' }, /wrong credentials .*check AWS_ACCESS_KEY_ID/],
    [{ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }, /no credentials were found .*--s3-profile/],
  ])('credentials: %j', async (given, text) => {
    const gateway = await testS3Gateway();
    stubCredentials(gateway, given as Record<string, string>);
    const store = await opened('s3://bucket/a', { endpoint: gateway.url });
    await says(store.put('x', 'y'), 'FDC_ERR_DEST_UNWRITABLE', text);
  });

  it('a profile that is not there', async () => {
    stubCredentials(await testS3Gateway(), { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' });
    const store = await opened('s3://bucket/a', { endpoint: 'http://127.0.0.1:9', profile: 'nobody' });
    await says(store.put('x', 'y'), 'FDC_ERR_DEST_UNWRITABLE', /no credentials were found|profile/);
  });

  it('nobody there, within the patience for what never answered', async () => {
    stubCredentials(await testS3Gateway());
    const store = await opened('s3://bucket/a', { endpoint: 'http://127.0.0.1:9', clock: HURRYING });
    await says(store.put('x', 'y'), 'FDC_ERR_DEST_IO', /no answer from the store for 1\d s .*--s3-endpoint/);
  });

  it('a host without an address', async () => {
    stubCredentials(await testS3Gateway());
    const store = await opened('s3://bucket/a', { endpoint: 'http://store.invalid', clock: HURRYING });
    await says(store.put('x', 'y'), 'FDC_ERR_DEST_IO', /its host has no address for \d+ s .*--s3-endpoint/);
  });

  it.each([
    ['a page', 200, { 'content-type': 'text/html', etag: 'W/"1a-18f"' }, '<!doctype html><html><body>Hello'],
    ['nothing', 200, {}, ''],
    ['JSON', 200, { 'content-type': 'application/json' }, '{}'],
    ['another address', 302, { location: 'http://127.0.0.1:9/' }, ''],
    ['that it has nothing', 404, { 'content-type': 'text/html' }, '<!doctype html><html><body>Hello'],
  ] as const)('an endpoint that is no store and answers %s', async (_what, status, headers, body) => {
    stubCredentials(await testS3Gateway());
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(status, headers).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const store = await opened('s3://bucket/a', { endpoint: `http://127.0.0.1:${port}`, clock: HURRYING });
    const fix = /--s3-endpoint is the address of an S3 store/;
    await says(keysOf(store), 'FDC_ERR_DEST_UNWRITABLE', fix);
    await says(store.put('x', 'y'), 'FDC_ERR_DEST_UNWRITABLE', fix);
    if (status === 404) return;
    await says(store.read('x'), 'FDC_ERR_DEST_UNWRITABLE', fix);
    await says(store.head('x'), 'FDC_ERR_DEST_UNWRITABLE', fix);
  });

  it('an object that is longer than anything of ours', async () => {
    const { store } = await openFaulty();
    await store.put('lock', Buffer.alloc(3 * MIB));
    await says(store.read('lock', 2 * MIB), 'FDC_ERR_DEST_IO', /data\/lock is longer than 2097152 bytes.*delete it/);
    expect((await store.read('lock', 3 * MIB))?.length).toBe(3 * MIB);
  });
});

function answer(status: number, code: string, message = 'said by the store') {
  return { kind: 'answer', status, code, message } as const;
}

async function opened(url: string, settings: S3Settings): Promise<ObjectStore> {
  const store = await openObjectStore(url, settings);
  onTestFinished(() => store.close());
  return store;
}
