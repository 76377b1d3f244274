/** One request, one hop, under our own deadlines: tells what happened and how long it took, and decides nothing more. */
import type { Client, Dispatcher } from 'undici';
import { isFlowDcError } from '../../../errors.ts';
import { isShortage } from '../../../open-files.ts';
import type { RowCode } from '../../../row-codes.ts';
import { endIfKept } from '../connect/paused-end.ts';
import { lateness, lossOf, type Phase, shortageText } from './attempt-error.ts';
import type {
  AttemptEnd,
  AttemptOwner,
  AttemptRequest,
  AttemptSettings,
  FailedAttempt,
  Timing,
} from './attempt-terms.ts';
import { BodyCollector } from './body-collector.ts';
import { Deadline, type Deadlines } from './deadline.ts';
import {
  announcedBody,
  contentLength,
  judgeReply,
  partBytes,
  type ReplyHeaders,
  readHeaders,
  replyHeaders,
  type UnwantedReply,
} from './reply-headers.ts';

/** How much of an unwanted body is read to keep the connection; beyond it a new connection is cheaper. */
const DRAIN_BYTES = 64 * 1024;
/** Minimum throughput is judged over windows of this length. */
export const THROUGHPUT_WINDOW_MS = 10_000;

/** Start the request. `owner.onEnd` is called exactly once, unless `abort` comes first, which reports nothing. */
export function startAttempt(
  client: Client,
  request: AttemptRequest,
  settings: AttemptSettings,
  limits: Deadlines,
  owner: AttemptOwner,
): { abort(): void } {
  const attempt = new Attempt(client, request, settings, limits, owner);
  const { path, headers, wants } = request;
  client.dispatch({ path, method: wants === 'head' ? 'HEAD' : 'GET', headers }, attempt);
  return attempt;
}

/** A handler of undici's older form: it gets headers as bytes, of which few are read, and makes no controller. */
class Attempt implements Dispatcher.DispatchHandler {
  readonly #client: Client;
  readonly #settings: AttemptSettings;
  readonly #owner: AttemptOwner;
  readonly #limits: Deadlines;
  readonly #request: AttemptRequest;
  readonly #deadline: Deadline;
  #abortRequest: ((error?: Error) => void) | undefined;
  #resumeParser: (() => void) | undefined;
  #isPaused = false;
  #phase: Phase = 'connecting';
  #ended = false;
  #startMs: number;
  #headersAtMs: number | undefined;
  #bytes = 0;
  #expectedBytes: number | undefined;
  #status = 0;
  #headers: ReplyHeaders | undefined;
  #collector: BodyCollector | undefined;
  #unwanted: UnwantedReply | undefined;
  #isReused = false;
  #window: ReturnType<Deadlines['add']> | undefined;
  #leaveBudgetLine: (() => void) | undefined;

  constructor(client: Client, request: AttemptRequest, terms: AttemptSettings, limits: Deadlines, owner: AttemptOwner) {
    this.#client = client;
    this.#settings = terms;
    this.#owner = owner;
    this.#limits = limits;
    this.#request = request;
    this.#startMs = terms.clock.nowMs();
    this.#deadline = new Deadline(limits, () => this.#expire(), request.spentMs);
  }

  abort(): void {
    if (this.#ended) return;
    this.#close();
    this.#abortRequest?.(new Error('aborted'));
    this.#dropBody();
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abortRequest = abort;
    if (this.#ended) return abort(new Error('ended while connecting'));
    this.#phase = 'sent';
    this.#isReused = !this.#settings.connector.isFresh;
    this.#startMs = this.#settings.clock.nowMs();
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void): boolean {
    if (status < 200 || this.#ended) return true;
    this.#resumeParser = resume;
    this.#phase = 'body';
    this.#status = status;
    this.#headersAtMs = this.#settings.clock.nowMs();
    const headers = readHeaders(rawHeaders);
    const { robotsTags, clock, cookies } = this.#settings;
    const isPartAsked = this.#request.headers.range !== undefined;
    this.#unwanted = judgeReply(status, headers, robotsTags, clock.wallMs(), isPartAsked, cookies ? rawHeaders : []);
    if (this.#request.wants !== undefined)
      this.#unwanted ??= { kind: 'headers', status, announced: announcedBody(status, headers) };
    if (this.#unwanted !== undefined) return true;
    this.#headers = replyHeaders(headers);
    this.#expectedBytes = partBytes(status, headers, isPartAsked);
    const length = contentLength(headers);
    if (length !== undefined && length > this.#settings.maxBytes) {
      this.#fail('too_large', `Content-Length ${length} is over max_bytes ${this.#settings.maxBytes}`);
      return true;
    }
    this.#watchThroughput(0);
    this.#openCollector(length);
    return !this.#isPaused;
  }

  onData(chunk: Buffer): boolean {
    // A resumed parser with nothing to read reports an empty piece; pausing for it would go round for ever.
    if (this.#ended || chunk.length === 0) return true;
    this.#bytes += chunk.length;
    if (this.#unwanted !== undefined) {
      if (this.#bytes > DRAIN_BYTES) this.#finishUnwanted(false);
      return true;
    }
    if (this.#bytes > this.#settings.maxBytes) {
      this.#fail('too_large', `the body is over max_bytes ${this.#settings.maxBytes}`);
      return true;
    }
    const busy = this.#collector?.add(chunk);
    if (busy !== undefined) {
      this.#hold();
      busy.then(
        () => this.#resume(),
        (error: Error) => this.#crash(error),
      );
    }
    return !this.#isPaused;
  }

  onComplete(): void {
    if (this.#ended) return;
    if (this.#unwanted !== undefined) return this.#finishUnwanted(true);
    const collector = this.#collector;
    if (collector === undefined) return this.#fail('empty_body', 'a reply without a body');
    const [bytes, all = bytes] = [this.#bytes, this.#expectedBytes];
    if (bytes !== all) return this.#fail('http_206', `a part that nobody asked for: ${bytes} bytes of ${all}`);
    const timing = this.#timing();
    this.#close();
    const head = { kind: 'body', status: this.#status, headers: this.#headers as ReplyHeaders, ...timing } as const;
    const inMemory = collector.finishInMemory();
    if (inMemory !== undefined) return this.#report({ ...head, ...inMemory }, true);
    collector.finish().then(
      (done) => this.#report({ ...head, ...done }, true),
      (error: Error) => {
        this.#dropBody();
        this.#reportCrash(error, timing);
      },
    );
  }

  onError(error: Error): void {
    if (this.#ended) return;
    if (this.#unwanted !== undefined) return this.#finishUnwanted(false);
    // Such as a proxy that wants other credentials: the same for every row.
    if (isFlowDcError(error)) return this.#crash(error);
    const isOld = this.#phase === 'sent' ? this.#isReused : !this.#settings.connector.hasFailedWith(error);
    const { code, message, ...more } = lossOf(error, this.#phase, isOld);
    this.#fail(code, message, more);
  }

  /** Reserve the announced length ahead, waiting for it if need be; large and unknown lengths need no reservation. */
  #openCollector(length: number | undefined): void {
    const { budget, spillBytes } = this.#settings;
    const reserve = length !== undefined && length <= spillBytes ? length : 0;
    if (reserve === 0 || budget.tryTake(reserve)) {
      this.#collector = new BodyCollector(this.#settings, reserve);
      return;
    }
    this.#hold();
    this.#settings.onClientWait(true);
    this.#leaveBudgetLine = budget.take(reserve, () => {
      this.#leaveBudgetLine = undefined;
      this.#settings.onClientWait(false);
      this.#collector = new BodyCollector(this.#settings, reserve);
      this.#resume();
    });
  }

  #hold(): void {
    this.#isPaused = true;
    this.#deadline.pause();
    this.#stopWindow();
  }

  #resume(): void {
    if (this.#ended) return;
    this.#deadline.resume();
    this.#watchThroughput(this.#bytes);
    // Memory is often given back in the middle of another reply, and undici's parser cannot be entered twice.
    queueMicrotask(() => {
      this.#isPaused = false;
      this.#resumeParser?.();
      endIfKept(this.#client);
    });
  }

  #watchThroughput(sinceBytes: number): void {
    const { minBytesPerSecond, windows } = this.#settings;
    if (minBytesPerSecond <= 0) return;
    this.#window = windows.add(() => {
      const got = this.#bytes - sinceBytes;
      if (got < (minBytesPerSecond * THROUGHPUT_WINDOW_MS) / 1000)
        return this.#fail('too_slow', `${got} bytes in ${THROUGHPUT_WINDOW_MS / 1000} s, less than min_throughput`);
      this.#watchThroughput(this.#bytes);
    });
  }

  #stopWindow(): void {
    if (this.#window !== undefined) this.#settings.windows.settle(this.#window);
    this.#window = undefined;
  }

  #expire(): void {
    if (this.#unwanted !== undefined) return this.#finishUnwanted(false);
    const waits = this.#settings.connector.waitsFor(this.#request.hostname);
    // Behind redirects, which took some of the time, a connection that is missing is no sign of a host that is away.
    const phase =
      this.#phase === 'connecting' && waits === undefined && this.#request.spentMs > 0 ? 'sent' : this.#phase;
    const { code, message, ...more } = lateness(phase, waits, this.#limits.limitMs, this.#bytes);
    this.#fail(code, message, more);
  }

  #finishUnwanted(isComplete: boolean): void {
    const result = { staleConnection: false, ...(this.#unwanted as UnwantedReply), ...this.#timing() };
    this.#close();
    if (!isComplete) this.#abortRequest?.(new Error('body not wanted'));
    this.#report(result, isComplete);
  }

  /** From within undici's parser or timers, which would take an error of ours for one of the connection. */
  #report(result: AttemptEnd, isReusable: boolean): void {
    try {
      this.#owner.onEnd(result, isReusable);
    } catch (error) {
      this.#settings.onCrash(error as Error);
    }
  }

  #fail(code: RowCode, message: string, more: Partial<FailedAttempt> = {}): void {
    const result = { kind: 'failed', code, message, staleConnection: false, ...more, ...this.#timing() } as const;
    this.#close();
    this.#abortRequest?.(new Error(code));
    const report = (): void => this.#report({ ...result, status: this.#status || undefined }, false);
    // The budget must be free before the row is tried again.
    if (this.#collector === undefined) return report();
    this.#collector.discard().then(report, (error: Error) => this.#reportCrash(error, result));
  }

  /** Our own disk failed under a spilled body, which is fatal but for a machine that has no file left. */
  #crash(error: Error): void {
    if (this.#ended) return;
    if (isShortage(error)) return this.#fail('local_shortage', shortageText(error));
    const timing = this.#timing();
    this.abort();
    this.#reportCrash(error, timing);
  }

  #reportCrash(error: Error, { headersMs, serviceMs, bytes }: Timing): void {
    const code = isShortage(error) ? 'local_shortage' : 'unit_failed';
    if (code === 'unit_failed') this.#settings.onCrash(error);
    const end = { kind: 'failed', code, message: error.message, staleConnection: false } as const;
    this.#report({ ...end, headersMs, serviceMs, bytes }, false);
  }

  #dropBody(): void {
    if (this.#collector !== undefined) this.#settings.background(this.#collector.discard());
  }

  #timing(): Timing {
    const nowMs = this.#settings.clock.nowMs();
    const headersMs = (this.#headersAtMs ?? nowMs) - this.#startMs;
    return { headersMs, serviceMs: nowMs - this.#startMs, bytes: this.#bytes };
  }

  #close(): void {
    this.#ended = true;
    this.#deadline.stop();
    this.#stopWindow();
    if (this.#leaveBudgetLine === undefined) return;
    this.#leaveBudgetLine();
    this.#settings.onClientWait(false);
  }
}
