/** Which host alone keeps a run from its end, and why, as the moments of its timeline tell it. Pure; times in ms. */
import type { Bottleneck } from '../telemetry/channels.ts';
import type { TimelineHost, TimelineMoment } from './moment.ts';

/** For shorter than this many a host is the only one. Chosen. */
const LEAST_MS = 5_000;
/** Of the rows that wait or are under way. Chosen. */
const LEAST_SHARE = 0.9;
/** Of the time, in which the output took no more: then it holds the run. Chosen. */
const OUTPUT_SHARE = 0.5;

/** The host that held a run, and for how long. */
export interface Holder {
  readonly host: string;
  readonly ms: number;
}

/** How long the rows of a host that is all that is left take, at the pace of its answers; 0 where nobody can tell. */
export function bottleneckMs({ waiting, inFlight, requestsPerSecond }: Partial<Bottleneck> = {}): number {
  return requestsPerSecond ? (1000 * ((waiting ?? 0) + (inFlight ?? 0))) / requestsPerSecond : 0;
}

/** Since when one host has been what is left. */
interface Stretch {
  readonly host: string;
  readonly sinceMs: number;
  /** Requests that ended. */
  ended: number;
  code: string | undefined;
}

/** Looks at the moments of a run, one after another. A job with a single host waits for it by nature: nothing is said. */
export class BottleneckWatch {
  #firstHost: string | undefined;
  #hasOthers = false;
  #last = { atMs: 0, heldMs: 0 };
  #stretch: Stretch | undefined;

  /** Another run of the same job. */
  begin(): void {
    this.#stretch = undefined;
    this.#last = { atMs: 0, heldMs: 0 };
  }

  /** @param elapsedMs - since the run's start; @returns the host that has been all that is left for a while */
  note(elapsedMs: number, moment: TimelineMoment): Bottleneck | undefined {
    const { held_ms: heldMs = this.#last.heldMs, hosts, mixed } = moment;
    if (mixed === true) this.#hasOthers = true;
    const sinceMs = elapsedMs - this.#last.atMs;
    const isOutput = heldMs - this.#last.heldMs > OUTPUT_SHARE * sinceMs;
    this.#last = { atMs: elapsedMs, heldMs };
    for (const { host } of hosts) {
      this.#firstHost ??= host;
      if (host !== this.#firstHost) this.#hasOthers = true;
    }
    const left = isOutput || !this.#hasOthers ? undefined : whatIsLeft(moment);
    if (left === undefined) {
      this.#stretch = undefined;
      return undefined;
    }
    if (this.#stretch?.host !== left.host)
      this.#stretch = { host: left.host, sinceMs: elapsedMs, ended: 0, code: left.failing };
    return bottleneckOf(this.#stretch, left, elapsedMs, sinceMs);
  }
}

function bottleneckOf(stretch: Stretch, left: TimelineHost, nowMs: number, sinceMs: number): Bottleneck | undefined {
  const heldMs = nowMs - stretch.sinceMs;
  if (heldMs > 0) stretch.ended += (left.rate * sinceMs) / 1000;
  if (left.failing !== undefined || left.rate > 0) stretch.code = left.failing;
  if (heldMs < LEAST_MS) return undefined;
  const { host, waiting, in_flight: inFlight, limit, paused_ms: pausedMs, allowed: allowedPerSecond, state } = left;
  const requestsPerSecond = Math.round((100_000 * stretch.ended) / heldMs) / 100;
  const why = { code: stretch.code, pausedMs, allowedPerSecond, requestsPerSecond, limit, state };
  return { host, heldMs, waiting, inFlight, ...why };
}

/** The host with nearly all rows: others trickle in as fast as it lets the manifest be read. */
function whatIsLeft({ hosts, in_flight, queued }: TimelineMoment): TimelineHost | undefined {
  const busy = hosts.filter(({ in_flight, waiting }) => in_flight + waiting > 0);
  // All that waits is between two attempts, as older lines did not count it.
  const rows = busy.length === 0 ? hosts : busy;
  const [most] = [...rows].sort((a, b) => b.waiting + b.in_flight - a.waiting - a.in_flight);
  if (most === undefined || (busy.length === 0 && rows.length > 1)) return undefined;
  if (hosts.length === 1) return most;
  return most.waiting + most.in_flight >= LEAST_SHARE * (in_flight + queued) && busy.length > 0 ? most : undefined;
}

/** Adds up for how long which host held a run. */
export class HolderTally {
  readonly #watch = new BottleneckWatch();
  readonly #ms = new Map<string, number>();
  #last: Bottleneck | undefined;

  /** Another run of the same job. */
  begin(): void {
    this.#watch.begin();
    this.#ms.clear();
    this.#last = undefined;
  }

  /** @returns the host that has held the run longest, so far */
  note(elapsedMs: number, moment: TimelineMoment): Holder | undefined {
    const now = this.#watch.note(elapsedMs, moment);
    if (now !== undefined) {
      const counted = this.#last?.host === now.host ? this.#last.heldMs : 0;
      this.#ms.set(now.host, (this.#ms.get(now.host) ?? 0) + now.heldMs - (counted < now.heldMs ? counted : 0));
    }
    this.#last = now;
    return longest(this.#ms);
  }
}

/** Of several runs together. */
export function heldLongest(holders: readonly (Holder | undefined)[]): Holder | undefined {
  const sums = new Map<string, number>();
  for (const holder of holders)
    if (holder !== undefined) sums.set(holder.host, (sums.get(holder.host) ?? 0) + holder.ms);
  return longest(sums);
}

function longest(sums: ReadonlyMap<string, number>): Holder | undefined {
  let found: Holder | undefined;
  for (const [host, ms] of sums) if (ms > (found?.ms ?? 0)) found = { host, ms };
  return found;
}
