/** Everything that is told of a run while it goes on, added up; and the run as plain data, whenever somebody asks. */
import { shortened } from '../../short-text.ts';
import type { Bottleneck } from '../../telemetry/channels.ts';
import { VERSION } from '../../version.ts';
import { visible } from '../../visible.ts';
import { type BookOptions, type Moment, NO_MOMENT } from './book-options.ts';
import { etaOf } from './eta.ts';
import { busiestOf, History } from './history.ts';
import { HostBook } from './host-book.ts';
import { Rates } from './rates.ts';
import type { HistoryPoint, Holding, HostPage, HostQuery, Outcome, ServedState } from './served-state.ts';
import { SettledCounts } from './settled-counts.ts';
import { whatHolds } from './what-holds.ts';

/** However many look, the state is made so often at most. */
const STATE_MS = 200;
/** So long a shortage of this machine is shown after it was told. Chosen. */
const SHORTAGE_MS = 10_000;
const MAX_NOTICES = 20;
/** Of the workers of a job that are told of. */
const MAX_WORKERS = 500;

export class LiveBook {
  #hosts: HostBook;
  #settled = new SettledCounts();
  readonly #options: BookOptions;
  readonly #history = new History();
  readonly #rates = new Rates();
  #startMs: number;
  #startedAtMs: number;
  readonly #notices: { readonly atMs: number; readonly text: string }[] = [];
  #moment: Moment = NO_MOMENT;
  #lookedMs = 0;
  #heldShare = 0;
  #before = 0;
  #total: number | undefined;
  #guess: number | undefined;
  #transitions = 0;
  #phase: 'starting' | 'working' | 'ended' = 'starting';
  #isDraining = false;
  #isOffline = false;
  #shortage: { readonly message: string; readonly atMs: number } | undefined;
  #bottleneck: Bottleneck | undefined;
  #endMs: number | undefined;
  #job: string | undefined;
  #end: string | undefined;
  #outcome: Outcome | undefined;
  #state: ServedState | undefined;
  #stateMs = Number.NEGATIVE_INFINITY;

  constructor(options: BookOptions) {
    this.#options = options;
    this.#hosts = new HostBook(options.clock);
    this.#startMs = options.clock.nowMs();
    this.#startedAtMs = options.clock.wallMs();
    // Rates are from the start on.
    this.#now();
  }

  get hosts(): HostBook {
    return this.#hosts;
  }

  get settled(): SettledCounts {
    return this.#settled;
  }

  /** Everything was counted anew. */
  replace(settled: SettledCounts, hosts: HostBook): void {
    this.#settled = settled;
    this.#hosts = hosts;
    hosts.look(this.#moment.hosts);
  }

  get elapsedMs(): number {
    return this.#endMs ?? this.#options.clock.nowMs() - this.#startMs;
  }

  /** It began before anybody looked. @param elapsedMs - since then, if not what the clock says */
  since(startedAtMs: number, elapsedMs?: number): void {
    const { clock } = this.#options;
    this.#startedAtMs = startedAtMs;
    this.#startMs = clock.nowMs() - (elapsedMs ?? Math.max(0, clock.wallMs() - startedAtMs));
  }

  /** @param total - rows of all runs, by what was read of the manifest so far */
  guess(total: number): void {
    this.#guess = total;
  }

  /** @param before - rows that earlier runs have settled; @param total - of all runs, if known */
  begin(total: number | undefined, before: number): void {
    this.#total = total;
    this.#before = before;
    this.#phase = 'working';
  }

  /** What had ended was begun again. */
  goOn(): void {
    this.#phase = 'working';
    this.#endMs = undefined;
    this.#end = undefined;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  drain(): void {
    this.#isDraining = true;
  }

  /** @param words - how it ended; @param onAverage - rows per second, where not all of what is counted is of this run */
  end(words: string, outcome: Outcome, onAverage?: number): void {
    if (this.#phase === 'ended') return;
    this.#endMs = this.elapsedMs;
    const { fetched, failed, skipped } = this.#settled;
    const rowsPerSecond = onAverage ?? (1000 * (fetched + failed + skipped)) / Math.max(1, this.#endMs);
    this.#phase = 'ended';
    this.#outcome = outcome;
    this.#end = shortened(visible(words), 500);
    this.#moment = { ...this.#moment, inFlight: 0, queued: 0, hosts: [], rowsPerSecond };
    this.#bottleneck = undefined;
    if (outcome === 'done') this.#leaveNothing(this.#before + fetched + failed + skipped);
    this.hosts.look([]);
    this.#state = undefined;
  }

  /** Whoever looked last saw the last rows under way. */
  #leaveNothing(rows: number): void {
    const { workers, units } = this.#moment;
    const nothing = { state: 'gone', units: 0, rowsPerSecond: 0, inFlight: 0, queued: 0 };
    this.#total ??= rows;
    this.#moment = {
      ...this.#moment,
      workers: workers?.map((worker) => ({ ...worker, ...nothing })),
      units: units && { ...units, open: 0, waiting: 0 },
    };
  }

  joined(job: string | undefined): void {
    this.#job = job;
  }

  transition(): void {
    this.#transitions += 1;
  }

  offline(isOffline: boolean): void {
    this.#isOffline = isOffline;
  }

  /** It is told when it begins, and nobody tells when it ends. */
  short(message: string): void {
    this.#shortage = { message, atMs: this.elapsedMs };
  }

  held(bottleneck: Bottleneck | undefined): void {
    this.#bottleneck = bottleneck;
  }

  note(text: string): void {
    this.#notices.push({ atMs: this.#options.clock.wallMs(), text: shortened(visible(text), 500) });
    if (this.#notices.length > MAX_NOTICES) this.#notices.shift();
  }

  /** Call about once a second. */
  look(moment: Moment): void {
    const elapsedMs = this.elapsedMs;
    const sinceMs = elapsedMs - this.#lookedMs;
    if (sinceMs > 0) this.#heldShare = Math.min(1, Math.max(0, moment.heldMs - this.#moment.heldMs) / sinceMs);
    this.show(moment);
    this.#lookedMs = elapsedMs;
    if (!this.#history.isDue(elapsedMs)) return;
    const { inFlight, queued } = moment;
    this.#history.add({
      elapsedMs: Math.round(elapsedMs),
      ...this.#now(),
      inFlight,
      queued,
      hosts: busiestOf(moment.hosts),
    });
  }

  /** As it is now, without a point in the plots. */
  show(moment: Moment): void {
    if (this.#phase === 'ended') return;
    this.#moment = moment;
    this.hosts.look(moment.hosts);
  }

  /** A point of the plots that somebody else has measured. */
  draw(point: HistoryPoint): void {
    this.#history.add(point);
  }

  drawAnew(): void {
    this.#history.clear();
  }

  state(): ServedState {
    const nowMs = this.#options.clock.nowMs();
    if (this.#state === undefined || nowMs - this.#stateMs >= STATE_MS) {
      this.#state = this.#read();
      this.#stateMs = nowMs;
    }
    return this.#state;
  }

  history(): readonly HistoryPoint[] {
    return this.#history.points;
  }

  page(query: HostQuery): HostPage {
    return this.hosts.page(query);
  }

  #now(): { rowsPerSecond: number; bytesPerSecond: number } {
    const { fetched, failed, skipped, bytes } = this.#settled;
    const rows = fetched + failed + skipped;
    const rates = this.#rates.note({ atMs: this.elapsedMs, rows, bytes });
    const { rowsPerSecond } = this.#moment;
    if (rowsPerSecond === undefined) return rates;
    return { rowsPerSecond, bytesPerSecond: rows === 0 ? 0 : (rowsPerSecond * bytes) / rows };
  }

  #read(): ServedState {
    const { kind, output, clock, controls, pictures, picturesRefused } = this.#options;
    const { fetched, failed, skipped, bytes, units: committed, codes } = this.#settled;
    const { inFlight, queued, threads, heldMs, own, workers = [], units, hosts } = this.#moment;
    const rates = this.#now();
    const done = this.#before + fetched + failed + skipped;
    const said = controls();
    const { rowsPerSecond } = rates;
    const total = this.#total ?? (this.#guess && Math.max(this.#guess, done)) ?? this.#byUnits(done);
    const isOver = this.#phase === 'ended';
    const { isPaused } = said;
    const eta = etaOf({ isOver, isPaused, total, done, rowsPerSecond, bottleneck: this.#bottleneck, hosts });
    // What is told to end goes on to do so, whoever had paused it.
    const going = this.#isDraining ? 'draining' : said.isPaused ? 'paused' : this.#phase;
    return {
      ...{ version: VERSION, kind, output: visible(output), job: this.#job, end: this.#end },
      outcome: isOver ? this.#outcome : undefined,
      phase: this.#phase === 'working' ? going : this.#phase,
      ...{ startedAtMs: this.#startedAtMs, atMs: clock.wallMs(), elapsedMs: Math.round(this.elapsedMs) },
      rows: {
        done,
        total: this.#total,
        guess: this.#total === undefined ? total : undefined,
        fetched,
        failed,
        skipped,
      },
      ...{ bytes, ...rates, ...eta },
      ...{ inFlight, queued, threads, heldMs: Math.round(heldMs), own },
      hosts: { seen: this.hosts.seen, busy: this.hosts.busy },
      ...{ transitions: this.#transitions, codes: codes.read(), holding: this.#holding(said.isPaused) },
      ...{ bottleneck: this.#bottleneck, units: { ...units, committed } },
      ...{ workers: workers.slice(0, MAX_WORKERS), notices: [...this.#notices], controls: said },
      ...{ pictures: pictures?.(), picturesRefused },
      history: { points: this.#history.points.length, version: this.#history.version },
    };
  }

  get #short(): string | undefined {
    const { message, atMs = 0 } = this.#shortage ?? {};
    return this.elapsedMs - atMs < SHORTAGE_MS ? message : undefined;
  }

  #holding(isPaused: boolean): Holding {
    if (this.#phase === 'ended') return { by: 'nothing', words: this.#end ?? '' };
    const isStill = isPaused && !this.#isDraining;
    const { inFlight, queued, bodyShare, hosts, own, workers, units, heldBy } = this.#moment;
    const shardsLeft = units?.total === undefined ? undefined : units.total - this.#settled.units;
    const { maxInFlight, cores } = this.#options;
    return whatHolds({
      ...{ isPaused: isStill, isDraining: this.#isDraining, isOffline: this.#isOffline, shortage: this.#short },
      isShortOfDisk: heldBy === 'disk',
      ...{ bottleneck: this.#bottleneck, heldShare: this.#heldShare, bodyShare, hosts, inFlight, queued },
      ...{
        workers: workers?.filter(({ state }) => state !== 'silent').length,
        shardsLeft,
        maxInFlight,
        cores,
        cpu: own?.cpu ?? 0,
        eventLoop: own?.eventLoop ?? 0,
      },
    });
  }

  /** How many rows there are, as far as the shards that are done tell. */
  #byUnits(done: number): number | undefined {
    const { total } = this.#moment.units ?? {};
    const { units } = this.#settled;
    return total === undefined || units === 0 ? undefined : Math.round((done * total) / units);
  }
}
