/** A manifest's rows counted by host. */
import { type Data, DataType, type Utf8, type Vector } from 'apache-arrow';
import { textColumn } from '../arrow/text.ts';
import { ByteTable } from '../structures/byte-table.ts';
import { Counts } from '../structures/counts.ts';
import { INVALID_HOST } from './host.ts';
import { UrlHosts } from './url-hosts.ts';

/** Id of the pseudo-host of rows whose URL cannot be fetched. */
export const INVALID_HOST_ID = 0;

/** A host as `name[:port]`, and how many rows have it. */
export interface HostCount {
  readonly host: string;
  readonly rows: number;
}

/**
 * Counts a manifest's rows by host, batch by batch, reading hosts off the bytes of the URL column. Hosts are numbered
 * from 1 by first appearance; 0 is `!invalid`. Every answer is `hostOf`'s. Holds some 50 bytes per host and nothing per
 * row.
 */
export class HostCensus {
  readonly #names = new ByteTable();
  readonly #urls = new UrlHosts(this.#names);
  readonly #counts = new Counts();
  #rows = 0;

  constructor() {
    this.#names.internText(INVALID_HOST);
  }

  /** Rows counted so far, invalid ones included. */
  get rows(): number {
    return this.#rows;
  }

  /** Rows whose URL is null or names neither a host nor a bucket. */
  get invalidRows(): number {
    return this.#counts.of(INVALID_HOST_ID);
  }

  /** Different hosts seen; ids run to this number, inclusive. */
  get hosts(): number {
    return this.#names.size - 1;
  }

  /** Count a column of URLs of any text type. Returns the host id of every row. */
  add(urls: Data): Int32Array {
    const ids = this.read(urls);
    this.#counts.addAll(ids, this.#names.size);
    this.#rows += ids.length;
    return ids;
  }

  /** The host id of every row, as `add`, without counting the rows. */
  read(urls: Data): Int32Array {
    const { type } = urls;
    if (
      DataType.isUtf8(type) ||
      DataType.isBinary(type) ||
      DataType.isLargeUtf8(type) ||
      DataType.isLargeBinary(type)
    ) {
      return this.#urls.read(urls);
    }
    if (DataType.isDictionary(type)) return this.#readDictionary(urls);
    return Int32Array.from(textColumn(urls), (url) => this.#urls.readText(url ?? ''));
  }

  /** Names of hosts by id, as a column; null for `!invalid`. */
  hostColumn(ids: Int32Array): Data<Utf8> {
    return this.#names.column(ids, INVALID_HOST_ID);
  }

  hostName(id: number): string {
    return this.#names.text(id);
  }

  rowsOf(id: number): number {
    return this.#counts.of(id);
  }

  /** The hosts with most rows, most first, equal ones by first appearance; `!invalid` is none of them. */
  top(n: number): HostCount[] {
    const ranked = this.#counts.ranked(1, this.#names.size).subarray(0, n);
    return Array.from(ranked, (id) => ({ host: this.hostName(id), rows: this.rowsOf(id) }));
  }

  /** Only words that rows use: a dictionary may hold words of other batches, and hosts of those must not appear. */
  #readDictionary(urls: Data): Int32Array {
    const words = (urls.dictionary as Vector).data.flatMap((chunk) => textColumn(chunk));
    const known = new Int32Array(words.length).fill(-1);
    return Int32Array.from({ length: urls.length }, (_, row) => {
      if (!urls.getValid(row)) return INVALID_HOST_ID;
      const word = Number(urls.values[row]);
      if (known[word] === -1) known[word] = this.#urls.readText(words[word] ?? '');
      return known[word] as number;
    });
  }
}
