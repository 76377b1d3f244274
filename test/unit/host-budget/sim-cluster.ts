import { decodeEnvelope, encodeEnvelope } from '../../../src/host-budget/envelope.ts';
import { HostHub, type Outgoing } from '../../../src/host-budget/host-hub.ts';
import { decodeRecord, encodeRecord } from '../../../src/host-budget/host-record.ts';
import { defaultPaarcSettings, type Limit, type Outcome, type PaarcSettings } from '../../../src/paarc/index.ts';
import { seededRandom } from '../../../src/structures/seeded-random.ts';

/** A number in [0, 1). */
type Random = () => number;

interface Entry {
  readonly key: string;
  readonly text: string | undefined;
  readonly revision: number;
}

function abortAll(worker: SimWorker): void {
  for (const abort of [...worker.running]) abort();
}

/** A worker with a hub, a gate and endless rows for one host. */
export interface SimWorker {
  readonly name: string;
  readonly hub: HostHub;
  limit: Limit | undefined;
  inFlight: number;
  /** Rows in the queue. */
  waiting: number;
  isCut: boolean;
  isFrozen: boolean;
  isDead: boolean;
  sent: number;
  readonly inbox: (() => void)[];
  /** What is in flight, each with what ends it at the host. */
  readonly running: Set<() => void>;
}

const HOST = 'host.test';

/**
 * Workers, a bucket with one order for all, lossy messages, and a host that counts what is in flight: on one virtual
 * clock, with every worker's own clock set differently. A cut worker reaches the host but not the bucket; a frozen one
 * does nothing at all.
 */
export class SimCluster {
  readonly workers: SimWorker[] = [];
  readonly random: Random;
  readonly settings: PaarcSettings;
  nowMs = 0;
  inFlight = 0;
  maxInFlight = 0;
  /** Sum over time, for utilisation. */
  busyMs = 0;
  loss = 0;
  delayMs = 5;
  /** Of requests, from the shortest to the longest. */
  serviceMs: readonly [number, number] = [50, 200];
  isServerUp = true;
  answer: (nowMs: number) => Outcome | undefined = () => undefined;
  readonly #queue: { atMs: number; order: number; run: () => void }[] = [];
  readonly #entries: Entry[] = [];
  readonly #revisions = new Map<string, number>();
  #order = 0;

  constructor(seed: number, settings: Partial<PaarcSettings> = {}) {
    this.random = seededRandom(seed);
    this.settings = { ...defaultPaarcSettings, ...settings };
  }

  /** A machine is started. Its rows come as soon as it has read the bucket. */
  start(name: string, waiting = Number.MAX_SAFE_INTEGER): SimWorker {
    const skewMs = 1e6 * this.random();
    const hub: HostHub = new HostHub({
      settings: this.settings,
      random: this.random,
      nowMs: () => this.nowMs + skewMs,
      newId: () => `${name}-${this.#order++}`,
      keyOf: (host) => host,
    });
    const worker: SimWorker = {
      name,
      hub,
      limit: undefined,
      inFlight: 0,
      waiting,
      isCut: false,
      isFrozen: false,
      isDead: false,
      sent: 0,
      inbox: [],
      running: new Set(),
    };
    this.workers.push(worker);
    let read = 0;
    let heartbeatAtMs = 0;
    const skewed = (): number => this.nowMs + skewMs;
    const step = (): void => {
      if (worker.isDead) return;
      this.#at(this.nowMs + 20, step);
      if (worker.isFrozen) return;
      for (const read of worker.inbox.splice(0)) read();
      if (this.#reaches(worker))
        for (; read < this.#entries.length; read++) this.#read(worker, this.#entries[read] as Entry);
      if (skewed() >= heartbeatAtMs || hub.hasDoubts) heartbeatAtMs = skewed() + this.#beat(worker);
      this.#send(worker, hub.tick());
      if (worker.limit === undefined && hub.isLeased) worker.limit = hub.create(HOST, {}, () => abortAll(worker));
      this.#pump(worker, skewed);
    };
    step();
    return worker;
  }

  /** Everything of this machine is gone at once, its connections among it. */
  kill(worker: SimWorker): void {
    worker.isDead = true;
    abortAll(worker);
  }

  run(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.busyMs += this.inFlight * (next.atMs - this.nowMs);
      this.nowMs = next.atMs;
      next.run();
    }
    this.busyMs += this.inFlight * (untilMs - this.nowMs);
    this.nowMs = untilMs;
  }

  record() {
    const entry = this.#entries.findLast(({ key }) => key === `h.${HOST}`);
    return entry?.text === undefined ? undefined : decodeRecord(entry.text);
  }

  #reaches(worker: SimWorker): boolean {
    return this.isServerUp && !worker.isCut && !worker.isDead;
  }

  #beat(worker: SimWorker): number {
    const heartbeat = worker.hub.heartbeat();
    if (heartbeat === undefined) return 20;
    const { words, heartbeatMs } = heartbeat;
    const { incarnation } = worker.hub;
    this.#write(worker, `w.${incarnation}`, JSON.stringify(words), undefined, () =>
      worker.hub.confirm(incarnation, words),
    );
    return heartbeatMs;
  }

  #send(worker: SimWorker, { envelope, writes }: Outgoing): void {
    for (const { key, revision, record } of writes)
      this.#write(worker, `h.${key}`, encodeRecord(record), revision, () => {});
    if (envelope === undefined || !this.#reaches(worker)) return;
    const text = encodeEnvelope(envelope);
    const isForLeaders = envelope.grants.length === 0 && envelope.pauses.length === 0;
    for (const other of this.workers) {
      if (other === worker || (isForLeaders && !other.hub.isLeading) || this.random() < this.loss) continue;
      const decoded = decodeEnvelope(text);
      if (decoded === undefined) throw new Error(`not understood: ${text}`);
      // Messages of one sender keep their order.
      this.#at(this.nowMs + this.delayMs, () => {
        if (this.#reaches(other)) this.#arrive(other, () => other.hub.onEnvelope(decoded));
      });
    }
  }

  /** Arrives after half of the delay, is confirmed after all of it; either may fail to happen. */
  #write(worker: SimWorker, key: string, text: string, revision: number | undefined, confirmed: () => void): void {
    this.#at(this.nowMs + this.delayMs / 2, () => {
      if (!this.#reaches(worker)) return;
      if (revision !== undefined && revision !== (this.#revisions.get(key) ?? 0)) return;
      const entry = { key, text, revision: this.#entries.length + 1 };
      this.#entries.push(entry);
      this.#revisions.set(key, entry.revision);
      this.#at(this.nowMs + this.delayMs / 2, () => {
        if (this.#reaches(worker)) this.#arrive(worker, confirmed);
      });
    });
  }

  /** What reaches a frozen process waits in its socket, and is read before anything else when it wakes. */
  #arrive(worker: SimWorker, read: () => void): void {
    if (worker.isFrozen) worker.inbox.push(read);
    else read();
  }

  #read(worker: SimWorker, { key, text, revision }: Entry): void {
    const name = key.slice(2);
    if (key.startsWith('w.'))
      return worker.hub.onHeartbeat(name, text === undefined ? undefined : JSON.parse(text), revision);
    const record = text === undefined ? undefined : decodeRecord(text);
    if (record !== undefined) worker.hub.onRecord(name, record, revision);
  }

  #pump(worker: SimWorker, skewed: () => number): void {
    const { limit } = worker;
    if (limit === undefined) return;
    if (limit.nextTickMs <= skewed()) {
      limit.tick(skewed(), {
        inFlight: worker.inFlight,
        waiting: worker.waiting,
        eventLoopUtilization: 0,
        clientLimited: 0,
      });
    }
    // Spacing is the gate's affair; what counts here is how many are in flight.
    while (worker.waiting > 0 && worker.inFlight < limit.permits && limit.pauseUntilMs <= skewed())
      this.#request(worker, limit, skewed);
  }

  #request(worker: SimWorker, limit: Limit, skewed: () => number): void {
    worker.waiting -= 1;
    worker.inFlight += 1;
    worker.sent += 1;
    this.inFlight += 1;
    this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
    const token = limit.onSend(skewed(), worker.inFlight);
    const [least, most] = this.serviceMs;
    const serviceMs = least + (most - least) * this.random();
    const end = (outcome: Outcome): void => {
      if (worker.isDead) return;
      if (worker.isFrozen) return this.#at(this.nowMs + 20, () => end(outcome));
      worker.inFlight -= 1;
      limit.onResult(token, outcome, skewed());
      this.#pump(worker, skewed);
    };
    const abort = (): void => {
      if (!worker.running.delete(abort)) return;
      this.inFlight -= 1;
      worker.waiting += 1;
      end({ kind: 'neutral' });
    };
    worker.running.add(abort);
    this.#at(this.nowMs + serviceMs, () => {
      if (!worker.running.delete(abort)) return;
      this.inFlight -= 1;
      end(this.answer(this.nowMs) ?? { kind: 'ok', headersMs: serviceMs, serviceMs, bytes: 1000 });
    });
  }

  #at(atMs: number, run: () => void): void {
    const item = { atMs, order: this.#order++, run };
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#queue[middle] as { atMs: number }).atMs <= atMs) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, item);
  }

  #next(untilMs: number) {
    const first = this.#queue[0];
    return first === undefined || first.atMs > untilMs ? undefined : this.#queue.shift();
  }
}

export const BUDGET = 100;
/**
 * A controller that stands still, so that the budget is known: what is shared out, not what it is, is the subject here.
 */
const still = { cMin: BUDGET, cInit: BUDGET, cMax: BUDGET };

export function clusterOf(count: number, seed = 1): SimCluster {
  const cluster = new SimCluster(seed, still);
  for (let index = 0; index < count; index++) cluster.start(`w${index}`);
  return cluster;
}

/** Share of the budget in use over the next `ms`. */
export function utilisation(cluster: SimCluster, ms: number): number {
  const before = cluster.busyMs;
  cluster.run(ms);
  return (cluster.busyMs - before) / ms / BUDGET;
}
