/** One worker's part in the shared budgets of all its hosts. */
import type { HostRule } from '../config/types.ts';
import type { Limit } from '../paarc/index.ts';
import { type Envelope, type HostGrant, type HostReport, shareIn } from './envelope.ts';
import type { Heartbeat, HostRecord } from './host-record.ts';
import { type LeaderOptions, LedHosts, type RecordWrite } from './led-hosts.ts';
import { Membership } from './membership.ts';
import { MessageAllowance, Outbox } from './outbox.ts';
import { Peers } from './peers.ts';
import { farewell, moveOf, reportOf, type Seat, Seats, type Standing, standingOf } from './seat.ts';

/** Reports and grants leave so often, all hosts of a worker in one message. */
const batchMs = 250;
/** A worker with nothing to say still tells the leaders this often what it has seen. */
const presenceMs = 1000;

/** Everything that the hub needs of the world around it. */
export interface HostHubOptions extends LeaderOptions {
  /** Monotonic. */
  readonly nowMs: () => number;
  /** A name that nobody else has or had. */
  readonly newId: () => string;
  /** A host's key in the bucket. */
  readonly keyOf: (host: string) => string;
  /** Somebody must hear from us sooner than the next tick: call it at once, but not from within this call. */
  readonly onUrgent?: (() => void) | undefined;
}

/** What has to leave now. */
export interface Outgoing {
  readonly envelope: Envelope | undefined;
  readonly writes: readonly RecordWrite[];
}

/**
 * One worker's part in the shared budgets of all its hosts. Pure: heartbeats, records, envelopes and the time come in;
 * envelopes and record writes go out, and may be lost, late or refused. See docs/paarc.md, "Several machines, one
 * budget".
 */
export class HostHub {
  readonly #options: HostHubOptions;
  readonly #membership: Membership;
  readonly #led: LedHosts;
  readonly #outbox = new Outbox();
  readonly #allowance = new MessageAllowance();
  readonly #seats: Seats;
  readonly #records = new Map<string, { readonly record: HostRecord; readonly revision: number }>();
  readonly #peers = new Peers();
  #isUrgent = false;
  #batchAtMs = 0;
  #presenceAtMs = 0;

  constructor(options: HostHubOptions) {
    this.#options = options;
    this.#membership = new Membership(options.newId());
    this.#led = new LedHosts(options);
    this.#seats = new Seats({
      ...options,
      isLeased: () => this.isLeased,
      leasedUntilMs: () => this.#membership.leasedUntilMs,
      workers: () => 1 + this.#membership.others(options.nowMs()).length,
      onRefusal: (seat, quietMs) => this.#refused(seat, quietMs),
      giveBack: (seat) => this.#giveBack(seat),
    });
  }

  /** This worker's present name. */
  get incarnation(): string {
    return this.#membership.worker;
  }
  get isLeased(): boolean {
    return this.#membership.isLeased(this.#options.nowMs());
  }
  /** Reports of members are for us; must be subscribed to before a claim leaves. */
  get isLeading(): boolean {
    return this.#led.isLeading;
  }

  /** Alive, this one among them. */
  get workers(): number {
    return 1 + this.#membership.others(this.#options.nowMs()).length;
  }

  get stats() {
    return {
      worker: this.incarnation,
      isLeased: this.isLeased,
      workers: this.workers,
      leading: this.#led.size,
      messages: this.#allowance.sent,
      hosts: [...this.#seats.all()].map(({ host, limit }) => ({
        host,
        mode: limit.mode,
        permits: limit.permits,
        inFlight: limit.inFlight,
      })),
    };
  }

  /**
   * @param revoke - ends what is in flight to the host, when others may use what it was granted for
   * @param onChange - called when the limit has moved by a message, or by time
   */
  create(host: string, rule: HostRule, revoke: () => void, onChange: () => void = () => {}): Limit {
    const key = this.#options.keyOf(host);
    const { limit } = this.#seats.take(host, key, rule, { revoke, onChange });
    this.#led.setRule(key, rule, this.#options.nowMs());
    const mayBeShared = !this.isLeased && this.#records.has(key);
    if (mayBeShared || this.#standing(key, this.#options.nowMs()) !== 'free') limit.leave('closed');
    return limit;
  }

  retire(host: string, limit: Limit): void {
    this.#seats.giveUp(this.#options.keyOf(host), limit);
  }

  /** What to put under this worker's name now, if it may leave now, and how long until the next one. */
  heartbeat(): { readonly words: Heartbeat; readonly heartbeatMs: number } | undefined {
    const nowMs = this.#options.nowMs();
    if (!this.#allowance.take('heartbeat', nowMs)) return undefined;
    // What the former incarnation had in flight is in nobody's books once it is called over.
    const isDrained = [...this.#seats.lively].every(({ limit }) => limit.mode === 'alone' || limit.inFlight === 0);
    return this.#membership.heartbeat(isDrained, nowMs);
  }

  /** A heartbeat should leave now, whenever the next one would be due. */
  get hasDoubts(): boolean {
    return this.#membership.hasDoubts(this.#options.nowMs());
  }

  /** The heartbeat has arrived. */
  confirm(incarnation: string, words: Heartbeat): void {
    this.#membership.confirm(incarnation, words, this.#options.nowMs());
  }

  /** Everybody's heartbeats, ours among them, in the bucket's order; `undefined` when the key was deleted. */
  onHeartbeat(worker: string, heartbeat: Heartbeat | undefined, revision: number): void {
    this.#outbox.sees(revision);
    this.#membership.hear(worker, heartbeat, this.#options.nowMs());
  }

  /** A host's record has changed. */
  onRecord(key: string, record: HostRecord, revision: number): void {
    const nowMs = this.#options.nowMs();
    this.#outbox.sees(revision);
    const before = this.#records.get(key);
    if (before !== undefined && before.revision >= revision) return;
    this.#records.set(key, { record, revision });
    const seat = this.#seats.get(key);
    this.#led.onRecord(key, { record, revision, self: this.incarnation, seat, nowMs });
    if (record.leader !== this.incarnation && record.epoch !== before?.record.epoch) this.#outbox.oweWord();
    if (seat === undefined) return;
    seat.claimAtMs = 0;
    this.#seats.lively.add(seat);
  }

  onEnvelope(envelope: Envelope): void {
    const { from } = envelope;
    const nowMs = this.#options.nowMs();
    if (from === this.incarnation || !this.#membership.isAlive(from, nowMs)) return;
    const heard = this.#peers.hear(envelope, this.#outbox.seen, nowMs);
    if (heard === undefined) return;
    const { clock, isGap } = heard;
    if (isGap) this.#led.restart(from);
    for (const { host, pauseMs } of envelope.pauses) this.#seats.get(host)?.limit.pause(nowMs + pauseMs, nowMs);
    for (const grant of envelope.grants) this.#obey(grant, clock.offsetMs, nowMs);
    for (const report of envelope.reports) {
      const events = report.events.map((event) => ({ ...event, atMs: clock.read(event.atMs, nowMs) }));
      if (this.#led.take(from, report, events, nowMs)) this.#hurry();
    }
  }

  /** Time passes: call every few tens of milliseconds, and send what comes back. */
  tick(): Outgoing {
    const nowMs = this.#options.nowMs();
    if (this.#membership.hasEnded(nowMs)) this.#expire(nowMs);
    const others = this.#membership.others(nowMs);
    this.#led.advance((worker) => this.#membership.isAlive(worker, nowMs), nowMs);
    if (this.isLeased) for (const seat of this.#seats.lively) this.#decide(seat, nowMs);
    // Without others nothing leaves, but the controller still moves our own share.
    const isDue = this.#isUrgent || nowMs >= this.#batchAtMs;
    const envelope = isDue ? this.#batch(others, nowMs) : undefined;
    if (!this.isLeased) return { envelope, writes: [] };
    const mayWrite = (): boolean => this.#allowance.take('record', nowMs);
    return { envelope, writes: this.#led.writes(this.incarnation, this.#records, mayWrite, nowMs) };
  }

  /** Give everything back, for an end in good order. */
  leave(): Outgoing {
    const nowMs = this.#options.nowMs();
    this.#seats.giveUpAll();
    const envelope = this.#outbox.envelope(this.incarnation, this.#outbox.takeFarewells(), [], nowMs);
    return { envelope, writes: this.#led.release(this.incarnation, this.#records, nowMs) };
  }

  #decide(seat: Seat, nowMs: number): void {
    const { limit, key } = seat;
    const move = moveOf(seat, this.#standing(key, nowMs), this.#options.random, nowMs);
    switch (move) {
      case 'none':
        if (limit.mode === 'alone' && limit.waiting === 0) this.#seats.lively.delete(seat);
        return;
      case 'open':
      case 'close':
        return limit.leave(move === 'open' ? 'alone' : 'closed');
      case 'join':
        return limit.join(this.incarnation, nowMs);
      case 'claim':
        return this.#led.claim(seat, this.#records.get(key));
      case 'leave':
        return this.#giveBack(seat);
    }
  }

  #standing(key: string, nowMs: number): Standing {
    return standingOf(this.#records.get(key)?.record, {
      worker: this.incarnation,
      isLeading: this.#led.has(key),
      isMember: this.#seats.get(key)?.limit.mode === 'member',
      isAlive: (worker) => this.#membership.isAlive(worker, nowMs),
    });
  }

  /** Reports to other leaders, our own to ourselves, and what we grant as leader. */
  #batch(others: readonly string[], nowMs: number): Envelope | undefined {
    const hasPresence = others.length > 0 && nowMs >= this.#presenceAtMs;
    const mayTalk = others.length > 0 && (hasPresence || this.#hasNews());
    if (mayTalk && !this.#allowance.take('envelope', nowMs)) return undefined;
    this.#batchAtMs = nowMs + batchMs;
    this.#isUrgent = false;
    const reports = this.#report(nowMs);
    const grants = this.#led.grants((revision) => this.#peers.behind(others, revision), nowMs);
    this.#peers.keep(others);
    for (const grant of grants) this.#obey(grant, 0, nowMs);
    if (!mayTalk) return undefined;
    this.#presenceAtMs = nowMs + presenceMs;
    return this.#outbox.envelope(this.incarnation, reports, grants, nowMs);
  }

  #hasNews(): boolean {
    if (this.#outbox.hasNews || this.#led.hasMembersBesides(this.incarnation)) return true;
    for (const { key, limit } of this.#seats.lively) if (limit.mode === 'member' && !this.#led.has(key)) return true;
    return false;
  }

  #report(nowMs: number): HostReport[] {
    const reports = this.#outbox.takeFarewells();
    for (const seat of this.#seats.lively) {
      const known = this.#records.get(seat.key);
      const report = known === undefined ? undefined : reportOf(seat, known.record.epoch);
      if (report === undefined) continue;
      if (this.#led.has(seat.key)) this.#led.take(this.incarnation, report, report.events, nowMs);
      else reports.push(report);
    }
    return reports;
  }

  /** A grant of the host's leader; ours among them, then with offset 0. */
  #obey(grant: HostGrant, offsetMs: number, nowMs: number): void {
    const known = this.#records.get(grant.host)?.record.epoch ?? 0;
    if (grant.epoch < known) return;
    const seat = this.#seats.get(grant.host);
    if (grant.pauseMs > 0) seat?.limit.pause(nowMs + grant.pauseMs, nowMs);
    const mine = shareIn(grant, this.incarnation, offsetMs, nowMs);
    if (mine === undefined) return;
    const isMember = seat?.limit.apply(grant, mine, nowMs) ?? false;
    // The leader counts on us for no reason: our last words were lost.
    if (!isMember) this.#outbox.farewell(farewell(grant.host, grant.epoch, mine.visit));
  }

  #refused({ key }: Seat, quietMs: number): void {
    if (quietMs > 0) this.#outbox.pause(key, this.#options.nowMs() + quietMs);
    this.#hurry();
  }

  #hurry(): void {
    if (!this.#isUrgent) this.#options.onUrgent?.();
    this.#isUrgent = true;
  }

  /** Our time is over: nothing of what we had may be used any more, and we go on as somebody new. */
  #expire(nowMs: number): void {
    this.#membership.renew(this.#options.newId(), nowMs);
    this.#outbox.renew();
    this.#led.clear();
    // A host that was shared before may be shared by now, and nobody there would know of our few requests.
    for (const { key, limit, revoke } of this.#seats.all()) {
      if (limit.mode === 'alone' && !this.#records.has(key)) continue;
      limit.leave('closed');
      revoke();
    }
  }

  #giveBack(seat: Seat): void {
    const { key, limit } = seat;
    limit.leave('closed');
    if (this.#led.has(key)) this.#led.drop(key, this.incarnation);
    else this.#outbox.farewell(farewell(key, this.#records.get(key)?.record.epoch ?? 0, limit.visit));
  }
}
