/** How much memory the samples of all open units may hold that wait for others to be written before them. */

/** For whoever has no budget for bodies. Chosen. */
const DEFAULT_BYTES = 32 * 1024 * 1024;

/** A unit with samples that wait. */
export interface EarlyHolder {
  /** Put aside everything that waits in memory, and give its bytes back at once. */
  moveOut(): void;
}

export class EarlyBytes {
  readonly #room: () => number;
  readonly #held = new Map<EarlyHolder, number>();
  #bytes = 0;

  /** @param room - how many bytes may wait at this moment. Default: 32 MiB */
  constructor(room: () => number = () => DEFAULT_BYTES) {
    this.#room = room;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** May call `moveOut` of any holder, this one as well. */
  take(holder: EarlyHolder, bytes: number): void {
    this.#bytes += bytes;
    this.#held.set(holder, (this.#held.get(holder) ?? 0) + bytes);
    if (this.#bytes > this.#room()) this.relieve();
  }

  give(holder: EarlyHolder, bytes: number): void {
    const rest = (this.#held.get(holder) ?? 0) - bytes;
    if (rest > 0) this.#held.set(holder, rest);
    else this.#held.delete(holder);
    this.#bytes -= bytes;
  }

  /** Those that hold most put it aside until the rest has room. */
  relieve(): void {
    const room = this.#room();
    while (this.#bytes > room) this.#largest().moveOut();
  }

  #largest(): EarlyHolder {
    let [largest, most]: [EarlyHolder | undefined, number] = [undefined, -1];
    for (const [holder, bytes] of this.#held) if (bytes > most) [largest, most] = [holder, bytes];
    return largest as EarlyHolder;
  }
}
