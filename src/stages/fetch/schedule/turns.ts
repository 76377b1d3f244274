/**
 * Whose turn it is: hosts with a connection to spare at once, the others one after the other; and how many connections
 * are begun at a time.
 */
import type { Clock } from '../../../clock.ts';
import { Fifo } from '../../../structures/fifo.ts';
import type { Lane } from './lane.ts';

/**
 * Connections that are begun before those being made get their turn on the event loop: a thousand at once keep each
 * other waiting, and hold memory meanwhile. Chosen: half of a busy loop's time.
 */
const MAX_OPENINGS = 8;
/**
 * A host gets a further connection for so many rows that wait for it, or when none has become free for so long: a
 * handshake costs both sides more than a row, and most hosts of a long tail have few rows. Chosen.
 */
const ROWS_PER_CONNECTION = 4;
const FREE_SOON_MS = 250;

export interface TurnsOptions<Work> {
  readonly clock: Clock;
  /** Whether a connection is there that the row can use at once; without it connections cost nothing. */
  readonly isConnected: ((work: Work) => boolean) | undefined;
  /** Connections may be begun again. */
  readonly onRenewal: () => void;
}

/** Where a row is that may leave: it goes now, later, or in a turn that comes by itself. */
export type Leave = { readonly atMs: number } | 'in-turn';

export class Turns<Work> {
  readonly #options: TurnsOptions<Work>;
  /** Lanes with a connection to spare; with rows; with rows that wait until connections may be begun again. */
  readonly #warm = new Fifo<Lane<Work>>();
  readonly #ring = new Fifo<Lane<Work>>();
  readonly #unopened = new Fifo<Lane<Work>>();
  /** Lanes in a line. */
  #waiting = 0;
  #isWarmNext = true;
  #openings = 0;
  #cancelRenewal: (() => void) | undefined;

  constructor(options: TurnsOptions<Work>) {
    this.#options = options;
  }

  /** Whether a lane could have its turn, if only its rows could leave. */
  get hasAny(): boolean {
    return this.#waiting > 0;
  }

  /** The lane has rows that may leave: its turn will come. */
  add(lane: Lane<Work>): void {
    const row = lane.queue.peek();
    if (row === undefined || lane.place === 'warm') return;
    const isWarm = this.#options.isConnected?.(row) === true;
    // What it leaves behind in another line counts for nothing when it comes up there.
    if (isWarm) this.#put(lane, 'warm', this.#warm);
    else if (lane.place === undefined) this.#put(lane, 'ring', this.#ring);
  }

  /**
   * The next lane. A connection to spare goes first, since its row costs least and it would be closed before long; but
   * every other turn only, so that hosts with many connections do not keep the rest from the last free place.
   */
  next(): Lane<Work> | undefined {
    this.#isWarmNext = !this.#isWarmNext;
    const lane = this.#isWarmNext ? (this.#warm.shift() ?? this.#ofRest()) : (this.#ofRest() ?? this.#warm.shift());
    if (lane === undefined) return undefined;
    lane.place = undefined;
    this.#waiting -= 1;
    return lane;
  }

  /** When this row of a lane that has its turn may leave as far as connections go. */
  leave(lane: Lane<Work>, row: Work, nowMs: number): Leave {
    lane.isOpening = this.#options.isConnected?.(row) === false;
    if (!lane.isOpening) return { atMs: nowMs };
    const atMs = connectAtMs(lane.gate.inFlight, lane.queue.size, lane.openedAtMs, nowMs);
    if (atMs > nowMs || this.#openings < MAX_OPENINGS) return { atMs };
    this.#put(lane, 'unopened', this.#unopened);
    return 'in-turn';
  }

  /** The row that was asked for last leaves. */
  sent(lane: Lane<Work>, nowMs: number): void {
    if (!lane.isOpening) return;
    lane.openedAtMs = nowMs;
    this.#openings += 1;
    if (this.#openings < MAX_OPENINGS) return;
    this.#cancelRenewal ??= this.#options.clock.timer(0, () => {
      this.#cancelRenewal = undefined;
      this.#openings = 0;
      this.#options.onRenewal();
    });
  }

  close(): void {
    this.#cancelRenewal?.();
  }

  #put(lane: Lane<Work>, place: NonNullable<Lane<Work>['place']>, line: Fifo<Lane<Work>>): void {
    if (lane.place === undefined) this.#waiting += 1;
    lane.place = place;
    line.push(lane);
  }

  #ofRest(): Lane<Work> | undefined {
    while (this.#openings < MAX_OPENINGS && this.#unopened.size > 0) {
      const lane = this.#unopened.shift();
      if (lane?.place === 'unopened') return lane;
    }
    while (this.#ring.size > 0) {
      const lane = this.#ring.shift();
      if (lane?.place === 'ring') return lane;
    }
    return undefined;
  }
}

/**
 * When a host may get one more connection.
 * @param inFlight - its requests, each on a connection; none is to spare
 * @param waiting - its rows
 * @param openedAtMs - when a connection to it was begun last
 */
export function connectAtMs(inFlight: number, waiting: number, openedAtMs: number, nowMs: number): number {
  const isWorthIt = inFlight === 0 || waiting >= ROWS_PER_CONNECTION * inFlight;
  return isWorthIt ? nowMs : Math.max(nowMs, openedAtMs + FREE_SOON_MS);
}
