/**
 * One writer per output in a store. The lock is an object that names its holder, who writes it again every 20 seconds. A
 * lock that was not written for 90, by the store's own clock, is nobody's any more; so is one whose holder was a process
 * of this machine that has ended. A holder that could not write for 60 seconds decides no unit before it has.
 */
import { type Clock, sleep } from '../../clock.ts';
import { FlowDcError } from '../../errors.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { JobLock } from '../lock.ts';
import {
  describeThisProcess,
  type FoundHolder,
  isGone,
  type LockHolder,
  lockedBy,
  nameOf,
  parseHolder,
} from '../lock-holder.ts';
import { readText, STATE_KEYS } from './state-keys.ts';

const { lock: LOCK, guard: GUARD } = STATE_KEYS;

export interface StoreLockOptions {
  readonly clock: Clock;
  /** Told once, when somebody else has the lock now. */
  readonly onLost?: ((error: FlowDcError) => void) | undefined;
  /** Told once when taking the lock takes its time. */
  readonly onWait?: ((line: string) => void) | undefined;
}

/** Chosen: several missed beats, and time for a write that is under way, fit in between. */
const [BEAT_MS, FENCE_MS, STALE_MS] = [20_000, 60_000, 90_000];
/** A guard is held for some requests; one that stays so long was left by a process that was killed. Chosen. */
const [GUARD_MS, GUARD_LOOK_MS] = [30_000, 250];
const GUARD_SAID_MS = 2_000;
/** Without atomic creation two may create at a time, and the later one is seen after a moment. Chosen. */
const SETTLE_MS = 1000;
/** A clock that is wrong by more is refused by stores. */
const MOST_SKEW_MS = 15 * 60_000;
const MOST_ROUNDS = 5;
const REMEDY = `if it was killed elsewhere, this works ${STALE_MS / 1000} s after its last sign of life`;

/** Take the lock. Errors: FDC_ERR_JOB_LOCKED when it is held, and those of the store. */
export async function acquireStoreLock(state: ObjectStore, options: StoreLockOptions): Promise<StoreLock> {
  const holder = describeThisProcess();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const createdAt = reading(options.clock);
    if (await createOurs(state, holder, options.clock)) return new StoreLock(state, holder, createdAt, options);
    const other = await readHolder(state, LOCK);
    if (other === undefined) continue;
    if (!(await clearStale(state, holder, options))) throw lockedBy(other, REMEDY);
  }
  throw lockedBy((await readHolder(state, LOCK)) ?? 'unreadable', REMEDY);
}

/** Who holds the lock, unless that one is known to be gone or has long been silent. Takes nothing. */
export async function storeLockHolder(state: ObjectStore, clock: Clock): Promise<LockHolder | undefined> {
  const [holder, lock] = await Promise.all([readHolder(state, LOCK), state.head(LOCK)]);
  if (holder === undefined || holder === 'unreadable' || lock === undefined || isGone(holder)) return undefined;
  return clock.wallMs() - lock.modifiedAtMs > STALE_MS + MOST_SKEW_MS ? undefined : holder;
}

/** The hold of this process. */
export class StoreLock implements JobLock {
  readonly holder: LockHolder;
  readonly #state: ObjectStore;
  readonly #clock: Clock;
  readonly #onLost: (error: FlowDcError) => void;
  /** When the last write that succeeded was begun. */
  #writtenAt: Reading;
  #writing: Promise<void> = Promise.resolve();
  #lost: FlowDcError | undefined;
  #isReleased = false;
  #cancelBeat: () => void = () => {};

  constructor(state: ObjectStore, holder: LockHolder, writtenAt: Reading, { clock, onLost }: StoreLockOptions) {
    this.holder = holder;
    this.#state = state;
    this.#writtenAt = writtenAt;
    this.#clock = clock;
    this.#onLost = onLost ?? (() => {});
    this.#beatLater();
  }

  /** Resolves while the lock is ours beyond doubt. Errors: FDC_ERR_JOB_LOCKED when it is not, those of the store. */
  async assertHeld(): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost;
    if (elapsedMs(this.#writtenAt, this.#clock) >= FENCE_MS) await this.#write();
  }

  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#cancelBeat();
    await this.#writing;
    if (isOf(await readHolder(this.#state, LOCK), this.holder)) await this.#state.remove([LOCK]);
  }

  #beatLater(): void {
    this.#cancelBeat = this.#clock.timer(BEAT_MS, () => {
      // What a store that is away answers is told by those who need it for more than this.
      void this.#write()
        .catch(() => {})
        .then(() => {
          if (!this.#isReleased && this.#lost === undefined) this.#beatLater();
        });
    });
  }

  /** One at a time. */
  #write(): Promise<void> {
    const turn = this.#writing.then(async () => {
      if (this.#lost !== undefined) throw this.#lost;
      if (this.#isReleased) return;
      if (elapsedMs(this.#writtenAt, this.#clock) < FENCE_MS) return this.#writeOver();
      // Somebody may be taking it over: who has the guard does what is right, and the other one sees it.
      await withGuard(this.#state, this.holder, { clock: this.#clock }, () => this.#writeOver());
    });
    this.#writing = turn.catch(() => {});
    return turn;
  }

  async #writeOver(): Promise<void> {
    const at = reading(this.#clock);
    const found = await readHolder(this.#state, LOCK);
    if (!isOf(found, this.holder)) throw this.#lose(found);
    await this.#state.put(LOCK, textOf(this.holder, this.#clock));
    this.#writtenAt = at;
  }

  #lose(found: FoundHolder | undefined): FlowDcError {
    const who = found === undefined || found === 'unreadable' ? 'somebody' : nameOf(found);
    this.#lost ??= new FlowDcError(
      'FDC_ERR_JOB_LOCKED',
      `${this.#state.name}: ${who} has taken this job over, because this process did not answer for a while`,
      { advice: '; what it had committed stays, and the other one goes on' },
    );
    this.#cancelBeat();
    this.#onLost(this.#lost);
    return this.#lost;
  }
}

async function createOurs(state: ObjectStore, holder: LockHolder, clock: Clock): Promise<boolean> {
  if (!(await state.create(LOCK, textOf(holder, clock))))
    // A try of ours may have come through whose answer was lost.
    return isOf(await readHolder(state, LOCK), holder);
  if (await state.isConditional()) return true;
  await sleep(clock, SETTLE_MS);
  return isOf(await readHolder(state, LOCK), holder);
}

/** @returns whether nobody holds the lock any more */
async function clearStale(state: ObjectStore, holder: LockHolder, options: StoreLockOptions): Promise<boolean> {
  return withGuard(state, holder, options, async () => {
    const current = await readHolder(state, LOCK);
    if (current === undefined) return true;
    if (!isGone(current)) {
      // Both times are the store's: clocks of machines may differ by more than a holder may be silent.
      const [lock, guard] = await Promise.all([state.head(LOCK), state.head(GUARD)]);
      if (lock === undefined) return true;
      if (guard === undefined || guard.modifiedAtMs - lock.modifiedAtMs < STALE_MS) return false;
    }
    await state.remove([LOCK]);
    return true;
  });
}

/** Do something that only one process at a time may do. */
async function withGuard<T>(
  state: ObjectStore,
  holder: LockHolder,
  { clock, onWait }: StoreLockOptions,
  work: () => Promise<T>,
): Promise<T> {
  let [seen, sinceMs, isSaid] = ['', clock.nowMs(), false];
  while (!(await state.create(GUARD, textOf(holder, clock)))) {
    const text = (await readText(state, GUARD)) ?? '';
    if (text !== '' && isOf(parseHolder(text), holder)) break;
    if (text !== seen) [seen, sinceMs] = [text, clock.nowMs()];
    const isLeft = text !== '' && (isGone(parseHolder(text)) || clock.nowMs() - sinceMs >= GUARD_MS);
    if (!isSaid && clock.nowMs() - sinceMs >= GUARD_SAID_MS) {
      isSaid = true;
      onWait?.(`${state.name}/${GUARD}: another process begins here; waiting, ${GUARD_MS / 1000} s if it was killed`);
    }
    if (isLeft) await state.remove([GUARD]);
    else await sleep(clock, GUARD_LOOK_MS);
  }
  try {
    return await work();
  } finally {
    await state.remove([GUARD]);
  }
}

async function readHolder(state: ObjectStore, key: string): Promise<FoundHolder | undefined> {
  const text = await readText(state, key);
  return text === undefined ? undefined : parseHolder(text);
}

function isOf(found: FoundHolder | undefined, { nonce }: LockHolder): boolean {
  return found !== undefined && found !== 'unreadable' && found.nonce === nonce;
}

function textOf(holder: LockHolder, clock: Clock): string {
  return `${JSON.stringify({ ...holder, heartbeatAtMs: Math.round(clock.wallMs()) })}\n`;
}

/** One moment on both clocks. */
interface Reading {
  readonly nowMs: number;
  readonly wallMs: number;
}

function reading(clock: Clock): Reading {
  return { nowMs: clock.nowMs(), wallMs: clock.wallMs() };
}

/** The clock that nobody sets stands still while a machine sleeps; the other one does not. */
function elapsedMs({ nowMs, wallMs }: Reading, clock: Clock): number {
  return Math.max(clock.nowMs() - nowMs, clock.wallMs() - wallMs);
}
