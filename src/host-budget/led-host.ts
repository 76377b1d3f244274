/** The leader's side of one host: its controller, and who may do how much. */
import {
  type Budget,
  Coordinator,
  type PaarcSettings,
  type Snapshot,
  splitBudget,
  type WorkerEvent,
} from '../paarc/index.ts';
import type { HostGrant, HostReport } from './envelope.ts';
import { ShareLedger } from './share-ledger.ts';

/**
 * Grants leave at the pace of the reports: what the controller decides takes so much longer to reach the workers than
 * it counts on itself.
 */
const grantDelayMs = 250;
/**
 * With fewer permits than members only some hold permits: of eight permits one holder, so that handing over stays rare.
 */
const permitsPerHolder = 8;
const turnMs = 30_000;
/** A member that says nothing for so long gets no share until it speaks again; members report every 250 ms. */
const silentMs = 1500;
/** A change of the spacing below this is not worth a message: the controller moves it with every answer. Chosen. */
const leastChange = 0.02;

export interface LedHostOptions {
  readonly epoch: number;
  /** Revision of the record that made us leader. */
  readonly revision: number;
  /** The host had no record before this one: nobody can hold a share of an earlier leader. */
  readonly isNew: boolean;
  readonly settings: PaarcSettings;
  /** Least time between any two sends to the host, from its rule; 0 for none. */
  readonly leastSpacingMs: number;
  /** Requests that a worker may have in flight without having joined. */
  readonly unleased: number;
  readonly random: () => number;
  readonly startMs: number;
  readonly warm: Snapshot | undefined;
  /** How much longer the host had asked for silence, as the record says. */
  readonly notBeforeMs: number;
}

interface Member {
  visit: number;
  heardMs: number;
  wants: boolean;
}

/**
 * The leader's side of one host: its controller, fed by everybody's reports, and the books of what is granted to whom.
 */
export class LedHost {
  readonly epoch: number;
  readonly revision: number;
  readonly #options: LedHostOptions;
  #coordinator: Coordinator;
  #settings: PaarcSettings;
  #notBeforeMs: number;
  readonly #ledger = new ShareLedger();
  readonly #members = new Map<string, Member>();
  #grant: HostGrant | undefined;
  #pausedUntilMs = 0;
  #most = Number.POSITIVE_INFINITY;
  #leastSpacingMs: number;

  constructor(options: LedHostOptions) {
    this.epoch = options.epoch;
    this.revision = options.revision;
    this.#options = options;
    this.#leastSpacingMs = options.leastSpacingMs;
    this.#notBeforeMs = options.startMs + options.notBeforeMs;
    this.#settings = options.settings;
    this.#coordinator = this.#control(options.startMs, options.warm);
  }

  get members(): Iterable<string> {
    return this.#members.keys();
  }
  get memberCount(): number {
    return this.#members.size;
  }
  get snapshot(): Snapshot | undefined {
    return this.#coordinator.snapshot();
  }
  /** Somebody says something else of the host: no more than so many requests at once, and so long between two. */
  setRule(settings: PaarcSettings, leastSpacingMs: number, nowMs: number): void {
    this.#most = settings.cMax;
    this.#leastSpacingMs = leastSpacingMs;
    if (settings.cMax <= this.#settings.cMax) return;
    // A controller never goes above what it was made with: another one goes on from what this one has learned.
    this.#settings = settings;
    this.#notBeforeMs = this.budget.pauseUntilMs;
    this.#coordinator = this.#control(nowMs, this.#coordinator.snapshot());
    for (const worker of this.#members.keys()) this.#coordinator.join(worker);
  }

  #control(startMs: number, warm: Snapshot | undefined): Coordinator {
    const settings = { ...this.#settings, feedbackDelayMs: grantDelayMs };
    return new Coordinator(settings, this.#options.random, startMs, warm);
  }

  get budget(): Budget {
    const { permits, spacingMs, pauseUntilMs, refusesAll } = this.#coordinator.budget;
    return {
      permits: Math.min(permits, this.#most),
      spacingMs: Math.max(spacingMs, this.#leastSpacingMs),
      pauseUntilMs: Math.max(pauseUntilMs, this.#notBeforeMs),
      refusesAll,
    };
  }
  /** Permits by member as last granted. */
  get shares(): Readonly<Record<string, number>> {
    const granted = new Map(this.#grant?.shares.map(({ worker, permits }) => [worker, permits]));
    return Object.fromEntries([...this.#members.keys()].map((worker) => [worker, granted.get(worker) ?? 0]));
  }

  /**
   * A member's report, with the times of `events` already on our clock.
   * @returns true when all members must hear from us at once
   */
  take(worker: string, report: HostReport, events: readonly WorkerEvent[], nowMs: number): boolean {
    const { visit } = report;
    const known = this.#members.get(worker);
    if (known !== undefined && visit < known.visit) return false;
    if (report.isLeaving) {
      this.drop(worker);
      return false;
    }
    // It left and came back, and obeys nothing that it was granted before.
    if (known !== undefined && visit > known.visit) this.#ledger.close(worker);
    this.#coordinator.join(worker);
    this.#members.set(worker, { visit, heardMs: nowMs, wants: report.waiting > 0 || report.inFlight > 0 });
    this.#ledger.confirm(worker, report.seq, report.permits, report.inFlight);
    const { waiting, eventLoopUtilization, clientLimited } = report;
    return this.#coordinator.report({ worker, events, waiting, eventLoopUtilization, clientLimited }, nowMs);
  }

  /** Something of this worker was lost: what it has in flight cannot be told from what has ended. */
  restart(worker: string): void {
    if (!this.#members.has(worker)) return;
    this.#coordinator.leave(worker);
    this.#coordinator.join(worker);
  }

  /** The worker is gone for good, and holds nothing. */
  drop(worker: string): void {
    this.#members.delete(worker);
    this.#coordinator.leave(worker);
    this.#ledger.close(worker);
  }

  /** Let the controller think. */
  advance(nowMs: number): ReturnType<Coordinator['advance']> {
    return this.#coordinator.advance(nowMs);
  }

  /**
   * What everybody may do from now on; undefined when all have confirmed that already.
   * @param unseen - workers alive that may not know yet that we lead; they may hold what an earlier leader gave them
   */
  grant(host: string, unseen: number, nowMs: number): HostGrant | undefined {
    const { budget } = this;
    const targets = splitBudget(budget, this.#holders(budget.permits, nowMs));
    const reserved = this.#options.isNew ? unseen * this.#options.unleased : 0;
    const wanted = new Map([...targets].map(([worker, share]) => [worker, share.permits]));
    const plan = this.#ledger.plan(wanted, budget.permits - reserved, this.#options.isNew || unseen === 0);
    const spacingMs = targets.values().next().value?.spacingMs ?? budget.spacingMs;
    const shares = [...plan].map(([worker, permits]) => ({
      worker,
      visit: this.#members.get(worker)?.visit ?? 0,
      permits,
      phase: targets.get(worker)?.phase ?? 0,
    }));
    const pauseMs = Math.max(0, budget.pauseUntilMs - nowMs);
    const last = this.#grant;
    const isNews =
      last === undefined ||
      budget.pauseUntilMs > this.#pausedUntilMs ||
      budget.refusesAll !== last.refusesAll ||
      Math.abs(last.spacingMs - spacingMs) > leastChange * last.spacingMs ||
      JSON.stringify(last.shares) !== JSON.stringify(shares);
    if (isNews) {
      this.#pausedUntilMs = budget.pauseUntilMs;
      const { refusesAll } = budget;
      this.#grant = { host, epoch: this.epoch, seq: this.#ledger.issue(plan), spacingMs, pauseMs, refusesAll, shares };
    } else if (!this.#ledger.isOpen) return undefined;
    return this.#grant === undefined ? undefined : { ...this.#grant, pauseMs };
  }

  /** Members with something to do; with fewer permits than those, some of them in turn. */
  #holders(permits: number, nowMs: number): string[] {
    const wanting = [...this.#members]
      .filter(([, member]) => member.wants && nowMs - member.heardMs <= silentMs)
      .map(([worker]) => worker);
    if (permits >= wanting.length) return wanting;
    const count = Math.max(1, Math.ceil(permits / permitsPerHolder));
    const first = (Math.floor(nowMs / turnMs) * count) % wanting.length;
    return Array.from({ length: count }, (_, index) => wanting[(first + index) % wanting.length] as string);
  }
}
