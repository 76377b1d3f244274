/**
 * From settings, environment and worker.json to a connection. NATS is loaded here and only when a command needs it.
 * worker.json is what a worker needs to join a server that `submit` started; it holds the token, so only its owner may
 * read it.
 */
import { chmod, open, readFile, rename } from 'node:fs/promises';
import type { ClusterSettings } from '../config/types.ts';
import { FlowDcError } from '../errors.ts';
import { schemaCheck } from '../json-schema.ts';
import type { Cluster } from '../transport/cluster.ts';
import type { NatsSettings } from '../transport/nats/connection/nats-options.ts';

export interface ReachOptions {
  /** What this process does, part of the connection's name on the server. */
  readonly role: 'submit' | 'worker' | 'status';
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the waiting for a server. */
  readonly signal?: AbortSignal | undefined;
  /** A server of our own, in place of what the settings name. */
  readonly own?: { readonly server: string; readonly token: string } | undefined;
  /** How long to wait for a server that does not answer. */
  readonly connectTimeoutMs?: number | undefined;
  /** Told once if no server is there at the first try. */
  readonly onWait?: ((text: string) => void) | undefined;
  /** How long for one that went away later. Default: until it is back. */
  readonly giveUpMs?: number | undefined;
}

/** A cluster and the job that the settings or the join file name. */
export interface Reached {
  readonly cluster: Cluster;
  readonly job?: string | undefined;
}

/**
 * Connect. Errors: FDC_ERR_USAGE when no server is named or a secret cannot be read; FDC_ERR_TRANSPORT_CONNECT,
 * FDC_ERR_TRANSPORT_SERVER.
 */
export async function reachCluster(settings: ClusterSettings, options: ReachOptions): Promise<Reached> {
  const joined = settings.joinFile === undefined ? undefined : await readJoinFile(settings.joinFile);
  const servers = options.own === undefined ? (joined?.servers ?? settings.servers) : [options.own.server];
  if (servers.length === 0)
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      'name the NATS server: --nats nats://HOST:4222, or --join with the worker.json of a submit',
    );
  const token =
    options.own?.token ??
    joined?.token ??
    (settings.tokenFile === undefined ? undefined : await readToken(settings.tokenFile));
  const [{ natsOptionsFrom }, { connectCluster }] = await Promise.all([
    import('../transport/nats/connection/nats-options.ts'),
    import('../transport/nats/connect-cluster.ts'),
  ]);
  const nats = natsOptionsFrom(servers.join(','), natsSettings(settings, options, servers));
  // A server that was named together with its token is not asked with the credentials of another one.
  const named = token === undefined ? nats : { ...nats, user: undefined, password: undefined, token };
  const cluster = await connectCluster(named, { ackWaitMs: settings.leaseMs });
  const job = settings.job ?? joined?.job;
  return { cluster, job };
}

function natsSettings(settings: ClusterSettings, options: ReachOptions, servers: readonly string[]): NatsSettings {
  const { caFile, certFile, keyFile, credsFile, nkeyFile, inboxPrefix, replicas } = settings;
  const isOverTls = caFile !== undefined || certFile !== undefined || keyFile !== undefined;
  return {
    role: options.role,
    env: options.env,
    urlFrom: servers.join(',') === options.env.FLOW_DC_NATS_URL ? 'environment' : 'argument',
    replicas: replicas === 3 ? 3 : 1,
    tls: isOverTls ? { caFile, certFile, keyFile } : undefined,
    credsFile,
    nkeySeedFile: nkeyFile,
    inboxPrefix,
    signal: options.signal,
    connectTimeoutMs: options.connectTimeoutMs,
    giveUpMs: options.giveUpMs,
    onWait: options.onWait,
  };
}

export interface JoinFile {
  readonly format: typeof FORMAT;
  /** As workers reach them, `nats://host:port`. */
  readonly servers: readonly string[];
  readonly token: string;
  readonly job: string;
  /** The server's process, for whoever has to end it. */
  readonly server: { readonly hostname: string; readonly pid: number; readonly processStart?: string | undefined };
}

const FORMAT = 'flow-dc join';

const string = { type: 'string', minLength: 1 } as const;
const matches = schemaCheck<JoinFile>({
  type: 'object',
  required: ['format', 'servers', 'token', 'job', 'server'],
  properties: {
    format: { const: FORMAT },
    servers: { type: 'array', minItems: 1, items: string },
    token: string,
    job: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,32}$' },
    server: {
      type: 'object',
      required: ['hostname', 'pid'],
      properties: { hostname: string, pid: { type: 'integer', minimum: 1 }, processStart: string },
    },
  },
});

/** Errors: FDC_ERR_USAGE when it cannot be read or is none. */
export async function readJoinFile(path: string): Promise<JoinFile> {
  const value = parsed(await readSecretFile(path));
  if (matches(value)) return value;
  throw new FlowDcError(
    'FDC_ERR_USAGE',
    `${path}: expected the worker.json that submit wrote into its output's state folder`,
  );
}

/** The one in a state folder that may not have one yet. */
export async function findJoinFile(path: string): Promise<JoinFile | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const value = text === undefined ? undefined : parsed(text);
  return matches(value) ? value : undefined;
}

/** The token in `path`: its first line, or that of a worker.json. Errors: FDC_ERR_USAGE. */
export async function readToken(path: string): Promise<string> {
  const text = await readSecretFile(path);
  const value = parsed(text);
  const token = matches(value) ? value.token : (text.split('\n')[0] ?? '').trim();
  if (token !== '') return token;
  throw new FlowDcError('FDC_ERR_USAGE', `${path} is empty; expected the token in its first line`);
}

/** Write or replace it, readable by its owner alone from the first moment. */
export async function writeJoinFile(path: string, content: Omit<JoinFile, 'format'>): Promise<void> {
  const partial = `${path}.part`;
  const handle = await open(partial, 'w', 0o600);
  try {
    // The mode of open counts for new files only.
    await chmod(partial, 0o600);
    await handle.writeFile(`${JSON.stringify({ format: FORMAT, ...content }, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partial, path);
}

async function readSecretFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new FlowDcError('FDC_ERR_USAGE', `${path} cannot be read (${error.code})`);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
