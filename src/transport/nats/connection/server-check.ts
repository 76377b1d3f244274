/** Whether a server has what a job needs. */
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Clock, sleep } from '../../../clock.ts';
import { FlowDcError } from '../../../errors.ts';
import { describe, isTransient, JS_CODE, jetStreamCode, serverError } from './nats-error.ts';

/** The first version with the consumer API that the client uses. */
const MINIMUM = [2, 9, 4] as const;
/** A server that has just started may need this long until JetStream answers. */
const STARTING_MS = 10_000;

/**
 * Whether the server has what a job needs. Errors: FDC_ERR_TRANSPORT_SERVER, in words that say what is missing: the
 * client's own are misleading (a missing stream is reported as JetStream being disabled).
 */
export async function checkServer(connection: NatsConnection, clock: Clock): Promise<void> {
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
