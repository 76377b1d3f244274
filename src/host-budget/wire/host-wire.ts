/** Carries what the hub says to the server and back. */
import type { KV, KvWatchEntry } from '@nats-io/kv';
import type { NatsConnection, QueuedIterator, Subscription } from '@nats-io/transport-node';
import { type Clock, sleep } from '../../clock.ts';
import { FlowDcError } from '../../errors.ts';
import { decodeEnvelope, encodeEnvelope } from '../envelope.ts';
import type { HostHub, Outgoing } from '../host-hub.ts';
import { decodeHeartbeat, decodeRecord, encodeHeartbeat, encodeRecord } from '../host-record.ts';

/** Reports alone: leaders listen. */
const REPORTS = 'fd.hosts.reports';
/** Grants and pauses, with reports if there are any: everybody listens. */
const ALL = 'fd.hosts.all';
/**
 * The hub looks at the time this often: a batch every 250 ms must not come so late that the controller has gone past
 * its events.
 */
const TICK_MS = 20;
/** Heartbeats under way at once; more would only wait for the same dead server. */
const MAX_HEARTBEATS = 3;
/** Without an echo of ours for so many heartbeats, while they are confirmed, the watch is dead and made anew. */
const DEAF_HEARTBEATS = 2.5;
/** First echo after the start; a server that takes longer is of no use to us. */
const OPEN_MS = 20_000;
/**
 * Keys of workers that left no farewell are deleted by the first that sees them this old, by the server's own times.
 */
const SWEEP_MS = 3_600_000;

/** Carries what the hub says to the server and back. Whatever fails here is lost, which the hub reckons with. */
export class HostWire {
  readonly #hub: HostHub;
  readonly #connection: NatsConnection;
  readonly #bucket: KV;
  readonly #clock: Clock;
  readonly #work = new Set<Promise<void>>();
  /** When each worker's key was last written, on the server's clock: only to be compared with each other. */
  readonly #lastWords = new Map<string, number>();
  #watch: QueuedIterator<KvWatchEntry> | undefined;
  #all: Subscription | undefined;
  #reports: Subscription | undefined;
  #cancelTick: (() => void) | undefined;
  #heartbeatAtMs = 0;
  #heartbeatMs = 0;
  #heartbeats = 0;
  #confirmedMs = 0;
  #echoMs = Number.NEGATIVE_INFINITY;
  #isWatching = false;
  #hasSwept = false;
  #isClosed = false;

  constructor(hub: HostHub, connection: NatsConnection, bucket: KV, clock: Clock) {
    this.#hub = hub;
    this.#connection = connection;
    this.#bucket = bucket;
    this.#clock = clock;
  }

  /**
   * Resolves when our own first heartbeat has come back: all that was in the bucket before it has been read by then.
   */
  async open(): Promise<void> {
    this.#all = this.#subscribe(ALL);
    await this.#startWatch();
    this.#tick();
    const startMs = this.#clock.nowMs();
    while (this.#echoMs < startMs || !this.#hub.isLeased) {
      if (this.#clock.nowMs() - startMs > OPEN_MS) {
        await this.close();
        throw new FlowDcError(
          'FDC_ERR_TRANSPORT_CONNECT',
          `the NATS server has not given back a heartbeat within ${OPEN_MS / 1000} s`,
        );
      }
      await sleep(this.#clock, TICK_MS);
    }
  }

  /** Tick as soon as what is being read now has been read. */
  hurry(): void {
    if (this.#isClosed || this.#cancelTick === undefined) return;
    this.#cancelTick();
    this.#cancelTick = this.#clock.timer(0, () => this.#tick());
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTick?.();
    this.#all?.unsubscribe();
    this.#reports?.unsubscribe();
    this.#watch?.stop();
    await Promise.all(this.#work);
    if (this.#connection.isClosed()) return;
    const { incarnation } = this.#hub;
    this.#send(this.#hub.leave());
    await Promise.all(this.#work);
    // The key last: whoever sees it go knows that nothing of ours is in force.
    await this.#bucket.purge(`w.${incarnation}`).catch(() => {});
  }

  #tick(): void {
    if (this.#isClosed) return;
    this.#cancelTick = this.#clock.timer(TICK_MS, () => this.#tick());
    const nowMs = this.#clock.nowMs();
    if ((nowMs >= this.#heartbeatAtMs || this.#hub.hasDoubts) && this.#heartbeats < MAX_HEARTBEATS) this.#beat(nowMs);
    this.#send(this.#hub.tick());
    if (this.#hub.isLeading && this.#reports === undefined) this.#reports = this.#subscribe(REPORTS);
    else if (!this.#hub.isLeading && this.#reports !== undefined) {
      this.#reports.unsubscribe();
      this.#reports = undefined;
    }
    const isDeaf = this.#confirmedMs - this.#echoMs > DEAF_HEARTBEATS * this.#heartbeatMs;
    if (isDeaf && !this.#isWatching) this.#background(this.#startWatch());
  }

  #send({ envelope, writes }: Outgoing): void {
    if (envelope !== undefined && !this.#connection.isClosed()) {
      const isForLeaders = envelope.grants.length === 0 && envelope.pauses.length === 0;
      this.#connection.publish(isForLeaders ? REPORTS : ALL, encodeEnvelope(envelope));
    }
    for (const { key, revision, record } of writes) {
      this.#background(this.#bucket.put(`h.${key}`, encodeRecord(record), { previousSeq: revision }).then(() => {}));
    }
  }

  #beat(nowMs: number): void {
    const { incarnation } = this.#hub;
    const heartbeat = this.#hub.heartbeat();
    if (heartbeat === undefined) return;
    const { words, heartbeatMs } = heartbeat;
    this.#heartbeatMs = heartbeatMs;
    this.#heartbeatAtMs = nowMs + heartbeatMs;
    this.#heartbeats += 1;
    const put = this.#bucket.put(`w.${incarnation}`, encodeHeartbeat(words)).then(() => {
      this.#hub.confirm(incarnation, words);
      this.#confirmedMs = this.#clock.nowMs();
    });
    this.#background(put.finally(() => (this.#heartbeats -= 1)));
  }

  /**
   * A write that fails has lost against another one, or against the network: either way the watch tells how things are.
   */
  #background(work: Promise<void>): void {
    const watched = work.catch(() => {}).finally(() => this.#work.delete(watched));
    this.#work.add(watched);
  }

  #subscribe(subject: string): Subscription {
    return this.#connection.subscribe(subject, {
      callback: (error, message) => {
        const envelope = error === null ? decodeEnvelope(message.string()) : undefined;
        if (envelope !== undefined) this.#hub.onEnvelope(envelope);
      },
    });
  }

  async #startWatch(): Promise<void> {
    this.#isWatching = true;
    this.#confirmedMs = this.#echoMs = this.#clock.nowMs() - 1;
    try {
      this.#watch?.stop();
      const watch = await this.#bucket.watch();
      this.#watch = watch;
      this.#background(this.#read(watch));
    } finally {
      this.#isWatching = false;
    }
  }

  async #read(watch: QueuedIterator<KvWatchEntry>): Promise<void> {
    for await (const entry of watch) {
      if (entry.key.startsWith('w.')) this.#readWorker(entry);
      else if (entry.key.startsWith('h.') && entry.operation === 'PUT') {
        const record = decodeRecord(entry.string());
        if (record !== undefined) this.#hub.onRecord(entry.key.slice(2), record, entry.revision);
      }
    }
  }

  #readWorker(entry: KvWatchEntry): void {
    const worker = entry.key.slice(2);
    const isOurs = worker === this.#hub.incarnation;
    if (isOurs) this.#echoMs = this.#clock.nowMs();
    if (entry.operation !== 'PUT') {
      this.#lastWords.delete(worker);
      return this.#hub.onHeartbeat(worker, undefined, entry.revision);
    }
    if (!this.#hasSwept) this.#lastWords.set(worker, entry.created.getTime());
    if (isOurs) this.#sweep(entry.created.getTime());
    const heartbeat = decodeHeartbeat(entry.string());
    if (heartbeat !== undefined) this.#hub.onHeartbeat(worker, heartbeat, entry.revision);
  }

  /** Once per run, at the first echo. */
  #sweep(serverMs: number): void {
    if (this.#hasSwept) return;
    this.#hasSwept = true;
    for (const [worker, atMs] of this.#lastWords)
      if (serverMs - atMs > SWEEP_MS) this.#background(this.#bucket.purge(`w.${worker}`));
    this.#lastWords.clear();
  }
}
