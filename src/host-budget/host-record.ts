/** Who leads a shared host and what a successor starts from; heartbeats; to JSON and back. */

import { assertSnapshot, type Snapshot } from '../paarc/index.ts';
import { believedMs } from './envelope.ts';

/**
 * What is kept of a shared host where all workers see it: who leads, since which epoch, and what a successor starts
 * from.
 */
export interface HostRecord {
  /** Rises with every change of leader; what an older leader says does not count any more. */
  readonly epoch: number;
  /** Incarnation of the leader; empty when it gave the host back. */
  readonly leader: string;
  /**
   * Budget when this was written: requests in flight, and requests per second (0 for no limit). For people and for
   * `status`.
   */
  readonly concurrency: number;
  readonly requestsPerSecond: number;
  /** How much longer the host had asked for silence when this was written. */
  readonly notBeforeMs: number;
  /** Permits by worker when this was written. The grants in force go by message; this says who is a member. */
  readonly shares: Readonly<Record<string, number>>;
  readonly controllerState?: Snapshot | undefined;
}

/** What a worker says once in `heartbeatMs`, under its incarnation. */
export interface Heartbeat {
  readonly ttlMs: number;
  /**
   * When it left, on the sender's own clock: for the sender alone, who knows by it which of its heartbeats came back.
   */
  readonly sentMs: number;
  /** The incarnation before this one, which holds nothing any more. */
  readonly replaces?: string | undefined;
}

/** Far above any record that a leader writes; a larger one is not ours. */
const maxBytes = 16 * 1024;

export function encodeRecord(record: HostRecord): string {
  return JSON.stringify(record);
}

/** @returns undefined for anything that no leader can have written */
export function decodeRecord(text: string): HostRecord | undefined {
  if (text.length > maxBytes) return undefined;
  const value = parsed(text) as Partial<Record<keyof HostRecord, unknown>> | undefined;
  if (!isCount(value?.epoch) || typeof value.leader !== 'string') return undefined;
  if (!isCount(value.concurrency) || !isCount(value.requestsPerSecond) || !isCount(value.notBeforeMs)) return undefined;
  const { shares } = value;
  if (typeof shares !== 'object' || shares === null || !Object.values(shares).every(isCount)) return undefined;
  const { epoch, leader, concurrency, requestsPerSecond, notBeforeMs } = value;
  return {
    epoch,
    leader,
    concurrency,
    requestsPerSecond,
    notBeforeMs: believedMs(notBeforeMs),
    shares: shares as Readonly<Record<string, number>>,
    controllerState: snapshotIn(value.controllerState),
  };
}

export function encodeHeartbeat(heartbeat: Heartbeat): string {
  return JSON.stringify(heartbeat);
}

/** @returns undefined for anything that no worker can have written */
export function decodeHeartbeat(text: string): Heartbeat | undefined {
  if (text.length > maxBytes) return undefined;
  const value = parsed(text) as Partial<Record<keyof Heartbeat, unknown>> | undefined;
  if (!isCount(value?.ttlMs) || !isCount(value.sentMs)) return undefined;
  const { ttlMs, sentMs, replaces } = value;
  return { ttlMs, sentMs, replaces: typeof replaces === 'string' ? replaces : undefined };
}

function snapshotIn(value: unknown): Snapshot | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    assertSnapshot(value as Snapshot);
    return value as Snapshot;
  } catch {
    // A successor that starts from nothing is better than none.
    return undefined;
  }
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value);
}
