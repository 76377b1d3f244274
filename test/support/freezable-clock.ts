/** Real time that can hold its timers back. */
import { type Clock, systemClock } from '../../src/clock.ts';

/** Real time that can hold all timers back, as a process does that is stopped and continued. */
export class FreezableClock implements Clock {
  #isFrozen = false;
  readonly #held: (() => void)[] = [];

  nowMs(): number {
    return systemClock.nowMs();
  }

  wallMs(): number {
    return systemClock.wallMs();
  }

  timer(delayMs: number, fn: () => void): () => void {
    let isCancelled = false;
    const fire = (): void => {
      if (isCancelled) return;
      if (this.#isFrozen) this.#held.push(fire);
      else fn();
    };
    const cancel = systemClock.timer(delayMs, fire);
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const fire of this.#held.splice(0)) fire();
  }
}
