/**
 * Rows in, ends out: schedules, sends, follows redirects, retries. Knows neither streams nor units; those are in
 * fetch-units.ts and fetch-rows.ts, which share it.
 */
import type { Clock } from '../../clock.ts';
import { isStored, parseHttpUrl } from '../../host/host.ts';
import type { HostLimits } from '../../host-limits.ts';
import type { RowCode } from '../../row-codes.ts';
import type { BucketAccess } from '../../store/s3/bucket-access.ts';
import { Background } from './background.ts';
import { OriginPools } from './connect/origin-pools.ts';
import { Flight, type Tower } from './flight.ts';
import { isMissing } from './other-extension.ts';
import { OwnTroubles, REFUSALS } from './own-troubles.ts';
import type { Acceptance } from './reply/accept-body.ts';
import { THROUGHPUT_WINDOW_MS } from './reply/attempt.ts';
import { outcomeOf, pauseAsked } from './reply/attempt-error.ts';
import { type AttemptEnd, type AttemptSettings, type FailedAttempt, failedAs } from './reply/attempt-terms.ts';
import type { CollectedBody } from './reply/body-collector.ts';
import { BodyBudget } from './reply/body-memory.ts';
import { Deadlines, DeadlinesByLength } from './reply/deadline.ts';
import { decodeCheckOf } from './reply/decode-check.ts';
import { redirectOf } from './reply/redirect.ts';
import { Verdicts } from './reply/verdicts.ts';
import { requestOf } from './request-of.ts';
import { loadCookies } from './row-cookies.ts';
import { refusedUrl } from './row-end.ts';
import { announcedEnd, type FetchTask, failedEnd, fetchedEnd, Work } from './row-work.ts';
import { BudgetGroups } from './schedule/budget-groups.ts';
import type { Permit } from './schedule/gate.ts';
import type { Lane } from './schedule/lane.ts';
import { LoadMeter } from './schedule/load-meter.ts';
import { decideRetry } from './schedule/retry-policy.ts';
import { Scheduler } from './schedule/scheduler.ts';
import { SkippedHosts } from './schedule/skipped-hosts.ts';
import type { EngineHooks, EngineSettings } from './settings.ts';
import { type StoredRows, storedRows } from './stored-rows.ts';

const BREAKER_PROBE_MS = 60_000;

export class FetchEngine implements Tower {
  readonly budget: BodyBudget;
  readonly scheduler: Scheduler<Work>;
  readonly pools: OriginPools;
  readonly #settings: EngineSettings;
  readonly #clock: Clock;
  readonly #hooks: EngineHooks;
  readonly #limits: HostLimits;
  readonly #groups: BudgetGroups;
  readonly #load: LoadMeter;
  readonly #troubles: OwnTroubles;
  readonly #attempt: AttemptSettings;
  readonly #verdicts: Verdicts;
  readonly #deadlines: DeadlinesByLength;
  /** Given up for a name that nobody knew, before anything told whether that is up to us. */
  readonly #undecided: { readonly work: Work; readonly end: FailedAttempt }[] = [];
  readonly #background: Background;
  readonly skipped: SkippedHosts;
  /** Undefined where rows of object stores are not fetched. */
  readonly #stored: StoredRows | undefined;

  constructor(settings: EngineSettings, limits: HostLimits, hooks: EngineHooks) {
    const { clock, connector, maxPools, bodyMemoryBytes, spillBytes, timeoutMs } = settings;
    this.#settings = settings;
    this.#clock = clock;
    this.#hooks = hooks;
    this.#background = new Background(hooks.onFatal);
    this.#limits = limits;
    const background = (work: Promise<void>): void => this.#background.add(work);
    const pump = (): void => this.scheduler.pump();
    this.#groups = new BudgetGroups({ ruleOf: settings.policyOf, connector, background, pump });
    this.budget = new BodyBudget(bodyMemoryBytes);
    this.pools = new OriginPools(connector, clock, maxPools, settings.maxConnections);
    this.#load = new LoadMeter(clock);
    this.skipped = new SkippedHosts(settings.policyOf);
    this.#deadlines = new DeadlinesByLength(clock);
    const begin = this.#begin.bind(this);
    this.#stored = storedRows(settings, { begin, pump, onFatal: hooks.onFatal });
    this.#troubles = new OwnTroubles(clock, settings.concurrentDownloads, settings.offlineHoldMs, hooks);
    const accepting = { ...settings, budget: this.budget, spillBytes: Math.min(spillBytes, bodyMemoryBytes) };
    this.#verdicts = new Verdicts(accepting, decodeCheckOf(settings), (held) => this.drop(held));
    this.#attempt = {
      ...accepting,
      windows: new Deadlines(clock, THROUGHPUT_WINDOW_MS),
      onClientWait: (waiting) => this.#load.waiting(waiting),
      onCrash: hooks.onFatal,
      background,
    };
    this.scheduler = new Scheduler<Work>({
      clock,
      load: this.#load,
      maxInFlight: settings.concurrentDownloads,
      isFull: () => this.#troubles.isFull(this.scheduler.inFlight) || limits.isFull?.() === true,
      breaker: { failures: settings.breakerFailures, spanMs: 2 * timeoutMs, probeMs: BREAKER_PROBE_MS },
      createLimit: (group) => limits.create(group, this.#groups.ruleOf(group), () => this.#revoke(group)),
      start: (work, lane, permit) => this.#send(work, lane, permit),
      maxPauseMs: settings.maxRetryAfterMs,
      refuse: (work, code) => this.#fail(work, code, REFUSALS[code]),
      // Of a queue that several hosts share, the rows of one.
      refusalOf: ({ host, group }) => (host !== group && this.skipped.isSaid(host) ? 'host_skipped' : undefined),
      isDropped: (work) => work.task.isDropped(),
      isConnected: ({ origin }) => this.pools.hasFree(origin),
      onTransition: hooks.onTransition,
      onIdle: ({ host }) => this.pools.rest(host),
      onEvict: (lane) => this.#forget(lane),
      onHungry: () => {
        if (this.#undecided.length > 0 && this.scheduler.inFlight + this.scheduler.queued === 0) this.#decide();
        hooks.onHungry();
      },
    });
  }

  /** Hosts with a lane, origins with a pool, names with an answer, origins whose replies are mended. */
  get kept(): { readonly hosts: number; readonly pools: number; readonly names: number; readonly mended: number } {
    const { size: pools, mended } = this.pools;
    return { hosts: this.scheduler.hosts, pools, names: this.#settings.resolver.size, mended };
  }

  /** Under whose limit a unit's rows are: that of a bucket is its server's. */
  groupOf(host: string): string {
    return this.#groups.of(this.#stored?.serverOf(host) ?? host);
  }

  /** Queue a row; call `scheduler.pump()` after a batch. Rows that cannot be fetched end at once. */
  add(task: FetchTask): void {
    const url = parseHttpUrl(task.url);
    if (url !== undefined) this.#begin(task, url);
    else if (this.#stored !== undefined && isStored(task.url)) this.#stored.add(task);
    else task.end(refusedUrl(task.url));
  }

  #begin(task: FetchTask, url: URL, access?: BucketAccess): void {
    const work = new Work(task, url, this.#clock.nowMs(), access);
    if (access?.isNamed === true) this.#settings.connector.permit(url);
    if (this.#isSkipped(work, `${work.host} is skipped`)) return;
    this.#groups.place(work, () => {
      if (this.scheduler.find(work.group) === undefined) this.#settings.connector.expect(url);
      this.scheduler.add(work.group, work);
    });
  }

  /** Give back what a body holds: memory of the budget, or its file. */
  drop({ spilled, reservedBytes }: Pick<CollectedBody, 'spilled' | 'reservedBytes'>): void {
    this.budget.give(reservedBytes);
    if (spilled !== undefined) this.#background.add(this.#settings.spill.remove(spilled.path));
  }

  /** Resolves when sockets are closed and files are gone, but for those of results that somebody holds. */
  async close(): Promise<void> {
    this.scheduler.close();
    for (const { host, gate } of this.scheduler.lanes()) this.#limits.retire(host, gate.limit);
    this.#settings.resolver.close();
    this.#settings.connector.close();
    await this.#stored?.close();
    await this.pools.close();
    await this.#background.settled();
    await this.#settings.spill.close();
  }

  /** Nothing of a host stays but its profile. */
  #forget({ host, gate }: Lane<Work>): void {
    this.#limits.retire(host, gate.limit);
    this.#groups.forget(host);
    this.pools.drop(host);
    this.#settings.resolver.forget(host.replace(/:\d+$/, ''));
  }

  #send(work: Work, lane: Lane<Work>, permit: Permit): void {
    work.send(this.#clock.nowMs());
    const flight = new Flight(this, work, lane, permit);
    const limits = this.#deadlines.of(this.#settings.policyOf(work.host).timeoutMs ?? this.#settings.timeoutMs);
    flight.send(requestOf(work, this.#settings, this.#clock.wallMs()), this.#attempt, limits);
    if (flight.isOut) work.task.onAttempt(flight, work.attempts);
  }

  /** Nothing may be in flight under this limit any more. What was, counts as never sent. */
  #revoke(group: string): void {
    for (const flight of this.scheduler.find(group)?.running ?? []) {
      const { work } = flight;
      if (!flight.stop()) continue;
      work.unsend();
      work.waitingSinceMs = this.#clock.nowMs();
      this.#again(work, 0);
    }
    this.scheduler.pump();
  }

  stopped({ lane, permit }: Flight): void {
    try {
      this.scheduler.settle(lane, permit, { kind: 'neutral' });
    } catch (error) {
      // Of a limit of the caller's, while everything is being stopped.
      this.#hooks.onFatal(error as Error);
    }
  }

  landed({ work, lane, permit }: Flight, end: AttemptEnd): void {
    work.waitingSinceMs = this.#clock.nowMs();
    const code = end.kind === 'failed' ? end.code : undefined;
    const freeRetry = end.kind === 'failed' ? work.freeRetry(end) : undefined;
    if (freeRetry === 'mend') this.pools.mend(work.origin);
    const pauseMs = pauseAsked(end, this.#settings.maxRetryAfterMs);
    if (freeRetry === undefined) this.#troubles.note(lane, work.host, end, this.scheduler.inFlight - 1);
    if (code === 'local_shortage') this.pools.shed();
    else this.#hooks.onAttempt(work.host, code, end);
    if (this.#undecided.length > 0 && !this.#troubles.isUndecided('dns_error')) this.#decide();
    const goesOn = isMissing(code) && !lane.refusals.isShut && work.takeExtension(this.#settings.tryExtensions);
    // Of a file under a guessed name, that it is not there says nothing of the host.
    const isNotNow = work.isSlowDown(code) || (!goesOn && lane.refusals.isNotNow(end, this.#clock.nowMs()));
    const outcome = outcomeOf(isNotNow ? 'http_429' : code, end, pauseMs, lane.refusals.isShut);
    this.scheduler.settle(lane, permit, freeRetry === undefined ? outcome : { kind: 'neutral' });
    if (!work.task.isDropped()) {
      if (freeRetry !== undefined) {
        work.unsend();
        this.scheduler.again(work.group, work, 0);
      } else if (goesOn) this.#again(work, 0);
      else if (end.kind === 'body') this.#accept(work, end);
      else if (end.kind === 'headers') work.task.end(announcedEnd(work, end));
      else if (end.kind === 'redirect') this.#follow(work, end);
      else this.#retryOrFail(work, end);
    } else if (end.kind === 'body') {
      this.drop(end);
    }
    this.scheduler.pump();
  }

  #accept(work: Work, end: AttemptEnd & { kind: 'body' }): void {
    const acceptance = this.#verdicts.of(end, work.task);
    if (!(acceptance instanceof Promise)) return this.#judge(work, end, acceptance);
    const judging = acceptance.then((late) => {
      if (work.task.isDropped()) return this.drop(late.held);
      this.#judge(work, end, late);
      this.scheduler.pump();
    });
    this.#background.add(judging);
  }

  #judge(work: Work, end: AttemptEnd & { kind: 'body' }, acceptance: Acceptance): void {
    this.scheduler.find(work.group)?.refusals.heard(acceptance.ok ? undefined : acceptance.code, this.#clock.nowMs());
    if (acceptance.ok) return work.task.end(fetchedEnd(work, end, acceptance.accepted, acceptance.held));
    this.drop(acceptance.held);
    this.#retryOrFail(work, failedAs(acceptance.code, acceptance.message, end, end.status));
  }

  #follow(work: Work, end: AttemptEnd & { kind: 'redirect' }): void {
    const loading = end.cookies === undefined ? undefined : loadCookies();
    if (loading !== undefined) return this.#background.add(loading.then(() => this.#follow(work, end)));
    if (work.task.isDropped()) return;
    const turn = redirectOf(end, work.url, work.hops, this.#settings.maxRedirects);
    if (!turn.ok) return this.#fail(work, turn.code, turn.message, end);
    work.follow(turn.url, end.cookies);
    if (this.#isSkipped(work, `redirected to ${work.host}, which is skipped`, end)) return;
    this.#again(work, 0, false);
    if (end.cookies !== undefined) this.scheduler.pump();
  }

  #isSkipped(work: Work, message: string, end?: AttemptEnd): boolean {
    if (!this.skipped.has(work.host) && !this.skipped.has(this.#groups.of(work.host))) return false;
    this.#fail(work, 'host_skipped', message, end);
    return true;
  }

  #retryOrFail(work: Work, end: FailedAttempt, isDecided = false): void {
    const { code, message, retryAfterMs } = end;
    const waitMs = this.#troubles.excuse(code);
    if (waitMs !== undefined) {
      if (code === 'local_shortage' || end.isOurs === true) work.unsend();
      return this.#again(work, waitMs);
    }
    const isRefused = this.scheduler.find(work.group)?.refusals.isRefusal(code, work.deferrals) === true;
    const deferred = code === 'http_429' || end.retryAfterMs !== undefined || work.isSlowDown(code) || isRefused;
    if (deferred) work.putOff(this.#clock.nowMs());
    const decision = decideRetry(work, { code, deferred, retryAfterMs }, this.#settings, this.#settings.random());
    if (decision.kind === 'give-up' && !isDecided && this.#troubles.isUndecided(code))
      return void this.#undecided.push({ work, end });
    if (decision.kind === 'give-up')
      return this.#fail(work, code, message + work.triedToo(this.#settings.tryExtensions), end);
    if (decision.counts === 'error') work.errors += 1;
    else work.deferrals += 1;
    this.#again(work, decision.delayMs);
  }

  /** Rows whose names nobody knew end after all, or wait with the others. */
  #decide(): void {
    for (const { work, end } of this.#undecided.splice(0))
      if (!work.task.isDropped()) this.#retryOrFail(work, end, true);
  }

  #again(work: Work, delayMs: number, fromStart = true): void {
    if (fromStart) work.startOver();
    this.#groups.place(work, () => this.scheduler.again(work.group, work, delayMs));
  }

  #fail(work: Work, code: RowCode, message: string, end?: AttemptEnd): void {
    work.task.end(failedEnd(work, code, message, end));
  }
}
