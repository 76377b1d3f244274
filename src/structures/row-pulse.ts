/** What a thread is on, in memory that others see: they can read it when the thread itself answers no more. */

/** Beats, and the row whose bytes are being looked at (as a number plus 1; 0 for none). */
const BYTES = 16;

export class RowPulse {
  readonly buffer: SharedArrayBuffer;
  readonly #beats: Int32Array;
  readonly #row: Float64Array;

  /** @param buffer - of another thread's pulse, to look at it or to be it */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(BYTES)) {
    this.buffer = buffer;
    this.#beats = new Int32Array(buffer, 0, 1);
    this.#row = new Float64Array(buffer, 8, 1);
  }

  /** The thread is alive: its event loop came round. */
  beat(): void {
    Atomics.add(this.#beats, 0, 1);
  }

  get beats(): number {
    return Atomics.load(this.#beats, 0);
  }

  /** The bytes of this row are looked at from now on. */
  enter(row: number): void {
    this.#row[0] = row + 1;
  }

  leave(): void {
    this.#row[0] = 0;
  }

  /** The row that the thread is on, or was on when it stopped. */
  get row(): number | undefined {
    const row = this.#row[0] as number;
    return row === 0 ? undefined : row - 1;
  }
}
