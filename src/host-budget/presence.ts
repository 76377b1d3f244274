/** This worker's name and lease, and who else is there. */
import type { Heartbeat } from './host-record.ts';
import { Lease } from './lease.ts';
import { Liveness, timingFor } from './liveness.ts';

/** This worker's name and lease, and who else is there: both by heartbeats. */
export class Presence {
  readonly #lease: Lease;
  readonly #liveness: Liveness;

  /** @param worker - the first incarnation */
  constructor(worker: string) {
    this.#lease = new Lease(worker);
    this.#liveness = new Liveness(worker);
  }

  /** This worker's present name. */
  get worker(): string {
    return this.#lease.worker;
  }

  isLeased(nowMs: number): boolean {
    return this.#lease.isGood(nowMs);
  }
  hasEnded(nowMs: number): boolean {
    return this.#lease.hasEnded(nowMs);
  }

  isAlive(worker: string, nowMs: number): boolean {
    return this.#liveness.isAlive(worker, nowMs);
  }
  /** Everybody else who is alive. */
  others(nowMs: number): string[] {
    return this.#liveness.others(nowMs);
  }
  /** A heartbeat should leave now, whenever the next one would be due. */
  hasDoubts(nowMs: number): boolean {
    return this.#liveness.hasDoubts(nowMs);
  }

  /**
   * A heartbeat leaves now.
   * @param isDrained - nothing of what a former incarnation was granted is in flight any more: only then may it be
   * called over
   */
  heartbeat(isDrained: boolean, nowMs: number): { readonly words: Heartbeat; readonly heartbeatMs: number } {
    const { ttlMs, heartbeatMs } = timingFor(1 + this.others(nowMs).length);
    this.#liveness.send(nowMs);
    const { replaces } = this.#lease;
    const words = replaces === undefined || !isDrained ? { ttlMs, sentMs: nowMs } : { ttlMs, sentMs: nowMs, replaces };
    return { words, heartbeatMs };
  }

  /** A heartbeat of ours has arrived. */
  confirm(incarnation: string, words: Heartbeat, nowMs: number): void {
    this.#lease.confirm(incarnation, words, nowMs);
  }

  /** Anybody's heartbeat, ours among them; `undefined` when the key was deleted. */
  hear(worker: string, heartbeat: Heartbeat | undefined, nowMs: number): void {
    if (heartbeat === undefined) this.#liveness.over(worker, nowMs);
    else this.#liveness.hear(worker, heartbeat, nowMs);
  }

  /** Go on as somebody new. */
  renew(worker: string, nowMs: number): void {
    const former = this.worker;
    this.#lease.renew(worker);
    this.#liveness.rename(worker);
    this.#liveness.over(former, nowMs);
  }
}
