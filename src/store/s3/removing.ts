/** Objects removed: a thousand in one call, or one by one where a store does not know that call. */
import { unless } from './faults.ts';
import type { S3Calls } from './s3-calls.ts';
import { withMd5 } from './sent-bytes.ts';

const MOST_AT_ONCE = 1000;
const SINGLE_CALLS = 16;

/** @param keys - below the bucket; what is not there is passed over */
export async function removeObjects(calls: S3Calls, name: string, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += MOST_AT_ONCE) {
    const batch = keys.slice(from, from + MOST_AT_ONCE);
    await removeEach(calls, name, batch.length > 1 && calls.deletesMany ? await removeMany(calls, name, batch) : batch);
  }
}

/** @returns the keys that are left: all of them where the store does not know the call */
async function removeMany(calls: S3Calls, name: string, keys: readonly string[]): Promise<readonly string[]> {
  const { sdk, client, bucket } = calls;
  const input = { Bucket: bucket, Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true } };
  const removing = calls.call(name, { what: `remove ${keys.length} objects` }, (abortSignal) => {
    const command = new sdk.DeleteObjectsCommand(input);
    withMd5(command.middlewareStack);
    return client.send(command, { abortSignal });
  });
  const answer = await unless('refused', unless('not-implemented', removing, undefined), undefined);
  if (answer === undefined) {
    calls.deletesMany = false;
    return keys;
  }
  return (answer.Errors ?? []).flatMap(({ Key, Code }) => (Key === undefined || Code === 'NoSuchKey' ? [] : [Key]));
}

async function removeEach(calls: S3Calls, name: string, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += SINGLE_CALLS)
    await Promise.all(keys.slice(from, from + SINGLE_CALLS).map((key) => removeOne(calls, name, key)));
}

async function removeOne(calls: S3Calls, name: string, key: string): Promise<void> {
  const { sdk, client, bucket } = calls;
  const removing = calls.call(name, { what: `remove ${key}` }, (abortSignal) =>
    client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: key }), { abortSignal }),
  );
  await unless('missing', removing, undefined);
}
