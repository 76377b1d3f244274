/** Asks for the size of every row of a sample, through the fetch stage. */
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Clock, systemClock } from '../clock.ts';
import type { RowResult } from '../record.ts';
import { fetchRows, type RowRequest } from '../stages/fetch/fetch-rows.ts';
import type { FetchStageOptions } from '../stages/fetch/settings.ts';
import { HostManners, type MannersOptions, type ProbeKind, type ProbeOutcome } from './host-manners.ts';
import type { SampleRow } from './row-sampler.ts';

/** What the probes of one host have measured. */
export interface HostPace {
  readonly answers: number;
  /** Mean time from request to headers. */
  readonly headersMs: number;
  /** From the first answer's request to the last answer. */
  readonly spanMs: number;
}

export interface ProbeReport {
  /** Of each row of the sample. */
  readonly outcomes: ReadonlyMap<SampleRow, ProbeOutcome>;
  /** Of hosts that answered at all. */
  readonly paces: ReadonlyMap<string, HostPace>;
  /** Questions by kind, retries not counted. */
  readonly asked: Readonly<Record<ProbeKind, number>>;
  /** Hosts whose HEAD tells sizes that are not those of GET. */
  readonly liars: readonly string[];
}

export interface ProberOptions {
  readonly fetch: FetchStageOptions;
  readonly manners: MannersOptions;
  readonly signal?: AbortSignal | undefined;
  /** Told after every row that is through. */
  readonly onDone?: ((done: number) => void) | undefined;
}

interface Probe {
  readonly row: SampleRow;
  readonly kind: ProbeKind;
  readonly check?: number | undefined;
}

interface Host {
  readonly manners: HostManners;
  /** Rows that nothing was asked of yet. */
  readonly waiting: SampleRow[];
  open: number;
  judged: number;
  /** Rows that gave neither a size nor a final no. */
  unresolved: number;
  /** Rows whose size is HEAD's word alone. */
  readonly trusted: SampleRow[];
  answers: number;
  headersMs: number;
  firstMs: number;
  lastMs: number;
}

/** A host's first rows go out by twos: what they show decides how the rest is asked. Chosen. */
const FIRST_ROWS = 2;
/** A host that answered nothing useful so often in a row is left alone: the rest of its sample is not asked. Chosen. */
const GIVE_UP_ROWS = 10;

function requestOf({ kind }: Probe): RowRequest {
  if (kind === 'head') return { wants: 'head' };
  return kind === 'range' ? { wants: 'headers', headers: { range: 'bytes=0-0' } } : {};
}

/**
 * Ask for the size of every row, at the pace, with the limits and by the rules of a download: it is the same fetch
 * stage.
 */
export async function probeRows(rows: readonly SampleRow[], options: ProberOptions): Promise<ProbeReport> {
  return new Prober(options).run(rows);
}

class Prober {
  readonly #options: ProberOptions;
  readonly #clock: Clock;
  /** Probes that the stage has not taken; more come while others are under way, as many as there are rows at most. */
  readonly #queue = new PassThrough({ objectMode: true });
  readonly #hosts = new Map<string, Host>();
  readonly #outcomes = new Map<SampleRow, ProbeOutcome>();
  readonly #asked: Record<ProbeKind, number> = { head: 0, range: 0, whole: 0 };
  #open = 0;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#clock = options.fetch.clock ?? systemClock;
  }

  async run(rows: readonly SampleRow[]): Promise<ProbeReport> {
    for (const row of rows) this.#hostOf(row).waiting.push(row);
    for (const host of this.#hosts.values()) this.#askMore(host);
    if (rows.length > 0) {
      const { signal, fetch } = this.#options;
      const stage = fetchRows<Probe>({ ...fetch, hash: false, url: ({ row }) => row.url, request: requestOf });
      const sending = pipeline(this.#queue, stage, { signal });
      await Promise.all([sending, this.#take(stage)]);
    }
    const hosts = [...this.#hosts];
    return {
      outcomes: this.#outcomes,
      paces: new Map(hosts.filter(([, { answers }]) => answers > 0).map(([name, host]) => [name, paceOf(host)])),
      asked: this.#asked,
      liars: hosts.filter(([, { manners }]) => manners.isLiar).map(([name]) => name),
    };
  }

  #ask(host: Host, probe: Probe): void {
    this.#open += 1;
    host.open += 1;
    this.#asked[probe.kind] += 1;
    this.#queue.write(probe);
  }

  /**
   * Twice as many at once as gave an answer, and two: the stage takes in all it can get, and would ask everything in
   * the first way.
   */
  #askMore(host: Host): void {
    if (host.unresolved >= GIVE_UP_ROWS && host.unresolved === host.judged) host.waiting.length = 0;
    while (host.open < FIRST_ROWS + 2 * (host.judged - host.unresolved)) {
      const row = host.waiting.shift();
      if (row === undefined) return;
      this.#ask(host, { row, kind: host.manners.first });
    }
  }

  async #take(results: AsyncIterable<RowResult<Probe>>): Promise<void> {
    for await (const result of results) {
      result.release();
      this.#measure(result);
      this.#judge(result, this.#hostOf(result.row.row));
      this.#open -= 1;
      if (this.#open === 0) this.#queue.end();
    }
  }

  #judge(result: RowResult<Probe>, host: Host): void {
    const { row, kind, check } = result.row;
    host.open -= 1;
    const verdict = host.manners.judge(kind, result, check);
    if ('next' in verdict) {
      this.#ask(host, { row, kind: verdict.next, check: verdict.check });
    } else {
      this.#outcomes.set(row, verdict.outcome);
      host.judged += 1;
      if (verdict.outcome.kind === 'unresolved') host.unresolved += 1;
      if (kind === 'head' && verdict.outcome.kind === 'sized') host.trusted.push(row);
      this.#options.onDone?.(this.#outcomes.size);
    }
    if (host.manners.isLiar) {
      for (const trusted of host.trusted.splice(0)) {
        this.#outcomes.delete(trusted);
        this.#ask(host, { row: trusted, kind: 'range' });
      }
    }
    this.#askMore(host);
  }

  #measure({ row: { row, kind }, httpStatus, headersMs }: RowResult<Probe>): void {
    if (httpStatus === undefined || headersMs === undefined || kind === 'whole') return;
    const host = this.#hostOf(row);
    const nowMs = this.#clock.nowMs();
    if (host.answers === 0) host.firstMs = nowMs - headersMs;
    host.answers += 1;
    host.headersMs += headersMs;
    host.lastMs = nowMs;
  }

  #hostOf({ host: name }: SampleRow): Host {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      host = {
        manners: new HostManners(this.#options.manners),
        trusted: [],
        waiting: [],
        open: 0,
        judged: 0,
        unresolved: 0,
        answers: 0,
        headersMs: 0,
        firstMs: 0,
        lastMs: 0,
      };
      this.#hosts.set(name, host);
    }
    return host;
  }
}

function paceOf({ answers, headersMs, firstMs, lastMs }: Host): HostPace {
  return { answers, headersMs: headersMs / answers, spanMs: lastMs - firstMs };
}
