/**
 * Keeps the books of one busy thing (a CPU, a sink that holds slots): until when it is busy, and how much of the last
 * second it was.
 */
export class BusyTime {
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
