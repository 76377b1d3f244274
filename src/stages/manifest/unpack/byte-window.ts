/** Packed bytes that come in pieces, looked at in stretches of a length that their reader chooses. */
import { setImmediate } from 'node:timers/promises';

/** Work on bytes that are at hand goes on for so long before others have their turn. Chosen: some milliseconds. */
const TURN_BYTES = 1024 * 1024;

export class ByteWindow {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);
  #isEnded = false;
  #sinceTurn = 0;
  /** Bytes that were taken. */
  taken = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#source = chunks[Symbol.asyncIterator]();
  }

  /** What is at hand. */
  get held(): Buffer {
    return this.#held;
  }

  /** Get so many bytes to hand, or all that are left. @returns whether they are there */
  async fill(bytes: number): Promise<boolean> {
    if (this.#held.length >= bytes) return true;
    const parts = [this.#held];
    let length = this.#held.length;
    while (length < bytes && !this.#isEnded) {
      const { done, value } = await this.#source.next();
      if (done === true) this.#isEnded = true;
      else length += parts.push(value) && value.length;
    }
    this.#held = Buffer.concat(parts);
    return length >= bytes;
  }

  take(bytes: number): Buffer {
    const taken = this.#held.subarray(0, bytes);
    this.#held = this.#held.subarray(taken.length);
    this.taken += taken.length;
    return taken;
  }

  /** To be called behind every piece of work. @param bytes - how much it was, about */
  async turn(bytes: number): Promise<void> {
    this.#sinceTurn += bytes;
    if (this.#sinceTurn < TURN_BYTES) return;
    this.#sinceTurn = 0;
    await setImmediate();
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
