/** What the fetch stages hand on: a row's end beside its row, with the body's memory until it is released. */
import type { AnnouncedBody, FetchResult, OpenUnit, RowResult, SpilledBody, UnitRow } from '../../record.ts';
import type { RowCode } from '../../row-codes.ts';
import type { CollectedBody } from './reply/body-collector.ts';
import type { RowEnd } from './row-end.ts';

/** Takes a body back. */
export interface BodyKeeper {
  drop(body: Pick<CollectedBody, 'spilled' | 'reservedBytes'>): void;
}

abstract class Result<Row> implements RowResult<Row> {
  abstract readonly body?: Buffer | SpilledBody | undefined;
  readonly row: Row;
  readonly status: RowEnd['status'];
  readonly code: RowCode | undefined;
  readonly message: string | undefined;
  readonly host: string;
  readonly bytes: number;
  readonly contentType: string | undefined;
  readonly extension: string | undefined;
  readonly httpStatus: number | undefined;
  readonly sha256: string | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly headersMs: number | undefined;
  readonly totalMs: number | undefined;
  readonly queueMs: number | undefined;
  readonly hashMs: number | undefined;
  readonly attempts: number;
  readonly finalUrl: string | undefined;
  readonly fetchedAtMs: number;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly announced: AnnouncedBody | undefined;
  readonly flags: readonly string[] | undefined;
  readonly #keeper: BodyKeeper;
  readonly #held: CollectedBody | undefined;
  #isReleased = false;

  constructor(row: Row, end: RowEnd, fetchedAtMs: number, keeper: BodyKeeper) {
    const { accepted, timing, held } = end;
    this.row = row;
    this.status = end.status;
    this.code = end.code;
    this.message = end.message;
    this.host = end.host;
    this.bytes = held?.size ?? 0;
    this.contentType = accepted?.contentType;
    this.extension = accepted?.extension;
    this.httpStatus = end.httpStatus;
    this.sha256 = accepted?.sha256;
    this.width = accepted?.width;
    this.height = accepted?.height;
    this.headersMs = timing?.headersMs;
    this.totalMs = timing?.serviceMs;
    this.queueMs = end.queueMs;
    this.hashMs = accepted?.hashMs;
    this.attempts = end.attempts;
    this.finalUrl = end.finalUrl;
    this.fetchedAtMs = fetchedAtMs;
    this.etag = end.etag;
    this.lastModified = end.lastModified;
    this.announced = end.announced;
    this.flags = accepted?.flags;
    this.#keeper = keeper;
    this.#held = held;
  }

  get pieces(): readonly Buffer[] {
    return this.#held?.pieces ?? [];
  }

  release(): void {
    if (this.#isReleased || this.#held === undefined) return;
    this.#isReleased = true;
    this.#keeper.drop(this.#held);
  }
}

/** For anybody: the body is an ordinary property, joined. */
class JoinedResult<Row> extends Result<Row> {
  override readonly body: Buffer | SpilledBody | undefined;

  constructor(row: Row, end: RowEnd, fetchedAtMs: number, keeper: BodyKeeper) {
    super(row, end, fetchedAtMs, keeper);
    this.body = end.held === undefined ? undefined : (end.held.spilled ?? joined(end.held.pieces));
  }
}

/** For sinks that write pieces as they came: they are joined only for those who read `body`. */
class PiecedResult<Row> extends Result<Row> {
  readonly #spilled: SpilledBody | undefined;
  #body: Buffer | undefined;

  constructor(row: Row, end: RowEnd, fetchedAtMs: number, keeper: BodyKeeper) {
    super(row, end, fetchedAtMs, keeper);
    this.#spilled = end.held?.spilled;
  }

  override get body(): Buffer | SpilledBody | undefined {
    if (this.#spilled !== undefined || this.status !== 'fetched' || this.announced !== undefined) return this.#spilled;
    this.#body ??= joined(this.pieces);
    return this.#body;
  }
}

function joined(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
}

export type ResultClass = typeof JoinedResult | typeof PiecedResult;

/** Results of rows that belong to no unit. */
export function rowResultClass(bodyRelease: 'on-read' | 'by-sink'): ResultClass {
  return bodyRelease === 'on-read' ? JoinedResult : PiecedResult;
}

/** Give a result its unit. */
export function unitResult(result: RowResult<UnitRow>, unit: OpenUnit): FetchResult {
  return Object.assign(result, { unit });
}
