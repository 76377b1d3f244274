/** How many bytes a host has given in the last hour and day, for quotas that outlive a run. Pure; wall clock, ms. */

export const MINUTE_MS = 60_000;
const [HOUR, DAY] = [60, 24 * 60];
export type Period = 'hour' | 'day';

const MINUTES: Readonly<Record<Period, number>> = { hour: HOUR, day: DAY };

/** One host, or one group of them. */
export class SpentBytes {
  /** Oldest first. */
  #minutes: [minute: number, bytes: number][];
  #sums: Record<Period, number> = { hour: 0, day: 0 };
  #now = 0;

  constructor(minutes: readonly (readonly [minute: number, bytes: number])[] = []) {
    this.#minutes = minutes.map(([minute, bytes]) => [minute, bytes]);
  }

  get minutes(): readonly (readonly [minute: number, bytes: number])[] {
    return this.#minutes;
  }

  add(bytes: number, wallMs: number): void {
    this.#turn(wallMs);
    const last = this.#minutes.at(-1);
    // A clock that was set back must not make time go backwards here.
    if (last !== undefined && last[0] >= this.#now) last[1] += bytes;
    else this.#minutes.push([this.#now, bytes]);
    this.#sums.hour += bytes;
    this.#sums.day += bytes;
  }

  /** Bytes that were entered for a minute, and not given after all. */
  takeBack(bytes: number, minute: number, wallMs: number): void {
    this.#turn(wallMs);
    const entry = this.#minutes.findLast(([from]) => from <= minute);
    if (entry === undefined) return;
    entry[1] = Math.max(0, entry[1] - bytes);
    this.#sum();
  }

  /** Bytes of the last hour or day; up to a minute more of it, so that it is never too few. */
  of(period: Period, wallMs: number): number {
    this.#turn(wallMs);
    return this.#sums[period];
  }

  /** When no more than `most` bytes will be left of the period, if nothing is added. */
  fallsTo(most: number, period: Period, wallMs: number): number {
    let sum = this.of(period, wallMs);
    for (const [minute, bytes] of this.#minutes) {
      if (sum <= most) return wallMs;
      if (minute < this.#now - MINUTES[period]) continue;
      sum -= bytes;
      if (sum <= most) return Math.max(wallMs, (minute + MINUTES[period] + 1) * MINUTE_MS);
    }
    return wallMs;
  }

  #turn(wallMs: number): void {
    const minute = Math.floor(wallMs / MINUTE_MS);
    if (minute === this.#now) return;
    this.#now = minute;
    // What is said to be of the future is of a clock that was wrong: it counts as of now.
    for (const entry of this.#minutes) entry[0] = Math.min(entry[0], minute);
    this.#sum();
  }

  #sum(): void {
    this.#minutes = this.#minutes.filter(([from, bytes]) => bytes > 0 && from >= this.#now - DAY);
    const sumFrom = (least: number): number =>
      this.#minutes.reduce((sum, [from, bytes]) => (from >= least ? sum + bytes : sum), 0);
    this.#sums = { hour: sumFrom(this.#now - HOUR), day: sumFrom(this.#now - DAY) };
  }
}
