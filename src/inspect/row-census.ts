/** Everything that is counted of a manifest row by row, and its first rows as they are. */
import type { Data, RecordBatch } from 'apache-arrow';
import { textColumn } from '../arrow/text.ts';
import { hostOf, INVALID_HOST, isStored } from '../host/host.ts';
import type { ManifestColumn } from '../stages/manifest/manifest-info.ts';
import { withoutSecrets } from '../without-secrets.ts';
import { type BadUrlKind, badUrlKind } from './bad-url.ts';
import type { BadUrlGroup, BadUrls, Duplicates, HostMix, LabelMix, ManifestInspection, Share } from './inspection.ts';
import { DistinctCount, FrequentTexts } from './text-counts.ts';

/** Hosts and labels that are listed. */
const LISTED = 20;
/** Longest text of a value that is shown. */
const MAX_CHARACTERS = 80;

/** Everything that is counted row by row, in bounded memory. */
export class RowCensus {
  readonly #hosts = new FrequentTexts();
  readonly #labels = new FrequentTexts();
  readonly #urls = new DistinctCount();
  readonly #bad = new Map<BadUrlKind, { -readonly [K in keyof BadUrlGroup]: BadUrlGroup[K] }>();
  readonly #schemes = { http: 0, https: 0, stored: 0, other: 0 };
  readonly #allowS3: boolean;
  #rows = 0;
  #badRows = 0;
  #nullLabels = 0;

  /** @param allowS3 - whether rows of object stores will be fetched */
  constructor(allowS3 = false) {
    this.#allowS3 = allowS3;
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
    const stored = isStored(url);
    if (stored) this.#schemes.stored += 1;
    if (host === INVALID_HOST || (stored && !this.#allowS3)) return badUrlKind(url, this.#allowS3);
    if (!stored) this.#schemes[/^\s*https/i.test(url) ? 'https' : 'http'] += 1;
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

  get schemes(): ManifestInspection['schemes'] {
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

  #mix(tally: FrequentTexts, ofRows: number): { count: number; exact: boolean; error: number; top: Share[] } {
    const top = tally
      .top(LISTED)
      .map(({ text, rows }) => ({ name: shortText(text), rows, share: Math.min(1, rows / ofRows) }));
    return { count: tally.size, exact: tally.isExact, error: tally.error, top };
  }
}

/** The first `count` rows of a batch, by column: values as text of at most 80 characters, null for null. */
export function sampleRows(
  batch: RecordBatch,
  columns: readonly ManifestColumn[],
  count: number,
): Record<string, string | null>[] {
  const head = batch.slice(0, count);
  const columnOf = new Map(head.schema.fields.map(({ name }, i) => [name, head.data.children[i] as Data]));
  const texts = columns.map(({ name }) => [name, textColumn(columnOf.get(name) as Data)] as const);
  return Array.from({ length: head.numRows }, (_, row) =>
    Object.fromEntries(texts.map(([name, values]) => [name, values[row] == null ? null : shortText(values[row])])),
  );
}

/** A column of a batch as text. */
export function textOf(batch: RecordBatch, column: string): (string | null)[] {
  const index = batch.schema.fields.findIndex(({ name }) => name === column);
  return textColumn(batch.data.children[index] as Data);
}

/** At most 80 characters on one line, without secrets in URLs; what was cut is said by an ellipsis. */
function shortText(whole: string): string {
  const text = withoutSecrets(whole);
  const line = text.length > 4 * MAX_CHARACTERS ? text.slice(0, 4 * MAX_CHARACTERS) : text;
  const characters = [...line.replace(/\s+/g, ' ')];
  return characters.length > MAX_CHARACTERS
    ? `${characters.slice(0, MAX_CHARACTERS - 1).join('')}…`
    : characters.join('');
}
