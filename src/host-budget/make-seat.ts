/** A place at a host, with the limit that needs no lease. */
import type { HostRule } from '../config/types.ts';
import { cappedAt, PaarcLimit, type PaarcSettings } from '../paarc/index.ts';
import type { Seat } from './seat.ts';
import { SharedLimit } from './shared-limit.ts';

/** Requests that a worker may have in flight to a host without having joined, if the law's least is not lower. */
const unleasedMost = 2;

export function unleasedOf(settings: PaarcSettings): number {
  return Math.min(settings.cMin, unleasedMost);
}

interface SeatOptions {
  readonly host: string;
  readonly key: string;
  readonly rule: HostRule;
  readonly settings: PaarcSettings;
  readonly random: () => number;
  readonly nowMs: () => number;
  readonly isLeased: () => boolean;
  /** Alive, this one among them. */
  readonly workers: () => number;
  readonly onDemand: (seat: Seat) => void;
  readonly onRefusal: (seat: Seat, quietMs: number) => void;
  readonly revoke: () => void;
}

/** A place at a host, with a limit that starts with what needs no lease. */
export function makeSeat(options: SeatOptions): Seat {
  const { host, key, rule, random, nowMs, isLeased, workers, onDemand, onRefusal, revoke } = options;
  const settings = cappedAt(options.settings, rule.cMax);
  const hostSpacingMs = rule.requestsPerSecond === undefined ? 0 : 1000 / rule.requestsPerSecond;
  const limit = new SharedLimit({
    nowMs,
    isLeased,
    alone: new PaarcLimit(cappedAt(settings, unleasedOf(settings)), random, nowMs()),
    // Nobody divides the rate of a host that nobody leads, so everybody reckons with all others.
    leastSpacingMs: () => (hostSpacingMs === 0 ? 0 : hostSpacingMs * workers()),
    cMax: settings.cMax,
    onDemand: () => onDemand(seat),
    onRefusal: (quietMs) => onRefusal(seat, quietMs),
  });
  const seat: Seat = { host, key, rule, limit, revoke, claimAtMs: 0 };
  return seat;
}
