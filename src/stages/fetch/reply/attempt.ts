/**
 * One request, one hop: from dispatch to the last byte that is wanted, under our own deadlines. Decides nothing about
 * retries, redirects or limits; it reports what happened and how long it took.
 */
import type { Dispatcher } from 'undici';
import type { Clock } from '../../../clock.ts';
import type { AnnouncedBody } from '../../../record.ts';
import type { RowCode } from '../../../row-codes.ts';
import type { Connector } from '../connect/connector.ts';
import { failureOf, type Phase } from './attempt-error.ts';
import { BodyCollector, type CollectedBody, type CollectorOptions } from './body-collector.ts';
import { Deadline } from './deadline.ts';
import {
  announcedBody,
  contentLength,
  judgeReply,
  type RawHeaders,
  type ReplyHeaders,
  replyHeaders,
  type UnwantedReply,
} from './reply-headers.ts';

export interface AttemptSettings extends CollectorOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly minBytesPerSecond: number;
  readonly maxBytes: number;
  readonly robotsTags: readonly string[];
  readonly connector: Pick<Connector, 'isFresh' | 'hasFailedWith'>;
  /** True while the body waits for memory that other bodies hold: the caller counts it as client-limited. */
  readonly onClientWait: (waiting: boolean) => void;
  /** Our own disk failed: fatal for the stage. */
  readonly onCrash: (error: Error) => void;
  /** Takes care of clean-up that goes on after the attempt's end. */
  readonly background: (work: Promise<void>) => void;
}

export interface Timing {
  /** From the start of the request on the wire to response headers; equals serviceMs when none came. */
  readonly headersMs: number;
  /** From the start of the request on the wire (of connecting, if it never got there) to the end. */
  readonly serviceMs: number;
  readonly bytes: number;
}

export type AttemptEnd = Timing &
  (
    | (CollectedBody & { readonly kind: 'body'; readonly status: number; readonly headers: ReplyHeaders })
    | { readonly kind: 'redirect'; readonly status: number; readonly location: string | undefined }
    | { readonly kind: 'headers'; readonly status: number; readonly announced: AnnouncedBody }
    | {
        readonly kind: 'failed';
        readonly code: RowCode;
        readonly message: string;
        readonly status?: number;
        readonly retryAfterMs?: number;
        /**
         * A connection kept from earlier requests was gone before it brought a byte of this reply: nobody's failure.
         */
        readonly staleConnection: boolean;
      }
  );

/** How much of an unwanted body is read to keep the connection; beyond it a new connection is cheaper. */
const DRAIN_BYTES = 64 * 1024;
/** Minimum throughput is judged over windows of this length. */
const THROUGHPUT_WINDOW_MS = 10_000;

/** Start the request. `end` is called exactly once. Returns abort, which ends it with nothing reported. */
export function startAttempt(
  pool: Dispatcher,
  request: { path: string; headers: Record<string, string>; wants?: 'head' | 'headers' | undefined },
  settings: AttemptSettings,
  end: (result: AttemptEnd) => void,
): () => void {
  const { path, headers, wants } = request;
  const attempt = new Attempt(settings, end, wants !== undefined);
  pool.dispatch({ path, method: wants === 'head' ? 'HEAD' : 'GET', headers }, attempt);
  return () => attempt.abort();
}

class Attempt implements Dispatcher.DispatchHandler {
  readonly #settings: AttemptSettings;
  readonly #end: (result: AttemptEnd) => void;
  readonly #isBodyWanted: boolean;
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
  #unwanted: UnwantedReply | undefined;
  #isReused = false;
  #stopThroughput: (() => void) | undefined;
  #leaveBudgetLine: (() => void) | undefined;

  constructor(settings: AttemptSettings, end: (result: AttemptEnd) => void, headersOnly: boolean) {
    this.#settings = settings;
    this.#end = end;
    this.#isBodyWanted = !headersOnly;
    this.#startMs = settings.clock.nowMs();
    this.#deadline = new Deadline(settings.clock, settings.timeoutMs, () => this.#expire());
  }

  abort(): void {
    if (this.#ended) return;
    this.#close();
    this.#controller?.abort(new Error('aborted'));
    this.#dropBody();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ended) return controller.abort(new Error('ended while connecting'));
    this.#phase = 'sent';
    this.#isReused = !this.#settings.connector.isFresh;
    this.#startMs = this.#settings.clock.nowMs();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: RawHeaders): void {
    if (status < 200 || this.#ended) return;
    this.#phase = 'body';
    this.#status = status;
    this.#headersAtMs = this.#settings.clock.nowMs();
    this.#unwanted = judgeReply(status, headers, this.#settings.robotsTags, this.#settings.clock.wallMs());
    if (!this.#isBodyWanted) this.#unwanted ??= { kind: 'headers', status, announced: announcedBody(status, headers) };
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
    // A resumed parser with nothing to read reports an empty piece; pausing for it would go round for ever.
    if (this.#ended || chunk.length === 0) return;
    this.#bytes += chunk.length;
    if (this.#unwanted !== undefined) {
      if (this.#bytes > DRAIN_BYTES) this.#finishUnwanted();
      return;
    }
    if (this.#bytes > this.#settings.maxBytes)
      return this.#fail('too_large', `the body is over max_bytes ${this.#settings.maxBytes}`);
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
      (done) => this.#report({ kind: 'body', status: this.#status, headers: this.#headers, ...timing, ...done }),
      (error: Error) => {
        this.#dropBody();
        this.#reportCrash(error, timing);
      },
    );
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#ended) return;
    if (this.#unwanted !== undefined) return this.#finishUnwanted();
    const { code, message } = failureOf(error, this.#phase);
    const isOld = this.#phase === 'sent' ? this.#isReused : !this.#settings.connector.hasFailedWith(error);
    this.#fail(code, message, code === 'reset' && isOld);
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
    this.#settings.onClientWait(true);
    this.#leaveBudgetLine = budget.take(reserve, () => {
      this.#leaveBudgetLine = undefined;
      this.#settings.onClientWait(false);
      this.#collector = new BodyCollector(this.#settings, reserve);
      this.#resume(controller);
    });
  }

  #hold(controller: Dispatcher.DispatchController): void {
    controller.pause();
    this.#deadline.pause();
    this.#stopThroughput?.();
  }

  #resume(controller: Dispatcher.DispatchController): void {
    if (this.#ended) return;
    this.#deadline.resume();
    this.#watchThroughput(this.#bytes);
    // Memory is often given back in the middle of another reply, and undici's parser cannot be entered twice.
    queueMicrotask(() => controller.resume());
  }

  #watchThroughput(sinceBytes: number): void {
    const { clock, minBytesPerSecond } = this.#settings;
    if (minBytesPerSecond <= 0) return;
    const least = (minBytesPerSecond * THROUGHPUT_WINDOW_MS) / 1000;
    this.#stopThroughput = clock.timer(THROUGHPUT_WINDOW_MS, () => {
      const got = this.#bytes - sinceBytes;
      if (got < least)
        return this.#fail('too_slow', `${got} bytes in ${THROUGHPUT_WINDOW_MS / 1000} s, less than min_throughput`);
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
    const result = { staleConnection: false, ...(this.#unwanted as UnwantedReply), ...this.#timing() };
    this.#close();
    this.#controller?.abort(new Error('body not wanted'));
    queueMicrotask(() => this.#report(result));
  }

  /**
   * After a whole reply. undici takes a connection back one turn of the event loop after its reply ended; whoever sends
   * the host's next request before that opens another connection, and the host sees twice as many as its permits.
   */
  #report(result: AttemptEnd): void {
    setImmediate(this.#end, result);
  }

  #fail(code: RowCode, message: string, staleConnection = false): void {
    const result = { kind: 'failed', code, message, staleConnection, ...this.#timing() } as const;
    this.#close();
    this.#controller?.abort(new Error(code));
    const status = this.#status === 0 ? {} : { status: this.#status };
    const report = (): void => this.#end({ ...result, ...status });
    // The budget must be free before the row is tried again.
    if (this.#collector === undefined) report();
    else this.#collector.discard().then(report, (error: Error) => this.#reportCrash(error, result));
  }

  /** Our own disk failed under a spilled body. */
  #crash(error: Error): void {
    if (this.#ended) return;
    const timing = this.#timing();
    this.#close();
    this.#controller?.abort(error);
    this.#dropBody();
    this.#reportCrash(error, timing);
  }

  #reportCrash(error: Error, { headersMs, serviceMs, bytes }: Timing): void {
    this.#settings.onCrash(error);
    this.#end({
      kind: 'failed',
      code: 'unit_failed',
      message: error.message,
      staleConnection: false,
      headersMs,
      serviceMs,
      bytes,
    });
  }

  #dropBody(): void {
    if (this.#collector !== undefined) this.#settings.background(this.#collector.discard());
  }

  #timing(): Timing {
    const nowMs = this.#settings.clock.nowMs();
    return {
      headersMs: (this.#headersAtMs ?? nowMs) - this.#startMs,
      serviceMs: nowMs - this.#startMs,
      bytes: this.#bytes,
    };
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
