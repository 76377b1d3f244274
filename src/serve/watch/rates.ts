/** Rows and bytes per second over the last while. */

const WINDOW_MS = 10_000;

interface Count {
  readonly atMs: number;
  readonly rows: number;
  readonly bytes: number;
}

export class Rates {
  readonly #past: Count[] = [];

  /** Call about once a second or more often. */
  note(now: Count): { readonly rowsPerSecond: number; readonly bytesPerSecond: number } {
    this.#past.push(now);
    while (this.#past.length > 2 && (this.#past[1] as Count).atMs <= now.atMs - WINDOW_MS) this.#past.shift();
    const first = this.#past[0] as Count;
    const seconds = (now.atMs - first.atMs) / 1000;
    if (seconds <= 0) return { rowsPerSecond: 0, bytesPerSecond: 0 };
    return { rowsPerSecond: (now.rows - first.rows) / seconds, bytesPerSecond: (now.bytes - first.bytes) / seconds };
  }
}
