/**
 * A parquet file that grows while its samples arrive. Bodies go to the file as they come, as pages of the first column;
 * what else is known of them is written behind them, row group by row group, so that of a row group nothing but that is
 * held in memory.
 */

import type { RecordBatch } from 'apache-arrow';
import type { Clock } from '../../clock.ts';
import { type MediaColumn, mediaMetadata, type StoredRow } from '../../dataset/data-table.ts';
import { encodeParquet } from '../../dataset/parquet-file.ts';
import type { StagedFile } from '../../destination/destination.ts';
import { MediaFrame } from '../../parquet/media-frame.ts';
import { MAX_VALUE_BYTES } from '../../parquet/pages.ts';
import { LibraryFile } from '../../parquet/spliced-file.ts';
import type { Artifact, FetchResult, SpilledBody } from '../../record.ts';
import type { LentBody } from './early-file.ts';
import type { OrderedShard } from './ordered-samples.ts';
import { readSpilled, type SampleEvents } from './sample-container.ts';

/** Gathered before a write. */
const WRITE_BYTES = 1024 * 1024;
/** Of bodies in a row group: what Hugging Face recommends for images. */
const GROUP_BYTES = 100_000_000;
/** More make one row group of the library's file two. */
const GROUP_ROWS = 20_000;

export interface ParquetShardOptions {
  readonly media: MediaColumn;
  /** See dataTable. */
  readonly table: (rows: readonly StoredRow[]) => RecordBatch;
  readonly groupBytes?: number;
}

interface Added {
  readonly result: FetchResult;
  readonly name: string;
  /** Its body, where that was put aside. */
  readonly lent: LentBody | undefined;
}

export class ParquetShard implements OrderedShard {
  writeMs = 0;
  readonly #file: StagedFile;
  readonly #options: ParquetShardOptions;
  readonly #events: SampleEvents;
  readonly #clock: Clock;
  readonly #frame = new MediaFrame();
  /** Added and not being written yet. */
  #added: Added[] = [];
  #bytes = 0;
  /** Of the row group that is being written. */
  #rows: StoredRow[] = [];
  #groupBytes = 0;
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(file: StagedFile, options: ParquetShardOptions, events: SampleEvents, clock: Clock) {
    this.#file = file;
    this.#options = options;
    this.#events = events;
    this.#clock = clock;
  }

  add(result: FetchResult, stem: string, extension: string, _options?: undefined, lent?: LentBody): string {
    const { bytes, pieces = [], row, unit } = result;
    if (bytes > MAX_VALUE_BYTES)
      throw new RangeError(`unit ${unit.id}, row ${row.row}: ${bytes} bytes are too many for a value in parquet`);
    // Reading the body joins its pieces.
    if (lent === undefined && pieces.length === 0 && result.body === undefined)
      throw new TypeError(`unit ${unit.id}, row ${row.row}: expected a body with status fetched`);
    const name = `${stem}.${extension}`;
    this.#added.push({ result, name, lent });
    this.#bytes += bytes;
    if (this.#bytes >= WRITE_BYTES) void this.flush();
    return name;
  }

  get hasUnwritten(): boolean {
    return this.#added.length > 0;
  }

  /** See TarShard. */
  flush(): Promise<void> {
    if (this.#failure === undefined) this.#writing ??= this.#write().finally(() => this.#written());
    return this.#writing ?? Promise.resolve();
  }

  async close(): Promise<Artifact> {
    while (this.#writing !== undefined || this.hasUnwritten || this.#failure !== undefined) {
      if (this.#failure !== undefined) throw this.#failure;
      await this.flush();
    }
    if (this.#rows.length > 0) await this.#endGroup();
    await this.#file.write(this.#frame.end(() => new LibraryFile(this.#encode()).foot));
    return this.#file.close();
  }

  async abandon(): Promise<void> {
    this.#failure ??= new Error('the shard was abandoned');
    await this.#writing;
    this.#events.onSettled(settledNow(this.#added.splice(0)));
  }

  #written(): void {
    this.#writing = undefined;
    if (this.#bytes >= WRITE_BYTES) void this.flush();
  }

  /** Never rejects: whoever adds hears of a failure from its event. */
  async #write(): Promise<void> {
    const added = this.#added;
    this.#added = [];
    this.#bytes = 0;
    const startMs = this.#clock.nowMs();
    try {
      await this.#writePages(added);
    } catch (error) {
      this.#failure = error as Error;
      this.#events.onError(this.#failure);
    }
    this.writeMs += this.#clock.nowMs() - startMs;
    this.#events.onSettled(settledNow(added));
  }

  async #writePages(added: readonly Added[]): Promise<void> {
    let chunks: Uint8Array[] = [];
    let bytes = 0;
    const gather = (chunk: Uint8Array): void => {
      chunks.push(chunk);
      bytes += chunk.byteLength;
    };
    const flush = async (): Promise<void> => {
      const written = chunks;
      [chunks, bytes] = [[], 0];
      if (written.length > 0) await this.#file.write(written);
    };
    for (const { result, name, lent } of added) {
      for (const chunk of this.#frame.body(result.bytes)) gather(chunk);
      const spilled = lent === undefined ? spilledBody(result) : undefined;
      if (spilled === undefined) for (const piece of lent ? [await lent.read()] : piecesOf(result)) gather(piece);
      else {
        await flush();
        for await (const chunk of readSpilled(spilled)) await this.#file.write([chunk]);
      }
      this.#rows.push(storedRow(result, name));
      this.#groupBytes += 4 + result.bytes;
      const isFull = this.#groupBytes >= (this.#options.groupBytes ?? GROUP_BYTES) || this.#rows.length >= GROUP_ROWS;
      if (isFull || bytes >= WRITE_BYTES) await flush();
      if (isFull) await this.#endGroup();
    }
    await flush();
  }

  async #endGroup(): Promise<void> {
    const rows = this.#rows;
    const library = new LibraryFile(this.#encode());
    await this.#file.write(
      this.#frame.group(
        library,
        rows.map(({ name }) => name),
      ),
    );
    this.#rows = [];
    this.#groupBytes = 0;
  }

  /** The row group as the library writes it, with empty bodies. */
  #encode(): Uint8Array {
    const { table, media } = this.#options;
    return encodeParquet(table(this.#rows), new Map(mediaMetadata(media)));
  }
}

function spilledBody(result: FetchResult): SpilledBody | undefined {
  if ((result.pieces ?? []).length > 0) return undefined;
  const { body } = result;
  return body !== undefined && 'path' in body ? body : undefined;
}

function piecesOf(result: FetchResult): readonly Uint8Array[] {
  const { pieces = [] } = result;
  return pieces.length > 0 ? pieces : [result.body as Uint8Array];
}

/** Without what holds the body. */
function storedRow({ row, sha256, width, height, bytes, contentType }: FetchResult, name: string): StoredRow {
  return { row, name, sha256, width, height, bytes, contentType };
}

/** Of a body that was put aside the result was settled then. */
function settledNow(added: readonly Added[]): FetchResult[] {
  return added.flatMap(({ result, lent }) => (lent === undefined ? result : []));
}
