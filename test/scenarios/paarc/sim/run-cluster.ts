/** Runs several workers on one host as a cluster does: each with its own hub, over a bucket and messages that take time. */
import { decodeEnvelope, encodeEnvelope } from '../../../../src/host-budget/envelope.ts';
import { HostHub, type Outgoing } from '../../../../src/host-budget/host-hub.ts';
import { decodeRecord, encodeRecord } from '../../../../src/host-budget/host-record.ts';
import type { PaarcSettings } from '../../../../src/paarc/index.ts';
import { SimulatedClient } from './client.ts';
import { EventQueue } from './event-queue.ts';
import { SimulatedHost } from './host.ts';
import { SeededRandom } from './random.ts';
import { Recorder } from './recorder.ts';
import type { Scenario } from './scenario.ts';
import { UrlSupply } from './url-supply.ts';

/** A message takes so long, a write to the bucket half of it to be in force and all of it to be confirmed. */
const messageMs = 20;
/** As often as a worker looks at the time. */
const tickMs = 20;
const HOST = 'host.test';

interface Worker {
  readonly hub: HostHub;
  client?: SimulatedClient;
  permits: () => number;
}

interface Entry {
  readonly key: string;
  readonly text: string;
  readonly revision: number;
}

/** When each worker is started, in ms. */
export type Joins = readonly number[];

/** One run of a scenario by workers that are started at `joins`. */
export function runCluster(scenario: Scenario, seed: number, joins: Joins, settings: PaarcSettings): Recorder {
  const queue = new EventQueue();
  const recorder = new Recorder();
  const host = new SimulatedHost(scenario.host, queue, new SeededRandom(seed), seed);
  const supply = new UrlSupply(queue, scenario.client.urlsPerS);
  const random = new SeededRandom(seed ^ 0x5bd1e995).uniform;
  const workers: Worker[] = [];
  const clients: SimulatedClient[] = [];
  const bucket: Entry[] = [];
  const revisions = new Map<string, number>();
  const after = (ms: number, run: () => void): void => queue.at(queue.nowMs + ms, run, undefined);

  const write = (key: string, text: string, revision: number | undefined, confirmed?: () => void): void =>
    after(messageMs / 2, () => {
      if (revision !== undefined && revision !== (revisions.get(key) ?? 0)) return;
      bucket.push({ key, text, revision: bucket.length + 1 });
      revisions.set(key, bucket.length);
      if (confirmed !== undefined) after(messageMs / 2, confirmed);
    });
  const send = (from: Worker, { envelope, writes }: Outgoing): void => {
    for (const { key, revision, record } of writes) write(`h.${key}`, encodeRecord(record), revision);
    if (envelope === undefined) return;
    const isForLeaders = envelope.grants.length === 0 && envelope.pauses.length === 0;
    const text = encodeEnvelope(envelope);
    after(messageMs, () => {
      for (const other of workers) {
        const decoded = decodeEnvelope(text);
        if (decoded === undefined) throw new Error(`not understood: ${text}`);
        if (other !== from && (!isForLeaders || other.hub.isLeading)) other.hub.onEnvelope(decoded);
      }
    });
  };
  const start = (index: number): void => {
    let isHurried = false;
    let names = 0;
    const hurried = (): void => {
      isHurried = false;
      send(worker, worker.hub.tick());
      worker.client?.pump();
    };
    const hub = new HostHub({
      settings,
      random,
      nowMs: () => queue.nowMs,
      newId: () => `worker-${index}-${names++}`,
      keyOf: (name) => name,
      onTransition: (_, transition) => recorder.decided(queue.nowMs, transition),
      onUrgent: () => {
        if (isHurried) return;
        isHurried = true;
        after(0, hurried);
      },
    });
    const worker: Worker = { hub, permits: () => 0 };
    workers.push(worker);
    let read = 0;
    let heartbeatAtMs = 0;
    const step = (): void => {
      after(tickMs, step);
      for (; read < bucket.length; read++) hear(hub, bucket[read] as Entry);
      const beat = queue.nowMs >= heartbeatAtMs || hub.hasDoubts ? hub.heartbeat() : undefined;
      if (beat !== undefined) {
        const { words, heartbeatMs } = beat;
        const { incarnation } = hub;
        heartbeatAtMs = queue.nowMs + heartbeatMs;
        write(`w.${incarnation}`, JSON.stringify(words), undefined, () => hub.confirm(incarnation, words));
      }
      send(worker, hub.tick());
      if (worker.client === undefined && hub.isLeased) {
        const limit = hub.create(
          HOST,
          {},
          () => {},
          () => after(0, () => worker.client?.pump()),
        );
        const model = scenario.client;
        worker.permits = () => limit.permits;
        worker.client = new SimulatedClient({ queue, host, limit, supply, recorder, model, name: index });
        clients.push(worker.client);
      }
      worker.client?.pump();
    };
    step();
  };

  for (const { atS, host: changed, client } of scenario.steps) {
    queue.at(
      atS * 1000,
      () => {
        if (changed !== undefined) host.change(changed);
        for (const one of client === undefined ? [] : clients) one.change(client ?? {});
        if (client?.urlsPerS !== undefined) supply.change(client.urlsPerS);
      },
      undefined,
    );
  }
  for (const [index, atMs] of joins.entries()) queue.at(atMs, () => start(index), undefined);
  const observe = (): void => {
    let [inFlight, permits] = [0, 0];
    for (const worker of workers) {
      inFlight += worker.client?.inFlight ?? 0;
      permits += worker.permits();
    }
    recorder.observe(queue.nowMs, permits, inFlight);
    after(100, observe);
  };
  observe();
  queue.runUntil(scenario.durationS * 1000);
  return recorder;
}

function hear(hub: HostHub, { key, text, revision }: Entry): void {
  const name = key.slice(2);
  if (key.startsWith('w.')) return hub.onHeartbeat(name, JSON.parse(text), revision);
  const record = decodeRecord(text);
  if (record !== undefined) hub.onRecord(name, record, revision);
}

/** Jain's index of fairness: 1 when all got the same, 1/n when one got all. */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return (sum * sum) / (values.length * squares);
}
