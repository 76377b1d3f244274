/** One controller for one host that several workers share. */
import { type Load, pauseOf, type SendToken, type Transition } from './limit.ts';
import { PaarcLimit } from './paarc-limit.ts';
import { RefusalWatch } from './refusal-watch.ts';
import { type Budget, stopMs, type WorkerEvent, type WorkerReport } from './share.ts';
import type { Snapshot } from './snapshot.ts';
import type { DelayedSettings } from './valid-settings.ts';

/**
 * The controller runs so far behind real time: reports of all workers up to that moment are in, so that it sees what
 * happened in the order in which it happened. Acting on late, unordered reports cost half of the goodput on rate
 * limited hosts. Source: scenario runs.
 */
const watermarkMs = 280;
/** What the controller must add to every reaction time: the watermark and a message. */
const reportDelayMs = 300;

interface Worker {
  readonly flights: Map<number, { readonly token: SendToken; readonly atMs: number }>;
  waiting: number;
  eventLoopUtilization: number;
  clientLimited: number;
}

interface Pending {
  readonly worker: string;
  readonly event: WorkerEvent;
}

/** One controller for one host that several workers share. Pure: reports and times come in, a budget goes out. */
export class Coordinator {
  readonly #limit: PaarcLimit;
  readonly #workers = new Map<string, Worker>();
  #pending: Pending[] = [];
  #isSorted = true;
  #clockMs: number;
  #inFlight = 0;
  #stopSinceMs = Number.NEGATIVE_INFINITY;
  #stopUntilMs = 0;
  #transitions: Transition[] = [];
  readonly #watch = new RefusalWatch();

  /** @param random - uniform in 0..1, seeded by the caller */
  constructor(settings: DelayedSettings, random: () => number, startMs: number, warm?: Snapshot) {
    const feedbackDelayMs = (settings.feedbackDelayMs ?? 0) + reportDelayMs;
    this.#limit = new PaarcLimit({ ...settings, feedbackDelayMs }, random, startMs, warm);
    this.#clockMs = startMs - watermarkMs;
  }

  /** What to keep of this host. */
  snapshot(): Snapshot | undefined {
    return this.#limit.snapshot();
  }

  join(worker: string): void {
    if (this.#workers.has(worker)) return;
    this.#workers.set(worker, { flights: new Map(), waiting: 0, eventLoopUtilization: 0, clientLimited: 0 });
  }

  /** A worker is gone: what it had in flight says nothing any more, and its share goes to the others. */
  leave(worker: string): void {
    const gone = this.#workers.get(worker);
    if (gone === undefined) return;
    this.#pending = this.#pending.filter((pending) => pending.worker !== worker);
    for (const { token } of gone.flights.values()) {
      this.#limit.onResult(token, { kind: 'neutral' }, this.#clockMs);
      this.#inFlight--;
    }
    this.#workers.delete(worker);
  }

  /**
   * Take a report in. Reports of workers that never joined are ignored: their sends are in nobody's budget.
   * @returns true when all workers must get new shares at once
   */
  report(report: WorkerReport, nowMs: number): boolean {
    const worker = this.#workers.get(report.worker);
    if (worker === undefined) return false;
    worker.waiting = report.waiting;
    worker.eventLoopUtilization = report.eventLoopUtilization;
    worker.clientLimited = report.clientLimited;
    let isUrgent = false;
    for (const event of report.events) {
      this.#pending.push({ worker: report.worker, event });
      if (event.kind === 'result' && event.outcome.kind === 'rate')
        isUrgent = this.#stop(worker, event, nowMs) || isUrgent;
    }
    if (report.events.length > 0) this.#isSorted = false;
    return isUrgent;
  }

  /** Bring the controller up to the watermark; call every few tens of ms. @returns decisions in order */
  advance(nowMs: number): Transition[] {
    const untilMs = nowMs - watermarkMs;
    this.#sort();
    let taken = 0;
    for (const { worker, event } of this.#pending) {
      if (event.atMs > untilMs) break;
      this.#tickUntil(event.atMs);
      this.#clockMs = Math.max(this.#clockMs, event.atMs);
      this.#deliver(worker, event);
      taken++;
    }
    this.#pending.splice(0, taken);
    this.#tickUntil(untilMs);
    this.#clockMs = Math.max(this.#clockMs, untilMs);
    const transitions = this.#transitions;
    this.#transitions = [];
    return transitions;
  }

  /** What all workers together may do now. */
  get budget(): Budget {
    const { permits, spacingMs, pauseUntilMs } = this.#limit;
    const untilMs = Math.max(pauseUntilMs, this.#stopUntilMs);
    return { permits, spacingMs, pauseUntilMs: untilMs, refusesAll: this.#watch.isShut };
  }

  /**
   * Stop everybody for a fresh 429; one for a request of before the stop is an echo, and only its Retry-After counts.
   */
  #stop(worker: Worker, event: Extract<WorkerEvent, { kind: 'result' }>, nowMs: number): boolean {
    if (event.outcome.kind !== 'rate') return false;
    const retryAfterMs = pauseOf(event.outcome);
    const sentMs = worker.flights.get(event.id)?.atMs ?? event.atMs - event.outcome.serviceMs;
    const isFresh = sentMs > this.#stopSinceMs;
    if (!isFresh && retryAfterMs === undefined) return false;
    if (isFresh) this.#stopSinceMs = nowMs;
    const untilMs = retryAfterMs === undefined ? nowMs + stopMs : event.atMs + retryAfterMs;
    if (untilMs <= this.#stopUntilMs) return false;
    this.#stopUntilMs = untilMs;
    return true;
  }

  #sort(): void {
    if (this.#isSorted) return;
    this.#pending.sort((a, b) => a.event.atMs - b.event.atMs);
    this.#isSorted = true;
  }

  #deliver(name: string, event: WorkerEvent): void {
    const worker = this.#workers.get(name);
    if (worker === undefined) return;
    if (event.kind === 'send') {
      this.#inFlight++;
      worker.flights.set(event.id, { token: this.#limit.onSend(this.#clockMs, this.#inFlight), atMs: event.atMs });
      return;
    }
    const flight = worker.flights.get(event.id);
    if (flight === undefined) return;
    worker.flights.delete(event.id);
    this.#inFlight--;
    // Whether the host refuses everything is seen sooner, and more surely, in the replies to all workers.
    const outcome = this.#watch.read(event.outcome, event.atMs - flight.atMs);
    this.#limit.onResult(flight.token, outcome, this.#clockMs);
  }

  #tickUntil(untilMs: number): void {
    while (this.#limit.nextTickMs <= untilMs) {
      this.#clockMs = Math.max(this.#clockMs, this.#limit.nextTickMs);
      const transition = this.#limit.tick(this.#clockMs, this.#load());
      if (transition !== undefined) this.#transitions.push(transition);
    }
  }

  #load(): Load {
    let waiting = 0;
    let loop = 0;
    let clientLimited = 0;
    for (const worker of this.#workers.values()) {
      waiting += worker.waiting;
      loop += worker.eventLoopUtilization;
      clientLimited += worker.clientLimited;
    }
    const count = Math.max(1, this.#workers.size);
    return {
      inFlight: this.#inFlight,
      waiting,
      eventLoopUtilization: loop / count,
      clientLimited: clientLimited / count,
    };
  }
}
