/** A row on its way through the engine. */

import { hostOf, parseUrl } from '../../host/host.ts';
import type { AnnouncedBody } from '../../record.ts';
import type { RowCode } from '../../row-codes.ts';
import type { AcceptedBody } from './reply/accept-body.ts';
import type { AttemptEnd, Timing } from './reply/attempt.ts';

/** A row on its way through the engine: where it is now, and what it has cost so far. */
export interface Work {
  readonly task: FetchTask;
  readonly firstHost: string;
  readonly startUrl: URL;
  url: URL;
  host: string;
  hops: number;
  attempts: number;
  errors: number;
  deferrals: number;
  staleConnections: number;
  /** Since when the row waits to be sent, and how long it has waited for its sends so far. */
  waitingSinceMs: number;
  queueMs: number;
}

/** A row that has not been tried yet. */
export function newWork(task: FetchTask, url: URL, nowMs: number): Work {
  const host = url.host;
  const counts = {
    hops: 0,
    attempts: 0,
    errors: 0,
    deferrals: 0,
    staleConnections: 0,
    waitingSinceMs: nowMs,
    queueMs: 0,
  };
  return { task, firstHost: host, startUrl: url, url, host, ...counts };
}

/** How a row ends that asked for headers only, and got them. */
export function announcedEnd(work: Work, end: AttemptEnd & { kind: 'headers' }): RowEnd {
  const { firstHost, attempts, url } = work;
  const { status, announced } = end;
  return {
    status: 'fetched',
    host: firstHost,
    httpStatus: status,
    timing: end,
    attempts,
    finalUrl: url.href,
    announced,
    reservedBytes: 0,
  };
}

/** How a row ends whose body was accepted. */
export function fetchedEnd(
  work: Work,
  end: AttemptEnd & { kind: 'body' },
  accepted: AcceptedBody,
  reservedBytes: number,
): RowEnd {
  const { etag, lastModified } = end.headers;
  return {
    status: 'fetched',
    host: work.firstHost,
    accepted,
    httpStatus: end.status,
    timing: end,
    attempts: work.attempts,
    finalUrl: work.url.href,
    queueMs: work.queueMs,
    reservedBytes,
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
}

/** How a row ends that is given up. @param end - its last attempt, if there was one */
export function failedEnd(
  work: Work,
  {
    code,
    message,
    status,
  }: { readonly code: RowCode; readonly message: string; readonly status: 'failed' | 'skipped' },
  end?: AttemptEnd,
): RowEnd {
  const httpStatus = end !== undefined && 'status' in end ? end.status : undefined;
  return {
    status,
    code,
    message,
    host: work.firstHost,
    attempts: work.attempts,
    queueMs: work.queueMs,
    reservedBytes: 0,
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(end === undefined ? {} : { timing: end }),
    ...(work.hops === 0 ? {} : { finalUrl: work.url.href }),
  };
}

/** How a row ended, without the row: the caller adds its own. */
export interface RowEnd {
  readonly status: 'fetched' | 'failed' | 'skipped';
  readonly code?: RowCode;
  readonly message?: string;
  readonly host: string;
  readonly accepted?: AcceptedBody;
  readonly httpStatus?: number;
  readonly timing?: Timing;
  readonly attempts: number;
  /** Time from the row's arrival to its sends, pauses between attempts included; absent when it was never queued. */
  readonly queueMs?: number;
  readonly finalUrl?: string;
  readonly etag?: string;
  readonly lastModified?: string;
  /** Of a request for headers only: what they tell of the body. */
  readonly announced?: AnnouncedBody;
  /** Bytes of the body budget that the row still holds. */
  readonly reservedBytes: number;
}

export interface FetchTask {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** HEAD, or a GET that is over when its headers are here; a GET with its body by default. */
  readonly wants?: 'head' | 'headers';
  /** Asked when the row's turn comes. */
  isDropped(): boolean;
  /** Called exactly once, unless the row was dropped. */
  end(end: RowEnd): void;
  /** Registers how to stop the attempt in flight, and how many there have been with it; replaced with each attempt. */
  onAbortable?(abort: () => void, attempts: number): void;
}

/** How a row ends whose URL cannot be requested at all. */
export function refusedUrl(url: string): RowEnd {
  const scheme = /^\s*([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  const isOther = scheme !== undefined && scheme !== 'http' && scheme !== 'https' && parseUrl(url) !== undefined;
  return {
    status: 'failed',
    code: isOther ? 'unsupported_scheme' : 'invalid_url',
    message: isOther
      ? `${scheme}: URLs cannot be fetched`
      : url === ''
        ? 'the URL is empty'
        : 'the URL cannot be parsed',
    host: hostOf(url),
    attempts: 0,
    reservedBytes: 0,
  };
}
