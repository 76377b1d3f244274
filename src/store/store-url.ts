/** The names of object stores: `s3://bucket/prefix` and `gs://bucket/prefix`. Pure; nothing here asks a store. */
import { FlowDcError } from '../errors.ts';
import { visible } from '../visible.ts';

export interface StoreUrl {
  readonly scheme: 's3' | 'gs';
  readonly bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string;
  /** As messages say it: lower-case scheme, no slash at the end. */
  readonly name: string;
}

/** What other programs call the same stores. */
const OTHER_NAMES: Readonly<Record<string, StoreUrl['scheme']>> = { s3a: 's3', s3n: 's3', gcs: 'gs' };
const BEGINNING = /^(s3|gs|s3a|s3n|gcs):/i;
const WHOLE = /^(s3|gs):\/\/([^/]*)(?:\/(.*))?$/is;
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/;
const ADDRESS = /^\d+\.\d+\.\d+\.\d+$/;
/** A key may have 1,024 bytes, of which names below the prefix need some. */
const MOST_PREFIX_BYTES = 700;

/** Whether somebody who wrote this meant an object store, also with a mistake in it such as `s3:/bucket`. */
export function meansStore(text: string): boolean {
  return BEGINNING.test(text);
}

/**
 * Read the name of a place in an object store.
 * Errors: FDC_ERR_CONFIG_INVALID, with what to write instead.
 */
export function parseStoreUrl(text: string): StoreUrl {
  const beginning = BEGINNING.exec(text)?.[1]?.toLowerCase() ?? 's3';
  const known = OTHER_NAMES[beginning];
  const scheme = known ?? (beginning as StoreUrl['scheme']);
  // Before anything is said of the text: what stands before an @ may be a secret.
  if (/^[^/]*\/*[^/@]*:[^/@]*@/.test(text.slice(beginning.length + 1))) {
    const fix = 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE';
    throw refused(`${scheme}://: expected a bucket, got credentials in front of it; ${fix}`);
  }
  const rest = text.slice(beginning.length + 1).replace(/^\/+/, '');
  const [, , bucket = '', path = ''] = known === undefined ? (WHOLE.exec(text) ?? []) : [];
  if (bucket === '') throw refused(`${said(text)}: expected ${scheme}://${rest === '' ? 'BUCKET' : visible(rest)}`);
  const bucketProblem = problemOfBucket(bucket);
  if (bucketProblem !== undefined) throw refused(`${said(text)}: ${bucketProblem}`);
  const prefix = path.replace(/^\/+|\/+$/g, '');
  const prefixProblem = problemOfPrefix(prefix);
  if (prefixProblem !== undefined) throw refused(`${said(text)}: ${prefixProblem}`);
  return { scheme, bucket, prefix, name: `${scheme}://${bucket}${prefix === '' ? '' : `/${prefix}`}` };
}

function problemOfBucket(bucket: string): string | undefined {
  if (bucket !== bucket.toLowerCase()) return `names of buckets are lower-case, got ${JSON.stringify(bucket)}`;
  if (bucket.length < 3 || bucket.length > 63) return `names of buckets have 3 to 63 characters, got ${bucket.length}`;
  if (!BUCKET.test(bucket) || bucket.includes('..'))
    return `names of buckets are made of letters, digits, dots and dashes, got ${JSON.stringify(visible(bucket))}`;
  if (ADDRESS.test(bucket)) return 'names of buckets are no addresses; give the server with --s3-endpoint';
  return undefined;
}

function problemOfPrefix(prefix: string): string | undefined {
  if (prefix === '') return undefined;
  if (Buffer.byteLength(prefix) > MOST_PREFIX_BYTES) return `expected at most ${MOST_PREFIX_BYTES} bytes of prefix`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u001f\u007f\\]/.test(prefix)) return 'expected a prefix without control characters and backslashes';
  if (prefix.split('/').some((part) => part === '' || part === '.' || part === '..'))
    return 'expected a prefix without empty parts, . and ..';
  if (/[?#]/.test(prefix)) return 'expected a prefix without ? and #; settings are flags, such as --s3-region';
  return undefined;
}

function said(text: string): string {
  return `output ${JSON.stringify(visible(text))}`;
}

function refused(message: string): FlowDcError {
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}
