/** A clock that is set by hand, whose timers never come. */
import type { Clock } from '../../../src/clock.ts';

export class HandClock implements Clock {
  ms = 0;

  nowMs(): number {
    return this.ms;
  }

  wallMs(): number {
    return Date.UTC(2026, 0, 1) + this.ms;
  }

  timer(): () => void {
    return () => {};
  }

  advance(ms: number): void {
    this.ms += ms;
  }
}
