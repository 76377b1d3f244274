/** Inputs in an object store: an object, what lies below a prefix, or what a pattern matches. */
import { nearest } from '../../../config/nearest.ts';
import { FlowDcError, isFlowDcError } from '../../../errors.ts';
import type { ObjectStore, StoredObject } from '../../../store/object-store.ts';
import { ALL_RIGHTS, unless } from '../../../store/s3/faults.ts';
import { openObjectStore } from '../../../store/s3/open-object-store.ts';
import type { S3Settings } from '../../../store/s3/settings.ts';
import { parseStoreUrl, type StoreUrl } from '../../../store/store-url.ts';
import { isBeside, isHiveFolder } from './hive-folders.ts';
import { isPattern, keyPattern, literalStart } from './key-pattern.ts';
import { changed, type FileVersion, type Origin, type Part } from './remote-file.ts';

/** Names that are looked through for one that was meant. */
const LOOKED_THROUGH = 1000;

/** A bucket; after `close`, asking it opens it again. */
export class Bucket {
  readonly name: string;
  readonly #url: StoreUrl;
  readonly #settings: S3Settings;
  #store: Promise<ObjectStore> | undefined;

  /** Errors: FDC_ERR_CONFIG_INVALID for a name that no bucket has. */
  constructor(name: string, settings: S3Settings) {
    try {
      this.#url = parseStoreUrl(name);
    } catch (error) {
      throw asInput(error);
    }
    this.name = this.#url.name;
    this.#settings = settings;
  }

  /** Errors: FDC_ERR_MANIFEST_NOT_FOUND where it cannot be read, with what to do. */
  async with<Answer>(act: (store: ObjectStore) => Promise<Answer>): Promise<Answer> {
    try {
      this.#store ??= openObjectStore(this.#url, this.#settings);
      return await act(await this.#store);
    } catch (error) {
      throw asInput(error);
    }
  }

  async close(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    await (await store?.catch(() => undefined))?.close();
  }
}

/** Everything that an input of a bucket stands for, in the order of keys. Errors: FDC_ERR_MANIFEST_NOT_FOUND. */
export async function objectsOf(
  bucket: Bucket,
  key: string,
  pick: (folder: string, names: readonly string[]) => string[],
): Promise<StoredObject[]> {
  const isFolder = key === '' || key.endsWith('/');
  const exact = isFolder ? undefined : await bucket.with((store) => store.head(key));
  if (exact !== undefined) return [exact];
  if (isPattern(key)) {
    const pattern = keyPattern(key);
    const start = literalStart(key);
    const found = (await listed(bucket, start)).filter(
      (object) => pattern.test(object.key) && !isBeside(object.key.slice(start.length)),
    );
    if (found.length > 0) return found;
    throw notFound(`no object matches ${bucket.name}/${key}`, 'check the pattern and the prefix');
  }
  const folder = isFolder ? key : `${key}/`;
  const below = await listed(bucket, folder);
  if (below.length > 0) {
    const names = below.map((object) => object.key.slice(folder.length)).filter(isOfFolder);
    const picked = new Set(pick(`${bucket.name}/${folder}`, names).map((name) => folder + name));
    return below.filter((object) => picked.has(object.key));
  }
  if (isFolder) throw notFound(`there is nothing in ${bucket.name}/${key}`, 'check the prefix');
  throw notFound(`${bucket.name}/${key} does not exist`, await meant(bucket, key));
}

/** A name, or one in a folder called `key=value` and in no hidden one within. */
function isOfFolder(name: string): boolean {
  const [first, ...folders] = name.split('/').slice(0, -1);
  if (name === '' || name.endsWith('/')) return false;
  return first === undefined || (isHiveFolder(first) && !folders.some((folder) => /^[._]/.test(folder)));
}

async function listed(bucket: Bucket, prefix: string, most = Number.POSITIVE_INFINITY): Promise<StoredObject[]> {
  return bucket.with(async (store) => {
    const objects: StoredObject[] = [];
    for await (const object of store.list(prefix)) if (objects.push(object) >= most) break;
    return objects;
  });
}

async function meant(bucket: Bucket, key: string): Promise<string> {
  const folder = key.slice(0, key.lastIndexOf('/') + 1);
  const beside = await listed(bucket, folder, LOOKED_THROUGH);
  const near = nearest(
    key,
    beside.map((object) => object.key),
  );
  return near === undefined ? 'check the bucket and the key' : `did you mean ${bucket.name}/${near}?`;
}

export class StoredOrigin implements Origin {
  readonly name: string;
  /** As it was found. */
  readonly version: FileVersion;
  readonly #bucket: Bucket;
  readonly #key: string;

  constructor(bucket: Bucket, { key, bytes, etag }: StoredObject) {
    this.name = `${bucket.name}/${key}`;
    this.version = { bytes, etag, lastModified: undefined };
    this.#bucket = bucket;
    this.#key = key;
  }

  async ask(start: number, end: number): Promise<Part> {
    const { version } = this;
    const chunks = await this.#bucket.with((store) => {
      const opening = store.open(this.#key, { start, end, etag: version.etag });
      // Another one, or none any more.
      return unless('exists', unless('missing', opening, undefined), undefined);
    });
    if (chunks === undefined) throw changed(this.name);
    return { version, chunks: asRead(chunks) };
  }

  close(): Promise<void> {
    return this.#bucket.close();
  }
}

async function* asRead(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw asInput(error, 'FDC_ERR_MANIFEST_CORRUPT');
  }
}

/** What a store says, as what it means for an input. */
function asInput(
  error: unknown,
  code: 'FDC_ERR_MANIFEST_NOT_FOUND' | 'FDC_ERR_MANIFEST_CORRUPT' = 'FDC_ERR_MANIFEST_NOT_FOUND',
): unknown {
  if (!isFlowDcError(error)) return error;
  const message = error.message
    .replace(/^output /, 'input ')
    .replace(
      ALL_RIGHTS,
      'reading needs s3:GetObject, prefixes and patterns s3:ListBucket; check policy and credentials',
    );
  const known = error.code.startsWith('FDC_ERR_DEST') ? code : error.code;
  // What to do is said whole, however long the name is.
  const [what = '', ...fix] = message.split('; ');
  const advice = fix.map((part) => `; ${part}`).join('');
  return new FlowDcError(known, what, { cause: error, advice, issues: [message] });
}

function notFound(message: string, fix: string): FlowDcError {
  return new FlowDcError('FDC_ERR_MANIFEST_NOT_FOUND', message, { advice: `; ${fix}` });
}
