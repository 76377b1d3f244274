/** Readable of RecordBatch. */
import { addAbortSignal, Readable } from 'node:stream';
import type { RecordBatch } from 'apache-arrow';
import { repeatedUtf8Column } from '../../arrow/columns.ts';
import { textColumn } from '../../arrow/text.ts';
import type { ManifestSettings } from '../../config/types.ts';
import { ClassNumbers, type ClassRule } from '../../dataset/class-numbers.ts';
import { FlowDcError } from '../../errors.ts';
import { ADVICE_CHARS, shortened } from '../../short-text.ts';
import { publish } from '../../telemetry/channels.ts';
import { readRoles, urlColumn } from '../../unit-rows.ts';
import type { TextTypes } from './column-kinds.ts';
import { conform } from './conform.ts';
import type { ManifestInfo } from './manifest-info.ts';
import { ParquetThread } from './parquet-thread.ts';
import { FirstOfClass } from './per-class.ts';
import type { Remotes } from './remote/remotes.ts';
import { countInCell } from './several-values.ts';

/** Warnings that are told; a file may have one per column. */
export const MAX_WARNINGS = 100;

/** What went through so far; files count once their first batch is out. */
export interface ManifestStats {
  readonly rows: number;
  readonly batches: number;
  readonly files: number;
}

/** One input file (or stdin) that is ready to be read. */
export interface OpenFile {
  readonly name: string;
  readonly batches: AsyncIterable<RecordBatch>;
  /** Batches have a column of their rows' numbers within the file: several rows may be made of one. */
  readonly hasSourceRows?: boolean | undefined;
}

/** A manifest that is ready to be read: what is known, and its files. */
export interface OpenManifest {
  readonly info: ManifestInfo;
  readonly files: Iterable<OpenFile>;
  /** How many bytes all of it has, where the files of `info` do not say. */
  readonly ofBytes?: number | undefined;
}

/** Everything that ends with the reader. */
export interface Surroundings {
  readonly thread: ParquetThread;
  readonly signal: AbortSignal;
  /** What finds the files behind URLs. */
  remotes(): Promise<Remotes>;
  /** Of text: longest record. */
  readonly maxRecordBytes: number;
  /** What becomes of a record of text that cannot be read. */
  readonly onBadRow: ManifestSettings['onBadRow'];
  /** Of text: how the types of columns are found. */
  readonly types: TextTypes;
  warn(message: string): void;
  /** More of a text file was read, packed as it is. */
  onBytes(bytes: number): void;
  /** A text file was read to its end. */
  onContent(name: string, sha256: string): void;
  /** Have something done when the reader is through or destroyed. */
  atEnd(cleanUp: () => Promise<void>): void;
}

/** Who is told to stop learns nothing of the input. */
export function stoppedEarly(cause: unknown): FlowDcError {
  return new FlowDcError('FDC_ERR_INTERRUPTED', 'stopped before the first row was read', { cause });
}

/** Something is asked of labels, and there is no column of them. @param key - what asks */
export function needsLabels(key: string): FlowDcError {
  return new FlowDcError('FDC_ERR_MANIFEST_COLUMN', `${key} needs a label column: name it with label (--label COLUMN)`);
}

type Opener = (surroundings: Omit<Surroundings, 'remotes' | 'types'>) => Promise<OpenManifest>;

/**
 * Readable of RecordBatch. Emits `warning` with one line of text for what was odd but readable. Made by readManifest.
 */
export class ManifestReader extends Readable {
  /** Columns, roles and files, as soon as they are known; rejects with what the stream fails with. */
  readonly ready: Promise<ManifestInfo>;
  readonly #limitRows: number;
  readonly #classes: ClassNumbers | undefined;
  readonly #firstOfClass: FirstOfClass | undefined;
  readonly #thread = new ParquetThread();
  readonly #abort = new AbortController();
  #batches: AsyncGenerator<RecordBatch, void> | undefined;
  readonly #warnings: string[] = [];
  /** sha256 of all of a text input, lower-case hex, by name: of those that were read to their end. */
  readonly contents = new Map<string, string>();
  readonly #cleanUps: (() => Promise<void>)[] = [];
  #isReleased = false;
  readonly #stats = { rows: 0, batches: 0, files: 0 };
  #bytes = 0;

  constructor(
    settings: ManifestSettings,
    signal: AbortSignal | undefined,
    classes: ClassRule | undefined,
    open: Opener,
  ) {
    super({ objectMode: true, highWaterMark: 1 });
    this.#limitRows = settings.limitRows ?? Number.POSITIVE_INFINITY;
    this.#classes = classes && new ClassNumbers(classes);
    this.#firstOfClass = settings.perClass === undefined ? undefined : new FirstOfClass(settings.perClass);
    // Not by `super`: a signal that has aborted already would destroy a reader that is not there yet.
    if (signal !== undefined) addAbortSignal(signal, this);
    this.ready = this.#start(open, settings);
    // Who does not ask for it must not be killed by an unhandled rejection: the stream fails with the same error.
    this.ready.catch(() => {});
  }

  stats(): ManifestStats {
    return { ...this.#stats };
  }

  /** Everything that was emitted as `warning` so far. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  override _read(): void {
    // Waits for the inputs to be looked into; a failure there has destroyed the stream already.
    this.ready.then(
      () => this.#pushNext(),
      () => {},
    );
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#abort.abort();
    // Runs the finally blocks of whatever is open; a step that is under way has been aborted, and its error was caused
    // by that.
    this.#batches?.return().catch(() => {});
    this.#release().then(
      () => callback(error),
      (failure: Error) => callback(error ?? failure),
    );
  }

  async #release(): Promise<void> {
    await this.#thread.close();
    for (let cleanUp = this.#cleanUps.shift(); cleanUp !== undefined; cleanUp = this.#cleanUps.shift()) await cleanUp();
    this.#isReleased = true;
  }

  async *#readFiles(manifest: OpenManifest): AsyncGenerator<RecordBatch, void> {
    for (const file of manifest.files) {
      yield* this.#readFile(file, manifest);
      if (this.#stats.rows >= this.#limitRows) break;
    }
    const notice = this.#firstOfClass?.notice;
    if (notice !== undefined) this.#warn(notice);
    if (this.#stats.rows === 0)
      throw new FlowDcError('FDC_ERR_MANIFEST_EMPTY', 'the manifest has columns but no rows: expected at least one');
    const { rows } = this.#stats;
    const bytes = Math.max(1, this.#bytes);
    publish('flow-dc:reading', () => ({ rows, bytes, ofBytes: bytes, mostRows: rows, isEnd: true }));
  }

  async *#readFile(file: OpenFile, { info, ofBytes: told }: OpenManifest): AsyncGenerator<RecordBatch, void> {
    const { schema, shape, files } = info;
    const isKnown = files.every(({ format, bytes }) => format !== 'parquet' && bytes > 0);
    const ofBytes = told ?? (isKnown ? files.reduce((sum, { bytes }) => sum + bytes, 0) : 0);
    const isExploded = shape?.explosion !== undefined;
    let isLooked = false;
    let sourceRow = 0;
    let names = repeatedUtf8Column(file.name, 0);
    for await (const batch of file.batches) {
      const room = this.#limitRows - this.#stats.rows;
      const rows = batch.numRows > room && this.#firstOfClass === undefined ? batch.slice(0, room) : batch;
      if (rows.numRows > names.length) names = repeatedUtf8Column(file.name, rows.numRows);
      const { hasSourceRows } = file;
      const place = { file: names, firstRow: this.#stats.rows, firstSourceRow: sourceRow, hasSourceRows };
      if (rows.numRows === 0) continue;
      if (sourceRow === 0) this.#stats.files++;
      sourceRow += rows.numRows;
      const all = conform(rows, schema, place);
      const own = this.#firstOfClass?.of(all, this.#stats.rows, room) ?? all;
      if (own.numRows === 0) continue;
      this.#stats.rows += own.numRows;
      this.#stats.batches++;
      this.#tell(ofBytes);
      if (!isLooked && !isExploded) this.#saySeveral(file.name, own);
      isLooked = true;
      yield this.#classes?.addTo(own) ?? own;
      if (this.#stats.rows >= this.#limitRows) return;
    }
  }

  /** Of text whose length is known: how many rows there are can be guessed. */
  #tell(ofBytes: number): void {
    if (ofBytes === 0 || this.#bytes === 0) return;
    const { rows } = this.#stats;
    publish('flow-dc:reading', () => ({ rows, bytes: this.#bytes, ofBytes, mostRows: this.#limitRows }));
  }

  /** Of the first batch: cells with several URLs are no URL of any file. */
  #saySeveral(file: string, batch: RecordBatch): void {
    const counts = textColumn(urlColumn(batch)).map((cell) => (cell === null ? 0 : countInCell(cell)));
    const row = counts.findIndex((values) => values > 1);
    if (row < 0) return;
    const { url } = readRoles(batch.schema);
    this.#warn(
      `${file}: ${url} holds ${counts[row]} URLs in row ${row}: --explode makes a row of each; such a cell is one URL now`,
    );
  }

  #pushNext(): void {
    this.#batches?.next().then(
      ({ done, value }) => {
        this.push(done ? null : value);
      },
      (error: Error) => {
        this.destroy(error);
      },
    );
  }

  /**
   * Looks into the inputs at once, whether or not somebody reads: preflight waits for `ready`. Not `_construct`:
   * destroy would wait for it.
   */
  async #start(open: Opener, { maxRecordBytes, onBadRow }: ManifestSettings): Promise<ManifestInfo> {
    const warn = (message: string) => this.#warn(message);
    const atEnd = (cleanUp: () => Promise<void>): void => {
      if (this.#isReleased) cleanUp().catch((error: Error) => warn(error.message));
      else this.#cleanUps.push(cleanUp);
    };
    try {
      const { signal } = this.#abort;
      const onContent = (name: string, sha256: string) => this.contents.set(name, sha256);
      const onBytes = (bytes: number): void => {
        this.#bytes += bytes;
      };
      const about = { maxRecordBytes, onBadRow, warn, onContent, onBytes, atEnd };
      const manifest = await open({ thread: this.#thread, signal, ...about });
      if (this.#firstOfClass !== undefined && manifest.info.roles.label === undefined) throw needsLabels('per_class');
      for (const warning of manifest.info.warnings) warn(warning);
      this.#batches = this.#readFiles(manifest);
      return manifest.info;
    } catch (error) {
      // What was open when the reader was destroyed only says that it was closed.
      const cause = this.errored ?? (this.destroyed ? stoppedEarly(error) : (error as Error));
      this.destroy(cause);
      throw cause;
    }
  }

  #warn(text: string): void {
    const message = shortened(text, ADVICE_CHARS);
    if (this.#warnings.push(message) <= MAX_WARNINGS) this.emit('warning', message);
    else this.#warnings.pop();
  }
}
