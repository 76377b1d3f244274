/** Pauses shorter than this are within a run. Chosen. */
const PAUSE_MS = 60_000;

/** Times during which at least something went on. */
export class SpanUnion {
  readonly #spans: (readonly [startMs: number, endMs: number])[] = [];

  get isEmpty(): boolean {
    return this.#spans.length === 0;
  }

  add(startMs: number, endMs: number): void {
    this.#spans.push([startMs, Math.max(startMs, endMs)]);
  }

  /** Without overlaps, ascending. */
  read(): (readonly [startMs: number, endMs: number])[] {
    const union: [startMs: number, endMs: number][] = [];
    for (const [startMs, endMs] of [...this.#spans].sort(([a], [b]) => a - b)) {
      const last = union.at(-1);
      if (last !== undefined && startMs <= last[1] + PAUSE_MS) last[1] = Math.max(last[1], endMs);
      else union.push([startMs, endMs]);
    }
    return union;
  }
}
