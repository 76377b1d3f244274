/** A host of known capacity: servers, rate limiter, connection cap, errors, a link. */
import type { EventQueue } from './event-queue.ts';
import { hashUniform, type SeededRandom } from './random.ts';
import type { HostModel } from './scenario.ts';
import { SharedLink } from './shared-link.ts';

/** How the host answered. */
export interface Answer {
  readonly status: 200 | 404 | 429 | 500 | 503 | 'reset';
  readonly retryAfterMs?: number;
  readonly bytes: number;
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
  #windowIndex = -1;
  #windowUsed = 0;

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
    this.#waiting.push(request);
    this.#serveNext();
  };

  #refuse(request: HostRequest, answer: Answer): void {
    if (request.connected) this.#connections--;
    this.#queue.at(this.#queue.nowMs + refusalMs + request.halfBaseMs, this.#answer, { request, answer });
  }

  #refusal(request: HostRequest): Answer | undefined {
    const { outage, connectionCap } = this.#model;
    if (outage) return { status: 503, bytes: 0 };
    if (!request.connected) return { status: connectionCap?.answer === 'reset' ? 'reset' : 503, bytes: 0 };
    return this.#bucketRefusal() ?? this.#windowRefusal();
  }

  #bucketRefusal(): Answer | undefined {
    const bucket = this.#model.tokenBucket;
    if (bucket === undefined) return undefined;
    this.#refill();
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return undefined;
    }
    if (bucket.retryAfter === 'none') return { status: 429, bytes: 0 };
    const seconds =
      bucket.retryAfter === 'time-to-token'
        ? Math.max(1, Math.ceil((1 - this.#tokens) / bucket.perS))
        : bucket.retryAfter;
    return { status: 429, retryAfterMs: seconds * 1000, bytes: 0 };
  }

  #refill(): void {
    const bucket = this.#model.tokenBucket;
    if (bucket === undefined) return;
    this.#tokens = Math.min(bucket.burst, this.#tokens + ((this.#queue.nowMs - this.#tokensAtMs) / 1000) * bucket.perS);
    this.#tokensAtMs = this.#queue.nowMs;
  }

  #windowRefusal(): Answer | undefined {
    const window = this.#model.window;
    if (window === undefined) return undefined;
    const nowS = this.#queue.nowMs / 1000;
    const index = Math.floor(nowS / window.lengthS);
    if (index !== this.#windowIndex) {
      this.#windowIndex = index;
      this.#windowUsed = 0;
    }
    if (this.#windowUsed < window.requests) {
      this.#windowUsed++;
      return undefined;
    }
    return { status: 429, retryAfterMs: Math.ceil((index + 1) * window.lengthS - nowS) * 1000, bytes: 0 };
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
