/** What is in a bucket, page by page: objects, and uploads that nobody has ended. */
import type { OpenUpload, StoredObject } from '../object-store.ts';
import { listOfStore, unless } from './faults.ts';
import type { S3Calls } from './s3-calls.ts';

/** @param root - of the store's keys, cut from those that are found */
export async function* listObjects(
  calls: S3Calls,
  name: string,
  root: string,
  prefix: string,
): AsyncGenerator<StoredObject> {
  const { sdk, client, bucket } = calls;
  let token: string | undefined;
  do {
    const page = await calls.call(name, { what: `list what begins with ${root}${prefix}` }, async (abortSignal) => {
      const about = {
        Bucket: bucket,
        Prefix: root + prefix,
        // Encoded, because XML cannot hold every character that a key may have.
        EncodingType: 'url',
        ...(token === undefined ? {} : { ContinuationToken: token }),
      } as const;
      return listOfStore(await client.send(new sdk.ListObjectsV2Command(about), { abortSignal }));
    });
    for (const { Key = '', Size = 0, LastModified, ETag: etag } of page.Contents ?? []) {
      const key = keyOf(Key, page.EncodingType);
      yield { key: key.slice(root.length), bytes: Size, modifiedAtMs: LastModified?.getTime() ?? 0, etag };
    }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

/** Empty for a store that cannot list them. */
export async function* listUploads(
  calls: S3Calls,
  name: string,
  root: string,
  prefix: string,
): AsyncGenerator<OpenUpload> {
  const { sdk, client, bucket } = calls;
  let after: { readonly KeyMarker: string; readonly UploadIdMarker: string } | undefined;
  do {
    const listing = calls.call(name, { what: `list uploads of ${root}${prefix}` }, (abortSignal) =>
      client.send(
        new sdk.ListMultipartUploadsCommand({
          Bucket: bucket,
          Prefix: root + prefix,
          EncodingType: 'url',
          ...after,
        }),
        { abortSignal },
      ),
    );
    const page = await unless('refused', unless('not-implemented', listing, undefined), undefined);
    if (page === undefined) {
      calls.notice(`${name}: the store cannot list uploads that were cut short; let a rule of the bucket abort them`);
      return;
    }
    for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? []) {
      const key = keyOf(Key, page.EncodingType);
      // Not every store heeds the prefix.
      if (!key.startsWith(root + prefix)) continue;
      yield { key: key.slice(root.length), id: UploadId, startedAtMs: Initiated?.getTime() ?? 0 };
    }
    const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page;
    after =
      IsTruncated === true && NextKeyMarker !== undefined
        ? { KeyMarker: keyOf(NextKeyMarker, page.EncodingType), UploadIdMarker: NextUploadIdMarker ?? '' }
        : undefined;
  } while (after !== undefined);
}

function keyOf(text: string, encoding: string | undefined): string {
  return encoding === 'url' ? decodeURIComponent(text.replaceAll('+', ' ')) : text;
}
