/** An object store in memory, as atomic as a good one: what the logic above stores is tried on without a server. */
import { createHash, randomUUID } from 'node:crypto';
import {
  type ObjectStore,
  type ObjectUpload,
  type OpenUpload,
  type StoredObject,
  tooLarge,
  type UploadNote,
} from '../../src/store/object-store.ts';

interface Held {
  readonly content: Buffer;
  readonly modifiedAtMs: number;
}

/** What all views of one bucket share. */
export class MemoryBucket {
  readonly objects = new Map<string, Held>();
  readonly uploads = new Map<string, { readonly key: string; content: Buffer[]; readonly startedAtMs: number }>();
  /** The store's own clock. */
  nowMs: () => number = () => Date.now();
  isConditional = true;
  /** Called before every request; may throw, wait or change things. */
  onRequest: (what: string, key: string) => Promise<void> | void = () => {};

  store(prefix = 'a'): MemoryStore {
    return new MemoryStore(this, prefix);
  }

  get keys(): string[] {
    return [...this.objects.keys()].sort();
  }
}

export class MemoryStore implements ObjectStore {
  readonly name: string;
  readonly #bucket: MemoryBucket;
  readonly #prefix: string;

  constructor(bucket: MemoryBucket, prefix: string) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.name = `s3://bucket${prefix === '' ? '' : `/${prefix}`}`;
  }

  async isConditional(): Promise<boolean> {
    return this.#bucket.isConditional;
  }

  async head(key: string): Promise<StoredObject | undefined> {
    await this.#bucket.onRequest('head', key);
    const found = this.#bucket.objects.get(this.#full(key));
    return found && { key, bytes: found.content.length, modifiedAtMs: found.modifiedAtMs };
  }

  async read(key: string, mostBytes?: number): Promise<Uint8Array | undefined> {
    await this.#bucket.onRequest('read', key);
    const content = this.#bucket.objects.get(this.#full(key))?.content;
    const most = mostBytes ?? Number.POSITIVE_INFINITY;
    if (content !== undefined && content.length > most) throw tooLarge(`${this.name}/${key}`, most);
    return content;
  }

  async open(
    key: string,
    { start = 0, end }: { start?: number; end?: number } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const content = await this.read(key);
    if (content === undefined) throw new Error(`no ${key}`);
    return (async function* () {
      yield content.subarray(start, end);
    })();
  }

  async put(key: string, content: string | Uint8Array): Promise<void> {
    await this.#bucket.onRequest('put', key);
    this.#set(key, content);
  }

  async create(key: string, content: string | Uint8Array): Promise<boolean> {
    await this.#bucket.onRequest('create', key);
    if (this.#bucket.objects.has(this.#full(key))) return false;
    this.#set(key, content);
    return true;
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    await this.#bucket.onRequest('list', prefix);
    const root = this.#full('');
    for (const full of this.#bucket.keys) {
      const held = this.#bucket.objects.get(full);
      if (held === undefined || !full.startsWith(this.#full(prefix))) continue;
      yield { key: full.slice(root.length), bytes: held.content.length, modifiedAtMs: held.modifiedAtMs };
    }
  }

  async remove(keys: Iterable<string>): Promise<void> {
    for (const key of keys) {
      await this.#bucket.onRequest('remove', key);
      this.#bucket.objects.delete(this.#full(key));
    }
  }

  copy(from: string, to: string, into: ObjectStore = this): ReturnType<ObjectStore['copy']> {
    return this.#copy(from, to, into) as never;
  }

  upload(key: string): ObjectUpload {
    const id = randomUUID();
    const upload = { key: this.#full(key), content: [] as Buffer[], startedAtMs: this.#bucket.nowMs() };
    this.#bucket.uploads.set(id, upload);
    return {
      write: async (chunks) => {
        await this.#bucket.onRequest('write', key);
        upload.content.push(...chunks.map((chunk) => Buffer.from(chunk)));
      },
      close: async () => {
        await this.#bucket.onRequest('close', key);
        const content = Buffer.concat(upload.content);
        const sha256 = createHash('sha256').update(content).digest('hex');
        return { bytes: content.length, sha256, upload: { id, parts: ['1'] } };
      },
      abort: () => this.abort(key, id),
    };
  }

  async complete(key: string, { id }: UploadNote): Promise<boolean> {
    await this.#bucket.onRequest('complete', key);
    const upload = this.#bucket.uploads.get(id);
    if (upload === undefined) return false;
    this.#bucket.uploads.delete(id);
    this.#set(key, Buffer.concat(upload.content));
    return true;
  }

  async abort(_key: string, id: string): Promise<void> {
    this.#bucket.uploads.delete(id);
  }

  async *uploads(prefix: string): AsyncIterable<OpenUpload> {
    const root = this.#full('');
    for (const [id, { key, startedAtMs }] of this.#bucket.uploads)
      if (key.startsWith(this.#full(prefix))) yield { key: key.slice(root.length), id, startedAtMs };
  }

  beside(suffix: string): MemoryStore {
    return new MemoryStore(this.#bucket, `${this.#prefix}${suffix}`.replace(/^\/+|\/+$/g, ''));
  }

  hurry(): void {}

  async close(): Promise<void> {}

  async #copy(from: string, to: string, into: ObjectStore): Promise<boolean> {
    const content = await this.read(from);
    if (content !== undefined) await into.put(to, content);
    return content !== undefined;
  }

  #full(key: string): string {
    return this.#prefix === '' ? key : `${this.#prefix}/${key}`;
  }

  #set(key: string, content: string | Uint8Array): void {
    const modifiedAtMs = Math.floor(this.#bucket.nowMs() / 1000) * 1000;
    this.#bucket.objects.set(this.#full(key), { content: Buffer.from(content as string), modifiedAtMs });
  }
}
