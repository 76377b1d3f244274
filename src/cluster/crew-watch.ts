/** Which workers of a job are there, as who follows it sees them: nobody yet, all gone, one that is silent. Pure. */
import type { WorkerStatus } from '../transport/cluster.ts';

export type CrewEvent =
  /** Nobody has come since the job is followed. */
  | { readonly kind: 'none' }
  /** Nobody is left. */
  | { readonly kind: 'all-left' }
  /** Its units are given to others `backMs` from now, at the latest. */
  | {
      readonly kind: 'silent';
      readonly name: string;
      readonly silentMs: number;
      readonly units: number;
      readonly backMs: number;
    }
  | { readonly kind: 'back'; readonly name: string };

/** They speak once a second. All times here are chosen. */
const PRESENT_MS = 5_000;
const NONE_AFTER_MS = 5_000;
/** Longer than the end of a job, where workers leave before it is seen. */
const LEFT_AFTER_MS = 3_000;
const SILENT_MS = 10_000;

interface Heard {
  atMs: number;
  /** When it last said something, by our clock: those of other machines go otherwise. */
  heardMs: number;
  isSilent: boolean;
}

export class CrewWatch {
  readonly #leaseMs: number;
  readonly #heard = new Map<string, Heard>();
  #emptySinceMs: number;
  #hadAny = false;
  #isSaid = false;

  /** @param leaseMs - how long a unit stays with who does not ask for more time */
  constructor(leaseMs: number, nowMs: number) {
    this.#leaseMs = leaseMs;
    this.#emptySinceMs = nowMs;
  }

  /**
   * @param board - the last word of every worker
   * @param nowMs - when it was read
   * @param wallMs - the same by the wall clock
   */
  look(board: readonly WorkerStatus[], nowMs: number, wallMs: number): CrewEvent[] {
    const events = board.flatMap((worker) => this.#note(worker, nowMs, wallMs));
    const isAny = board.some(
      ({ worker, state }) => state !== 'gone' && nowMs - (this.#heard.get(worker)?.heardMs ?? 0) < PRESENT_MS,
    );
    if (isAny) {
      this.#hadAny = true;
      this.#isSaid = false;
      this.#emptySinceMs = nowMs;
    }
    const afterMs = this.#hadAny ? LEFT_AFTER_MS : NONE_AFTER_MS;
    if (this.#isSaid || nowMs - this.#emptySinceMs < afterMs) return events;
    this.#isSaid = true;
    return [...events, { kind: this.#hadAny ? 'all-left' : 'none' }];
  }

  #note({ worker, name, atMs, state, units }: WorkerStatus, nowMs: number, wallMs: number): CrewEvent[] {
    const known = this.#heard.get(worker);
    if (known === undefined) {
      // What is older is of another day: units of it came back long ago.
      const silentMs = Math.max(0, wallMs - atMs);
      this.#heard.set(worker, { atMs, heardMs: nowMs - silentMs, isSilent: silentMs >= SILENT_MS });
      return [];
    }
    if (known.atMs !== atMs) {
      const wasSilent = known.isSilent;
      Object.assign(known, { atMs, heardMs: nowMs, isSilent: false });
      return wasSilent && state !== 'gone' ? [{ kind: 'back', name }] : [];
    }
    const silentMs = nowMs - known.heardMs;
    if (state === 'gone' || known.isSilent || silentMs < SILENT_MS) return [];
    known.isSilent = true;
    const backMs = Math.max(0, this.#leaseMs - silentMs);
    return [{ kind: 'silent', name, silentMs, units: units.length, backMs }];
  }
}
