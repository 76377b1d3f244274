/** PAARC for one host as a gate asks it. */
import { type Host, newHost, pauseOfHost, permitsOf, spacingOf } from './host.ts';
import type { Flight } from './levels.ts';
import type { Limit, Load, Outcome, SendToken, Transition } from './limit.ts';
import { type HostEvent, reduce } from './reduce.ts';
import { assertSnapshot, type Snapshot, snapshotOf } from './snapshot.ts';
import { provenConcurrency } from './state.ts';
import { assertPaarcSettings, type DelayedSettings } from './valid-settings.ts';

/** PAARC for one host: keeps what the reducer makes of events. docs/paarc.md describes it. */
export class PaarcLimit implements Limit {
  readonly #settings: DelayedSettings;
  readonly #random: () => number;
  readonly #flights = new Map<SendToken, Flight>();
  #host: Readonly<Host>;
  #nowMs: number;
  /** Decisions that no tick has handed out yet. */
  readonly #transitions: Transition[] = [];

  /**
   * @param random - uniform in 0..1, seeded by the caller; spreads pauses and cooldowns
   * @param startMs - now, on the clock of every other call
   * @param warm - what an earlier run or hosts alike have shown
   * @throws RangeError on settings or a snapshot that make no sense
   */
  constructor(settings: DelayedSettings, random: () => number, startMs: number, warm?: Snapshot) {
    assertPaarcSettings(settings);
    if (warm !== undefined) assertSnapshot(warm);
    this.#settings = settings;
    this.#random = random;
    this.#host = newHost(settings, startMs, warm);
    this.#nowMs = startMs;
  }

  /** What to keep of this host; undefined while nothing is known. */
  snapshot(): Snapshot | undefined {
    const { control, state, rate } = this.#host;
    const carried = Math.max(provenConcurrency(control, state), control.recoverConcurrency);
    return snapshotOf(control.baseline, carried, rate.estimate);
  }

  get permits(): number {
    return permitsOf(this.#host);
  }
  get spacingMs(): number {
    return spacingOf(this.#settings, this.#host);
  }
  get pauseUntilMs(): number {
    return pauseOfHost(this.#host);
  }
  get nextTickMs(): number {
    const { nextLookMs } = this.#host;
    return this.#transitions.length > 0 ? Math.min(nextLookMs, this.#nowMs) : nextLookMs;
  }

  onSend(nowMs: number, inFlight: number): SendToken {
    this.#reduce({ kind: 'send', nowMs });
    const { sends } = this.#host;
    this.#flights.set(sends, { mark: { sends, atMs: nowMs }, inFlight });
    return sends;
  }

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    const flight = this.#flights.get(token);
    if (flight === undefined) throw new RangeError(`token ${token}: not in flight; every send has exactly one result`);
    this.#flights.delete(token);
    const isRefusal = outcome.kind === 'rate' || outcome.kind === 'overload';
    this.#reduce({ kind: 'result', nowMs, flight, outcome, jitter: isRefusal ? this.#random() : 0 });
  }

  tick(nowMs: number, load: Load): Transition | undefined {
    if (nowMs < this.nextTickMs) return undefined;
    this.#reduce({ kind: 'look', nowMs, load, jitter: this.#random() });
    return this.#transitions.shift();
  }

  #reduce(event: HostEvent): void {
    this.#host = reduce(this.#settings, this.#host, event);
    this.#nowMs = event.nowMs;
    this.#transitions.push(...this.#host.transitions);
  }
}
