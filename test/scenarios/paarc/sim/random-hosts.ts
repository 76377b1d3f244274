/** Hosts nobody has tuned for, from one seed. */
import { SeededRandom } from './random.ts';
import { completeScenario, type Scenario } from './scenario.ts';

const slotHosts = 14;
const bucketHosts = 14;
const cappedHosts = 8;

/** Hosts nobody has tuned for: servers, rate limits with and without Retry-After, connection caps, from one seed. */
export function randomHosts(seed: number): Scenario[] {
  const random = new SeededRandom(seed);
  const between = (low: number, high: number): number => low * (high / low) ** random.uniform();
  const hosts: Scenario[] = [];
  for (let index = 0; index < slotHosts; index++) hosts.push(slotHost(`slots-${seed}-${index}`, between));
  for (let index = 0; index < bucketHosts; index++) hosts.push(bucketHost(`bucket-${seed}-${index}`, between, index));
  for (let index = 0; index < cappedHosts; index++) hosts.push(cappedHost(`cap-${seed}-${index}`, between, index));
  return hosts;
}

type Between = (low: number, high: number) => number;

/**
 * The worst a host of any family may be. p95: 1.2 was the aim; measured are up to 1.28 on hosts whose service is short
 * beside their path, because the headroom of 1.35 is a queue of up to a third of the unloaded latency.
 */
const bands = { goodputAfter30Min: 0.86, rejectedAllMaxPct: 100, rejectedAfter30MaxPct: 0.55, p95ToOracleMax: 1.25 };

/**
 * On a slow host one mistake is a large share: at 4 a second a Retry-After of 9 s costs 5 % of three minutes, one 429
 * 0.14 %.
 */
const slowPerS = 15;
const slowBands = { ...bands, goodputAfter30Min: 0.78, rejectedAfter30MaxPct: 1 };

function slotHost(name: string, between: Between): Scenario {
  const slots = Math.round(between(4, 300));
  const serviceMs = between(50, 500);
  const baseMs = between(20, 150);
  return completeScenario({
    name,
    words: `${slots} servers of ${serviceMs.toFixed(0)} ms behind ${baseMs.toFixed(0)} ms`,
    durationS: 120,
    host: { slots, serviceMs, baseMs },
    oracle: [{ atS: 0, concurrency: fullLimit(slots, serviceMs, baseMs) }],
    bands,
  });
}

/**
 * The limit that keeps all slots busy: Little's law, plus room for the spread of service times (fits the oracles of the
 * named hosts).
 */
function fullLimit(slots: number, serviceMs: number, baseMs: number): number {
  const meanServiceMs = serviceMs * Math.exp(0.4 ** 2 / 2);
  const meanRestMs = baseMs * Math.exp(0.25 ** 2 / 2) + 5.5;
  return Math.ceil((slots * (meanServiceMs + meanRestMs)) / meanServiceMs + 0.8 * Math.sqrt(slots));
}

function bucketHost(name: string, between: Between, index: number): Scenario {
  const perS = between(3, 300);
  const burst = Math.max(2, Math.round(perS * between(0.2, 3)));
  const retryAfter = index % 3 === 0 ? 'none' : index % 3 === 1 ? 'time-to-token' : Math.round(between(1, 10));
  return completeScenario({
    name,
    words: `${perS.toFixed(1)}/s, burst ${burst}, Retry-After ${retryAfter}`,
    durationS: 180,
    host: { serviceMs: between(30, 150), baseMs: between(20, 100), tokenBucket: { perS, burst, retryAfter } },
    oracle: [{ atS: 0, perS: 0.995 * perS }],
    bands: perS < slowPerS ? slowBands : bands,
  });
}

function cappedHost(name: string, between: Between, index: number): Scenario {
  const connections = Math.round(between(6, 150));
  const serviceMs = between(50, 400);
  return completeScenario({
    name,
    words: `${connections} connections, ${serviceMs.toFixed(0)} ms`,
    durationS: 120,
    host: {
      serviceMs,
      baseMs: between(20, 100),
      connectionCap: { connections, answer: index % 2 === 0 ? '503' : 'reset' },
    },
    oracle: [{ atS: 0, concurrency: connections }],
    bands,
  });
}
