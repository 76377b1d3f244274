import { randomBytes } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ACCESS_DENIED, QUOTA_EXCEEDED, SLOW_DOWN, STORAGE_FULL, testFaultProxy } from '../../support/fault-proxy.ts';
import { describeS3, type S3Gateway, testS3Gateway } from '../../support/s3-gateway.ts';

const Bucket = 'bucket';
const PART_BYTES = 5 << 20;

function clientOf({ keys, url }: Pick<S3Gateway, 'keys' | 'url'>, endpoint = url, maxAttempts = 1): S3Client {
  const options = { region: 'us-east-1', forcePathStyle: true, maxAttempts };
  const client = new S3Client({ ...options, endpoint, credentials: keys });
  onTestFinished(() => client.destroy());
  return client;
}

async function begin(client: S3Client, Key: string, Body: Uint8Array) {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body }));
  return { UploadId, MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] } };
}

describeS3('the gateway that tests stand on', () => {
  it('shows an upload when it is completed and not before, lists those that are open, and drops aborted ones', async () => {
    const gateway = await testS3Gateway();
    const client = clientOf(gateway);
    const body = randomBytes(PART_BYTES);
    const [kept, dropped] = [await begin(client, 'a/0.tar', body), await begin(client, 'a/1.tar', body)];
    expect(await gateway.objects()).toEqual([]);
    expect((await gateway.openUploads()).map(({ key }) => key)).toEqual(['a/0.tar', 'a/1.tar']);
    await client.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'a/0.tar', ...kept }));
    const { UploadId } = dropped;
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key: 'a/1.tar', UploadId }));
    expect(await gateway.objects()).toEqual([{ key: 'a/0.tar', bytes: PART_BYTES }]);
    expect(await gateway.openUploads()).toEqual([]);
    expect(body.equals(await gateway.read('a/0.tar'))).toBe(true);
  });

  it('keeps objects and open uploads over a kill -9', async () => {
    const gateway = await testS3Gateway();
    const client = clientOf(gateway);
    await gateway.put('a.txt', 'here');
    const open = await begin(client, 'b.tar', randomBytes(PART_BYTES));
    await gateway.kill();
    await expect(gateway.read('a.txt')).rejects.toThrow();
    await gateway.start();
    expect((await gateway.read('a.txt')).toString()).toBe('here');
    await clientOf(gateway).send(new CompleteMultipartUploadCommand({ Bucket, Key: 'b.tar', ...open }));
    expect(await gateway.objects()).toHaveLength(2);
  });

  it('refuses a wrong secret', async () => {
    const gateway = await testS3Gateway();
    const client = clientOf({ url: gateway.url, keys: { ...gateway.keys, secretAccessKey: 'wrong' } });
    const put = client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    await expect(put).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
  });

  it('lets one of twenty create an object, behind the proxy', async () => {
    const gateway = await testS3Gateway();
    const proxy = await testFaultProxy(() => gateway.port);
    const client = clientOf(gateway, proxy.url);
    const tries = Array.from({ length: 20 }, (_, i) =>
      client.send(new PutObjectCommand({ Bucket, Key: 'one', Body: `${i}`, IfNoneMatch: '*' })),
    );
    const results = await Promise.allSettled(tries);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const winner = results.findIndex(({ status }) => status === 'fulfilled');
    expect((await gateway.read('one')).toString()).toBe(`${winner}`);
  });
});

describe('the quick gateway', () => {
  it('keeps objects, and uploads that it can neither list nor abort', async () => {
    const gateway = await testS3Gateway('s3rver');
    const client = clientOf(gateway);
    await gateway.put('a/b.txt', 'here');
    expect(await gateway.objects('a/')).toEqual([{ key: 'a/b.txt', bytes: 4 }]);
    const body = randomBytes(PART_BYTES);
    const open = await begin(client, 'c.tar', body);
    expect(await gateway.openUploads()).toEqual([{ key: 'c.tar', id: open.UploadId }]);
    await client.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'c.tar', ...open }));
    expect(body.equals(await gateway.read('c.tar'))).toBe(true);
    expect(await gateway.openUploads()).toEqual([]);
  });
});

describe('the fault proxy', () => {
  it('answers in the place of the gateway as often as a rule says, and lets other requests through', async () => {
    const { gateway, proxy, client } = await setUp(3);
    const hits = proxy.add({ fault: SLOW_DOWN, when: ({ operation }) => operation === 'PutObject', times: 2 });
    await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    expect(hits()).toBe(2);
    expect(await gateway.objects()).toHaveLength(1);
    expect(proxy.seen.map(({ operation, key, status }) => [operation, key, status])).toEqual([
      ['PutObject', 'a', 503],
      ['PutObject', 'a', 503],
      ['PutObject', 'a', 200],
    ]);
  });

  it.each([ACCESS_DENIED, QUOTA_EXCEEDED, STORAGE_FULL])('says $code as stores say it', async (fault) => {
    const { proxy, client } = await setUp();
    proxy.add({ fault });
    const put = client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    await expect(put).rejects.toMatchObject({ name: fault.code, $metadata: { httpStatusCode: fault.status } });
  });

  it('cuts a request in its middle, and an answer whose request was carried out', async () => {
    const { gateway, proxy, client } = await setUp();
    proxy.add({ fault: { kind: 'cut', afterBytes: 1 << 20 }, when: ({ key }) => key === 'half', times: 1 });
    const half = client.send(new PutObjectCommand({ Bucket, Key: 'half', Body: randomBytes(PART_BYTES) }));
    await expect(half).rejects.toThrow();
    proxy.add({ fault: { kind: 'cutAnswer' }, when: ({ key }) => key === 'done', times: 1 });
    const done = client.send(new PutObjectCommand({ Bucket, Key: 'done', Body: 'x' }));
    await expect(done).rejects.toThrow();
    expect((await gateway.read('done')).toString()).toBe('x');
  });

  it('slows all bodies of a rule down to one line', async () => {
    const { proxy, client } = await setUp();
    proxy.add({ fault: { kind: 'slow', bytesPerSecond: 4 << 20 } });
    const startMs = performance.now();
    const put = (Key: string) => client.send(new PutObjectCommand({ Bucket, Key, Body: randomBytes(1 << 20) }));
    await Promise.all([put('a'), put('b')]);
    expect(performance.now() - startMs).toBeGreaterThan(400);
  });
});

async function setUp(maxAttempts = 1) {
  const gateway = await testS3Gateway('s3rver');
  const proxy = await testFaultProxy(() => gateway.port);
  return { gateway, proxy, client: clientOf(gateway, proxy.url, maxAttempts) };
}
