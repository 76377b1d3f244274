/** A connection to a server that has what a job needs; kept up for ever once it was made. */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { checkServerIdentity } from 'node:tls';
import { jetstreamManager } from '@nats-io/jetstream';
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  nkeyAuthenticator,
  nkeys,
  type TlsOptions,
} from '@nats-io/transport-node';
import { type Clock, sleep, systemClock } from '../../../clock.ts';
import { FlowDcError } from '../../../errors.ts';
import { describe, isTransient, JS_CODE, jetStreamCode, serverError } from './nats-error.ts';
import type { NatsOptions } from './nats-options.ts';

/** A server that is being started, or a machine that is being booted, is there within a minute. */
const CONNECT_TIMEOUT_MS = 60_000;
/** One attempt: name lookup, TCP, TLS and the server's greeting. */
const ATTEMPT_TIMEOUT_MS = 5_000;
const RETRY_MS = 500;

/** The first version with the consumer API that the client uses. */
const MINIMUM = [2, 9, 4] as const;
/** A server that has just started may need this long until JetStream answers. */
const STARTING_MS = 10_000;

/** What no waiting cures: wrong credentials, a certificate that is not trusted, a file that is missing. */
const LASTING =
  /authorization|authentication|permissions|certificate|self.signed|unable to verify|doesn't exist|credentials|does not support 'tls'|unexpected response|altname/i;

/**
 * Connect and look the server over. Once made, the connection is kept up for ever: a server that is away for an hour
 * ends no process. For siblings in this folder only; whoever opens it closes it.
 * Errors: FDC_ERR_TRANSPORT_CONNECT when there is no server within the deadline or it refuses us, at once in the
 * latter case; FDC_ERR_TRANSPORT_SERVER when it is too old or has no JetStream.
 */
export async function openConnection(options: NatsOptions, clock: Clock = systemClock): Promise<NatsConnection> {
  const connection = await reach(await connectionOptions(options), options, clock);
  try {
    await checkServer(connection, clock);
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/**
 * Own loop instead of the client's `waitOnFirstConnect`, which would hide why it fails and try wrong credentials for
 * ever.
 */
async function reach(settings: NodeConnectionOptions, options: NatsOptions, clock: Clock): Promise<NatsConnection> {
  const deadlineMs = clock.nowMs() + patienceMs(options);
  for (let isTold = false; ; ) {
    options.signal?.throwIfAborted();
    try {
      const connection = await connect(settings);
      if (options.signal?.aborted !== true) return connection;
      await connection.close();
    } catch (error) {
      if (LASTING.test(describe(error))) throw refused(options, error);
      if (clock.nowMs() + RETRY_MS >= deadlineMs) throw unreachable(options, error);
      if (!isTold) options.onWait?.(waiting(options, error));
      isTold = true;
      await sleep(clock, RETRY_MS, options.signal);
    }
  }
}

function patienceMs({ connectTimeoutMs = CONNECT_TIMEOUT_MS }: NatsOptions): number {
  return connectTimeoutMs;
}

async function connectionOptions(options: NatsOptions): Promise<NodeConnectionOptions> {
  const { tls } = options;
  return {
    servers: [...options.servers],
    name: `fd-${options.role}-${hostname()}-${process.pid}`,
    // The client's own limit of 10 attempts closes the connection for good after some seconds.
    maxReconnectAttempts: -1,
    // A restarting server may refuse for a moment what it granted before.
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: 500,
    reconnectJitter: 500,
    reconnectJitterTLS: 500,
    pingInterval: 10_000,
    maxPingOut: 2,
    timeout: ATTEMPT_TIMEOUT_MS,
    token: options.token,
    user: options.user,
    pass: options.password,
    authenticator: await authenticatorOf(options),
    inboxPrefix: options.inboxPrefix,
    tls: tls && ({ ...tls, checkServerIdentity: identityOf(options.servers) } as TlsOptions),
    // Its types do not say so, but to the client undefined is the same as not there.
  } as NodeConnectionOptions;
}

/**
 * The client has no name for a server that was given as an address, and would look for `localhost` in its certificate.
 */
function identityOf(servers: readonly string[]): typeof checkServerIdentity {
  const addresses = servers
    .map((server) => new URL(`nats://${server.replace(/^.*:\/\//, '')}`).hostname.replace(/^\[|\]$/g, ''))
    .filter((host) => isIP(host) !== 0);
  return (name, certificate) => {
    const problem = checkServerIdentity(name, certificate);
    if (problem === undefined || name !== 'localhost') return problem;
    return addresses.some((address) => checkServerIdentity(address, certificate) === undefined) ? undefined : problem;
  };
}

async function authenticatorOf({ credsFile, nkeySeedFile }: NatsOptions): Promise<Authenticator | undefined> {
  if (credsFile !== undefined) return credsAuthenticator(await readSecret(credsFile));
  if (nkeySeedFile === undefined) return undefined;
  const seed = Buffer.from((await readSecret(nkeySeedFile)).toString('utf8').trim());
  try {
    nkeys.fromSeed(seed);
  } catch {
    // Without the cause, whose text may hold the seed. The client finds out at every attempt to connect, and tries
    // again.
    throw new FlowDcError('FDC_ERR_USAGE', `${nkeySeedFile} holds no nkey seed (a line that begins with SU)`);
  }
  return nkeyAuthenticator(seed);
}

async function readSecret(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code}); it should hold credentials for NATS`,
    );
  }
}

function refused(options: NatsOptions, error: unknown): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_TRANSPORT_CONNECT',
    `The NATS server at ${options.servers.join(', ')} refuses the connection: ${describe(error)}; correct the ` +
      'credentials or the certificates',
  );
}

function waiting(options: NatsOptions, error: unknown): string {
  const seconds = Math.round(patienceMs(options) / 1000);
  return `no NATS server at ${options.servers.join(', ')} yet (${describe(error)}): trying for ${seconds} s`;
}

function unreachable(options: NatsOptions, error: unknown): FlowDcError {
  const seconds = Math.round(patienceMs(options) / 1000);
  return new FlowDcError(
    'FDC_ERR_TRANSPORT_CONNECT',
    `No NATS server at ${options.servers.join(', ')} within ${seconds} s: ${describe(error)}; start it ` +
      '(nats-server -js) or correct the address',
  );
}

/**
 * Whether the server has what a job needs. Errors: FDC_ERR_TRANSPORT_SERVER, in words that say what is missing: the
 * client's own are misleading (a missing stream is reported as JetStream being disabled).
 */
async function checkServer(connection: NatsConnection, clock: Clock): Promise<void> {
  const version = connection.info?.version ?? 'unknown';
  if (isOlder(version)) {
    throw new FlowDcError(
      'FDC_ERR_TRANSPORT_SERVER',
      `nats-server ${version} at ${connection.getServer()} is too old: 2.9.4 or newer is needed`,
    );
  }
  if (connection.info?.jetstream !== true) throw withoutJetStream(connection);
  const deadlineMs = clock.nowMs() + STARTING_MS;
  for (;;) {
    try {
      await jetstreamManager(connection, { timeout: 2_000 });
      return;
    } catch (error) {
      if (jetStreamCode(error) === JS_CODE.notEnabledForAccount) throw withoutJetStream(connection);
      if (!isTransient(error)) throw serverError(error, `The NATS server at ${connection.getServer()} cannot be used`);
      if (clock.nowMs() > deadlineMs) {
        throw new FlowDcError(
          'FDC_ERR_TRANSPORT_SERVER',
          `JetStream at ${connection.getServer()} does not answer: ${describe(error)}`,
        );
      }
      await sleep(clock, 250);
    }
  }
}

/** What a user should hear about a connection that works. */
export function serverNotices(connection: NatsConnection): readonly string[] {
  const { info } = connection;
  const host = connection.getServer().replace(/:\d+$/, '');
  if (host === 'localhost' || host === '[::1]' || host === '::1' || host.startsWith('127.')) return [];
  const missing = [
    ...(info?.auth_required ? [] : ['credentials']),
    ...(info?.tls_required || info?.tls_available ? [] : ['TLS']),
  ];
  if (missing.length === 0) return [];
  return [
    `nats-server at ${connection.getServer()} works without ${missing.join(' and ')}: anybody on its network ` +
      'can read or change jobs',
  ];
}

function withoutJetStream(connection: NatsConnection): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_TRANSPORT_SERVER',
    `JetStream is off at ${connection.getServer()}: start nats-server with -js, or enable it for this account`,
  );
}

function isOlder(version: string): boolean {
  const parts = version.split(/[.-]/).map(Number);
  for (const [place, least] of MINIMUM.entries()) {
    const part = parts[place] ?? 0;
    if (part !== least) return !(part > least);
  }
  return false;
}
