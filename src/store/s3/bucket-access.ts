/** Objects of buckets as plain requests: where they are, and the headers that open them. */
import type { StoreUrl } from '../store-url.ts';
import { storeError } from './faults.ts';
import { type Connected, connectToStore } from './open-object-store.ts';
import type { S3Settings } from './settings.ts';
import { pathOfKey, Signer } from './sign.ts';

export interface BucketAccess {
  /** Whether the user has named the server, in settings or environment: it may be anywhere then. */
  readonly isNamed: boolean;
  /** `name[:port]` of the server, as in the URLs. */
  readonly host: string;
  /** Errors: RangeError for a key that no URL can have, such as `a/../b`. */
  urlOf(key: string): URL;
  /** Headers for a request that is sent now. Of public objects none. */
  headers(method: 'GET' | 'HEAD', url: URL, wallMs: number): Record<string, string>;
}

export interface AccessSettings extends S3Settings {
  /** Requests are not signed: for public buckets. */
  readonly noSign?: boolean | undefined;
}

interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly expiration?: Date | undefined;
}

/** As much of the request that the client library makes for a bucket as tells where its objects are. */
interface Seen {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

type Handler = (args: { request: unknown }) => Promise<unknown>;

interface Stack {
  // biome-ignore lint/suspicious/noExplicitAny: the stack of every command has input and output of its own
  add(middleware: any, options: any): void;
}

/** Credentials that end are asked for anew so long before, and not more often than this. */
const RENEW_MS = 300_000;
const ASK_AGAIN_MS = 30_000;

/** @param region - undefined where nobody said which: then the name without one leads to the right one */
function hostIn(hostname: string, signedFor: string, region: string | undefined): string {
  return hostname.replace(`.${signedFor}.`, region === undefined ? '.' : `.${region}.`);
}

/** Credentials and connection settings of one scheme, for all of its buckets. */
export class BucketAccesses {
  readonly #settings: AccessSettings;
  #store: Promise<Connected> | undefined;
  #identity: Identity | undefined;
  #askedAtMs = 0;

  constructor(settings: AccessSettings) {
    this.#settings = settings;
  }

  /**
   * One question to the store tells the bucket's region and where it is; that it may not be answered says nothing.
   * Errors: FlowDcError where there are no credentials, or settings are wrong.
   */
  async open(place: StoreUrl): Promise<BucketAccess> {
    const noSign = this.#settings.noSign === true;
    this.#store ??= connectToStore(place, this.#settings, noSign);
    const { sdk, client, isNamed } = await this.#store;
    if (!noSign) await this.#identify(client, place);
    let seen: Seen | undefined;
    const command = new sdk.HeadBucketCommand({ Bucket: place.bucket });
    const look = (next: Handler) => async (args: { request: unknown }) => {
      seen = args.request as Seen;
      // Where it would go is all that is wanted to know.
      if (noSign) throw new Error('not sent');
      return next(args);
    };
    const stack: Stack = command.middlewareStack;
    stack.add(look, { step: 'finalizeRequest', name: 'flowDcSeen', priority: 'low' });
    const told = await client.send(command).then(
      ({ BucketRegion }) => BucketRegion,
      (error: { $response?: { headers?: Readonly<Record<string, string>> } }) => {
        if (seen === undefined) throw storeError(error, place.name, `find ${place.bucket}`, 0);
        return error.$response?.headers?.['x-amz-bucket-region'];
      },
    );
    if (seen === undefined) throw new TypeError('the client library made no request');
    const { protocol, hostname, port, path, headers } = seen as Seen;
    const signedFor = /Credential=[^/]+\/\d+\/([^/]+)\/s3/.exec(headers.authorization ?? '')?.[1] ?? 'us-east-1';
    const region = told !== undefined && /^[a-z0-9-]{1,40}$/.test(told) ? told : signedFor;
    const isAnyRegion = noSign && this.#settings.region === undefined;
    const host = isNamed ? hostname : hostIn(hostname, signedFor, isAnyRegion ? undefined : region);
    const base = `${protocol}//${host}${port === undefined ? '' : `:${port}`}${path.replace(/\/$/, '')}`;
    return this.#access(base, region, isNamed, client, place);
  }

  async close(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    (await store?.catch(() => undefined))?.client.destroy();
  }

  #access(base: string, region: string, isNamed: boolean, client: Connected['client'], place: StoreUrl): BucketAccess {
    let signer: Signer | undefined;
    let signsFor: Identity | undefined;
    return {
      isNamed,
      host: new URL(base).host,
      urlOf: (key) => {
        // The parser of URLs would walk along them, perhaps into another bucket.
        if (key === '' || key.split('/').some((part) => part === '.' || part === '..'))
          throw new RangeError(`no URL leads to the key ${JSON.stringify(key.slice(0, 80))}`);
        return new URL(`${base}/${pathOfKey(key)}`);
      },
      headers: (method, url, wallMs) => {
        const identity = this.#identity;
        if (identity === undefined) return {};
        const leftMs = (identity.expiration?.getTime() ?? Number.POSITIVE_INFINITY) - wallMs;
        if (leftMs < RENEW_MS && wallMs - this.#askedAtMs > ASK_AGAIN_MS) {
          this.#askedAtMs = wallMs;
          // The old ones are good for a while; when they are not, rows are refused, which their codes say.
          this.#identify(client, place).catch(() => {});
        }
        if (signer === undefined || signsFor !== identity) {
          signer = new Signer(identity, region);
          signsFor = identity;
        }
        return signer.sign(method, url, wallMs);
      },
    };
  }

  async #identify(client: Connected['client'], { name }: StoreUrl): Promise<void> {
    try {
      this.#identity = await client.config.credentials();
    } catch (error) {
      throw storeError(error, name, 'find credentials', 0);
    }
  }
}
