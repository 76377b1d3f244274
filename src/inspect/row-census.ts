/** Everything that is counted row by row. */
import { hostOf } from '../host/host.ts';
import { DistinctCount } from '../structures/distinct-count.ts';
import { type BadUrlKind, badUrlKind } from './bad-url.ts';
import type { BadUrlGroup, BadUrls, Duplicates, HostMix, LabelMix, Share } from './inspection.ts';
import { shortText } from './sample-rows.ts';
import { createTextTally, type TextTally } from './text-tally.ts';

/** Hosts and labels that are listed. */
const LISTED = 20;

type Tally = TextTally & { readonly error: number };

/** Everything that is counted row by row, in bounded memory. */
export class RowCensus {
  readonly #hosts: Tally;
  readonly #labels: Tally;
  readonly #urls = new DistinctCount();
  readonly #bad = new Map<BadUrlKind, { -readonly [K in keyof BadUrlGroup]: BadUrlGroup[K] }>();
  readonly #schemes = { http: 0, https: 0, other: 0 };
  #rows = 0;
  #badRows = 0;
  #nullLabels = 0;

  constructor(createTally: () => Tally = createTextTally) {
    this.#hosts = createTally();
    this.#labels = createTally();
  }

  get rows(): number {
    return this.#rows;
  }

  /** @param label - undefined without a label column */
  add(url: string | null, label: string | null | undefined): void {
    const row = this.#rows++;
    if (label === null) this.#nullLabels += 1;
    else if (label !== undefined) this.#labels.add(label);
    const kind = url === null ? 'missing' : this.#addUrl(url);
    if (kind !== undefined) this.#addBad(kind, url, row);
  }

  #addUrl(url: string): BadUrlKind | undefined {
    const host = hostOf(url);
    if (host.startsWith('!')) return badUrlKind(url);
    this.#schemes[/^\s*https/i.test(url) ? 'https' : 'http'] += 1;
    this.#hosts.add(host);
    this.#urls.add(url);
    return undefined;
  }

  #addBad(kind: BadUrlKind, url: string | null, row: number): void {
    this.#badRows += 1;
    if (kind === 'other_scheme') this.#schemes.other += 1;
    const group = this.#bad.get(kind);
    if (group === undefined)
      this.#bad.set(kind, { kind, rows: 1, exampleRow: row, example: url === null ? null : shortText(url) });
    else group.rows += 1;
  }

  get schemes(): { readonly http: number; readonly https: number; readonly other: number } {
    return { ...this.#schemes };
  }

  hosts(): HostMix {
    const mix = this.#mix(this.#hosts, this.#rows - this.#badRows);
    return { ...mix, largestShare: mix.top[0]?.share ?? 0 };
  }

  labels(): LabelMix {
    return { ...this.#mix(this.#labels, this.#rows - this.#nullLabels), nulls: this.#nullLabels };
  }

  duplicates(): Duplicates {
    const rows = this.#rows - this.#badRows;
    // An estimate may be above what is possible.
    const distinctUrls = Math.min(rows, this.#urls.size);
    return { distinctUrls, rows: rows - distinctUrls, exact: this.#urls.isExact };
  }

  badUrls(): BadUrls {
    return { rows: this.#badRows, kinds: [...this.#bad.values()].sort((a, b) => b.rows - a.rows) };
  }

  #mix(tally: Tally, ofRows: number): { count: number; exact: boolean; error: number; top: Share[] } {
    const top = tally
      .top(LISTED)
      .map(({ text, rows }) => ({ name: shortText(text), rows, share: Math.min(1, rows / ofRows) }));
    return { count: tally.size, exact: tally.isExact, error: tally.error, top };
  }
}
