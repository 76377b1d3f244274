/** Latency, rate limits, slots, connection caps, outages, one set per host. */
import { type Clock, sleep } from '../clock.ts';
import { assertNever } from '../errors.ts';
import { Semaphore } from '../structures/semaphore.ts';
import type { Gate } from './behaviour.ts';
import { TokenBucket } from './capacity.ts';
import { lognormal } from './random.ts';
import { connectionReset, type Reply, refusal } from './reply.ts';

/** What a gate may know. One per host. */
export interface GateContext {
  readonly clock: Clock;
  /** When the server began to serve. */
  readonly startedMs: number;
  readonly random: () => number;
}

/**
 * A gate at work for one host: resolves to nothing to let the request pass, to a reply to refuse it. Rejects when
 * `gone` aborts.
 */
export type HostGate = (gone: AbortSignal, connection: Connection) => Promise<Reply | undefined>;

/** As much of a socket as a connection cap needs. */
export interface Connection {
  once(event: 'close', listener: () => void): unknown;
}

/** Gates keep state (tokens, places, connections), so each host gets its own. */
export function createGate(gate: Gate, context: GateContext): HostGate {
  switch (gate.kind) {
    case 'latency':
      return latency(gate, context);
    case 'rate-limit':
      return rateLimit(gate, context);
    case 'slots':
      return serviceSlots(gate, context);
    case 'connection-cap':
      return connectionCap(gate);
    case 'outage':
      return outage(gate, context);
    default:
      return assertNever(gate);
  }
}

function latency({ meanMs, sigma = 0 }: Extract<Gate, { kind: 'latency' }>, { clock, random }: GateContext): HostGate {
  return async (gone) => {
    await sleep(clock, lognormal(meanMs, sigma, random), gone);
    return undefined;
  };
}

function rateLimit(gate: Extract<Gate, { kind: 'rate-limit' }>, { clock }: GateContext): HostGate {
  const { requestsPerSecond, burst = Math.max(1, requestsPerSecond), retryAfter = 'seconds', retryAfterSec } = gate;
  const bucket = new TokenBucket(requestsPerSecond, burst, clock.nowMs());
  return async () => {
    const nowMs = clock.nowMs();
    if (bucket.tryTake(nowMs)) return undefined;
    // Both forms have whole seconds only; rounding down would invite the client too early.
    const seconds = Math.ceil(retryAfterSec ?? bucket.msUntilToken(nowMs) / 1000);
    if (retryAfter === 'none') return refusal(429);
    if (retryAfter === 'seconds') return refusal(429, seconds.toString());
    return refusal(429, new Date(Math.ceil(clock.wallMs() / 1000 + seconds) * 1000).toUTCString());
  };
}

function serviceSlots(gate: Extract<Gate, { kind: 'slots' }>, { clock, random }: GateContext): HostGate {
  const queue = new Semaphore(gate.slots, gate.queue);
  return async (gone) => {
    if (!(await queue.take(gone))) return refusal(503);
    try {
      await sleep(clock, lognormal(gate.serviceMs, gate.sigma ?? 0, random), gone);
    } finally {
      queue.release();
    }
    return undefined;
  };
}

function connectionCap({ connections, over = 'reset' }: Extract<Gate, { kind: 'connection-cap' }>): HostGate {
  const admitted = new Set<Connection>();
  return async (_gone, connection) => {
    if (admitted.has(connection)) return undefined;
    if (admitted.size >= connections) return over === 'reset' ? connectionReset() : refusal(503);
    admitted.add(connection);
    connection.once('close', () => admitted.delete(connection));
    return undefined;
  };
}

function outage(gate: Extract<Gate, { kind: 'outage' }>, { clock, startedMs }: GateContext): HostGate {
  return async () => {
    const elapsedMs = clock.nowMs() - startedMs;
    const phaseMs = gate.everyMs === undefined ? elapsedMs : elapsedMs % gate.everyMs;
    return phaseMs >= gate.startMs && phaseMs < gate.endMs ? refusal(503, gate.retryAfterSec?.toString()) : undefined;
  };
}
