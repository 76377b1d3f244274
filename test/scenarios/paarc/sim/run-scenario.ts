/** Runs one scenario with one limit. */
import { FixedLimit, type Limit, type SendToken, type Transition } from '../../../../src/paarc/limit.ts';
import { SimulatedClient } from './client.ts';
import { EventQueue } from './event-queue.ts';
import { SimulatedHost } from './host.ts';
import { SeededRandom } from './random.ts';
import { Recorder } from './recorder.ts';
import type { OracleStep, Scenario } from './scenario.ts';
import { UrlSupply } from './url-supply.ts';

/** Makes the limit under test; `random` is seeded apart from the host so that two controllers meet the same host. */
export type LimitFactory = (random: () => number, startMs: number) => Limit;

/** Run one scenario with one limit and one seed. */
export function runScenario(scenario: Scenario, seed: number, createLimit: LimitFactory): Recorder {
  const queue = new EventQueue();
  const recorder = new Recorder();
  const host = new SimulatedHost(scenario.host, queue, new SeededRandom(seed), seed);
  const supply = new UrlSupply(queue, scenario.client.urlsPerS);
  const limit = createLimit(new SeededRandom(seed ^ 0x5bd1e995).uniform, 0);
  const client = new SimulatedClient({ queue, host, limit, supply, recorder, model: scenario.client, name: 0 });
  for (const step of scenario.steps) {
    queue.at(
      step.atS * 1000,
      () => {
        if (step.host !== undefined) host.change(step.host);
        if (step.client !== undefined) client.change(step.client);
        if (step.client?.urlsPerS !== undefined) supply.change(step.client.urlsPerS);
      },
      undefined,
    );
  }
  const observe = (): void => {
    recorder.observe(queue.nowMs, limit.permits, client.inFlight);
    queue.at(queue.nowMs + 100, observe, undefined);
  };
  queue.at(0, observe, undefined);
  client.pump();
  queue.runUntil(scenario.durationS * 1000);
  return recorder;
}

/** A limit that knows the host: what the results of PAARC are measured against. */
class OracleLimit implements Limit {
  readonly #steps: readonly OracleStep[];
  #index = 0;
  readonly pauseUntilMs = 0;

  constructor(steps: readonly OracleStep[]) {
    this.#steps = steps;
  }

  get #step(): OracleStep {
    return this.#steps[this.#index] as OracleStep;
  }
  get permits(): number {
    return this.#step.concurrency ?? 10_000;
  }
  get spacingMs(): number {
    return this.#step.perS === undefined ? 0 : 1000 / this.#step.perS;
  }
  get nextTickMs(): number {
    const next = this.#steps[this.#index + 1];
    return next === undefined ? Number.POSITIVE_INFINITY : next.atS * 1000;
  }
  onSend(): SendToken {
    return 0;
  }
  onResult(): void {}
  tick(): Transition | undefined {
    this.#index++;
    return undefined;
  }
}

/** The oracle's run of a scenario. */
export function runOracle(scenario: Scenario, seed: number): Recorder {
  return runScenario(scenario, seed, () => new OracleLimit(scenario.oracle));
}

/** The host as it is at first and when nearly idle: two requests in flight, no steps. */
export function runNearlyIdle(scenario: Scenario, seed: number): Recorder {
  return runScenario({ ...scenario, steps: [] }, seed, () => new FixedLimit(2));
}
