/** Opens the object store behind a URL. The client library is loaded here and nowhere before. */
import type { S3Client } from '@aws-sdk/client-s3';
import { FlowDcError } from '../../errors.ts';
import { parsed } from '../../network/network-settings.ts';
import { proxyRules } from '../../network/proxy.ts';
import type { ObjectStore } from '../object-store.ts';
import { parseStoreUrl, type StoreUrl } from '../store-url.ts';
import { storeError } from './faults.ts';
import { proxiedAgents } from './proxied-agents.ts';
import { S3Calls, type Sdk } from './s3-calls.ts';
import { S3Store } from './s3-store.ts';
import { DEFAULT_SILENT_MS, type S3Settings } from './settings.ts';

/** Google's store as S3 clients see it; its keys are those of "interoperability" (HMAC). */
const GOOGLE = { endpoint: 'https://storage.googleapis.com', region: 'auto' } as const;
/** Anywhere else a region is a mere word in signatures. AWS leads on from here to the region of the bucket. */
const ANY_REGION = 'us-east-1';
const CONNECT_MS = 10_000;
/** Above what is ever asked at once: waiting for a socket would count as waiting for a connection. */
const MOST_SOCKETS = 128;

/**
 * Open a store. Nothing is asked of it before the first call of a method.
 * @param url - `s3://bucket/prefix` or `gs://bucket/prefix`
 * Errors: FDC_ERR_CONFIG_INVALID for a malformed URL or endpoint; FDC_ERR_DEST_UNWRITABLE for a profile that is not
 * there.
 */
export async function openObjectStore(url: string | StoreUrl, settings: S3Settings = {}): Promise<ObjectStore> {
  const place = typeof url === 'string' ? parseStoreUrl(url) : url;
  const { sdk, client } = await connectToStore(place, settings);
  return new S3Store(new S3Calls(sdk, client, place, settings), place.prefix);
}

export interface Connected {
  readonly sdk: Sdk;
  readonly client: S3Client;
  /** The user has named the server, and not the bucket alone. */
  readonly isNamed: boolean;
}

/**
 * A client for a store's scheme and settings. Errors: as openObjectStore.
 * @param isAnonymous - nothing it makes is to be sent: credentials are not looked for
 */
export async function connectToStore(place: StoreUrl, settings: S3Settings, isAnonymous = false): Promise<Connected> {
  if (settings.endpoint !== undefined) requireEndpoint(settings.endpoint);
  // Our oldest release of Node is older than what its makers like.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const sdk: Sdk = await import('@aws-sdk/client-s3');
  const chain: Chain = place.scheme === 'gs' ? GOOGLE : await chainOf(sdk, settings);
  const endpoint = settings.endpoint ?? chain.endpoint;
  const client = new sdk.S3Client({
    region: settings.region ?? chain.region ?? ANY_REGION,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(settings.profile === undefined ? {} : { profile: settings.profile }),
    forcePathStyle: settings.pathStyle ?? endpoint !== undefined,
    ...(isAnonymous ? { credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' } } : {}),
    followRegionRedirects: true,
    // Asking first whether a part may be sent would cost a connection for each.
    expectContinueHeader: false,
    // Tries are made in s3-calls.ts, where a store that is away for a minute is waited for.
    maxAttempts: 1,
    // Older servers do not know them; bytes are guarded by SHA-256 in every request.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: settings.silentMs ?? DEFAULT_SILENT_MS,
      ...agents(settings),
    },
    logger: SILENT,
  });
  return { sdk, client, isNamed: endpoint !== undefined && endpoint !== GOOGLE.endpoint };
}

/** By way of the proxy that is given, or those of the environment. Errors: FDC_ERR_CONFIG_INVALID for what is none. */
function agents(settings: S3Settings) {
  const terms = { keepAlive: true, maxSockets: MOST_SOCKETS };
  const proxyOf = parsed(() => proxyRules(settings, process.env));
  if (proxyOf === undefined) return { httpAgent: terms, httpsAgent: terms };
  return proxiedAgents(proxyOf, { ...terms, timeout: CONNECT_MS });
}

const SILENT = { trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function requireEndpoint(endpoint: string): void {
  const parsed = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isPlain = parsed !== undefined && parsed.username === '' && parsed.password === '' && parsed.search === '';
  if (isPlain && (parsed.protocol === 'https:' || parsed.protocol === 'http:')) return;
  const message = `endpoint ${JSON.stringify(endpoint)}: expected a URL such as https://s3.example.org, without a user`;
  throw new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}

interface Chain {
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
}

/** What the environment and the profile say. */
async function chainOf(sdk: Sdk, { profile }: S3Settings): Promise<Chain> {
  const client = new sdk.S3Client({ logger: SILENT, ...(profile === undefined ? {} : { profile }) });
  const config = client.config as typeof client.config & {
    serviceConfiguredEndpoint?: () => Promise<string | undefined>;
  };
  const before = process.env.AWS_PROFILE;
  // The library looks for endpoints in the profile that the environment names, and in no other one.
  if (profile !== undefined) process.env.AWS_PROFILE = profile;
  try {
    const endpoint = await config.serviceConfiguredEndpoint?.();
    // It throws when nobody names a region.
    return { endpoint, region: await config.region().catch(() => undefined) };
  } catch (error) {
    throw storeError(error, 's3://', 'read the settings of AWS tools', 0);
  } finally {
    if (before === undefined) delete process.env.AWS_PROFILE;
    else process.env.AWS_PROFILE = before;
    client.destroy();
  }
}
