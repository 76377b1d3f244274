/**
 * Which hosts have series of their own, and what each counts. Hosts come and go among the busiest, and no counter may
 * fall by that: what a host had before it got its series stays with the others.
 */
import { OTHERS } from '../watch/host-book.ts';
import type { HostCounts, HostLine, HostsNow, ServedState } from '../watch/served-state.ts';
import type { HostFigures } from './metric-table.ts';

/** Hosts that get series when they are busiest; those that were keep theirs while there are not more of both. */
const BUSIEST = 20;
const MOST = 40;

const COUNTS = ['rows', 'bytes', 'refused'] as const;
type Counts = { -readonly [name in keyof HostCounts]: number };

/** Of one host: what it had when it was last looked at, and how much of that is in its own series. */
interface Series {
  readonly seen: Counts;
  readonly own: Counts;
}

export class HostSeries {
  /** Those that were among the busiest last are last. */
  readonly #series = new Map<string, Series>();
  /** All that was ever counted with the others. */
  readonly #others: Counts = { rows: 0, bytes: 0, refused: 0 };
  /** Of all hosts, when they were last looked at. */
  readonly #all: Counts = { rows: 0, bytes: 0, refused: 0 };

  read(
    busiest: (most: number, others: Iterable<string>) => HostsNow,
    { kind, inFlight, queued }: Pick<ServedState, 'kind' | 'inFlight' | 'queued'>,
  ): HostFigures[] {
    const { lines, all } = busiest(BUSIEST, this.#series.keys());
    const fresh: Counts = { rows: 0, bytes: 0, refused: 0 };
    for (const name of COUNTS) {
      fresh[name] = Math.max(0, all[name] - this.#all[name]);
      this.#all[name] = Math.max(this.#all[name], all[name]);
    }
    // Those that have series first: what is new beyond theirs is of the others, or of those that get theirs now.
    const [known, joining] = [
      lines.filter(({ host }) => this.#series.has(host)),
      lines.filter(({ host }) => !this.#series.has(host)),
    ];
    for (const line of known) this.#count(line, fresh);
    for (const line of joining) {
      this.#series.set(line.host, { seen: { rows: 0, bytes: 0, refused: 0 }, own: { rows: 0, bytes: 0, refused: 0 } });
      this.#count(line, fresh);
    }
    for (const name of COUNTS) this.#others[name] += fresh[name];
    for (const { host } of lines.slice(0, BUSIEST).reverse()) this.#touch(host);
    for (const host of [...this.#series.keys()].slice(0, Math.max(0, this.#series.size - MOST)))
      this.#series.delete(host);
    const shown = lines.filter(({ host }) => this.#series.has(host));
    const besides = (sum: number, of: (line: HostLine) => number): number =>
      Math.max(0, sum - shown.reduce((total, line) => total + of(line), 0));
    // A job's workers tell of their hosts what they do, and not what they did.
    const isCounted = kind !== 'submit' && kind !== 'job';
    const own = shown.map((line) => ({ ...line, counted: isCounted ? this.#series.get(line.host)?.own : undefined }));
    const others = {
      ...{ host: OTHERS, counted: isCounted ? this.#others : undefined },
      inFlight: besides(inFlight, (line) => line.inFlight),
      waiting: besides(queued, (line) => line.waiting),
    };
    return [...own, others];
  }

  /** @param fresh - what nobody has counted yet */
  #count({ host, fetched, failed, skipped, bytes, refused }: HostLine, fresh: Counts): void {
    const { seen, own } = this.#series.get(host) as Series;
    const now: Counts = { rows: fetched + failed + skipped, bytes, refused };
    for (const name of COUNTS) {
      const more = Math.min(fresh[name], Math.max(0, now[name] - seen[name]));
      own[name] += more;
      fresh[name] -= more;
      seen[name] = Math.max(seen[name], now[name]);
    }
  }

  #touch(host: string): void {
    const series = this.#series.get(host);
    if (series === undefined) return;
    this.#series.delete(host);
    this.#series.set(host, series);
  }
}
