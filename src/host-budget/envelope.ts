/** All that one worker tells the others at a time: reports, grants, pauses; to JSON and back. */
import type { Outcome, Share, WorkerEvent } from '../paarc/index.ts';
import { nameOf, type OutcomeName } from '../paarc/limit.ts';

/** Everything that one worker has to tell the others now, about all of its hosts: one message. */
export interface Envelope {
  readonly from: string;
  /** Counts this worker's envelopes: a gap means that something was lost. */
  readonly number: number;
  /** Sender's monotonic clock; all times in `events` are on it. */
  readonly nowMs: number;
  /**
   * Everything up to this revision of the bucket was seen by the sender, and what it says here takes it into account.
   */
  readonly seen: number;
  readonly reports: readonly HostReport[];
  readonly grants: readonly HostGrant[];
  readonly pauses: readonly HostPause[];
}

/** A member to its leader. */
export interface HostReport {
  /** Key of the host. */
  readonly host: string;
  readonly epoch: number;
  /** Grant of that epoch that is obeyed; 0 for none yet. */
  readonly seq: number;
  /** Which of its memberships the sender speaks of: it may have left and come back while a grant was under way. */
  readonly visit: number;
  readonly permits: number;
  readonly inFlight: number;
  /** The sender is no member any more. */
  readonly isLeaving: boolean;
  readonly waiting: number;
  readonly eventLoopUtilization: number;
  readonly clientLimited: number;
  readonly events: readonly WorkerEvent[];
}

/** A leader to all its members. */
export interface HostGrant {
  readonly host: string;
  readonly epoch: number;
  readonly seq: number;
  /** Of every member. */
  readonly spacingMs: number;
  /** From now on; a duration, because there is no common clock. */
  readonly pauseMs: number;
  /** The host refuses everything. */
  readonly refusesAll: boolean;
  readonly shares: readonly {
    readonly worker: string;
    readonly visit: number;
    readonly permits: number;
    readonly phase: number;
  }[];
}

/** A host has asked for silence: from whoever heard it to everybody. */
export interface HostPause {
  readonly host: string;
  readonly pauseMs: number;
}

/**
 * A worker's part of a grant, on its own clock.
 * @param offsetMs - what to add to the leader's times: it counts the slots of a rate on its clock
 */
export function shareIn(
  grant: HostGrant,
  worker: string,
  offsetMs: number,
  nowMs: number,
): (Share & { readonly visit: number }) | undefined {
  const share = grant.shares.find((one) => one.worker === worker);
  if (share === undefined) return undefined;
  const { spacingMs, pauseMs, refusesAll } = grant;
  const turns = spacingMs === 0 ? 0 : share.phase + offsetMs / spacingMs;
  return {
    visit: share.visit,
    permits: share.permits,
    spacingMs,
    phase: turns - Math.floor(turns),
    pauseUntilMs: pauseMs > 0 ? nowMs + pauseMs : 0,
    refusesAll,
  };
}

/** No host is asked to be left alone for longer than this, whoever says so. As `max_retry_after` by default. */
const MAX_PAUSE_MS = 3_600_000;

type WireEvent = readonly number[];
const outcomeNames = ['ok', 'neutral', 'rate', 'overload', 'denied', 'shut'] as const;

/** Compact JSON: a busy worker reports hundreds of events a second. Times to a tenth of a millisecond. */
export function encodeEnvelope(envelope: Envelope): string {
  const reports = envelope.reports.map((report) => ({ ...report, events: report.events.map(toWire) }));
  return JSON.stringify({ ...envelope, reports });
}

/** @returns undefined for anything that no worker can have sent */
export function decodeEnvelope(text: string): Envelope | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isEnvelope(value)) return undefined;
  const reports: HostReport[] = [];
  for (const report of value.reports) {
    const events = report.events.map(fromWire);
    if (!events.every((event) => event !== undefined)) return undefined;
    reports.push({ ...report, events });
  }
  const grants = value.grants.map((grant) => ({
    ...grant,
    spacingMs: believedMs(grant.spacingMs),
    pauseMs: believedMs(grant.pauseMs),
    refusesAll: grant.refusesAll === true,
  }));
  const pauses = value.pauses.map((pause) => ({ ...pause, pauseMs: believedMs(pause.pauseMs) }));
  return { ...value, reports, grants, pauses };
}

function toWire(event: WorkerEvent): WireEvent {
  const atMs = tenth(event.atMs);
  if (event.kind === 'send') return [event.id, atMs];
  const { outcome } = event;
  const head = [event.id, atMs, outcomeNames.indexOf(nameOf(outcome))];
  if (outcome.kind === 'neutral') return head;
  if (outcome.kind === 'ok') return [...head, tenth(outcome.serviceMs), tenth(outcome.headersMs), outcome.bytes];
  return outcome.retryAfterMs === undefined
    ? [...head, tenth(outcome.serviceMs)]
    : [...head, tenth(outcome.serviceMs), tenth(outcome.retryAfterMs)];
}

function fromWire(wire: unknown): WorkerEvent | undefined {
  if (!Array.isArray(wire) || !wire.every(isNumber)) return undefined;
  const [id, atMs, kind, serviceMs = 0, more, bytes = 0] = wire;
  if (id === undefined || atMs === undefined) return undefined;
  if (kind === undefined) return { kind: 'send', id, atMs };
  const outcome = outcomeFrom(outcomeNames[kind], serviceMs, more, bytes);
  return outcome === undefined ? undefined : { kind: 'result', id, atMs, outcome };
}

function outcomeFrom(
  name: OutcomeName | undefined,
  serviceMs: number,
  more: number | undefined,
  bytes: number,
): Outcome | undefined {
  const retryAfter = more === undefined ? {} : { retryAfterMs: believedMs(more) };
  switch (name) {
    case undefined:
      return undefined;
    case 'ok':
      return { kind: name, serviceMs, headersMs: more ?? serviceMs, bytes };
    case 'neutral':
      return { kind: name };
    case 'denied':
      return { kind: 'neutral', isDenied: true };
    case 'rate':
    case 'overload':
      return { kind: name, serviceMs, ...retryAfter };
    case 'shut':
      return { kind: 'rate', serviceMs, ...retryAfter, isShut: true };
  }
}

type WireEnvelope = Omit<Envelope, 'reports'> & {
  readonly reports: readonly (Omit<HostReport, 'events'> & { readonly events: unknown[] })[];
};

/** The wire is not trusted: a message that another program sends must not become a share. */
function isEnvelope(value: unknown): value is WireEnvelope {
  const { from, number, nowMs, seen, reports, grants, pauses } = fields(value);
  return (
    typeof from === 'string' &&
    [number, nowMs, seen].every(isNumber) &&
    isListOf(reports, isReport) &&
    isListOf(grants, isGrant) &&
    isListOf(pauses, (pause) => typeof pause.host === 'string' && isNumber(pause.pauseMs))
  );
}

function isReport(report: Fields): boolean {
  const {
    host,
    epoch,
    seq,
    visit,
    permits,
    inFlight,
    isLeaving,
    waiting,
    eventLoopUtilization,
    clientLimited,
    events,
  } = report;
  const numbers = [epoch, seq, visit, permits, inFlight, waiting, eventLoopUtilization, clientLimited];
  return typeof host === 'string' && typeof isLeaving === 'boolean' && Array.isArray(events) && numbers.every(isNumber);
}

function isGrant(grant: Fields): boolean {
  const { host, epoch, seq, spacingMs, pauseMs, shares } = grant;
  if (typeof host !== 'string' || ![epoch, seq, spacingMs, pauseMs].every(isNumber)) return false;
  return isListOf(
    shares,
    ({ worker, visit, permits, phase }) => typeof worker === 'string' && [visit, permits, phase].every(isNumber),
  );
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function isListOf(value: unknown, isOne: (one: Fields) => boolean): boolean {
  return Array.isArray(value) && value.every((one) => isOne(fields(one)));
}

/** `1e999` is Infinity to JSON.parse; none of our numbers is that, or negative. */
function isNumber(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY;
}

/** A pause, or the time between two requests, as far as anybody is believed. */
export function believedMs(ms: number): number {
  return Math.min(ms, MAX_PAUSE_MS);
}

function tenth(value: number): number {
  return Math.max(0, Math.round(10 * value) / 10);
}
