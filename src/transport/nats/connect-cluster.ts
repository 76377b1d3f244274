/** The entry to everything in this folder. Loaded when it is needed: a run in one process never loads a NATS client. */
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Clock, sleep, systemClock } from '../../clock.ts';
import { FlowDcError, isFlowDcError } from '../../errors.ts';
import type { UnitRecord } from '../../record.ts';
import type { Cluster, ClusterChannel, JobDescription, JobListing, JobOptions } from '../cluster.ts';
import { replay } from './connection/bucket-replay.ts';
import { openConnection, serverNotices } from './connection/connection.ts';
import { CONSUMER, JOB_KEY, JOBS_BUCKET, type JobNames, jobNames } from './connection/names.ts';
import { isGone, isStreamGone, isWrongSequence } from './connection/nats-error.ts';
import type { NatsOptions } from './connection/nats-options.ts';
import { refused } from './connection/refused.ts';
import { ServerLink } from './connection/server-link.ts';
import { type JobEntry, jobMissing, parseDescription, readJobEntry, stateOf } from './job/job-entry.ts';
import { createBucket, createJobStreams } from './job/job-streams.ts';
import { openNatsChannel } from './job/nats-channel.ts';

/** What tests turn: not part of the options that users have. */
export interface ClusterInternals {
  readonly clock?: Clock | undefined;
  /** How long a worker may be silent before its units go to others. Default 30,000. */
  readonly ackWaitMs?: number | undefined;
}

const ACK_WAIT_MS = 30_000;
const HIGH_WATER = 2_000;
const GIVE_UP_MS = 30_000;
/** What is on its way gets this long to leave. */
const CLOSE_MS = 5_000;

/** One entry that cannot be read must not keep everybody from the other jobs. */
const FOREIGN: ReadonlySet<string> = new Set(['FDC_ERR_TRANSPORT_SERVER', 'FDC_ERR_USAGE']);

const connections = new WeakMap<Cluster, NatsConnection>();

/** The connection under a cluster, for siblings in this folder. */
export function connectionOf(cluster: Cluster): NatsConnection {
  const connection = connections.get(cluster);
  if (connection === undefined) throw new TypeError('expected a cluster that connectCluster made');
  return connection;
}

/** Errors: FDC_ERR_TRANSPORT_CONNECT, FDC_ERR_TRANSPORT_SERVER. Dispose it to close the connection. */
export async function connectCluster(options: NatsOptions, internals: ClusterInternals = {}): Promise<Cluster> {
  const clock = internals.clock ?? systemClock;
  const connection = await openConnection(options, clock);
  const link = await ServerLink.over(connection, clock, options.giveUpMs);
  const cluster = new NatsCluster(link, options.replicas ?? 1, internals.ackWaitMs ?? ACK_WAIT_MS);
  connections.set(cluster, connection);
  return cluster;
}

class NatsCluster implements Cluster {
  readonly server: Cluster['server'];
  readonly #link: ServerLink;
  readonly #replicas: number;
  readonly #ackWaitMs: number;
  readonly #channels = new Set<ClusterChannel>();

  constructor(link: ServerLink, replicas: number, ackWaitMs: number) {
    const { connection } = link;
    this.#link = link;
    this.#replicas = replicas;
    this.#ackWaitMs = ackWaitMs;
    this.server = {
      version: connection.info?.version ?? 'unknown',
      url: `nats://${connection.getServer()}`,
      notices: serverNotices(connection),
    };
  }

  async createJob(id: string, description: JobDescription, options: JobOptions = {}): Promise<ClusterChannel> {
    const names = jobNames(id);
    const link = this.#link;
    const found = await readJobEntry(link, await this.#bucket(names.stateBucket), id);
    if (found !== undefined) refuseOther(id, found.entry.description, description);
    await createJobStreams(link, names, { replicas: this.#replicas, ackWaitMs: this.#ackWaitMs });
    const state = await this.#bucket(names.stateBucket);
    await this.#write(id, state, description);
    const jobs = await createBucket(link, JOBS_BUCKET, this.#replicas);
    await link.ask('cannot list the job', () => jobs.put(id, JSON.stringify(description)));
    return this.#open(id, names, options);
  }

  async attachJob(id: string, options: JobOptions = {}): Promise<ClusterChannel> {
    const names = jobNames(id);
    if ((await readJobEntry(this.#link, await this.#bucket(names.stateBucket), id)) === undefined) throw jobMissing(id);
    return this.#open(id, names, options);
  }

  async *jobs(): AsyncIterable<JobListing> {
    const link = this.#link;
    const bucket = await this.#bucket(JOBS_BUCKET);
    const exists = await link
      .ask('cannot list the jobs', () => bucket.status(), { passes: isStreamGone, giveUpMs: GIVE_UP_MS })
      .catch((error: unknown) => {
        if (!isStreamGone(error)) throw error;
        return undefined;
      });
    if (exists === undefined) return;
    for await (const { key, text } of replay(link, bucket, '>')) {
      const listing = await this.#listing(key, text).catch((error: unknown) => {
        if (!isFlowDcError(error) || !FOREIGN.has(error.code)) throw error;
        refused(`${JOBS_BUCKET} ${key}`, error.message);
      });
      if (listing !== undefined) yield listing;
    }
  }

  /** Errors: those of FOREIGN for an entry that flow-dc did not write. */
  async #listing(id: string, text: string): Promise<JobListing | undefined> {
    const names = jobNames(id);
    const known = await readJobEntry(this.#link, await this.#bucket(names.stateBucket), id, GIVE_UP_MS);
    if (known === undefined) return undefined;
    const committed = known.entry.state === 'running' ? await this.#committed(names) : 0;
    return { id, state: stateOf(known.entry, committed), description: parseDescription(text, id) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const channel of this.#channels) await channel[Symbol.asyncDispose]();
    this.#channels.clear();
    const { connection, isUp } = this.#link;
    if (connection.isClosed()) return;
    // Draining waits for the server, which may be gone for good.
    const drained = isUp ? connection.drain().catch(() => {}) : Promise.resolve();
    const enough = new AbortController();
    await Promise.race([drained, sleep(this.#link.clock, CLOSE_MS, enough.signal).catch(() => {})]);
    enough.abort();
    await connection.close();
  }

  /** The job's entry, made or opened again. */
  async #write(id: string, state: KV, description: JobDescription): Promise<void> {
    const fresh: JobEntry = { description, state: 'publishing' };
    for (;;) {
      const found = await readJobEntry(this.#link, state, id);
      if (found !== undefined) refuseOther(id, found.entry.description, description);
      if (found?.entry.state === 'publishing' || found?.entry.state === 'running') return;
      const text = JSON.stringify(fresh);
      const write = () =>
        found === undefined ? state.create(JOB_KEY, text) : state.update(JOB_KEY, text, found.revision);
      try {
        await this.#link.ask(`cannot make job ${id}`, write, { passes: isWrongSequence });
        return;
      } catch (error) {
        if (!isWrongSequence(error)) throw error;
      }
    }
  }

  async #open(id: string, names: JobNames, options: JobOptions): Promise<ClusterChannel> {
    const channel = await openNatsChannel({
      link: this.#link,
      job: id,
      names,
      done: await this.#bucket(names.doneBucket),
      state: await this.#bucket(names.stateBucket),
      rollForward: options.rollForward ?? refuseRollForward,
      highWater: atLeastOne(options.highWater ?? HIGH_WATER),
      replicas: this.#replicas,
      ackWaitMs: await this.#ackWaitOf(names),
      unregister: () => this.#unregister(id),
    });
    this.#channels.add(channel);
    return channel;
  }

  /** As the consumer has it: a worker has to agree with whoever made the job. */
  async #ackWaitOf(names: JobNames): Promise<number> {
    const look = () => this.#link.manager.consumers.info(names.unitStream, CONSUMER);
    try {
      const { config } = await this.#link.ask('cannot look at the queue', look, {
        passes: isGone,
        giveUpMs: GIVE_UP_MS,
      });
      return (config.ack_wait ?? 0) / 1_000_000 || this.#ackWaitMs;
    } catch (error) {
      if (!isGone(error)) throw error;
      return this.#ackWaitMs;
    }
  }

  async #committed(names: JobNames): Promise<number> {
    const done = await this.#bucket(names.doneBucket);
    return (await this.#link.ask('cannot count the records', () => done.status(), { giveUpMs: GIVE_UP_MS })).values;
  }

  async #unregister(id: string): Promise<void> {
    const jobs = await this.#bucket(JOBS_BUCKET);
    await this.#link.ask('cannot remove the job from the list', () => jobs.purge(id));
  }

  /** A handle; whether the bucket is there shows at the first use. */
  #bucket(name: string): Promise<KV> {
    return this.#link.buckets.open(name);
  }
}

function refuseOther(id: string, found: JobDescription, wanted: JobDescription): void {
  if (found.folderId === wanted.folderId) return;
  throw new FlowDcError(
    'FDC_ERR_JOB_MISMATCH',
    `The NATS server has another job ${id}, which writes to ${found.out}; use another --job for ${wanted.out}, ` +
      'or cancel and delete that one',
  );
}

async function refuseRollForward(record: UnitRecord): Promise<void> {
  throw new FlowDcError(
    'FDC_ERR_SINK_PROTOCOL',
    `Unit ${record.unit} is decided, but this channel was opened without rollForward: to look, not to work`,
  );
}

function atLeastOne(value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`Expected highWater of 1 or more, got ${value}`);
  return value;
}
