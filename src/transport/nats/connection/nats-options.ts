/**
 * How to reach a NATS server. Secrets come from files or the environment only: a command line can be read by everybody
 * on the machine.
 */
import { FlowDcError } from '../../../errors.ts';

export interface NatsTls {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

export interface NatsOptions {
  /** `host:port` or `nats://host:port` or `tls://host:port`, without user or password. */
  readonly servers: readonly string[];
  readonly token?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly credsFile?: string | undefined;
  readonly nkeySeedFile?: string | undefined;
  readonly tls?: NatsTls | undefined;
  /** First part of the subjects that replies come back on; permissions may name it. Default `_INBOX`. */
  readonly inboxPrefix?: string | undefined;
  /** What this process does, part of the connection's name on the server: `submit`, `worker`, `status`. */
  readonly role: string;
  /** Copies of stream and buckets in a cluster of servers. Default 1. */
  readonly replicas?: 1 | 3 | undefined;
  /** How long to try to reach the server for the first time. Default 60,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long a request waits for a server that went away. Default: until it is back. */
  readonly giveUpMs?: number | undefined;
  /** Told once if no server is there at the first try: why, and how long others are made. */
  readonly onWait?: ((text: string) => void) | undefined;
  /** Ends the first connecting; a connection that was made is closed by its owner. */
  readonly signal?: AbortSignal | undefined;
}

/** What is said about a server beside its URL, and where that was written. */
export interface NatsSettings extends Omit<NatsOptions, 'servers' | 'token' | 'user' | 'password'> {
  /** A command line may not hold user, password or token, the environment may. */
  readonly urlFrom?: 'argument' | 'environment' | undefined;
  /** For FLOW_DC_NATS_TOKEN, FLOW_DC_NATS_USER and FLOW_DC_NATS_PASSWORD, used when the URL holds none. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const SCHEMES: readonly string[] = ['nats:', 'tls:'];

/**
 * Options for one URL or a list of them with commas between.
 * Errors: FDC_ERR_USAGE for a URL that is none and for credentials on a command line.
 */
export function natsOptionsFrom(url: string, settings: NatsSettings): NatsOptions {
  const { urlFrom = 'argument', env, tls, ...rest } = settings;
  const parsed = url.split(',').map((text) => parseServer(text.trim(), urlFrom));
  const inUrl = parsed.find((server) => server.user !== undefined);
  // A user without a password is a token, as NATS has it.
  const isToken = inUrl !== undefined && inUrl.password === undefined;
  const user = (isToken ? undefined : inUrl?.user) ?? env.FLOW_DC_NATS_USER;
  const password = inUrl?.password ?? env.FLOW_DC_NATS_PASSWORD;
  const token = (isToken ? inUrl.user : undefined) ?? env.FLOW_DC_NATS_TOKEN;
  const wantsTls = tls !== undefined || parsed.some((server) => server.tls);
  return {
    ...rest,
    servers: parsed.map((server) => server.address),
    user,
    password,
    token: user === undefined ? token : undefined,
    tls: wantsTls ? (tls ?? {}) : undefined,
  };
}

interface ParsedServer {
  readonly address: string;
  readonly tls: boolean;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

function parseServer(text: string, from: 'argument' | 'environment'): ParsedServer {
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `nats://${text}`);
  } catch {
    // Without the cause: its `input` holds the whole text, secrets among it.
    throw new FlowDcError('FDC_ERR_USAGE', 'Expected a NATS server as nats://host:4222, got something that is no URL');
  }
  if (!SCHEMES.includes(url.protocol) || url.hostname === '') {
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      `Expected a NATS server as nats://host:4222 or tls://host:4222, got ${url.protocol}//${url.host}`,
    );
  }
  const address = `${url.hostname}:${url.port === '' ? '4222' : url.port}`;
  if (url.username === '') return { address, tls: url.protocol === 'tls:' };
  if (from === 'argument') {
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      `Credentials for ${address} stand on the command line, where everybody on this machine can read them; ` +
        'put the URL into FLOW_DC_NATS_URL, or use a token, password or credentials file',
    );
  }
  const password = url.password === '' ? undefined : decodeURIComponent(url.password);
  return { address, tls: url.protocol === 'tls:', user: decodeURIComponent(url.username), password };
}
