/** Runs several workers on one host under one coordinator. */
import { Coordinator, type PaarcSettings, ShareLimit, splitBudget } from '../../../../src/paarc/index.ts';
import { SimulatedClient } from './client.ts';
import { EventQueue } from './event-queue.ts';
import { SimulatedHost } from './host.ts';
import { SeededRandom } from './random.ts';
import { Recorder } from './recorder.ts';
import type { Scenario } from './scenario.ts';
import { UrlSupply } from './url-supply.ts';

const messageMs = 20;
const advanceMs = 25;
/** With fewer permits than workers the turn moves on this often. */
const turnMs = 1000;

/** When each worker joins, in ms. */
export type Joins = readonly number[];

/** Several workers on one host under one coordinator, with messages that take 20 ms each way. */
export function runCoordinated(scenario: Scenario, seed: number, joins: Joins, settings: PaarcSettings): Recorder {
  const queue = new EventQueue();
  const recorder = new Recorder();
  const host = new SimulatedHost(scenario.host, queue, new SeededRandom(seed), seed);
  const supply = new UrlSupply(queue, scenario.client.urlsPerS);
  const coordinator = new Coordinator(settings, new SeededRandom(seed ^ 0x5bd1e995).uniform, 0);
  const workers = new Map<string, { limit: ShareLimit; client: SimulatedClient }>();

  const sendShares = (): void => {
    const { budget } = coordinator;
    const names = [...workers.keys()];
    const turn = budget.permits < names.length ? Math.floor(queue.nowMs / turnMs) % names.length : 0;
    const shares = splitBudget(budget, [...names.slice(names.length - turn), ...names.slice(0, names.length - turn)]);
    queue.at(
      queue.nowMs + messageMs,
      () => {
        for (const [name, worker] of workers) {
          const share = shares.get(name);
          if (share === undefined) continue;
          worker.limit.apply(share, queue.nowMs);
          worker.client.pump();
        }
      },
      undefined,
    );
  };
  const advance = (): void => {
    for (const transition of coordinator.advance(queue.nowMs)) recorder.decided(queue.nowMs, transition);
    sendShares();
    queue.at(queue.nowMs + advanceMs, advance, undefined);
  };
  joins.forEach((atMs, index) => {
    queue.at(
      atMs,
      () => {
        const name = `worker-${index}`;
        const limit = new ShareLimit(name, queue.nowMs);
        const onReport = (): void => {
          const report = limit.takeReport(client.load());
          queue.at(
            queue.nowMs + messageMs,
            () => {
              if (coordinator.report(report, queue.nowMs)) sendShares();
            },
            undefined,
          );
        };
        const client = new SimulatedClient({
          queue,
          host,
          limit,
          supply,
          recorder,
          model: scenario.client,
          name: index,
          onTick: onReport,
        });
        workers.set(name, { limit, client });
        coordinator.join(name);
        client.pump();
      },
      undefined,
    );
  });
  const observe = (): void => {
    let inFlight = 0;
    let permits = 0;
    for (const { client, limit } of workers.values()) {
      inFlight += client.inFlight;
      permits += limit.permits;
    }
    recorder.observe(queue.nowMs, permits, inFlight);
    queue.at(queue.nowMs + 100, observe, undefined);
  };
  queue.at(0, advance, undefined);
  queue.at(0, observe, undefined);
  queue.runUntil(scenario.durationS * 1000);
  return recorder;
}

/** Jain's index of fairness: 1 when all got the same, 1/n when one got all. */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return (sum * sum) / (values.length * squares);
}
