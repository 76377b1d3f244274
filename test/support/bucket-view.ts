/** Looks into a bucket with the vendor's client alone: what is there, and what was begun and never ended. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  type ListMultipartUploadsCommandOutput,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

type Marker = Pick<ListMultipartUploadsCommandInput, 'KeyMarker' | 'UploadIdMarker'>;

export class BucketView {
  readonly endpoint: string;
  readonly keys: Keys;
  readonly bucket: string;
  readonly #client: S3Client;
  readonly #uploads: string | undefined;

  /** @param uploads - the folder with one folder for each open upload, where the gateway cannot list them */
  constructor(endpoint: string, region: string, keys: Keys, bucket: string, uploads?: string) {
    this.endpoint = endpoint;
    this.keys = keys;
    this.bucket = bucket;
    this.#uploads = uploads;
    this.#client = new S3Client({ endpoint, region, credentials: keys, forcePathStyle: true });
  }

  /** Keys with their sizes, in order. */
  async objects(prefix = ''): Promise<{ key: string; bytes: number }[]> {
    const found: { key: string; bytes: number }[] = [];
    const pages = paginateListObjectsV2({ client: this.#client }, { Bucket: this.bucket, Prefix: prefix });
    for await (const { Contents } of pages)
      for (const { Key = '', Size = -1 } of Contents ?? []) found.push({ key: Key, bytes: Size });
    return found;
  }

  /** Uploads that were neither completed nor aborted. */
  async openUploads(): Promise<{ key: string; id: string }[]> {
    if (this.#uploads !== undefined) return uploadsIn(this.#uploads);
    const found: { key: string; id: string }[] = [];
    for (let next: Marker | undefined = {}; next !== undefined; ) {
      const page: ListMultipartUploadsCommandOutput = await this.#client.send(
        new ListMultipartUploadsCommand({ Bucket: this.bucket, ...next }),
      );
      for (const { Key = '', UploadId = '' } of page.Uploads ?? []) found.push({ key: Key, id: UploadId });
      const { IsTruncated = false, NextKeyMarker, NextUploadIdMarker } = page;
      next = IsTruncated ? { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker } : undefined;
    }
    return found;
  }

  /** Rejects with the client's error when there is no such object. */
  async read(key: string): Promise<Buffer> {
    const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  }

  async put(key: string, content: string | Uint8Array): Promise<void> {
    await this.#client.send(new PutObjectCommand({ Bucket: this.bucket, Key: key, Body: content }));
  }

  async makeBucket(name = this.bucket): Promise<void> {
    await this.#client.send(new CreateBucketCommand({ Bucket: name }));
  }

  protected closeView(): void {
    this.#client.destroy();
  }
}

async function uploadsIn(folder: string): Promise<{ key: string; id: string }[]> {
  const ids = await readdir(folder).catch(() => []);
  return Promise.all(ids.map(async (id) => ({ id, key: await readFile(join(folder, id, 'key'), 'utf8') })));
}
