/** One worker's places at hosts, and what to do about each. */
import type { HostRule } from '../config/types.ts';
import { cappedAt, type Limit, PaarcLimit, type PaarcSettings } from '../paarc/index.ts';
import type { HostReport } from './envelope.ts';
import type { HostRecord } from './host-record.ts';
import { SharedLimit } from './shared-limit.ts';

/** This worker's place at one host. */
export interface Seat {
  readonly host: string;
  readonly key: string;
  readonly rule: HostRule;
  readonly limit: SharedLimit;
  /** Ends what is in flight. */
  readonly revoke: () => void;
  /** Not before this time do we try to lead the host. */
  claimAtMs: number;
}

/**
 * Requests that a worker may have in flight to a host without having joined, if the controller's least is not lower.
 */
const unleasedMost = 2;
/**
 * Rows that may wait on a host before a share of its budget is asked for. A few rows are done sooner than a lease is
 * had.
 */
const manyRows = 8;
/** A membership is given back after so long without a row. Chosen: longer than the gap between two units. */
const idleMs = 2000;
/**
 * Time within which all members that miss their leader try to succeed it, each at its own moment. Only the first write
 * counts.
 */
const rushMs = 150;
/** Until an attempt to lead that came to nothing is repeated. */
const retryMs = 1000;

export function unleasedOf(settings: PaarcSettings): number {
  return Math.min(settings.cMin, unleasedMost);
}

/** Least time between two sends of all together under a rule that names a rate, of which a part is left; 0 without. */
export function leastSpacingOf({ requestsPerSecond }: HostRule, { rateSafety }: PaarcSettings): number {
  return requestsPerSecond === undefined ? 0 : 1000 / (rateSafety * requestsPerSecond);
}

/** Whoever sends to the host. */
export interface SeatHolder {
  /** Ends what is in flight. */
  readonly revoke: () => void;
  /** The limit has moved by itself. */
  readonly onChange: () => void;
}

/** What the places of one worker have in common. */
export interface SeatsOptions {
  readonly settings: PaarcSettings;
  readonly random: () => number;
  readonly nowMs: () => number;
  readonly isLeased: () => boolean;
  readonly leasedUntilMs: () => number;
  /** Alive, this one among them. */
  readonly workers: () => number;
  readonly onRefusal: (seat: Seat, quietMs: number) => void;
  /** End a membership. */
  readonly giveBack: (seat: Seat) => void;
}

/** This worker's places, one per host. */
export class Seats {
  readonly #options: SeatsOptions;
  readonly #byKey = new Map<string, Seat>();
  /** Those that anything has to be decided about; the others are alone with few rows, and left in peace. */
  readonly lively = new Set<Seat>();

  constructor(options: SeatsOptions) {
    this.#options = options;
  }

  all(): Iterable<Seat> {
    return this.#byKey.values();
  }

  get(key: string): Seat | undefined {
    return this.#byKey.get(key);
  }

  /** A place with a limit that starts with what needs no lease. The host's former place, if any, is given up. */
  take(host: string, key: string, rule: HostRule, { revoke, onChange }: SeatHolder): Seat {
    const { random, nowMs, isLeased, leasedUntilMs, workers, onRefusal } = this.#options;
    const settings = cappedAt(this.#options.settings, rule.cMax);
    const hostSpacingMs = leastSpacingOf(rule, settings);
    const limit = new SharedLimit({
      nowMs,
      isLeased,
      leasedUntilMs,
      onChange,
      alone: new PaarcLimit(cappedAt(settings, unleasedOf(settings)), random, nowMs()),
      // Nobody divides the rate of a host that nobody leads, so everybody reckons with all others.
      leastSpacingMs: () => (hostSpacingMs === 0 ? 0 : hostSpacingMs * workers()),
      cMax: settings.cMax,
      onDemand: () => this.lively.add(seat),
      onRefusal: (quietMs) => onRefusal(seat, quietMs),
    });
    const seat: Seat = { host, key, rule, limit, revoke, claimAtMs: 0 };
    const former = this.#byKey.get(key);
    if (former !== undefined) this.#giveUp(former);
    this.#byKey.set(key, seat);
    this.lively.add(seat);
    return seat;
  }

  /** The limit is not used any more; another one may have taken its place already. */
  giveUp(key: string, limit: Limit): void {
    const seat = this.#byKey.get(key);
    if (seat === undefined || seat.limit !== limit) return;
    this.#giveUp(seat);
    this.#byKey.delete(key);
  }

  giveUpAll(): void {
    for (const seat of [...this.#byKey.values()]) this.#giveUp(seat);
    this.#byKey.clear();
  }

  #giveUp(seat: Seat): void {
    if (seat.limit.mode === 'member') this.#options.giveBack(seat);
    else seat.limit.leave('closed');
    this.lively.delete(seat);
  }
}

/**
 * How a host stands, as its record and the heartbeats tell: nobody shares it; we lead it; somebody alive leads it; its
 * leader is gone while members go on.
 */
export type Standing = 'free' | 'mine' | 'led' | 'orphan';

/** @param record - undefined for a host that was never shared */
export function standingOf(
  record: HostRecord | undefined,
  me: {
    readonly worker: string;
    readonly isLeading: boolean;
    readonly isMember: boolean;
    readonly isAlive: (worker: string) => boolean;
  },
): Standing {
  if (record === undefined) return 'free';
  if (record.leader === me.worker) return me.isLeading ? 'mine' : 'free';
  if (record.leader !== '' && me.isAlive(record.leader)) return 'led';
  const goesOn = Object.keys(record.shares).some((worker) => worker !== record.leader && me.isAlive(worker));
  return me.isMember || goesOn ? 'orphan' : 'free';
}

/** What to do about a seat now. */
export type SeatMove = 'none' | 'open' | 'close' | 'join' | 'claim' | 'leave';

/** Decide. Pure but for the time of the next claim, which is kept in the seat. */
export function moveOf(seat: Seat, standing: Standing, random: () => number, nowMs: number): SeatMove {
  const { limit } = seat;
  const isIdle = nowMs - limit.busyMs > idleMs;
  // The gate stops telling when its last row is gone, so what it said last may be old.
  const hasWork = limit.inFlight > 0 || (limit.waiting > 0 && !isIdle);
  switch (standing) {
    case 'free':
      if (limit.mode !== 'alone') return 'open';
      return limit.waiting > manyRows && mayClaim(seat, nowMs) ? 'claim' : 'none';
    case 'mine':
    case 'led':
      if (limit.mode === 'member') return isIdle ? 'leave' : 'none';
      if (hasWork) return 'join';
      return limit.mode === 'alone' ? 'close' : 'none';
    case 'orphan':
      if (limit.mode === 'alone') return 'close';
      if (limit.mode === 'closed' && !hasWork) return 'none';
      if (seat.claimAtMs === 0) seat.claimAtMs = nowMs + rushMs * random();
      return mayClaim(seat, nowMs) ? 'claim' : 'none';
  }
}

function mayClaim(seat: Seat, nowMs: number): boolean {
  if (nowMs < seat.claimAtMs) return false;
  seat.claimAtMs = nowMs + retryMs;
  return true;
}

/** The member's words to its leader. @returns undefined when it is no member */
export function reportOf({ key, limit }: Seat, epoch: number): HostReport | undefined {
  const report = limit.takeReport();
  if (report === undefined) return undefined;
  const { applied } = limit;
  return {
    host: key,
    epoch,
    seq: applied.epoch === epoch ? applied.seq : 0,
    visit: limit.visit,
    permits: applied.permits,
    inFlight: limit.inFlight,
    isLeaving: false,
    waiting: report.waiting,
    eventLoopUtilization: report.eventLoopUtilization,
    clientLimited: report.clientLimited,
    events: report.events,
  };
}

/** The last words of a member. */
export function farewell(key: string, epoch: number, visit: number): HostReport {
  const nothing = {
    seq: 0,
    permits: 0,
    inFlight: 0,
    waiting: 0,
    eventLoopUtilization: 0,
    clientLimited: 0,
    events: [],
  };
  return { host: key, epoch, visit, isLeaving: true, ...nothing };
}
