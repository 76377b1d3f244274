/**
 * What is known of every host of a run, in columns, so that 200,000 of them take some 50 MB and one page of them is found
 * in milliseconds.
 */
import type { Clock } from '../../clock.ts';
import { duration } from '../../format.ts';
import type { HostLoad } from '../../stages/fetch/result-stream.ts';
import { visible } from '../../visible.ts';
import { Latencies } from './latencies.ts';
import { firstOf } from './pick-first.ts';
import type { HostColumn, HostLine, HostPage, HostQuery, HostsNow } from './served-state.ts';

/** Hosts with a line of their own; rows of later ones are counted under one name. */
const MAX_HOSTS = 262_144;
/** No host has such a name. */
export const OTHERS = '(other hosts)';
/** Two people who look at the same page cost one search of it. */
const KEEP_MS = 1900;
/** Of the time, that searching for one part may take: far behind in a long table it costs a sort. */
const SHARE = 0.01;
const MAX_KEPT = 16;

/** Of one host. */
interface Line {
  readonly host: string;
  /** In lower case, for the search. */
  readonly searched: string;
  fetched: number;
  failed: number;
  skipped: number;
  bytes: number;
  refused: number;
  state: string;
  code: string | undefined;
  now: HostLoad | undefined;
}

interface Kept {
  readonly untilMs: number;
  readonly page: HostPage;
}

export class HostBook {
  readonly #clock: Clock;
  readonly #lines: Line[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #latencies = new Latencies();
  readonly #all = { rows: 0, bytes: 0, refused: 0 };
  readonly #kept = new Map<string, Kept>();
  /** Until when hosts have given what they may, by the wall clock; there are quotas of a thousand at most. */
  readonly #quotas = new Map<string, number>();
  #busy: Line[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get seen(): number {
    return this.#lines.length;
  }

  /** With rows now. */
  get busy(): number {
    return this.#busy.length;
  }

  /** Whether there is a line of that name. */
  has(host: string): boolean {
    return this.#numbers.has(host);
  }

  row(host: string, status: 'fetched' | 'failed' | 'skipped', code: string | undefined, bytes: number): void {
    const line = this.#line(host);
    line[status] += 1;
    line.bytes += bytes;
    this.#all.rows += 1;
    this.#all.bytes += bytes;
    if (status !== 'fetched') line.code = code;
  }

  /** A request ended. */
  attempt(host: string, code: string | undefined, headersMs: number): void {
    const number = this.#number(host);
    if (code === undefined) this.#latencies.add(number, headersMs);
    else if (code === 'http_429' || code === 'http_503') {
      this.#at(number).refused += 1;
      this.#all.refused += 1;
    }
  }

  /** Requests that others have counted. @param counted - bucket, how many, bucket, how many, and so on */
  latencies(host: string, counted: readonly number[]): void {
    const number = this.#number(host);
    for (let at = 0; at + 1 < counted.length; at += 2)
      this.#latencies.addCounted(number, counted[at] as number, counted[at + 1] as number);
  }

  state(host: string, state: string): void {
    this.#line(host).state = state;
  }

  quota(host: string, untilMs: number): void {
    this.#quotas.set(host, untilMs);
  }

  /** What all hosts with rows do now; those that are not among them have none. */
  look(hosts: readonly HostLoad[]): void {
    for (const line of this.#busy) line.now = undefined;
    this.#busy = hosts.map((now) => {
      const line = this.#line(now.host);
      line.now = now;
      return line;
    });
  }

  /** As of now, and not of a moment ago. */
  busiest(most: number, others: Iterable<string>): HostsNow {
    const keyOf = (place: number): number => this.#busy[place]?.now?.inFlight ?? 0;
    const { first } = firstOf(this.#busy.length, keyOf, false, most);
    const hosts = new Set([...first.map((place) => (this.#busy[place] as Line).host), ...others]);
    hosts.delete(OTHERS);
    const numbers = [...hosts].map((host) => this.#numbers.get(host)).filter((number) => number !== undefined);
    return { lines: numbers.map((number) => this.#shown(number)), all: { ...this.#all } };
  }

  page(query: HostQuery): HostPage {
    const nowMs = this.#clock.nowMs();
    const key = JSON.stringify(query);
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.untilMs > nowMs) return kept.page;
    const page = this.#search(query);
    const tookMs = this.#clock.nowMs() - nowMs;
    this.#kept.delete(key);
    this.#kept.set(key, { untilMs: nowMs + Math.max(KEEP_MS, tookMs / SHARE), page });
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value as string);
    return page;
  }

  #search({ sort, isRising, search, offset, limit }: HostQuery): HostPage {
    const wanted = search.toLowerCase();
    const fits = (number: number): boolean => wanted === '' || this.#at(number).searched.includes(wanted);
    const keyOf = this.#keyOf(sort);
    const sorted = (number: number): number | string | undefined => (fits(number) ? keyOf(number) : undefined);
    const { found, first } = firstOf(this.#lines.length, sorted, isRising, offset + limit);
    return { found, offset, lines: first.slice(offset, offset + limit).map((number) => this.#shown(number)) };
  }

  /** What is sorted by. */
  #keyOf(column: HostColumn): (number: number) => number | string {
    if (column === 'host') return (number) => this.#at(number).host;
    if (column === 'state') return (number) => this.#stateOf(this.#at(number));
    return (number) => this.#value(number, column);
  }

  #value(number: number, column: Exclude<HostColumn, 'host' | 'state'>): number {
    const line = this.#at(number);
    switch (column) {
      case 'limit':
      case 'inFlight':
      case 'waiting':
        return line.now?.[column] ?? -1;
      case 'p50Ms':
        return this.#latencies.quantile(number, 0.5) ?? -1;
      case 'p95Ms':
        return this.#latencies.quantile(number, 0.95) ?? -1;
      case 'fetched':
      case 'failed':
      case 'bytes':
      case 'refused':
        return line[column];
    }
  }

  #shown(number: number): HostLine {
    const line = this.#at(number);
    const { host, fetched, failed, skipped, bytes, refused, code, now } = line;
    return {
      ...{ host, fetched, failed, skipped, bytes, refused, code },
      state: this.#stateOf(line),
      limit: now?.limit,
      inFlight: now?.inFlight ?? 0,
      waiting: now?.waiting ?? 0,
      p50Ms: this.#latencies.quantile(number, 0.5),
      p95Ms: this.#latencies.quantile(number, 0.95),
      waitsFor: now === undefined ? '' : waitsFor(now, this.#stateOf(line)),
    };
  }

  #stateOf({ host, now, state }: Line): string {
    if (now === undefined) return 'idle';
    if (!now.isPaused) return state;
    return state === 'quota' || (this.#quotas.get(host) ?? 0) > this.#clock.wallMs() ? 'quota' : 'paused';
  }

  #line(host: string): Line {
    return this.#at(this.#number(host));
  }

  #at(number: number): Line {
    return this.#lines[number] as Line;
  }

  #number(host: string): number {
    const known = this.#numbers.get(host);
    if (known !== undefined) return known;
    if (this.#lines.length >= MAX_HOSTS && host !== OTHERS) return this.#number(OTHERS);
    const number = this.#lines.length;
    this.#numbers.set(host, number);
    const counts = { fetched: 0, failed: 0, skipped: 0, bytes: 0, refused: 0 };
    const shown = visible(host);
    this.#lines.push({
      host: shown,
      searched: shown.toLowerCase(),
      ...counts,
      state: 'new',
      code: undefined,
      now: undefined,
    });
    return number;
  }
}

/**
 * What the rows of a host wait for, in words.
 * @param state - `quota` where it is quiet for having given what it may
 */
export function waitsFor(now: HostLoad, state: string): string {
  const { waiting, inFlight, limit, isPaused, pausedMs, allowedPerSecond } = now;
  if (waiting === 0) return inFlight > 0 ? 'answers' : '';
  if (isPaused && state === 'quota')
    return pausedMs === undefined ? 'its quota' : `its quota, ${duration(pausedMs)} more`;
  if (pausedMs !== undefined) return `it refuses for ${duration(pausedMs)} more`;
  if (isPaused) return limit < 1 ? 'a limit of 0' : 'its pause';
  if (inFlight >= limit) return 'its limit';
  if (allowedPerSecond !== undefined) return `its rate, ${Math.round(allowedPerSecond * 10) / 10}/s`;
  return 'its turn';
}
