/** A real server with a submitter, a worker and shared budgets on it, and everybody else's messages between theirs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { stageSettings } from '../../../src/config/stage-settings.ts';
import { isFlowDcError } from '../../../src/errors.ts';
import { createSharedHosts, type SharedHosts } from '../../../src/host-budget/wire/create-shared-hosts.ts';
import type { Cluster, ClusterChannel } from '../../../src/transport/cluster.ts';
import { connectCluster, connectionOf } from '../../../src/transport/nats/connect-cluster.ts';
import { decodeRows } from '../../../src/unit-rows.ts';
import { describeJob, jobId, keepsNothing } from '../../support/nats-jobs.ts';
import { type NatsServer, startNatsServer } from '../../support/nats-server.ts';
import { recordOf } from '../../support/units.ts';
import { type Poison, UNITS } from './poison.ts';

/** A job of four units takes milliseconds; units in a later version's encoding wait ten seconds for somebody. */
const ROUND_MS = 40_000;
const ACK_WAIT_MS = 2_000;
const IDS = UNITS.map(({ id }) => id);

export class SprayedServer {
  readonly #server: NatsServer;
  readonly #submitter: Cluster;
  readonly #worker: Cluster;
  readonly #stranger: Cluster;
  readonly #hosts: SharedHosts;
  /** What nobody caught; ours to answer for. */
  readonly #uncaught: unknown[] = [];
  readonly #note = (error: unknown): void => void this.#uncaught.push(error);

  private constructor(server: NatsServer, clusters: readonly [Cluster, Cluster, Cluster], hosts: SharedHosts) {
    this.#server = server;
    [this.#submitter, this.#worker, this.#stranger] = clusters;
    this.#hosts = hosts;
    process.on('uncaughtException', this.#note);
    process.on('unhandledRejection', this.#note);
  }

  static async start(): Promise<SprayedServer> {
    const server = await startNatsServer();
    const open = (): Promise<Cluster> =>
      connectCluster({ servers: [server.url], role: 'fuzz' }, { ackWaitMs: ACK_WAIT_MS });
    const clusters = [await open(), await open(), await open()] as const;
    const connection = connectionOf(clusters[1]);
    return new SprayedServer(
      server,
      clusters,
      await createSharedHosts({ connection, settings: stageSettings('paarc', {}) }),
    );
  }

  /** One job, with others' messages from before its first unit to its last. Rejects when it is not done after all. */
  async round(poison: readonly Poison[]): Promise<void> {
    const limit = this.#hosts.limits.create('h.example', {}, () => {});
    const [job, victim] = [await this.#makeJob(), await this.#makeJob()];
    const attached = await this.#worker.attachJob(job.id, keepsNothing);
    const ended = new AbortController();
    const working = work(attached, ended.signal);
    try {
      const spraying = this.#spray(poison, job.id, victim.id);
      for (const unit of UNITS) await job.publish(unit);
      await job.seal(UNITS.length);
      await spraying;
      await Promise.race([this.#untilDone(job), working]);
      await this.#look(job, victim);
      if (this.#uncaught.length > 0) throw this.#uncaught.shift();
    } finally {
      this.#hosts.limits.retire('h.example', limit);
      ended.abort();
      await working.catch(() => {});
      for (const channel of [attached, job, victim]) await channel[Symbol.asyncDispose]();
    }
  }

  async close(): Promise<void> {
    await this.#hosts.close();
    for (const cluster of [this.#worker, this.#submitter, this.#stranger]) await cluster[Symbol.asyncDispose]();
    process.off('uncaughtException', this.#note);
    process.off('unhandledRejection', this.#note);
    await this.#server.close();
  }

  #makeJob(): Promise<ClusterChannel> {
    return this.#submitter.createJob(jobId(), describeJob(), keepsNothing);
  }

  async #spray(poison: readonly Poison[], job: string, victim: string): Promise<void> {
    const connection = connectionOf(this.#stranger);
    for (const { subject, data } of poison) {
      connection.publish(subject.replace('JOB', job).replace('VICTIM', victim), data);
      if (Math.random() < 0.1) await connection.flush();
    }
    await connection.flush();
  }

  /** What a submit does that follows its job. */
  async #untilDone(job: ClusterChannel): Promise<void> {
    const decided = new Set<string>();
    for (const endMs = Date.now() + ROUND_MS; Date.now() < endMs; await sleep(50)) {
      const { missing } = await job.repair(IDS);
      for (const unit of UNITS) if (missing.includes(unit.id)) await job.publish(unit);
      for await (const { unit } of job.records()) decided.add(unit);
      if (IDS.every((id) => decided.has(id))) return;
    }
    throw new Error(`not done: ${JSON.stringify(await job.status())}, decided ${[...decided].join(' ')}`);
  }

  /** What people ask of the server, whatever lies on it. */
  async #look(job: ClusterChannel, victim: ClusterChannel): Promise<void> {
    await job.status();
    await job.workers();
    const listed: string[] = [];
    for await (const { id } of this.#submitter.jobs()) listed.push(id);
    if (!listed.includes(job.id)) throw new Error(`${job.id} is not among the jobs ${listed.join(' ')}`);
    const other = await this.#worker.attachJob(victim.id, keepsNothing).catch((error: unknown) => {
      if (!isFlowDcError(error)) throw error;
    });
    await other?.[Symbol.asyncDispose]();
    const odd = this.#hosts.stats().hosts.filter(({ permits }) => !Number.isFinite(permits));
    if (odd.length > 0) throw new Error(`permits without an end: ${JSON.stringify(odd)}`);
  }
}

/**
 * Workers that read every row and fetch none. What lies in a record's place lets them think that the job is over; the
 * next one comes when it is taken away.
 */
async function work(channel: ClusterChannel, signal: AbortSignal): Promise<void> {
  for (;;) {
    const delivery = await channel.next(signal);
    if (delivery === undefined) {
      await sleep(20, undefined, { signal });
      continue;
    }
    const rows = decodeRows(delivery.unit).length;
    await channel.commit({ ...recordOf(delivery.unit), rows, stored: rows });
    await delivery.ack();
  }
}
