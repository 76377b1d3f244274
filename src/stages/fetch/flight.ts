/** One request in the air: who holds what for it, and how it is given back exactly once. */
import type { Client } from 'undici';
import type { OriginPools } from './connect/origin-pools.ts';
import { startAttempt } from './reply/attempt.ts';
import type { AttemptEnd, AttemptRequest, AttemptSettings } from './reply/attempt-terms.ts';
import type { CollectedBody } from './reply/body-collector.ts';
import type { Deadlines } from './reply/deadline.ts';
import type { Stoppable, Work } from './row-work.ts';
import type { Permit } from './schedule/gate.ts';
import type { Lane } from './schedule/lane.ts';

/** What a flight needs of the engine that sends it. */
export interface Tower {
  readonly pools: OriginPools;
  /** The request ended by itself; the permit is still out. */
  landed(flight: Flight, end: AttemptEnd): void;
  /** The request was stopped; its permit goes back without a lesson. */
  stopped(flight: Flight): void;
  drop(body: CollectedBody): void;
}

export class Flight implements Stoppable {
  readonly work: Work;
  readonly lane: Lane<Work>;
  readonly permit: Permit;
  readonly #tower: Tower;
  readonly #origin: string;
  readonly #client: Client;
  #attempt: { abort(): void } | undefined;
  #isOut = true;

  constructor(tower: Tower, work: Work, lane: Lane<Work>, permit: Permit) {
    this.#tower = tower;
    this.work = work;
    this.lane = lane;
    this.permit = permit;
    this.#origin = work.origin;
    this.#client = tower.pools.borrow(this.#origin, lane.gate.limit.connections);
    lane.running.add(this);
  }

  send(request: AttemptRequest, settings: AttemptSettings, limits: Deadlines): void {
    this.#attempt = startAttempt(this.#client, request, settings, limits, this);
  }

  /** False for a request that could not even be sent: it has ended by then. */
  get isOut(): boolean {
    return this.#isOut;
  }

  onEnd(end: AttemptEnd, isReusable: boolean): void {
    if (this.#release(isReusable)) this.#tower.landed(this, end);
    else if (end.kind === 'body') this.#tower.drop(end);
  }

  stop(): boolean {
    this.#attempt?.abort();
    const wasOut = this.#release(false);
    if (wasOut) this.#tower.stopped(this);
    return wasOut;
  }

  #release(isReusable: boolean): boolean {
    if (!this.#isOut) return false;
    this.#isOut = false;
    this.#attempt = undefined;
    this.lane.running.delete(this);
    this.#tower.pools.giveBack(this.#origin, this.#client, isReusable);
    return true;
  }
}
