/** Budgets of hosts that all workers on one NATS server share: bucket and subjects around the pure hub. */
import { jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Clock, systemClock } from '../../clock.ts';
import type { HostLimits } from '../../host-limits.ts';
import type { PaarcSettings, Snapshot } from '../../paarc/index.ts';
import { publish } from '../../telemetry/channels.ts';
import { HOSTS_BUCKET } from '../../transport/nats/connection/names.ts';
import { HostHub } from '../host-hub.ts';
import { keyOf } from './host-key.ts';
import { HostWire } from './host-wire.ts';

export interface SharedHostsOptions {
  readonly connection: NatsConnection;
  /** The controllers' parameters; those of a host's leader count. */
  readonly settings: PaarcSettings;
  /** Uniform in [0, 1). */
  readonly random?: (() => number) | undefined;
  readonly clock?: Clock | undefined;
  /** Replicas of the bucket when it is made here. */
  readonly replicas?: number | undefined;
  /** What this machine knows of a host from earlier, for a host without a record. */
  readonly snapshotOf?: ((host: string) => Snapshot | undefined) | undefined;
  /** What was learned of a host that this worker led. */
  readonly remember?: ((host: string, snapshot: Snapshot) => void) | undefined;
}

/** A worker's part in all shared budgets. */
export interface SharedHosts {
  /**
   * For the `hostLimits` option of the fetch stages. One host has one limit at a time; a newer one takes over from an
   * older one.
   */
  readonly limits: HostLimits;
  stats(): SharedHostsStats;
  /** Give back every share, hand over every host; resolves when the others know. Limits stay shut. */
  close(): Promise<void>;
}

export type SharedHostsStats = HostHub['stats'];

/** A server that does not answer within this is as good as gone: a lease lasts three seconds. */
const ANSWER_MS = 2000;

/**
 * Join the workers on this server. Resolves when everything they have agreed on so far is known here.
 * Errors: FDC_ERR_TRANSPORT_CONNECT when the server does not answer; those of the NATS client when the bucket can
 * neither be opened nor made.
 */
export async function createSharedHosts(options: SharedHostsOptions): Promise<SharedHosts> {
  const {
    connection,
    settings,
    random = Math.random,
    clock = systemClock,
    replicas = 1,
    snapshotOf,
    remember,
  } = options;
  const manager = new Kvm(jetstream(connection, { timeout: ANSWER_MS }));
  const bucket: KV = await manager.create(HOSTS_BUCKET, { history: 1, replicas });
  // Another worker may be making it: see whenMade in job-streams.ts.
  await bucket.status();
  const hub = new HostHub({
    settings,
    random,
    nowMs: () => clock.nowMs(),
    newId: () => crypto.randomUUID(),
    keyOf,
    onUrgent: () => wire.hurry(),
    onTransition: (host, transition) => publish('flow-dc:limit', () => ({ host, atMs: clock.nowMs(), transition })),
    snapshotOf,
    remember,
  });
  const wire = new HostWire(hub, connection, bucket, clock);
  await wire.open();
  return {
    limits: {
      create: (host, rule, revoke, onChange) => hub.create(host, rule, revoke, onChange),
      retire: (host, limit) => hub.retire(host, limit),
      workers: () => hub.workers,
    },
    stats: () => hub.stats,
    close: () => wire.close(),
  };
}
