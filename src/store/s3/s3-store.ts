/** An object store that speaks S3. */
import { createHash } from 'node:crypto';
import type { ByteRange, ObjectStore, ObjectUpload, OpenUpload, StoredObject, UploadNote } from '../object-store.ts';
import { probeKey } from '../probe-key.ts';
import { isMute, ofStore, unless } from './faults.ts';
import { listObjects, listUploads } from './listing.ts';
import { readObject, readOnwards } from './reading.ts';
import { removeObjects } from './removing.ts';
import { type S3Calls, TIDY_PATIENCE_MS } from './s3-calls.ts';
import { S3Upload } from './s3-upload.ts';
import { sentBytes } from './sent-bytes.ts';

/** Made by openObjectStore. */
export class S3Store implements ObjectStore {
  readonly name: string;
  readonly #calls: S3Calls;
  readonly #root: string;

  /** @param root - of all keys, without slashes at its ends; empty for the whole bucket */
  constructor(calls: S3Calls, root: string) {
    this.#calls = calls;
    this.#root = root;
    this.name = `${calls.scheme}://${calls.bucket}${root === '' ? '' : `/${root}`}`;
  }

  isConditional(): Promise<boolean> {
    const calls = this.#calls;
    calls.conditional ??= this.#tryCondition().catch((error: unknown) => {
      calls.conditional = undefined;
      throw error;
    });
    return calls.conditional;
  }

  async head(key: string): Promise<StoredObject | undefined> {
    const { sdk, client } = this.#calls;
    const looking = this.#calls.call(this.name, { what: `look at ${key}` }, async (abortSignal) => {
      const command = new sdk.HeadObjectCommand(this.#at(key));
      const answer = await client.send(command, { abortSignal }).catch(async (error: unknown) => {
        // Why, only an answer with a body says.
        if (isMute(error)) await client.send(new sdk.GetObjectCommand(oneByte(this.#at(key))), { abortSignal });
        throw error;
      });
      return ofStore(answer);
    });
    const found = await unless('missing', looking, undefined);
    if (found === undefined) return undefined;
    const { ContentLength: bytes = 0, LastModified, ETag: etag } = found;
    return { key, bytes, modifiedAtMs: LastModified?.getTime() ?? 0, etag };
  }

  read(key: string, mostBytes?: number): Promise<Uint8Array | undefined> {
    return unless('missing', readObject(this.#calls, this.name, this.#at(key), mostBytes), undefined);
  }

  open(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array>> {
    return readOnwards(this.#calls, this.name, this.#at(key), range);
  }

  async put(key: string, content: string | Uint8Array, sha256?: string): Promise<void> {
    await this.#put(key, content, { sha256 });
  }

  async create(key: string, content: string | Uint8Array): Promise<boolean> {
    if (!(await this.isConditional())) {
      if ((await this.head(key)) !== undefined) return false;
      await this.#put(key, content);
      return true;
    }
    let tries = 0;
    const onTry = (attempt: number): void => {
      tries = attempt;
    };
    const putting = this.#put(key, content, { onlyNew: true, onTry }).then(() => true);
    if (await unless('exists', putting, false)) return true;
    if (tries === 1) return false;
    // The answer to an earlier try may have been lost on its way: then what is there is ours.
    const there = await this.read(key);
    return there !== undefined && Buffer.from(content).equals(there);
  }

  list(prefix: string): AsyncIterable<StoredObject> {
    return listObjects(this.#calls, this.name, this.#keyOf(''), prefix);
  }

  remove(keys: Iterable<string>): Promise<void> {
    return removeObjects(
      this.#calls,
      this.name,
      [...keys].map((key) => this.#keyOf(key)),
    );
  }

  async copy(from: string, to: string, into: ObjectStore = this): Promise<boolean> {
    if (!(into instanceof S3Store) || into.#calls !== this.#calls)
      throw new RangeError(`copy: expected a store of the same bucket, got ${into.name}`);
    const { sdk, client, bucket } = this.#calls;
    const source = `${bucket}/${this.#keyOf(from)}`.split('/').map(encodeURIComponent).join('/');
    const copying = this.#calls.call(this.name, { what: `copy ${from} to ${to}` }, (abortSignal) =>
      client.send(new sdk.CopyObjectCommand({ ...into.#at(to), CopySource: source }), { abortSignal }),
    );
    return (await unless('missing', copying, undefined)) !== undefined;
  }

  upload(key: string): ObjectUpload {
    const { name } = this;
    const abortUpload = (id: string): Promise<void> => this.abort(key, id);
    return new S3Upload({ calls: this.#calls, name, key: this.#keyOf(key), abortUpload });
  }

  async complete(key: string, { id, parts }: UploadNote): Promise<boolean> {
    const { sdk, client } = this.#calls;
    const Parts = parts.map((part, index) => {
      const [ETag, sum] = part.split(' ');
      return { PartNumber: index + 1, ETag, ...(sum === undefined ? {} : { ChecksumSHA256: sum }) };
    });
    const input = { ...this.#at(key), UploadId: id, MultipartUpload: { Parts } };
    const completing = this.#calls.call(this.name, { what: `complete ${key}` }, (abortSignal) =>
      client.send(new sdk.CompleteMultipartUploadCommand(input), { abortSignal }),
    );
    return (await unless('missing', completing, undefined)) !== undefined;
  }

  async abort(key: string, id: string): Promise<void> {
    const { sdk, client } = this.#calls;
    const options = { what: `abort an upload of ${key}`, patienceMs: TIDY_PATIENCE_MS };
    const aborting = this.#calls.call(this.name, options, (abortSignal) =>
      client.send(new sdk.AbortMultipartUploadCommand({ ...this.#at(key), UploadId: id }), { abortSignal }),
    );
    const aborted = await unless('not-implemented', unless('missing', aborting, true), false);
    if (aborted === false)
      this.#calls.notice(`${this.name}: the store cannot abort uploads; let a rule of the bucket do it`);
  }

  uploads(prefix: string): AsyncIterable<OpenUpload> {
    return listUploads(this.#calls, this.name, this.#keyOf(''), prefix);
  }

  beside(suffix: string): ObjectStore {
    return new S3Store(this.#calls, `${this.#root}${suffix}`.replace(/^\/+|\/+$/g, ''));
  }

  hurry(): void {
    this.#calls.hurry();
  }

  async close(): Promise<void> {
    this.#calls.close();
  }

  /** Create the same object twice: a store that knows the condition refuses the second one. */
  async #tryCondition(): Promise<boolean> {
    const key = probeKey();
    const create = (): Promise<boolean> => this.#put(key, '', { onlyNew: true }).then(() => true);
    const tryTwice = async (): Promise<boolean> => {
      await unless('exists', create(), true);
      return !(await unless('exists', create(), false));
    };
    try {
      const isConditional = await unless('refused', unless('not-implemented', tryTwice(), false), false);
      if (!isConditional) {
        const instead = 'what must be created once is looked up first, which is safe for one process at a time';
        this.#calls.notice(`${this.name}: no conditional writes (If-None-Match); ${instead}`);
      }
      return isConditional;
    } finally {
      await this.remove([key]);
    }
  }

  async #put(key: string, content: string | Uint8Array, options: PutOptions = {}): Promise<void> {
    const { sdk, client } = this.#calls;
    const Body = typeof content === 'string' ? Buffer.from(content) : content;
    const sha256 = options.sha256 ?? createHash('sha256').update(Body).digest('hex');
    const input = { ...this.#at(key), Body, ...(options.onlyNew === true ? { IfNoneMatch: '*' } : {}) };
    await this.#calls.call(this.name, { what: `put ${key}` }, async (abortSignal, attempt) => {
      options.onTry?.(attempt);
      const command = new sdk.PutObjectCommand(input);
      sentBytes(command.middlewareStack, sha256);
      return ofStore(await client.send(command, { abortSignal }));
    });
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#calls.bucket, Key: this.#keyOf(key) };
  }

  #keyOf(key: string): string {
    return this.#root === '' ? key : `${this.#root}/${key}`;
  }
}

function oneByte<Place>(place: Place): Place & { readonly Range: string } {
  return { ...place, Range: 'bytes=0-0' };
}

interface PutOptions {
  readonly sha256?: string | undefined;
  /** Refuse when there is one already. */
  readonly onlyNew?: boolean;
  readonly onTry?: (attempt: number) => void;
}
