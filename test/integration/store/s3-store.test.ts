import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { openObjectStore } from '../../../src/store/s3/open-object-store.ts';
import { BUCKET, openTestStore, startGateway } from './gateway.ts';

async function keysOf(store: ObjectStore, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function testStore(prefix = 'data', notices: string[] = []): Promise<ObjectStore> {
  return openTestStore(await startGateway(), prefix, { onNotice: (line) => notices.push(line) });
}

describe('an object store', () => {
  it('keeps small objects under any key, and says what is not there', async () => {
    const store = await testStore('pre fix/雪');
    for (const key of ['a/b +#%20', 'a/雪.jpg', 'c']) await store.put(key, `content of ${key}`);
    expect(await keysOf(store, 'a/')).toEqual(['a/b +#%20', 'a/雪.jpg']);
    expect(Buffer.from((await store.read('a/雪.jpg')) ?? []).toString()).toBe('content of a/雪.jpg');
    expect(await store.head('c')).toMatchObject({ key: 'c', bytes: 12 });
    expect(await store.head('d')).toBeUndefined();
    expect(await store.read('d')).toBeUndefined();
    await expect(store.open('d')).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
    await store.remove(['a/b +#%20', 'a/雪.jpg', 'never there']);
    await store.remove(['c', 'never there']);
    expect(await keysOf(store)).toEqual([]);
  });

  it('gives a range of an object, or all of it, as a stream', async () => {
    const store = await testStore();
    const content = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
    await store.put('a', content);
    expect(await bytesOf(await store.open('a'))).toEqual(content);
    expect(await bytesOf(await store.open('a', { start: 10, end: 70_000 }))).toEqual(content.subarray(10, 70_000));
    expect(await bytesOf(await store.open('a', { start: 99_000 }))).toEqual(content.subarray(99_000));
    expect(await bytesOf(await store.open('a', { start: 5, end: 5 }))).toHaveLength(0);
  });

  it('shows an upload when it is completed, whole, and not before', async () => {
    const store = await testStore();
    const upload = store.upload('000000.tar');
    const hash = createHash('sha256');
    const chunk = Buffer.alloc(999_983);
    for (let index = 0; index < 13; index += 1) {
      chunk.fill(index);
      hash.update(chunk);
      await upload.write([chunk.subarray(0, 3), chunk.subarray(3)]);
    }
    const closed = await upload.close();
    expect(closed).toMatchObject({ bytes: 13 * 999_983, sha256: hash.digest('hex') });
    expect(closed.upload.parts).toHaveLength(3);
    expect(await store.head('000000.tar')).toBeUndefined();
    expect(await store.complete('000000.tar', closed.upload)).toBe(true);
    const read = await bytesOf(await store.open('000000.tar'));
    expect(createHash('sha256').update(read).digest('hex')).toBe(closed.sha256);
  });

  it('uploads nothing as an empty object', async () => {
    const store = await testStore();
    const { bytes, upload } = await store.upload('empty').close();
    expect(bytes).toBe(0);
    await store.complete('empty', upload);
    expect(await store.head('empty')).toMatchObject({ bytes: 0 });
  });

  it('makes no object of an upload that was aborted, however often', async () => {
    const store = await testStore();
    const upload = store.upload('a');
    await upload.write([Buffer.alloc(6 * 1024 * 1024)]);
    await upload.abort();
    await upload.abort();
    await expect(upload.write([Buffer.from('x')])).rejects.toThrow('aborted');
    expect(await keysOf(store)).toEqual([]);
  });

  it('creates an object once, and says when that is not atomic', async () => {
    const notices: string[] = [];
    const store = await testStore('data', notices);
    expect(await store.create('lock', 'one')).toBe(true);
    expect(await store.create('lock', 'two')).toBe(false);
    expect(Buffer.from((await store.read('lock')) ?? []).toString()).toBe('one');
    expect(notices.some((line) => line.includes('If-None-Match'))).toBe(!(await store.isConditional()));
    expect(await keysOf(store)).toEqual(['lock']);
  });

  it('copies within the bucket, also to keys beside its own', async () => {
    const store = await testStore('a/b');
    await store.put('x', 'content');
    const beside = store.beside('.flow-dc');
    expect(beside.name).toBe(`s3://${BUCKET}/a/b.flow-dc`);
    expect(store.beside('/.flow-dc').name).toBe(`s3://${BUCKET}/a/b/.flow-dc`);
    expect(await store.copy('x', 'staging/y 雪', beside)).toBe(true);
    expect(await store.copy('not there', 'z')).toBe(false);
    expect(await keysOf(beside)).toEqual(['staging/y 雪']);
    expect(await beside.copy('staging/y 雪', 'back', store)).toBe(true);
    expect(Buffer.from((await store.read('back')) ?? []).toString()).toBe('content');
  });
});

describe('what is wrong with a store is said in one line that names the fix', () => {
  it('a bucket that does not exist', async () => {
    const endpoint = await startGateway();
    await openTestStore(endpoint, 'data');
    const store = await openObjectStore('s3://another-bucket', { endpoint });
    await expect(store.put('x', 'y')).rejects.toMatchObject({
      code: 'FDC_ERR_DEST_UNWRITABLE',
      message: expect.stringMatching(/^s3:\/\/another-bucket: there is no such bucket .*make it first/),
    });
    await store.close();
  });

  it('wrong credentials, which the message does not have', async () => {
    const store = await openTestStore(await startGateway(), 'data');
    process.env.AWS_ACCESS_KEY_ID = 'SOMEBODY-ELSE';
    process.env.AWS_SECRET_ACCESS_KEY = 'hush-hush';
    const failed = await store.put('x', 'y').catch((error: Error) => error);
    expect(failed).toMatchObject({ code: 'FDC_ERR_DEST_UNWRITABLE' });
    expect(failed).toMatchObject({ message: expect.stringMatching(/wrong credentials .*check AWS_ACCESS_KEY_ID/) });
    expect(JSON.stringify([failed, (failed as Error).cause, String((failed as Error).cause)])).not.toContain('hush');
  });

  it('calls under way are rejected when the store is closed', async () => {
    const store = await openTestStore(await startGateway(), 'data');
    await store.close();
    await expect(store.put('x', 'y')).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
  });
});
