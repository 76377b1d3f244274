/** The plots' points: evenly spaced over the whole run, however long it takes, in bounded memory. */
import type { HistoryPoint } from './served-state.ts';

const MAX_POINTS = 720;
const FIRST_INTERVAL_MS = 1000;

export class History {
  #points: HistoryPoint[] = [];
  #intervalMs = FIRST_INTERVAL_MS;
  #version = 0;

  get points(): readonly HistoryPoint[] {
    return this.#points;
  }

  /** Another one when points are not there any more. */
  get version(): number {
    return this.#version;
  }

  /** Whether so much time has passed since the last point that the next one is due. */
  isDue(elapsedMs: number): boolean {
    const last = this.#points.at(-1);
    return last === undefined || elapsedMs - last.elapsedMs >= this.#intervalMs;
  }

  add(point: HistoryPoint): void {
    this.#points.push(point);
    if (this.#points.length < MAX_POINTS) return;
    this.#points = this.#points.filter((_, index) => index % 2 === 1);
    this.#intervalMs *= 2;
    this.#version += 1;
  }
}
