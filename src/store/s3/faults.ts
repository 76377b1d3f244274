/** What went wrong between us and a store: whether it passes, and what to do about it. Pure. */
import { type ErrorCode, FlowDcError, isFlowDcError } from '../../errors.ts';
import { visible } from '../../visible.ts';

/** A failed call, as far as the client library tells. */
export interface Fault {
  /** `SlowDown`, `ECONNRESET`, `403` and the like. */
  readonly name: string;
  /** 0 when no answer came. */
  readonly status: number;
  readonly text: string;
  /** Region that the store named in place of ours. */
  readonly region: string | undefined;
}

export type FaultKind =
  /** Worth another try in a while. */
  | 'passing'
  /** Bytes were damaged, or our clock was set right just now: worth a few more tries. */
  | 'odd'
  | 'missing'
  /** There is something already. */
  | 'exists'
  | 'not-implemented'
  /** Something in the request is not understood. */
  | 'refused'
  | 'final';

const PASSING: ReadonlySet<string> = new Set([
  ...['SlowDown', 'ServiceUnavailable', 'InternalError', 'RequestTimeout', 'TimeoutError', 'OperationAborted'],
  ...['ConditionalRequestConflict', 'ThrottlingException', 'Throttling', 'TooManyRequests', 'RequestLimitExceeded'],
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN'],
  ...[
    'EHOSTDOWN',
    'EAI_AGAIN',
    'ENOTFOUND',
    'EMFILE',
    'ENFILE',
    'ENOBUFS',
    'EADDRNOTAVAIL',
    'ERR_STREAM_PREMATURE_CLOSE',
  ],
]);
const ODD: ReadonlySet<string> = new Set([
  ...['RequestTimeTooSkewed', 'BadDigest', 'XAmzContentSHA256Mismatch', 'IncompleteBody', 'InvalidDigest'],
]);
const FULL: ReadonlySet<string> = new Set([
  ...['QuotaExceeded', 'QuotaExceededException', 'XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded'],
  ...[
    'InsufficientCapacity',
    'InsufficientStorage',
    'ServiceQuotaExceededException',
    'StorageFull',
    'EDQUOT',
    'ENOSPC',
  ],
]);
const MISSING: ReadonlySet<string> = new Set(['NoSuchKey', 'NoSuchUpload', 'NoSuchVersion', 'NotFound', '404']);
const REFUSED: ReadonlySet<string> = new Set([
  'InvalidArgument',
  'InvalidRequest',
  'MalformedXML',
  'BadRequest',
  '400',
]);
const NOT_IMPLEMENTED: ReadonlySet<string> = new Set(['NotImplemented', 'MethodNotAllowed', 'UnsupportedOperation']);

/** Other servers answer anything with a page of theirs; a store names the content of every object (ETag). */
const OTHER_SERVER = { name: 'no answer of S3', message: 'it answered otherwise', $metadata: { httpStatusCode: 200 } };

/** An answer about one object, if a store gave it. Throws what storeError makes an error of. */
export function ofStore<Answer extends ObjectAnswer>(answer: Answer): Answer {
  const { ETag: etag, $metadata: about } = answer;
  const isStore = etag !== undefined && (!etag.startsWith('W/') || about.requestId !== undefined);
  if (!isStore) throw OTHER_SERVER;
  return answer;
}

/** The same of a page of a listing. */
export function listOfStore<Answer extends { readonly IsTruncated?: unknown; readonly MaxKeys?: unknown }>(
  answer: Answer,
): Answer {
  if (answer.IsTruncated === undefined && answer.MaxKeys === undefined) throw OTHER_SERVER;
  return answer;
}

interface ObjectAnswer {
  readonly ETag?: string | undefined;
  readonly $metadata: { readonly requestId?: string | undefined };
}

export function kindOf({ name, status }: Fault): FaultKind {
  if (FULL.has(name) || status === 507) return 'final';
  if (ODD.has(name)) return 'odd';
  if (NOT_IMPLEMENTED.has(name) || status === 501 || status === 405) return 'not-implemented';
  if (PASSING.has(name) || status >= 500 || status === 429 || status === 408) return 'passing';
  if (name === 'NoSuchBucket') return 'final';
  if (MISSING.has(name)) return 'missing';
  if (status === 412) return 'exists';
  if (REFUSED.has(name)) return 'refused';
  return 'final';
}

/** Everything that the client library throws, without what it hangs on errors: requests with their headers. */
export function faultOf(thrown: unknown): Fault {
  const error = (thrown ?? {}) as {
    readonly name?: unknown;
    readonly code?: unknown;
    readonly Code?: unknown;
    readonly message?: unknown;
    readonly Region?: unknown;
    readonly errors?: readonly unknown[];
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> };
  };
  // Node tries every address of a host and throws what became of each.
  if (Array.isArray(error.errors) && error.errors.length > 0) return faultOf(error.errors[0]);
  const status = error.$metadata?.httpStatusCode ?? error.$response?.statusCode ?? 0;
  const region = error.Region ?? error.$response?.headers?.['x-amz-bucket-region'];
  const named = [error.Code, error.code, error.name].find((name) => typeof name === 'string' && name !== 'Error');
  return {
    name: String(named ?? (/socket hang up/i.test(String(error.message)) ? 'ECONNRESET' : 'unknown error')),
    status: typeof status === 'number' ? status : 0,
    text: String(error.message ?? '').split('\n')[0] ?? '',
    region: typeof region === 'string' && /^[a-z0-9-]{1,40}$/.test(region) ? region : undefined,
  };
}

interface Advice {
  readonly names: readonly string[];
  readonly code: ErrorCode;
  readonly what: string;
  readonly fix: string;
}

/** What who only reads need not have. */
export const ALL_RIGHTS =
  'the credentials need to read, write, list and delete there; check them and the policy of the bucket';
const AGAIN = 'run the same command again';
const ADVICE: readonly Advice[] = [
  {
    names: ['CredentialsProviderError', 'NoCredentials'],
    code: 'FDC_ERR_DEST_UNWRITABLE',
    what: 'no credentials were found',
    fix: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose a profile with --s3-profile',
  },
  {
    names: ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidClientTokenId', 'XAdminUserNotFound'],
    code: 'FDC_ERR_DEST_UNWRITABLE',
    what: 'wrong credentials',
    fix: 'check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile',
  },
  {
    names: ['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'InvalidToken', 'TokenProviderError'],
    code: 'FDC_ERR_DEST_UNWRITABLE',
    what: 'the credentials have expired',
    fix: `get new ones, then ${AGAIN}`,
  },
  {
    names: ['NoSuchBucket'],
    code: 'FDC_ERR_DEST_UNWRITABLE',
    what: 'there is no such bucket',
    fix: 'make it first, or check its name and --s3-endpoint',
  },
  {
    names: ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', '301'],
    code: 'FDC_ERR_DEST_UNWRITABLE',
    what: 'the bucket is in another region',
    fix: 'give it with --s3-region',
  },
  {
    names: ['RequestTimeTooSkewed'],
    code: 'FDC_ERR_DEST_UNWRITABLE',
    what: "this machine's clock is wrong",
    fix: 'set it (NTP), then run the same command again',
  },
  {
    names: [...FULL],
    code: 'FDC_ERR_DEST_FULL',
    what: 'the store takes no more (full, or its quota is used up)',
    fix: `free space or raise the quota, then ${AGAIN}`,
  },
];

/** What the client library calls an answer that names nothing. */
const MUTE = /^(Unknown|UnknownError|unknown error|Forbidden|BadRequest|4\d\d)$/;
const KINDS = new WeakMap<object, FaultKind>();

/** What `call` gives, or `otherwise` when it fails in the way of `kind`. */
export async function unless<Answer, Other>(
  kind: FaultKind,
  call: Promise<Answer>,
  otherwise: Other,
): Promise<Answer | Other> {
  try {
    return await call;
  } catch (error) {
    if (KINDS.get(error as object) === kind) return otherwise;
    throw error;
  }
}

/** Whether an answer refuses without a word: those to HEAD have no body that would name the reason. */
export function isMute(thrown: unknown): boolean {
  const { name, status } = faultOf(thrown);
  return (status === 403 || status === 400) && MUTE.test(name);
}

/**
 * The error that ends whatever needed the call.
 * @param store - its name
 * @param what - was attempted, such as `put a/b`
 * @param seconds - for which it was tried
 */
export function storeError(thrown: unknown, store: string, what: string, seconds: number): FlowDcError {
  if (isFlowDcError(thrown)) return thrown;
  const fault = faultOf(thrown);
  const error = errorOf(fault, store, what, seconds);
  KINDS.set(error, kindOf(fault));
  return error;
}

function errorOf(fault: Fault, store: string, what: string, seconds: number): FlowDcError {
  const { name, status, region } = fault;
  const said = visible(`${name}${status === 0 || name === String(status) ? '' : `, ${status}`}`);
  const cause = new Error(`${said}: ${visible(fault.text)}`);
  const known = ADVICE.find(({ names }) => names.includes(name)) ?? (status === 507 ? ADVICE.at(-1) : undefined);
  if (known !== undefined) {
    const fix = region !== undefined && known.fix.includes('--s3-region') ? `give --s3-region ${region}` : known.fix;
    return new FlowDcError(known.code, `${store}: ${known.what} (${said})`, { cause, advice: `; ${fix}` });
  }
  const [code, does, fix] = unnamed(fault, what, seconds);
  return new FlowDcError(code, `${store}: ${does} (${said})`, { cause, advice: `; ${fix}` });
}

function unnamed(fault: Fault, what: string, seconds: number): [code: ErrorCode, does: string, fix: string] {
  const { name, status } = fault;
  const tried = seconds >= 1 ? ` for ${Math.round(seconds)} s` : '';
  if (status === 403 || status === 401 || name === 'AccessDenied') {
    return ['FDC_ERR_DEST_UNWRITABLE', `may not ${visible(what)}`, ALL_RIGHTS];
  }
  if (status === 407)
    return ['FDC_ERR_PROXY', 'the proxy to it wants other credentials', `correct --proxy or http_proxy, then ${AGAIN}`];
  if (name === 'proxy_error')
    return [
      'FDC_ERR_PROXY',
      'the proxy does not let us through to it',
      'have it allowed there, or name it in --no-proxy or no_proxy',
    ];
  if (status === 0 && /^E[A-Z_]+$|TimeoutError/.test(name) && kindOf(fault) === 'passing') {
    const fix = `check the network and --s3-endpoint, then ${AGAIN}`;
    const isName = name === 'ENOTFOUND' || name === 'EAI_AGAIN';
    return ['FDC_ERR_DEST_IO', `${isName ? 'its host has no address' : 'no answer from the store'}${tried}`, fix];
  }
  if (/CERT|TLS|SSL|EPROTO|SELF_SIGNED|UNABLE_TO/.test(name)) {
    const fix = 'name its authority in NODE_EXTRA_CA_CERTS, or check whether the endpoint is https';
    return ['FDC_ERR_DEST_UNWRITABLE', 'no safe connection to the store', fix];
  }
  if (kindOf(fault) === 'passing' || kindOf(fault) === 'odd')
    return ['FDC_ERR_DEST_IO', `could not ${visible(what)}${tried}`, AGAIN];
  // A store says what is not there.
  const isOther = status < 400 || (status === 404 && !name.startsWith('NoSuch'));
  if (isOther || /SyntaxError|TypeError|unknown error/i.test(name)) {
    const fix = 'check that --s3-endpoint is the address of an S3 store';
    return ['FDC_ERR_DEST_UNWRITABLE', `could not ${visible(what)}: ${visible(fault.text)}`, fix];
  }
  if (status === 404) return ['FDC_ERR_DEST_IO', `could not ${visible(what)}: it is not there`, AGAIN];
  return ['FDC_ERR_DEST_IO', `could not ${visible(what)}: ${visible(fault.text)}`, AGAIN];
}
