/** Rows of object stores: held until it is known where their bucket is, then requests as all others, but signed. */
import { asError, FlowDcError, isFlowDcError } from '../../errors.ts';
import type { AccessSettings, BucketAccess, BucketAccesses } from '../../store/s3/bucket-access.ts';
import { parseStoreUrl, type StoreUrl } from '../../store/store-url.ts';
import { unsentEnd } from './row-end.ts';
import type { FetchTask } from './row-work.ts';
import type { EngineSettings } from './settings.ts';

export interface StoredRowHooks {
  /** Where the row is, and what signs its requests. */
  begin(task: FetchTask, url: URL, access: BucketAccess): void;
  /** Rows were begun. */
  pump(): void;
  /** Nothing of any bucket can be asked for. */
  onFatal(error: Error): void;
}

interface StoredPlace {
  readonly bucket: StoreUrl;
  readonly key: string;
}

interface Bucket {
  access: BucketAccess | undefined;
  readonly waiting: { readonly task: FetchTask; readonly key: string }[];
}

/** Undefined where they are not to be fetched. */
export function storedRows(
  { allowS3, s3NoSign: noSign, store, clock }: Pick<EngineSettings, 'allowS3' | 's3NoSign' | 'store' | 'clock'>,
  hooks: StoredRowHooks,
): StoredRows | undefined {
  return allowS3 ? new StoredRows({ ...store, noSign, clock }, hooks) : undefined;
}

export class StoredRows {
  readonly #settings: AccessSettings;
  readonly #hooks: StoredRowHooks;
  readonly #buckets = new Map<string, Bucket>();
  /** By scheme. */
  readonly #accesses = new Map<string, Promise<BucketAccesses>>();
  #isClosed = false;

  constructor(settings: AccessSettings, hooks: StoredRowHooks) {
    this.#settings = settings;
    this.#hooks = hooks;
  }

  /** Begin the row now, or as soon as its bucket is known. */
  add(task: FetchTask): void {
    const place = placeOf(task.url);
    if (typeof place === 'string') return task.end(unsentEnd('invalid_url', place, '!invalid', 0));
    const { bucket, key } = place;
    let known = this.#buckets.get(bucket.name);
    if (known === undefined) {
      known = { access: undefined, waiting: [] };
      this.#buckets.set(bucket.name, known);
      this.#open(bucket, known);
    }
    if (known.access === undefined) known.waiting.push({ task, key });
    else this.#begin(task, key, known.access);
  }

  /** The host that a bucket's rows are asked of, once it is known. @param bucket - as `hostOf` names it */
  serverOf(bucket: string): string | undefined {
    return this.#buckets.get(bucket)?.access?.host;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#buckets.clear();
    for (const opening of this.#accesses.values()) await (await opening).close();
  }

  #open(bucket: StoreUrl, known: Bucket): void {
    let accesses = this.#accesses.get(bucket.scheme);
    if (accesses === undefined) {
      // Most jobs have no such rows.
      accesses = import('../../store/s3/bucket-access.ts').then((module) => new module.BucketAccesses(this.#settings));
      this.#accesses.set(bucket.scheme, accesses);
    }
    accesses
      .then((all) => all.open(bucket))
      .then((access) => {
        if (this.#isClosed) return;
        known.access = access;
        for (const { task, key } of known.waiting.splice(0)) if (!task.isDropped()) this.#begin(task, key, access);
        this.#hooks.pump();
      })
      .catch((error: unknown) => {
        if (!this.#isClosed) this.#hooks.onFatal(asSource(asError(error)));
      });
  }

  #begin(task: FetchTask, key: string, access: BucketAccess): void {
    let url: URL;
    try {
      url = access.urlOf(key);
    } catch (error) {
      return task.end(unsentEnd('invalid_url', asError(error).message, '!invalid', 0));
    }
    this.#hooks.begin(task, url, access);
  }
}

/** What a store says, as what it means for rows: the destination is not to blame. */
function asSource(error: Error): Error {
  if (!isFlowDcError(error) || !error.code.startsWith('FDC_ERR_DEST')) return error;
  const fix = '; these are for the rows, which are read from there: public buckets need none, with --s3-no-sign';
  return new FlowDcError('FDC_ERR_MANIFEST_NOT_FOUND', `rows of ${error.message}`, { cause: error, advice: fix });
}

/** What stands behind the bucket is the key, byte by byte: no query, no fragment, no escapes. Or why it is none. */
function placeOf(text: string): StoredPlace | string {
  const [, scheme = '', name = '', key = ''] = /^\s*(s3|gs):\/\/([^/]+)\/(.*\S)\s*$/is.exec(text) ?? [];
  if (key === '') return 'expected s3://BUCKET/KEY';
  try {
    return { bucket: parseStoreUrl(`${scheme.toLowerCase()}://${name}`), key };
  } catch (error) {
    return asError(error).message.replace(/^output /, '');
  }
}
