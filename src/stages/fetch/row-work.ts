/** A row on its way through the engine: what is asked, where it is now, what it has cost so far, how it ends. */
import { type RowCode, statusOf } from '../../row-codes.ts';
import type { BucketAccess } from '../../store/s3/bucket-access.ts';
import { otherExtension } from './other-extension.ts';
import type { AcceptedBody } from './reply/accept-body.ts';
import type { AttemptEnd, FailedAttempt } from './reply/attempt-terms.ts';
import type { CollectedBody } from './reply/body-collector.ts';
import { RowCookies } from './row-cookies.ts';
import { NOTHING, type RowEnd } from './row-end.ts';
import { MAX_STALE_CONNECTIONS } from './schedule/retry-policy.ts';

/** A request under way that can be stopped. */
export interface Stoppable {
  /** @returns false when it had ended already */
  stop(): boolean;
}

export interface FetchTask {
  readonly url: string;
  /** Of the manifest's row, where there is a manifest. */
  readonly rowNumber?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Other URLs of the same file, for when this one fails. */
  readonly mirrors?: readonly string[] | undefined;
  /** HEAD, or a GET that is over when its headers are here; a GET with its body by default. */
  readonly wants?: 'head' | 'headers' | undefined;
  /** Whatever comes is what the task asked for, and not yet the row's. */
  readonly takesText?: boolean | undefined;
  /** Asked when the row's turn comes. */
  isDropped(): boolean;
  /** Called exactly once, unless the row was dropped. */
  end(end: RowEnd): void;
  /** Told what stops the attempt in flight, and how many there have been with it; replaced with each attempt. */
  onAttempt(flight: Stoppable, attempts: number): void;
}

export class Work {
  readonly task: FetchTask;
  /** Of a row of an object store: what signs its requests. */
  readonly access: BucketAccess | undefined;
  readonly firstHost: string;
  /** What is asked first: the row's own URL, or that with another extension. */
  startUrl: URL;
  readonly #startOrigin: string;
  /** Of the row, and how many other extensions it was given in vain. */
  readonly #ownUrl: URL;
  #extensions = 0;
  url: URL;
  host: string;
  /** The group of `host`: in whose queue the row is, and under whose limit. */
  group: string;
  /** Of `url`; kept, since a URL makes it anew each time it is asked. */
  origin: string;
  hops = 0;
  attempts = 0;
  errors = 0;
  deferrals = 0;
  /** When a host first said "not now" about this row, and how long ago that was at the last time. */
  #putOffAtMs: number | undefined;
  pausedMs = 0;
  /** When its last request was sent, and how long those took that led to a redirect, in this attempt. */
  #sentAtMs = 0;
  spentMs = 0;
  #staleConnections = 0;
  /** Set by the redirects of this attempt. */
  #cookies: RowCookies | undefined;
  /** The last origin whose replies are mended because of this row. */
  #mendedFor = '';
  /** Since when the row waits to be sent, and how long it has waited for its sends so far. */
  waitingSinceMs: number;
  queueMs = 0;

  constructor(task: FetchTask, url: URL, nowMs: number, access?: BucketAccess) {
    this.task = task;
    this.access = access;
    this.#ownUrl = url;
    this.startUrl = url;
    this.url = url;
    this.firstHost = url.host;
    this.host = this.firstHost;
    this.group = this.firstHost;
    this.#startOrigin = url.origin;
    this.origin = this.#startOrigin;
    this.waitingSinceMs = nowMs;
  }

  send(nowMs: number): void {
    if (this.hops === 0) this.attempts += 1;
    this.queueMs += nowMs - this.waitingSinceMs;
    this.#sentAtMs = nowMs;
  }

  /**
   * Whether a failure was nobody's fault that the row could be asked to bear, so that it is sent again at once; with
   * `mend` once for each origin, of which replies are mended from then on.
   */
  freeRetry({ staleConnection, isMendable }: FailedAttempt): 'mend' | 'stale' | undefined {
    if (isMendable === true && this.#mendedFor !== this.origin) {
      this.#mendedFor = this.origin;
      return 'mend';
    }
    if (!staleConnection || this.#staleConnections >= MAX_STALE_CONNECTIONS) return undefined;
    this.#staleConnections += 1;
    return 'stale';
  }

  /** A host says "not now". */
  putOff(nowMs: number): void {
    this.#putOffAtMs ??= nowMs;
    this.pausedMs = nowMs - this.#putOffAtMs;
  }

  /** Go where a redirect leads. @param setCookies - what it wants to be remembered on the way */
  follow(target: URL, setCookies: readonly string[] | undefined): void {
    if (setCookies !== undefined && (this.access === undefined || this.hops > 0)) {
      this.#cookies ??= new RowCookies();
      this.#cookies.take(setCookies, this.url);
    }
    this.spentMs += this.waitingSinceMs - this.#sentAtMs;
    this.url = target;
    this.host = target.host;
    this.origin = target.origin;
    this.hops += 1;
  }

  /** Back to the row's own URL: a redirect may lead elsewhere by then. */
  startOver(): void {
    this.url = this.startUrl;
    this.host = this.firstHost;
    this.origin = this.#startOrigin;
    this.hops = 0;
    this.spentMs = 0;
    this.#cookies = undefined;
  }

  /** Add what redirects asked to be sent. */
  addCookies(headers: Record<string, string>): void {
    const cookie = this.#cookies?.headerFor(this.url, headers.cookie);
    if (cookie !== undefined) headers.cookie = cookie;
  }

  /** What was asked for is not there: begin again with the next extension. @returns whether there is one */
  takeExtension(extensions: readonly string[]): boolean {
    const other = otherExtension(this.#ownUrl, extensions, this.#extensions);
    if (other === undefined) return false;
    this.#extensions = other.tried;
    this.startUrl = other.url;
    this.startOver();
    return true;
  }

  /** For the message of a row that failed: what else was asked for. */
  triedToo(extensions: readonly string[]): string {
    return this.#extensions === 0 ? '' : `; neither with ${extensions.slice(0, this.#extensions).join(', ')}`;
  }

  /**
   * Headers of the run and the row go to the row's own host only, and never from https to http; to a store goes what
   * signs the request, and nothing else.
   */
  ownHeaders(ofRun: Readonly<Record<string, string>>, wallMs: number): Readonly<Record<string, string>> {
    const { access, task, url } = this;
    if (access !== undefined)
      return this.hops === 0 ? access.headers(task.wants === 'head' ? 'HEAD' : 'GET', url, wallMs) : {};
    if (this.host !== this.firstHost || (url.protocol === 'http:' && this.startUrl.protocol === 'https:')) return {};
    return task.headers === undefined ? ofRun : { ...ofRun, ...task.headers };
  }

  /** Object stores say "Slow Down" with 503, and mean what others say with 429. */
  isSlowDown(code: RowCode | undefined): boolean {
    return this.access !== undefined && this.hops === 0 && code === 'http_503';
  }

  /** What was sent last counts as never sent. */
  unsend(): void {
    this.attempts -= this.hops === 0 ? 1 : 0;
  }
}

/** How a row ends that asked for headers only, and got them. */
export function announcedEnd({ firstHost, attempts, url }: Work, end: AttemptEnd & { kind: 'headers' }): RowEnd {
  const { status: httpStatus, announced } = end;
  const fields = { host: firstHost, httpStatus, timing: end, attempts, finalUrl: url.href, announced };
  return { ...NOTHING, status: 'fetched', ...fields };
}

/** How a row ends whose body was accepted. */
export function fetchedEnd(
  work: Work,
  end: AttemptEnd & { kind: 'body' },
  accepted: AcceptedBody,
  held: CollectedBody,
): RowEnd {
  return {
    status: 'fetched',
    code: undefined,
    message: undefined,
    host: work.firstHost,
    accepted,
    held,
    httpStatus: end.status,
    timing: end,
    attempts: work.attempts,
    queueMs: work.queueMs,
    finalUrl: work.url.href,
    etag: end.headers.etag,
    lastModified: end.headers.lastModified,
    fetchedAtMs: undefined,
    announced: undefined,
  };
}

/** How a row ends that is given up. @param end - its last attempt, if there was one */
export function failedEnd(work: Work, code: RowCode, message: string, end?: AttemptEnd): RowEnd {
  const { firstHost: host, attempts, queueMs, hops, url } = work;
  const httpStatus = end !== undefined && 'status' in end ? end.status : undefined;
  const finalUrl = hops === 0 ? undefined : url.href;
  return {
    ...NOTHING,
    status: statusOf(code),
    code,
    message,
    host,
    attempts,
    queueMs,
    httpStatus,
    timing: end,
    finalUrl,
  };
}
