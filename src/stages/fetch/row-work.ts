/** A row on its way through the engine. */
import type { RowCode } from '../../row-codes.ts';
import type { FetchTask, RowEnd } from './fetch-task.ts';
import type { AcceptedBody } from './reply/accept-body.ts';
import type { AttemptEnd } from './reply/attempt.ts';

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
