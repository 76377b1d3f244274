import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openObjectStore } from '../../../src/store/s3/open-object-store.ts';
import { describeS3, type GatewayKind, testS3Gateway } from '../../support/s3-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { bytesOf, keysOf, openTestStore, stubCredentials } from './test-store.ts';

describe('a quick gateway', () => storeContract('s3rver'));
describeS3('an object store', () => {
  storeContract('versitygw');

  it('lists more objects than fit on a page, and removes them', async () => {
    const store = await openTestStore(await testS3Gateway());
    const keys = Array.from({ length: 1010 }, (_, index) => `k${String(index).padStart(4, '0')}`);
    for (let from = 0; from < keys.length; from += 50)
      await Promise.all(keys.slice(from, from + 50).map((key) => store.put(key, '')));
    expect(await keysOf(store)).toEqual(keys);
    await store.remove(keys);
    expect(await keysOf(store)).toEqual([]);
  });

  it('shows uploads that nobody has ended, and ends them', async () => {
    const gateway = await testS3Gateway();
    const store = await openTestStore(gateway);
    const upload = store.upload('000000.tar');
    await upload.write([Buffer.alloc(1)]);
    const { upload: note } = await upload.close();
    const open = [];
    for await (const { key, id } of store.uploads('0000')) open.push({ key, id });
    expect(open).toEqual([{ key: '000000.tar', id: note.id }]);
    await store.abort('000000.tar', note.id);
    await store.abort('000000.tar', note.id);
    expect(await store.complete('000000.tar', note)).toBe(false);
    expect(await gateway.openUploads()).toEqual([]);
  });

  it('is where the profile of AWS tools says, with its credentials and endpoint', async () => {
    const gateway = await testS3Gateway();
    const config = join(await tempFolder(), 'config');
    const { accessKeyId, secretAccessKey } = gateway.keys;
    const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}`;
    await writeFile(config, `[profile lab]\nregion = us-east-1\nendpoint_url = ${gateway.url}\n${keys}\n`);
    stubCredentials(gateway, { AWS_ACCESS_KEY_ID: 'else', AWS_SECRET_ACCESS_KEY: 'else', AWS_CONFIG_FILE: config });
    const store = await openObjectStore('s3://bucket/data', { profile: 'lab' });
    onTestFinished(() => store.close());
    await store.put('a', 'x');
    expect(await gateway.objects()).toEqual([{ key: 'data/a', bytes: 1 }]);
    expect(process.env.AWS_PROFILE).toBeUndefined();
  });

  it.each(['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'])('is where %s says', async (name) => {
    const gateway = await testS3Gateway();
    stubCredentials(gateway, { [name]: gateway.url });
    const store = await openObjectStore('s3://bucket/data');
    onTestFinished(() => store.close());
    await store.put('a', 'x');
    expect(await gateway.objects()).toEqual([{ key: 'data/a', bytes: 1 }]);
  });

  it('refuses bytes that are not those that were meant', async () => {
    const store = await openTestStore(await testS3Gateway());
    const put = store.put('a', 'bytes', createHash('sha256').update('others').digest('hex'));
    await expect(put).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
    expect(await store.head('a')).toBeUndefined();
  });
});

/** What every gateway does. */
function storeContract(kind: GatewayKind): void {
  it('keeps small objects under any key, and says what is not there', async () => {
    const store = await openTestStore(await testS3Gateway(kind), 'pre fix/雪');
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
    const store = await openTestStore(await testS3Gateway(kind));
    const content = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, index) => index % 251));
    await store.put('a', content);
    expect((await bytesOf(await store.open('a'))).equals(content)).toBe(true);
    expect(await bytesOf(await store.open('a', { start: 10, end: 70_000 }))).toEqual(content.subarray(10, 70_000));
    expect(await bytesOf(await store.open('a', { start: 99_000 }))).toEqual(content.subarray(99_000));
    expect(await bytesOf(await store.open('a', { start: 5, end: 5 }))).toHaveLength(0);
  });

  it('shows an upload when it is completed, whole, and not before', async () => {
    const store = await openTestStore(await testS3Gateway(kind));
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
    const store = await openTestStore(await testS3Gateway(kind));
    const { bytes, upload } = await store.upload('empty').close();
    expect(bytes).toBe(0);
    await store.complete('empty', upload);
    expect(await store.head('empty')).toMatchObject({ bytes: 0 });
  });

  it('makes no object of an upload that was aborted, however often', async () => {
    const store = await openTestStore(await testS3Gateway(kind));
    const upload = store.upload('a');
    await upload.write([Buffer.alloc(6 * 1024 * 1024)]);
    await upload.abort();
    await upload.abort();
    await expect(upload.write([Buffer.from('x')])).rejects.toThrow('aborted');
    expect(await keysOf(store)).toEqual([]);
  });

  it('creates an object once, and says when that is not atomic', async () => {
    const notices: string[] = [];
    const store = await openTestStore(await testS3Gateway(kind), 'data', { onNotice: (line) => notices.push(line) });
    expect(await store.create('lock', 'one')).toBe(true);
    expect(await store.create('lock', 'two')).toBe(false);
    expect(Buffer.from((await store.read('lock')) ?? []).toString()).toBe('one');
    expect(await store.isConditional()).toBe(kind === 'versitygw');
    expect(notices.filter((line) => line.includes('If-None-Match'))).toHaveLength(kind === 'versitygw' ? 0 : 1);
    expect(await keysOf(store)).toEqual(['lock']);
  });

  it('copies within the bucket, also to keys beside its own', async () => {
    const store = await openTestStore(await testS3Gateway(kind), 'a/b');
    // The quick one does not decode what it is asked to copy in full.
    const name = kind === 'versitygw' ? 'y 雪+%20' : 'y 雪';
    await store.put('x', 'content');
    const beside = store.beside('.flow-dc');
    expect(beside.name).toBe('s3://bucket/a/b.flow-dc');
    expect(store.beside('/.flow-dc').name).toBe('s3://bucket/a/b/.flow-dc');
    expect(await store.copy('x', `staging/${name}`, beside)).toBe(true);
    expect(await store.copy('not there', 'z')).toBe(false);
    expect(await keysOf(beside)).toEqual([`staging/${name}`]);
    expect(await beside.copy(`staging/${name}`, 'back', store)).toBe(true);
    expect(Buffer.from((await store.read('back')) ?? []).toString()).toBe('content');
  });
}
