/** From settings, join file and environment to a connection. NATS is loaded here and only when a command needs it. */
import type { ClusterSettings } from '../config/types.ts';
import { FlowDcError } from '../errors.ts';
import type { Cluster } from '../transport/cluster.ts';
import type { NatsSettings } from '../transport/nats/connection/nats-options.ts';
import { readJoinFile, readToken } from './join-file.ts';

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
  const nats = await natsOptionsFrom(servers.join(','), natsSettings(settings, options, servers));
  // A server that was named together with its token is not asked with the credentials of another one.
  const { user: _user, password: _password, ...withoutUser } = nats;
  const cluster = await connectCluster(token === undefined ? nats : { ...withoutUser, token }, {
    ackWaitMs: settings.leaseMs,
  });
  const job = settings.job ?? joined?.job;
  return { cluster, ...(job === undefined ? {} : { job }) };
}

function natsSettings(settings: ClusterSettings, options: ReachOptions, servers: readonly string[]): NatsSettings {
  const { caFile, certFile, keyFile, credsFile, nkeyFile, inboxPrefix, replicas } = settings;
  const tls = { ...given({ caFile }), ...given({ certFile }), ...given({ keyFile }) };
  return {
    role: options.role,
    env: options.env,
    urlFrom: servers.join(',') === options.env.FLOW_DC_NATS_URL ? 'environment' : 'argument',
    replicas: replicas === 3 ? 3 : 1,
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    ...given({ credsFile }),
    ...given({ nkeySeedFile: nkeyFile }),
    ...given({ inboxPrefix }),
    ...given({ signal: options.signal }),
    ...given({ connectTimeoutMs: options.connectTimeoutMs }),
  };
}

/** Without what is undefined. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
