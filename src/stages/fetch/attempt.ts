/**
 * One GET, one hop: from dispatch to the last body byte, under our own deadlines. Decides nothing about retries,
 * redirects or limits; it reports what happened and how long it took.
 */
import type { Dispatcher } from 'undici';
import type { Clock } from '../../clock.ts';
import type { SpilledBody } from '../../record.ts';
import type { RowCode } from '../../row-codes.ts';
import { failureOf, type Phase } from './attempt-error.ts';
import { BodyCollector, type CollectorOptions } from './body-collector.ts';
import { Deadline } from './deadline.ts';
import { isEncoded } from './content-encoding.ts';
import { retryAfterMs } from './retry-after.ts';
import { robotsOptOut } from './robots-tag.ts';

export interface AttemptSettings extends CollectorOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly minBytesPerSecond: number;
  readonly maxBytes: number;
  readonly robotsTags: readonly string[];
  /** True while we wait for our own resources: the caller counts it as client-limited. */
  readonly onClientWait: (waiting: boolean) => void;
  /** Our own disk failed: fatal for the stage. */
  readonly onCrash: (error: Error) => void;
}

export interface Timing {
  /** From the start of the request on the wire to response headers; equals serviceMs when none came. */
  readonly headersMs: number;
  /** From the start of the request on the wire (of connecting, if it never got there) to the end. */
  readonly serviceMs: number;
  readonly bytes: number;
}

export interface ReplyHeaders {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly etag?: string;
  readonly lastModified?: string;
}

export type AttemptEnd = Timing &
  (
    | {
        readonly kind: 'body';
        readonly status: number;
        readonly headers: ReplyHeaders;
        readonly body: Buffer | SpilledBody;
        readonly head: Buffer;
        readonly sha256?: string;
        readonly reservedBytes: number;
      }
    | { readonly kind: 'redirect'; readonly status: number; readonly location: string | undefined }
    | {
        readonly kind: 'failed';
        readonly code: RowCode;
        readonly message: string;
        readonly status?: number;
        readonly retryAfterMs?: number;
        /** The connection had served replies before and broke without a byte of this one. */
        readonly staleConnection: boolean;
      }
  );

/** How much of an unwanted body is read to keep the connection; beyond it a new connection is cheaper. */
const DRAIN_BYTES = 64 * 1024;
/** Minimum throughput is judged over windows of this length. */
const THROUGHPUT_WINDOW_MS = 10_000;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

type Unwanted = { readonly kind: 'redirect'; readonly status: number; readonly location: string | undefined } | FailedReply;
type FailedReply = { readonly kind: 'failed'; readonly code: RowCode; readonly message: string; readonly status: number; readonly retryAfterMs?: number };

/** Start the request. `end` is called exactly once. Returns abort, which ends it with nothing reported. */
export function startAttempt(
  pool: Dispatcher,
  request: { path: string; headers: Record<string, string> },
  settings: AttemptSettings,
  end: (result: AttemptEnd) => void,
): () => void {
  const attempt = new Attempt(settings, end);
  pool.dispatch({ path: request.path, method: 'GET', headers: request.headers }, attempt);
  return () => attempt.abort();
}

class Attempt implements Dispatcher.DispatchHandler {
  readonly #settings: AttemptSettings;
  readonly #end: (result: AttemptEnd) => void;
  readonly #deadline: Deadline;
  #controller: Dispatcher.DispatchController | undefined;
  #phase: Phase = 'connecting';
  #ended = false;
  #startMs: number;
  #headersAtMs: number | undefined;
  #bytes = 0;
  #status = 0;
  #headers: ReplyHeaders = {};
  #collector: BodyCollector | undefined;
  #unwanted: Unwanted | undefined;
  #stopThroughput: (() => void) | undefined;
  #leaveBudgetLine: (() => void) | undefined;

  constructor(settings: AttemptSettings, end: (result: AttemptEnd) => void) {
    this.#settings = settings;
    this.#end = end;
    this.#startMs = settings.clock.nowMs();
    this.#deadline = new Deadline(settings.clock, settings.timeoutMs, () => this.#expire());
  }

  abort(): void {
    if (this.#ended) return;
    this.#close();
    this.#controller?.abort(new Error('aborted'));
    void this.#collector?.discard();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ended) return controller.abort(new Error('ended while connecting'));
    this.#phase = 'sent';
    this.#startMs = this.#settings.clock.nowMs();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200 || this.#ended) return;
    this.#phase = 'body';
    this.#status = status;
    this.#headersAtMs = this.#settings.clock.nowMs();
    this.#unwanted = this.#judge(status, headers);
    if (this.#unwanted !== undefined) return;
    this.#headers = replyHeaders(headers);
    const length = contentLength(headers);
    if (length !== undefined && length > this.#settings.maxBytes) {
      return this.#fail('too_large', `Content-Length ${length} is over max_bytes ${this.#settings.maxBytes}`);
    }
    this.#watchThroughput(0);
    this.#openCollector(controller, length);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#ended) return;
    this.#bytes += chunk.length;
    if (this.#unwanted !== undefined) {
      if (this.#bytes > DRAIN_BYTES) this.#finishUnwanted();
      return;
    }
    if (this.#bytes > this.#settings.maxBytes) return this.#fail('too_large', `the body is over max_bytes ${this.#settings.maxBytes}`);
    const busy = this.#collector?.add(chunk);
    if (busy === undefined) return;
    this.#hold(controller);
    busy.then(
      () => this.#resume(controller),
      (error: Error) => this.#crash(error),
    );
  }

  onResponseEnd(): void {
    if (this.#ended) return;
    if (this.#unwanted !== undefined) return this.#finishUnwanted();
    const collector = this.#collector;
    if (collector === undefined) return this.#fail('empty_body', 'a reply without a body');
    const timing = this.#timing();
    this.#close();
    collector.finish().then(
      (done) => this.#end({ kind: 'body', status: this.#status, headers: this.#headers, ...timing, ...done }),
      (error: Error) => this.#reportCrash(error, timing),
    );
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#ended) return;
    if (this.#unwanted !== undefined) return this.#finishUnwanted();
    const { code, message } = failureOf(error, this.#phase);
    const bytesRead = (error as { socket?: { bytesRead?: number } }).socket?.bytesRead ?? 0;
    this.#fail(code, message, this.#phase === 'sent' && bytesRead > 0);
  }

  /** What the status line and headers alone decide; undefined when the body is wanted. */
  #judge(status: number, headers: Record<string, string | string[] | undefined>): Unwanted | undefined {
    if (REDIRECTS.has(status)) return { kind: 'redirect', status, location: utf8(single(headers['location'])) };
    if (status >= 300) {
      const after = status === 429 || status === 503 ? retryAfterMs(single(headers['retry-after']), this.#settings.clock.wallMs()) : undefined;
      const failed = { kind: 'failed', code: `http_${status}`, message: `HTTP status ${status}`, status } as const;
      return after === undefined ? failed : { ...failed, retryAfterMs: after };
    }
    const directive = robotsOptOut(headers['x-robots-tag'], this.#settings.robotsTags);
    if (directive !== undefined) return { kind: 'failed', code: 'robots_tag', message: `X-Robots-Tag: ${directive}`, status };
    if (status === 204 || status === 205) return { kind: 'failed', code: 'empty_body', message: `HTTP status ${status}`, status };
    return undefined;
  }

  /** Reserve the announced length ahead, waiting for it if need be; large and unknown lengths need no reservation. */
  #openCollector(controller: Dispatcher.DispatchController, length: number | undefined): void {
    const { budget, spillBytes } = this.#settings;
    const reserve = length !== undefined && length <= spillBytes ? length : 0;
    if (reserve === 0 || budget.tryTake(reserve)) {
      this.#collector = new BodyCollector(this.#settings, reserve);
      return;
    }
    this.#hold(controller);
    this.#leaveBudgetLine = budget.take(reserve, () => {
      this.#leaveBudgetLine = undefined;
      this.#collector = new BodyCollector(this.#settings, reserve);
      this.#resume(controller);
    });
  }

  #hold(controller: Dispatcher.DispatchController): void {
    controller.pause();
    this.#deadline.pause();
    this.#stopThroughput?.();
    this.#settings.onClientWait(true);
  }

  #resume(controller: Dispatcher.DispatchController): void {
    this.#settings.onClientWait(false);
    if (this.#ended) return;
    this.#deadline.resume();
    this.#watchThroughput(this.#bytes);
    controller.resume();
  }

  #watchThroughput(sinceBytes: number): void {
    const { clock, minBytesPerSecond } = this.#settings;
    if (minBytesPerSecond <= 0) return;
    const least = (minBytesPerSecond * THROUGHPUT_WINDOW_MS) / 1000;
    this.#stopThroughput = clock.timer(THROUGHPUT_WINDOW_MS, () => {
      const got = this.#bytes - sinceBytes;
      if (got < least) return this.#fail('too_slow', `${got} bytes in ${THROUGHPUT_WINDOW_MS / 1000} s, less than min_throughput`);
      this.#watchThroughput(this.#bytes);
    });
  }

  #expire(): void {
    if (this.#unwanted !== undefined) return this.#finishUnwanted();
    const seconds = this.#settings.timeoutMs / 1000;
    if (this.#phase === 'connecting') return this.#fail('connect_timeout', `no connection after ${seconds} s`);
    if (this.#phase === 'sent') return this.#fail('timeout_headers', `no reply after ${seconds} s`);
    this.#fail('timeout_body', `${this.#bytes} bytes after ${seconds} s, not complete`);
  }

  #finishUnwanted(): void {
    const result = { staleConnection: false, ...(this.#unwanted as Unwanted), ...this.#timing() };
    this.#close();
    this.#controller?.abort(new Error('body not wanted'));
    this.#end(result);
  }

  #fail(code: RowCode, message: string, staleConnection = false): void {
    const result = { kind: 'failed', code, message, staleConnection, ...this.#timing() } as const;
    this.#close();
    this.#controller?.abort(new Error(code));
    const status = this.#status === 0 ? {} : { status: this.#status };
    const report = (): void => this.#end({ ...result, ...status });
    // The budget must be free before the row is tried again.
    if (this.#collector === undefined) report();
    else this.#collector.discard().then(report, (error: Error) => this.#reportCrash(error, this.#timing()));
  }

  /** Our own disk failed under a spilled body. */
  #crash(error: Error): void {
    this.#settings.onClientWait(false);
    if (this.#ended) return;
    const timing = this.#timing();
    this.#close();
    this.#controller?.abort(error);
    this.#reportCrash(error, timing);
  }

  #reportCrash(error: Error, timing: Timing): void {
    this.#settings.onCrash(error);
    this.#end({ kind: 'failed', code: 'unit_failed', message: error.message, staleConnection: false, ...timing });
  }

  #timing(): Timing {
    const nowMs = this.#settings.clock.nowMs();
    return { headersMs: (this.#headersAtMs ?? nowMs) - this.#startMs, serviceMs: nowMs - this.#startMs, bytes: this.#bytes };
  }

  #close(): void {
    this.#ended = true;
    this.#deadline.stop();
    this.#stopThroughput?.();
    if (this.#leaveBudgetLine === undefined) return;
    this.#leaveBudgetLine();
    this.#settings.onClientWait(false);
  }
}

function replyHeaders(headers: Record<string, string | string[] | undefined>): ReplyHeaders {
  const contentType = single(headers['content-type']);
  const contentEncoding = single(headers['content-encoding']);
  const etag = single(headers['etag']);
  const lastModified = single(headers['last-modified']);
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(isEncoded(contentEncoding) ? { contentEncoding } : {}),
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
}

function contentLength(headers: Record<string, string | string[] | undefined>): number | undefined {
  const text = single(headers['content-length']);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** A repeated header arrives as an array; the first value counts, as for fetch. */
function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

/** undici hands over header bytes as latin1; a Location in UTF-8 is common and must survive. */
function utf8(value: string | undefined): string | undefined {
  if (value === undefined || !/[\u0080-\u00ff]/.test(value)) return value;
  const text = Buffer.from(value, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? value : text;
}
