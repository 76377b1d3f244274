/** A process that sends to one host as its limit lets it, on a CPU and with a sink of its own. */
import type { Limit, Load, Outcome, SendToken } from '../../../../src/paarc/limit.ts';
import { RefusalWatch } from '../../../../src/paarc/refusal-watch.ts';
import { connectAtMs } from '../../../../src/stages/fetch/schedule/turns.ts';
import type { EventQueue } from './event-queue.ts';
import type { Answer, HostRequest, SimulatedHost } from './host.ts';
import type { Recorder } from './recorder.ts';
import type { ClientModel } from './scenario.ts';
import type { UrlSupply } from './url-supply.ts';

/** A request nobody answered for so long ends as a timeout; the host goes on working on it. */
const timeoutMs = 30_000;
/** A client error or refusal costs this part of the processing of a body. */
const emptyAnswerCost = 0.3;
/** The sink makes its slots wait above this much unwritten work. */
const sinkHighWaterMs = 1000;

interface Flight extends HostRequest {
  readonly token: SendToken;
  answer?: Answer;
  ended: boolean;
}

/**
 * One process with a gate for one host: sends while the limit permits (spacing without credit, pause, permits; nothing
 * is held while waiting) on connections that are opened as rows call for them, processes answers one after the other on
 * its CPU, writes bodies to its sink.
 */
export class SimulatedClient {
  readonly #queue: EventQueue;
  readonly #host: SimulatedHost;
  readonly #limit: Limit;
  readonly #supply: UrlSupply;
  readonly #recorder: Recorder;
  readonly #name: number;
  readonly #onTick: (() => void) | undefined;
  readonly #cpu = new BusyTime();
  readonly #sink = new BusyTime();
  readonly #sinkHold = new BusyTime();
  readonly #watch = new RefusalWatch();
  #model: ClientModel;
  #inFlight = 0;
  /** Open to the host, in use or not, and when the last of them was begun. */
  #connections = 0;
  #openedAtMs = Number.NEGATIVE_INFINITY;
  #lastSendMs = Number.NEGATIVE_INFINITY;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #tickAtMs = Number.POSITIVE_INFINITY;
  #timeouts: Flight[] = [];
  #timeoutsHead = 0;

  constructor(parts: {
    queue: EventQueue;
    host: SimulatedHost;
    limit: Limit;
    supply: UrlSupply;
    recorder: Recorder;
    model: ClientModel;
    name: number;
    /** After a tick of the limit: when a worker reports. */
    onTick?: () => void;
  }) {
    this.#queue = parts.queue;
    this.#host = parts.host;
    this.#limit = parts.limit;
    this.#supply = parts.supply;
    this.#recorder = parts.recorder;
    this.#model = parts.model;
    this.#name = parts.name;
    this.#onTick = parts.onTick;
    this.#supply.onArrival(() => this.pump());
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  change(part: ClientModel): void {
    this.#model = { ...this.#model, ...part };
  }

  /** Send whatever may be sent now, and wake up when more may be. */
  pump = (): void => {
    while (this.#inFlight < this.#limit.permits) {
      if (this.#supply.waiting() === 0) break;
      const earliestMs = Math.max(this.#limit.pauseUntilMs, this.#lastSendMs + this.#limit.spacingMs);
      if (earliestMs > this.#queue.nowMs) {
        this.#wakeAt(earliestMs);
        break;
      }
      if (this.#inFlight >= this.#connections) {
        const openAtMs = connectAtMs(this.#inFlight, this.#supply.waiting(), this.#openedAtMs, this.#queue.nowMs);
        if (openAtMs > this.#queue.nowMs) {
          this.#wakeAt(openAtMs);
          break;
        }
        this.#connections++;
        this.#openedAtMs = openAtMs;
      }
      this.#send();
    }
    this.#armTick();
  };

  /** Share of the last second in which the CPU was busy, and in which the sink held slots. */
  load(): Load {
    const nowMs = this.#queue.nowMs;
    return {
      inFlight: this.#inFlight,
      waiting: this.#supply.waiting(),
      eventLoopUtilization: nowMs < (this.#model.busyStartMs ?? 0) ? 1 : this.#cpu.share(nowMs),
      clientLimited: this.#sinkHold.share(nowMs),
    };
  }

  #send(): void {
    const nowMs = this.#queue.nowMs;
    this.#inFlight++;
    this.#lastSendMs = nowMs;
    const token = this.#limit.onSend(nowMs, this.#inFlight);
    const flight: Flight = {
      urlIndex: this.#supply.take(),
      sentAtMs: nowMs,
      answered: this.#answered,
      halfBaseMs: 0,
      connected: false,
      token,
      ended: false,
    };
    this.#recorder.sent(nowMs, this.#name, this.#limit.pauseUntilMs);
    this.#timeouts.push(flight);
    if (this.#timeouts.length - this.#timeoutsHead === 1) this.#queue.at(nowMs + timeoutMs, this.#expire, undefined);
    this.#host.send(flight);
  }

  #wakeAt(timeMs: number): void {
    if (timeMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = timeMs;
    this.#queue.at(timeMs, this.#wake, timeMs);
  }

  #wake = (timeMs: number): void => {
    if (timeMs === this.#wakeAtMs) this.#wakeAtMs = Number.POSITIVE_INFINITY;
    this.pump();
  };

  #armTick(): void {
    const nextMs = this.#limit.nextTickMs;
    if (nextMs >= this.#tickAtMs) return;
    this.#tickAtMs = nextMs;
    this.#queue.at(nextMs, this.#tick, nextMs);
  }

  #tick = (timeMs: number): void => {
    if (timeMs !== this.#tickAtMs) return;
    this.#tickAtMs = Number.POSITIVE_INFINITY;
    if (this.#limit.nextTickMs <= this.#queue.nowMs) {
      const transition = this.#limit.tick(this.#queue.nowMs, this.load());
      if (transition !== undefined) this.#recorder.decided(this.#queue.nowMs, transition);
      this.#onTick?.();
    }
    this.pump();
  };

  #answered = (request: HostRequest, answer: Answer): void => {
    const flight = request as Flight;
    if (flight.ended) return;
    flight.answer = answer;
    const perS = this.#model.cpuPerS ?? 0;
    if (perS === 0) {
      this.#complete(flight);
      return;
    }
    const costMs = (1000 / perS) * (answer.status === 200 ? 1 : emptyAnswerCost);
    this.#queue.at(this.#cpu.add(this.#queue.nowMs, costMs), this.#complete, flight);
  };

  #complete = (flight: Flight): void => {
    if (flight.ended) return;
    flight.ended = true;
    const nowMs = this.#queue.nowMs;
    const answer = flight.answer as Answer;
    if (answer.status === 'reset') this.#connections--;
    this.#recorder.ended(nowMs, this.#name, answer, nowMs - flight.sentAtMs);
    this.#limit.onResult(
      flight.token,
      outcomeOf(answer, nowMs - flight.sentAtMs, this.#watch, this.#limit.refusesAll),
      nowMs,
    );
    const sinkPerS = this.#model.sinkBytesPerS ?? 0;
    if (sinkPerS > 0 && answer.bytes > 0) {
      const writtenMs = this.#sink.add(nowMs, (answer.bytes / sinkPerS) * 1000);
      if (writtenMs - sinkHighWaterMs > nowMs) {
        this.#queue.at(this.#sinkHold.extend(nowMs, writtenMs - sinkHighWaterMs), this.#release, undefined);
        this.#armTick();
        return;
      }
    }
    this.#release();
  };

  #release = (): void => {
    this.#inFlight--;
    this.pump();
  };

  #expire = (): void => {
    const nowMs = this.#queue.nowMs;
    for (;;) {
      const flight = this.#timeouts[this.#timeoutsHead];
      if (flight === undefined) break;
      if (!flight.ended && flight.sentAtMs + timeoutMs > nowMs) {
        this.#queue.at(flight.sentAtMs + timeoutMs, this.#expire, undefined);
        break;
      }
      this.#timeoutsHead++;
      if (flight.ended) continue;
      flight.ended = true;
      this.#connections--;
      this.#recorder.ended(nowMs, this.#name, 'timeout', timeoutMs);
      this.#limit.onResult(flight.token, { kind: 'overload', serviceMs: timeoutMs }, nowMs);
      this.#release();
    }
    if (this.#timeoutsHead > 0) {
      this.#timeouts = this.#timeouts.slice(this.#timeoutsHead);
      this.#timeoutsHead = 0;
    }
  };
}

/** As the engine reads a reply. */
function outcomeOf(answer: Answer, serviceMs: number, watch: RefusalWatch, refusesAll = false): Outcome {
  const { retryAfterMs } = answer;
  switch (answer.status) {
    case 200:
      watch.granted();
      return { kind: 'ok', headersMs: serviceMs, serviceMs, bytes: answer.bytes };
    case 403:
    case 404:
    case 410:
    case 'page':
      if (watch.denied() || refusesAll || retryAfterMs !== undefined)
        return { kind: 'rate', serviceMs, retryAfterMs, isShut: watch.isShut || refusesAll };
      return { kind: 'neutral', isDenied: true };
    case 429:
      return { kind: 'rate', serviceMs, retryAfterMs };
    case 500:
    case 502:
    case 503:
    case 'reset':
      return { kind: 'overload', serviceMs, retryAfterMs };
  }
}

/**
 * Keeps the books of one busy thing (a CPU, a sink that holds slots): until when it is busy, and how much of the last
 * second it was.
 */
class BusyTime {
  #untilMs = 0;
  #plannedMs = 0;
  #history: { atMs: number; busyMs: number }[] = [{ atMs: 0, busyMs: 0 }];

  /**
   * One more job, after those before it.
   * @returns when it is done
   */
  add(nowMs: number, costMs: number): number {
    return this.extend(nowMs, Math.max(nowMs, this.#untilMs) + costMs);
  }

  /** Busy until a time, which is never earlier than before. */
  extend(nowMs: number, untilMs: number): number {
    this.#plannedMs += Math.max(0, untilMs - Math.max(nowMs, this.#untilMs));
    this.#untilMs = Math.max(this.#untilMs, untilMs);
    return this.#untilMs;
  }

  /** Busy share of about the last second. */
  share(nowMs: number): number {
    const busyMs = this.#plannedMs - Math.max(0, this.#untilMs - nowMs);
    if (this.#history.at(-1)?.atMs !== nowMs) this.#history.push({ atMs: nowMs, busyMs });
    while (this.#history.length > 2 && (this.#history[1]?.atMs ?? 0) <= nowMs - 1000) this.#history.shift();
    const oldest = this.#history[0];
    if (oldest === undefined || oldest.atMs === nowMs) return 0;
    return Math.min(1, (busyMs - oldest.busyMs) / (nowMs - oldest.atMs));
  }
}
