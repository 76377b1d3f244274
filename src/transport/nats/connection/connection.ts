/** A connection that is kept up for ever once it was made. */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { checkServerIdentity } from 'node:tls';
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
import { describe } from './nats-error.ts';
import type { NatsOptions } from './nats-options.ts';
import { checkServer } from './server-check.ts';

/** A server that is being started, or a machine that is being booted, is there within a minute. */
const CONNECT_TIMEOUT_MS = 60_000;
/** One attempt: name lookup, TCP, TLS and the server's greeting. */
const ATTEMPT_TIMEOUT_MS = 5_000;
const RETRY_MS = 500;

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
  const deadlineMs = clock.nowMs() + (options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const connection = await connect(settings);
      if (options.signal?.aborted !== true) return connection;
      await connection.close();
    } catch (error) {
      if (LASTING.test(describe(error))) throw refused(options, error);
      if (clock.nowMs() + RETRY_MS >= deadlineMs) throw unreachable(options, error);
      await sleep(clock, RETRY_MS, options.signal);
    }
  }
}

async function connectionOptions(options: NatsOptions): Promise<NodeConnectionOptions> {
  const { tls } = options;
  const authenticator = await authenticatorOf(options);
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
    ...(options.token === undefined ? {} : { token: options.token }),
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.password === undefined ? {} : { pass: options.password }),
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(options.inboxPrefix === undefined ? {} : { inboxPrefix: options.inboxPrefix }),
    ...(tls === undefined ? {} : { tls: { ...tls, checkServerIdentity: identityOf(options.servers) } as TlsOptions }),
  };
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

function unreachable(options: NatsOptions, error: unknown): FlowDcError {
  const seconds = Math.round((options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS) / 1000);
  return new FlowDcError(
    'FDC_ERR_TRANSPORT_CONNECT',
    `No NATS server at ${options.servers.join(', ')} within ${seconds} s: ${describe(error)}; start it ` +
      '(nats-server -js) or correct the address',
  );
}
