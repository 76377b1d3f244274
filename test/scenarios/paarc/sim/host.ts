/** A host of known capacity: servers, rate limiter, connection cap, errors, a link. */
import type { EventQueue } from './event-queue.ts';
import { hashUniform, type SeededRandom } from './random.ts';
import type { HostModel } from './scenario.ts';
import { SharedLink } from './shared-link.ts';

/** How the host answered. */
export interface Answer {
  readonly status: 200 | 403 | 404 | 410 | 429 | 500 | 502 | 503 | 'page' | 'reset';
  readonly retryAfterMs?: number | undefined;
  readonly bytes: number;
  /** Not what became of the file, but a host that does not want to answer now, whatever status it says so with. */
  readonly isRefusal?: boolean;
}

/** One request on its way; `answered` runs when the last byte has reached the client. */
export interface HostRequest {
  readonly urlIndex: number;
  readonly sentAtMs: number;
  readonly answered: (request: HostRequest, answer: Answer) => void;
  /** Half of the base latency, drawn when the request is sent. */
  halfBaseMs: number;
  /** Whether it got a connection: decided when it is sent, held until its body has arrived. */
  connected: boolean;
}

const meanBodyBytes = 110_000;
const bodySigma = 1;
const maxBodyBytes = 5e6;
/** A refused request is answered this long after its arrival. */
const refusalMs = 2;
/** A random error is answered this long after its arrival. */
const errorMs = 20;

/**
 * A host in virtual time. Order of checks on arrival: outage, connections, rate, random error, queue; what passes them
 * takes one of the slots (first in first out), then sends its body over the shared link.
 */
export class SimulatedHost {
  #model: HostModel;
  readonly #queue: EventQueue;
  readonly #random: SeededRandom;
  readonly #seed: number;
  readonly #link: SharedLink<HostRequest>;
  #waiting: HostRequest[] = [];
  #waitingHead = 0;
  #busySlots = 0;
  #connections = 0;
  #tokens: number;
  #tokensAtMs = 0;
  readonly #windows = new Windows();
  #excess = 0;
  #excessAtMs = 0;
  #bannedUntilMs = 0;

  constructor(model: HostModel, queue: EventQueue, random: SeededRandom, seed: number) {
    this.#model = model;
    this.#queue = queue;
    this.#random = random;
    this.#seed = seed;
    this.#tokens = model.tokenBucket?.burst ?? 0;
    this.#link = new SharedLink(queue, model.bytesPerS, model.flowBytesPerS, this.#bodyLeft);
  }

  /** Change the host from now on. */
  change(part: Partial<HostModel>): void {
    if (part.tokenBucket !== undefined) this.#refill();
    this.#model = { ...this.#model, ...part };
    this.#serveNext();
  }

  /** A request leaves the client now. */
  send(request: HostRequest): void {
    request.connected = this.#connections < (this.#model.connectionCap?.connections ?? Number.POSITIVE_INFINITY);
    if (request.connected) this.#connections++;
    request.halfBaseMs = this.#random.logNormal(this.#model.baseMs, this.#model.baseSigma) / 2;
    this.#queue.at(this.#queue.nowMs + request.halfBaseMs, this.#arrive, request);
  }

  /** Requests the host holds open, for tests of the model. */
  get connections(): number {
    return this.#connections;
  }

  #arrive = (request: HostRequest): void => {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      this.#refuse(request, refusal);
      return;
    }
    if (this.#random.uniform() < this.#model.errorShare) {
      const answer: Answer = { status: this.#model.errorStatus as 500, bytes: 0 };
      this.#queue.at(this.#queue.nowMs + errorMs + request.halfBaseMs, this.#answerAndClose, { request, answer });
      return;
    }
    if (
      this.#model.queueCap !== undefined &&
      this.#busySlots >= this.#model.slots &&
      this.#queued >= this.#model.queueCap
    ) {
      this.#refuse(request, { status: 503, bytes: 0 });
      return;
    }
    if (this.#model.cache !== undefined && this.#random.uniform() < this.#model.cache.hitShare) {
      const hitMs = this.#random.logNormal(this.#model.cache.hitMs, this.#model.serviceSigma);
      this.#queue.at(this.#queue.nowMs + hitMs, this.#hit, request);
      return;
    }
    this.#waiting.push(request);
    this.#serveNext();
  };

  #hit = (request: HostRequest): void => this.#link.start(this.#bodyBytes(request.urlIndex), request);

  #refuse(request: HostRequest, answer: Answer): void {
    if (request.connected) this.#connections--;
    this.#queue.at(this.#queue.nowMs + refusalMs + request.halfBaseMs, this.#answer, { request, answer });
  }

  #refusal(request: HostRequest): Answer | undefined {
    const { outage, connectionCap } = this.#model;
    if (outage) return { status: 503, bytes: 0 };
    if (!request.connected) return capAnswer(connectionCap?.answer);
    return this.#banRefusal() ?? this.#strictRefusal() ?? this.#bucketRefusal() ?? this.#windowRefusal();
  }

  #bucketRefusal(): Answer | undefined {
    const bucket = this.#model.tokenBucket;
    if (bucket === undefined) return undefined;
    this.#refill();
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return undefined;
    }
    const status = bucket.status ?? 429;
    if (bucket.retryAfter === 'none') return { status, bytes: 0 };
    const seconds =
      bucket.retryAfter === 'time-to-token'
        ? Math.max(1, Math.ceil((1 - this.#tokens) / bucket.perS))
        : bucket.retryAfter;
    return { status, retryAfterMs: seconds * 1000, bytes: 0 };
  }

  #windowRefusal(): Answer | undefined {
    const { window } = this.#model;
    return window === undefined ? undefined : this.#windows.refusal(window, this.#queue.nowMs);
  }

  /** Who exceeds a rate is refused whatever it asks, for a while. */
  #banRefusal(): Answer | undefined {
    const { ban } = this.#model;
    if (ban === undefined) return undefined;
    const nowMs = this.#queue.nowMs;
    if (nowMs >= this.#bannedUntilMs) {
      if (this.#isWithin(ban.perS, ban.burst)) return undefined;
      this.#bannedUntilMs = nowMs + 1000 * ban.lengthS;
    } else if (ban.isExtended === true) this.#bannedUntilMs = nowMs + 1000 * ban.lengthS;
    const retryAfterMs = ban.retryAfter === true ? this.#bannedUntilMs - nowMs : undefined;
    return { status: ban.status, retryAfterMs, bytes: 0, isRefusal: true };
  }

  /** nginx limit_req without delay: what comes sooner than the rate allows, beyond the burst, is refused. */
  #strictRefusal(): Answer | undefined {
    const strict = this.#model.strict;
    if (strict === undefined || this.#isWithin(strict.perS, strict.burst)) return undefined;
    return { status: strict.status, bytes: 0 };
  }

  #isWithin(perS: number, burst: number): boolean {
    const nowMs = this.#queue.nowMs;
    const excess = Math.max(0, this.#excess - ((nowMs - this.#excessAtMs) / 1000) * perS);
    if (excess > burst) return false;
    this.#excess = excess + 1;
    this.#excessAtMs = nowMs;
    return true;
  }

  #refill(): void {
    const bucket = this.#model.tokenBucket;
    if (bucket === undefined) return;
    this.#tokens = Math.min(bucket.burst, this.#tokens + ((this.#queue.nowMs - this.#tokensAtMs) / 1000) * bucket.perS);
    this.#tokensAtMs = this.#queue.nowMs;
  }

  get #queued(): number {
    return this.#waiting.length - this.#waitingHead;
  }

  #serveNext(): void {
    while (this.#queued > 0 && this.#busySlots < this.#model.slots) {
      const request = this.#waiting[this.#waitingHead++] as HostRequest;
      if (this.#waitingHead > 1024 && this.#waitingHead * 2 > this.#waiting.length) {
        this.#waiting = this.#waiting.slice(this.#waitingHead);
        this.#waitingHead = 0;
      }
      this.#busySlots++;
      const cold = this.#model.cold;
      const warmth = cold === undefined ? 1 : 1 + cold.extra * Math.exp(-this.#queue.nowMs / 1000 / cold.decayS);
      const serviceMs = this.#random.logNormal(this.#model.serviceMs * warmth, this.#model.serviceSigma);
      const missing = this.#isMissing(request.urlIndex);
      this.#queue.at(
        this.#queue.nowMs + (missing ? 0.3 * serviceMs : serviceMs),
        missing ? this.#servedMissing : this.#served,
        request,
      );
    }
  }

  #served = (request: HostRequest): void => {
    this.#busySlots--;
    this.#link.start(this.#bodyBytes(request.urlIndex), request);
    this.#serveNext();
  };

  #servedMissing = (request: HostRequest): void => {
    this.#busySlots--;
    this.#queue.at(this.#queue.nowMs + request.halfBaseMs, this.#answerAndClose, {
      request,
      answer: { status: 404, bytes: 0 },
    });
    this.#serveNext();
  };

  #bodyLeft = (request: HostRequest): void => {
    const answer: Answer = { status: 200, bytes: this.#bodyBytes(request.urlIndex) };
    this.#queue.at(this.#queue.nowMs + request.halfBaseMs, this.#answerAndClose, { request, answer });
  };

  #answerAndClose = (reply: { request: HostRequest; answer: Answer }): void => {
    this.#connections--;
    this.#answer(reply);
  };

  #answer = ({ request, answer }: { request: HostRequest; answer: Answer }): void => {
    request.answered(request, answer);
  };

  #isMissing(urlIndex: number): boolean {
    return hashUniform(this.#seed, urlIndex, 1) < this.#model.notFoundShare;
  }

  #bodyBytes(urlIndex: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - hashUniform(this.#seed, urlIndex, 2)));
    const normal = radius * Math.cos(2 * Math.PI * hashUniform(this.#seed, urlIndex, 3));
    const median = meanBodyBytes / Math.exp((bodySigma * bodySigma) / 2);
    return Math.min(maxBodyBytes, median * Math.exp(bodySigma * normal));
  }
}

function capAnswer(answer: '503' | '429' | 'reset' | undefined): Answer {
  return { status: answer === 'reset' ? 'reset' : answer === '429' ? 429 : 503, bytes: 0 };
}

/** Counts what a fixed or a sliding window has let through. */
class Windows {
  #index = -1;
  #used = 0;
  /** Times of what was let through, for a sliding window. */
  #passed: number[] = [];

  refusal(window: NonNullable<HostModel['window']>, nowMs: number): Answer | undefined {
    const { requests, lengthS, status = 429, isSliding = false, isBare = false } = window;
    const opensMs = isSliding ? this.#slide(requests, 1000 * lengthS, nowMs) : this.#fixed(requests, lengthS, nowMs);
    if (opensMs === undefined) return undefined;
    const retryAfterMs = isBare ? undefined : Math.ceil((opensMs - nowMs) / 1000) * 1000;
    return { status, retryAfterMs, bytes: 0, isRefusal: true };
  }

  #fixed(requests: number, lengthS: number, nowMs: number): number | undefined {
    const index = Math.floor(nowMs / 1000 / lengthS);
    if (index !== this.#index) [this.#index, this.#used] = [index, 0];
    if (this.#used >= requests) return (index + 1) * lengthS * 1000;
    this.#used++;
    return undefined;
  }

  #slide(requests: number, lengthMs: number, nowMs: number): number | undefined {
    const oldest = this.#passed[this.#passed.length - requests];
    if (oldest !== undefined && oldest > nowMs - lengthMs) return oldest + lengthMs;
    this.#passed.push(nowMs);
    return undefined;
  }
}
