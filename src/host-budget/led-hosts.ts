/** The hosts that this worker leads, its claims and its records. */
import type { HostRule } from '../config/types.ts';
import { cappedAt, type PaarcSettings, type Snapshot, type Transition, type WorkerEvent } from '../paarc/index.ts';
import type { HostGrant, HostReport } from './envelope.ts';
import type { HostRecord } from './host-record.ts';
import { LedHost } from './led-host.ts';
import { leastSpacingOf, type Seat, unleasedOf } from './seat.ts';

/** A host without members is given back after so long. */
const emptyMs = 2000;
/** What the controller has learned is saved so often, a change of members sooner. */
const saveMs = 5000;
const saveMembersMs = 1000;

/** A record to write, if its key still has this revision; 0 for a key that has never been. */
export interface RecordWrite {
  readonly key: string;
  readonly revision: number;
  readonly record: HostRecord;
}

type Known = { readonly record: HostRecord; readonly revision: number };
type Records = ReadonlyMap<string, Known>;

/** What leading a host needs of the world around it. */
export interface LeaderOptions {
  readonly settings: PaarcSettings;
  readonly random: () => number;
  /** What is known of a host from before, when its record knows nothing. */
  readonly snapshotOf?: ((host: string) => Snapshot | undefined) | undefined;
  /** What a leader knows of a host that it gives back. */
  readonly remember?: ((host: string, snapshot: Snapshot) => void) | undefined;
  /** The controller has decided something about a host that this worker leads. */
  readonly onTransition?: ((host: string, transition: Transition) => void) | undefined;
}

interface Entry {
  readonly host: string;
  readonly led: LedHost;
  savedMs: number;
  savedMembers: string;
  emptySinceMs: number;
}

/** The hosts that this worker leads, and its attempts to lead more. */
export class LedHosts {
  readonly #options: LeaderOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #claims = new Map<string, { readonly seat: Seat; readonly known: Known | undefined }>();
  /** Claims that have left and are not decided. */
  readonly #pending = new Set<string>();

  constructor(options: LeaderOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }
  get isLeading(): boolean {
    return this.#entries.size > 0 || this.#claims.size > 0 || this.#pending.size > 0;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  hasMembersBesides(self: string): boolean {
    for (const { led } of this.#entries.values()) for (const worker of led.members) if (worker !== self) return true;
    return false;
  }

  clear(): void {
    this.#entries.clear();
    this.#claims.clear();
  }

  /** Try to lead this host; only the first of several claims on the same revision counts. */
  claim(seat: Seat, known: Known | undefined): void {
    this.#claims.set(seat.key, { seat, known });
  }

  /** The record says who leads: whoever it names has won, and everybody else has lost. */
  onRecord(
    key: string,
    news: Known & { readonly self: string; readonly seat: Seat | undefined; readonly nowMs: number },
  ): void {
    const { record, revision, self, seat, nowMs } = news;
    this.#claims.delete(key);
    this.#pending.delete(key);
    const entry = this.#entries.get(key);
    if (record.leader !== self) {
      this.#entries.delete(key);
      return;
    }
    if (entry?.led.epoch === record.epoch) return;
    const host = seat?.host ?? key;
    const led = this.#lead(host, seat?.rule ?? {}, { record, revision }, nowMs);
    this.#entries.set(key, { host, led, savedMs: nowMs, savedMembers: '', emptySinceMs: nowMs });
  }

  /** A host that we lead is under another rule from now on. */
  setRule(key: string, rule: HostRule, nowMs: number): void {
    const settings = cappedAt(this.#options.settings, rule.cMax);
    this.#entries.get(key)?.led.setRule(settings, leastSpacingOf(rule, settings), nowMs);
  }

  /** @returns true when the members must hear from us at once */
  take(worker: string, report: HostReport, events: readonly WorkerEvent[], nowMs: number): boolean {
    const entry = this.#entries.get(report.host);
    if (entry === undefined || entry.led.epoch !== report.epoch) return false;
    return entry.led.take(worker, report, events, nowMs);
  }

  restart(worker: string): void {
    for (const { led } of this.#entries.values()) led.restart(worker);
  }

  drop(key: string, worker: string): void {
    this.#entries.get(key)?.led.drop(worker);
  }

  advance(isAlive: (worker: string) => boolean, nowMs: number): void {
    for (const entry of this.#entries.values()) {
      for (const worker of [...entry.led.members]) if (!isAlive(worker)) entry.led.drop(worker);
      for (const transition of entry.led.advance(nowMs)) this.#options.onTransition?.(entry.host, transition);
      if (entry.led.memberCount > 0) entry.emptySinceMs = nowMs;
    }
  }

  /** @param unseenOf - workers that have not said that they saw a revision */
  grants(unseenOf: (revision: number) => number, nowMs: number): HostGrant[] {
    const grants: HostGrant[] = [];
    for (const [key, { led }] of this.#entries) {
      const grant = led.grant(key, unseenOf(led.revision), nowMs);
      if (grant !== undefined) grants.push(grant);
    }
    return grants;
  }

  /** Records that are due, claims first. @param mayWrite - asked once per record */
  writes(self: string, records: Records, mayWrite: () => boolean, nowMs: number): RecordWrite[] {
    const writes: RecordWrite[] = [];
    for (const [key, { known }] of this.#claims) {
      if (!mayWrite()) return writes;
      this.#claims.delete(key);
      this.#pending.add(key);
      writes.push({ key, revision: known?.revision ?? 0, record: claimOf(self, known?.record) });
    }
    for (const [key, entry] of this.#entries) {
      const known = records.get(key);
      if (known === undefined || !isDue(entry, nowMs)) continue;
      if (!mayWrite()) return writes;
      entry.savedMs = nowMs;
      entry.savedMembers = membersOf(entry);
      const isEmpty = nowMs - entry.emptySinceMs > emptyMs;
      if (isEmpty) this.#remember(entry);
      writes.push({
        key,
        revision: known.revision,
        record: this.#recordOf(entry, known.record, isEmpty ? '' : self, nowMs),
      });
    }
    return writes;
  }

  /** Hand everything over at once. */
  release(self: string, records: Records, nowMs: number): RecordWrite[] {
    const writes: RecordWrite[] = [];
    for (const [key, entry] of this.#entries) {
      entry.led.drop(self);
      this.#remember(entry);
      const known = records.get(key);
      if (known !== undefined)
        writes.push({ key, revision: known.revision, record: this.#recordOf(entry, known.record, '', nowMs) });
    }
    this.clear();
    return writes;
  }

  #lead(host: string, rule: HostRule, { record, revision }: Known, nowMs: number): LedHost {
    const settings = cappedAt(this.#options.settings, rule.cMax);
    return new LedHost({
      epoch: record.epoch,
      revision,
      isNew: record.epoch === 1,
      settings,
      leastSpacingMs: leastSpacingOf(rule, settings),
      unleased: unleasedOf(settings),
      random: this.#options.random,
      startMs: nowMs,
      notBeforeMs: record.notBeforeMs,
      warm: record.controllerState ?? this.#options.snapshotOf?.(host),
    });
  }

  #remember({ host, led }: Entry): void {
    const { snapshot } = led;
    if (snapshot !== undefined) this.#options.remember?.(host, snapshot);
  }

  #recordOf({ led }: Entry, record: HostRecord, leader: string, nowMs: number): HostRecord {
    const { permits, spacingMs, pauseUntilMs } = led.budget;
    return {
      epoch: record.epoch,
      leader,
      concurrency: permits,
      requestsPerSecond: spacingMs === 0 ? 0 : 1000 / spacingMs,
      notBeforeMs: Math.max(0, pauseUntilMs - nowMs),
      shares: led.shares,
      controllerState: led.snapshot ?? record.controllerState,
    };
  }
}

function claimOf(self: string, record: HostRecord | undefined): HostRecord {
  if (record === undefined)
    return { epoch: 1, leader: self, concurrency: 0, requestsPerSecond: 0, notBeforeMs: 0, shares: {} };
  return { ...record, epoch: record.epoch + 1, leader: self };
}

function isDue(entry: Entry, nowMs: number): boolean {
  if (nowMs - entry.emptySinceMs > emptyMs) return nowMs - entry.savedMs >= saveMembersMs;
  const dueMs = membersOf(entry) === entry.savedMembers ? saveMs : saveMembersMs;
  return nowMs - entry.savedMs >= dueMs;
}

function membersOf({ led }: Entry): string {
  return [...led.members].join();
}
