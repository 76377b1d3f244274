/** Signature Version 4 of requests for objects: as many per second as rows are fetched, so without a promise each. Pure. */
import { createHash, createHmac } from 'node:crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** Of no body, and of any that a signature says nothing of. */
const EMPTY_SHA256 = createHash('sha256').digest('hex');

/** Signs for one region with one key. Secrets never leave it. */
export class Signer {
  readonly #credentials: Credentials;
  readonly #region: string;
  /** Derived once a day. */
  #key: { readonly day: string; readonly bytes: Buffer } | undefined;

  constructor(credentials: Credentials, region: string) {
    this.#credentials = credentials;
    this.#region = region;
  }

  /**
   * The headers that make a request ours, for a URL without a query whose path is encoded as RFC 3986 has it. Good for
   * fifteen minutes. Source: AWS, "Authenticating Requests (AWS Signature Version 4)".
   * @param signed - other headers that count, lower-case
   */
  sign(
    method: 'GET' | 'HEAD',
    { host, pathname }: { readonly host: string; readonly pathname: string },
    wallMs: number,
    signed: Readonly<Record<string, string>> = {},
  ): Record<string, string> {
    const { accessKeyId, sessionToken } = this.#credentials;
    const time = new Date(wallMs).toISOString().replace(/[-:]|\.\d+/g, '');
    const day = time.slice(0, 8);
    const own: Record<string, string> = { 'x-amz-content-sha256': EMPTY_SHA256, 'x-amz-date': time };
    if (sessionToken !== undefined) own['x-amz-security-token'] = sessionToken;
    const all: readonly [string, string][] = Object.entries({ ...signed, ...own, host }).sort(([a], [b]) =>
      a < b ? -1 : 1,
    );
    const names = all.map(([name]) => name).join(';');
    const lines = all.map(([name, value]) => `${name}:${value.trim()}\n`).join('');
    const request = [method, pathname, '', lines, names, EMPTY_SHA256].join('\n');
    const scope = `${day}/${this.#region}/s3/aws4_request`;
    const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(request).digest('hex')].join('\n');
    const signature = createHmac('sha256', this.#keyOf(day)).update(text).digest('hex');
    const credential = `${accessKeyId}/${scope}`;
    return {
      ...own,
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
    };
  }

  #keyOf(day: string): Buffer {
    if (this.#key?.day !== day) {
      const parts = [day, this.#region, 's3', 'aws4_request'];
      const first: Buffer = Buffer.from(`AWS4${this.#credentials.secretAccessKey}`);
      this.#key = { day, bytes: parts.reduce((key, part) => createHmac('sha256', key).update(part).digest(), first) };
    }
    return this.#key.bytes;
  }
}

/** A key as the path of a URL has it: every byte that is not plain, slashes but for those between its parts. */
export function pathOfKey(key: string): string {
  return key.split('/').map(encoded).join('/');
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
