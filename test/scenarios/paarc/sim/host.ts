/** A host of known capacity: servers, rate limiter, connection cap, errors, a link. */
import type { EventQueue } from './event-queue.ts';
import { hashUniform, type SeededRandom } from './random.ts';
import type { HostModel } from './scenario.ts';
import { SharedLink } from './shared-link.ts';
import { Windows } from './windows.ts';

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
  /** Which backend it goes to, where each has a cap of its own. */
  backend?: number;
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
  /** By backend. */
  readonly #connections: number[] = [];
  #sends = 0;
  #tokens: number;
  #tokensAtMs = 0;
  readonly #windows = new Windows();
  #excess = 0;
  #excessAtMs = 0;
  #bannedUntilMs = 0;
  #bytesSent = 0;
  /** Time that busy slots took since the autoscaler looked last, and until when that is counted. */
  #busySlotMs = 0;
  #busyAtMs = 0;

  constructor(model: HostModel, queue: EventQueue, random: SeededRandom, seed: number) {
    this.#model = model;
    this.#queue = queue;
    this.#random = random;
    this.#seed = seed;
    this.#tokens = model.tokenBucket?.burst ?? 0;
    this.#link = new SharedLink(queue, model.bytesPerS, model.flowBytesPerS, this.#bodyLeft);
    if (model.scaling !== undefined) queue.at(1000 * model.scaling.everyS, this.#scale, model.scaling);
  }

  /** Change the host from now on. */
  change(part: Partial<HostModel>): void {
    if (part.tokenBucket !== undefined) this.#refill();
    this.#model = { ...this.#model, ...part };
    this.#serveNext();
  }

  /** A request leaves the client now. */
  send(request: HostRequest): void {
    const { connections = Number.POSITIVE_INFINITY, backends = 1 } = this.#model.connectionCap ?? {};
    request.backend = this.#sends++ % backends;
    request.connected = (this.#connections[request.backend] ?? 0) < connections;
    if (request.connected) this.#count(request, 1);
    request.halfBaseMs = this.#random.logNormal(this.#model.baseMs, this.#model.baseSigma) / 2;
    this.#queue.at(this.#queue.nowMs + request.halfBaseMs, this.#arrive, request);
  }

  /** Requests the host holds open, for tests of the model. */
  get connections(): number {
    return this.#connections.reduce((sum, one) => sum + one, 0);
  }

  #count({ backend = 0 }: HostRequest, change: 1 | -1): void {
    this.#connections[backend] = (this.#connections[backend] ?? 0) + change;
  }

  #arrive = (request: HostRequest): void => {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      this.#refuse(request, refusal);
      return;
    }
    const { strict } = this.#model;
    const delayMs = strict?.isDelayed === true ? (1000 * (this.#excess - 1)) / strict.perS : 0;
    if (delayMs > 0) this.#queue.at(this.#queue.nowMs + delayMs, this.#admit, request);
    else this.#admit(request);
  };

  #admit = (request: HostRequest): void => {
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
    if (request.connected) this.#count(request, -1);
    const ms = this.#model.refusalMs ?? refusalMs;
    this.#queue.at(this.#queue.nowMs + ms + request.halfBaseMs, this.#answer, { request, answer });
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
    const answer = { status: bucket.status ?? 429, bytes: 0, isRefusal: true } as const;
    if (bucket.retryAfter === 'none') return answer;
    const seconds =
      bucket.retryAfter === 'time-to-token'
        ? Math.max(1, Math.ceil((1 - this.#tokens) / bucket.perS))
        : bucket.retryAfter;
    return { ...answer, retryAfterMs: seconds * 1000 };
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

  /** nginx limit_req: what comes sooner than the rate allows, beyond the burst, is refused. */
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
      this.#busy(1);
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

  #busy(change: 1 | -1 | 0): void {
    this.#busySlotMs += this.#busySlots * (this.#queue.nowMs - this.#busyAtMs);
    this.#busyAtMs = this.#queue.nowMs;
    this.#busySlots += change;
  }

  /** The autoscaler looks: twice as many slots for busy ones, half as many for idle ones. */
  #scale = (scaling: NonNullable<HostModel['scaling']>): void => {
    const { least, most, everyS } = scaling;
    const { slots } = this.#model;
    this.#busy(0);
    const share = this.#busySlotMs / (1000 * everyS * slots);
    this.#busySlotMs = 0;
    if (share > 0.75) this.change({ slots: Math.min(most, 2 * slots) });
    else if (share < 0.3) this.change({ slots: Math.max(least, Math.ceil(slots / 2)) });
    this.#queue.at(this.#queue.nowMs + 1000 * everyS, this.#scale, scaling);
  };

  #served = (request: HostRequest): void => {
    this.#busy(-1);
    this.#link.start(this.#bodyBytes(request.urlIndex), request);
    this.#serveNext();
  };

  #servedMissing = (request: HostRequest): void => {
    this.#busy(-1);
    this.#queue.at(this.#queue.nowMs + request.halfBaseMs, this.#answerAndClose, {
      request,
      answer: { status: 404, bytes: 0 },
    });
    this.#serveNext();
  };

  #bodyLeft = (request: HostRequest): void => {
    const answer: Answer = { status: 200, bytes: this.#bodyBytes(request.urlIndex) };
    const { burstBytes } = this.#model;
    this.#bytesSent += answer.bytes;
    if (burstBytes !== undefined && this.#bytesSent > burstBytes.bytes) this.#link.change(burstBytes.thenPerS);
    this.#queue.at(this.#queue.nowMs + request.halfBaseMs, this.#answerAndClose, { request, answer });
  };

  #answerAndClose = (reply: { request: HostRequest; answer: Answer }): void => {
    this.#count(reply.request, -1);
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
    return (this.#model.bodyTimes ?? 1) * Math.min(maxBodyBytes, median * Math.exp(bodySigma * normal));
  }
}

function capAnswer(answer: '503' | '429' | 'reset' | undefined): Answer {
  return { status: answer === 'reset' ? 'reset' : answer === '429' ? 429 : 503, bytes: 0 };
}
