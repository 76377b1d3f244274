/** The plots' points: evenly spaced over the whole run, however long it takes, in bounded memory. */
import type { HostLoad } from '../../stages/fetch/result-stream.ts';
import { firstOf } from './pick-first.ts';
import type { HistoryPoint } from './served-state.ts';

const MAX_POINTS = 720;
const FIRST_INTERVAL_MS = 1000;
const HOSTS_DRAWN = 8;

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

  /** Of another run, whose time begins anew. */
  clear(): void {
    this.#points = [];
    this.#intervalMs = FIRST_INTERVAL_MS;
    this.#version += 1;
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

/** The busiest ones, whose limits are drawn. */
export function busiestOf(hosts: readonly HostLoad[]): HistoryPoint['hosts'] {
  const at = (place: number): HostLoad => hosts[place] as HostLoad;
  // Rows that wait decide only between hosts with as many requests.
  const keyOf = (place: number): number => at(place).inFlight + Math.min(at(place).waiting, 1e6) / 1e7;
  const { first } = firstOf(hosts.length, keyOf, false, HOSTS_DRAWN);
  return first.map((place) => [at(place).host, at(place).limit, at(place).inFlight]);
}
