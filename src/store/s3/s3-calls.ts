/** Calls to one bucket: the client library, tries, times, and what failed, as errors that name the fix. */
import { setMaxListeners } from 'node:events';
import type { S3Client as SdkClient } from '@aws-sdk/client-s3';
import { type Clock, sleep, systemClock } from '../../clock.ts';
import { FlowDcError } from '../../errors.ts';
import { Semaphore } from '../../structures/semaphore.ts';
import { visible } from '../../visible.ts';
import { type Fault, faultOf, kindOf, storeError } from './faults.ts';
import { BufferShelf } from './part-buffer.ts';
import { DEFAULT_BUFFER_BYTES, LEAST_PART_BYTES, type S3Settings } from './settings.ts';

export type Sdk = typeof import('@aws-sdk/client-s3');

/** A store that answered before is waited for so long: one that is away for a minute comes back in time. */
const PATIENCE_MS = 120_000;
/** One that never answered is more likely one that is not there. */
const FIRST_PATIENCE_MS = 15_000;
/** What is only tidied up. What is left is swept at the next start. */
export const TIDY_PATIENCE_MS = 5_000;
/** After that a user wants to know why nothing happens. */
const SAID_AFTER_MS = 2_000;
const LEAST_PAUSE_MS = 100;
const MOST_PAUSE_MS = 5_000;
/** Tries of what is odd rather than passing. */
const ODD_TRIES = 4;
const MOST_PARTS_AT_ONCE = 16;

export interface CallOptions {
  /** For the error: `put a/b`. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  readonly patienceMs?: number | undefined;
}

/** Shared by a store and all that `beside` made of it. */
export class S3Calls {
  readonly sdk: Sdk;
  readonly client: SdkClient;
  readonly bucket: string;
  readonly scheme: 's3' | 'gs';
  readonly partBytes: number;
  /** Buffers of parts. */
  readonly shelf: BufferShelf;
  /** Parts on their way, over all uploads. */
  readonly partSlots: Semaphore;
  readonly clock: Clock;
  /** Found out once: whether conditional creation works, whether many objects are deleted in one call. */
  conditional: Promise<boolean> | undefined;
  deletesMany = true;
  /** Whether uploads may be begun with SHA-256 kept for each part. */
  takesSums: boolean;
  readonly #random: () => number;
  readonly #onNotice: (line: string) => void;
  readonly #onWait: (line: string) => void;
  readonly #closing = new AbortController();
  readonly #noticed = new Set<string>();
  #answered = false;
  #heardAtMs = 0;
  /** No answer to anything, for as long as somebody was ready to wait: nobody else waits so long again. */
  #isAway = false;
  #isHurried = false;
  #saysThatItWaits = false;

  constructor(sdk: Sdk, client: SdkClient, place: { bucket: string; scheme: 's3' | 'gs' }, settings: S3Settings) {
    this.sdk = sdk;
    this.client = client;
    this.bucket = place.bucket;
    this.scheme = place.scheme;
    this.takesSums = place.scheme === 's3';
    this.partBytes = Math.max(LEAST_PART_BYTES, settings.partBytes ?? LEAST_PART_BYTES);
    const slots = Math.floor((settings.bufferBytes ?? DEFAULT_BUFFER_BYTES) / this.partBytes);
    const width = Math.max(1, Math.min(MOST_PARTS_AT_ONCE, slots));
    this.partSlots = new Semaphore(width);
    this.shelf = new BufferShelf(this.partBytes, 2 * width);
    this.clock = settings.clock ?? systemClock;
    this.#random = settings.random ?? Math.random;
    this.#onNotice = settings.onNotice ?? (() => {});
    this.#onWait = settings.onWait ?? (() => {});
    // One for every call under way.
    setMaxListeners(0, this.#closing.signal);
  }

  /** Say once what the store cannot do. */
  notice(line: string): void {
    if (this.#noticed.has(line)) return;
    this.#noticed.add(line);
    this.#onNotice(line);
  }

  /**
   * Call until it works, or until nothing more is to be hoped for.
   * @param send - makes one try, with its number from 1
   * @param store - name of the store, for the error
   * Errors: those of an object store; `unless` tells them apart.
   */
  async call<Answer>(
    store: string,
    { what, signal, patienceMs }: CallOptions,
    send: (signal: AbortSignal, attempt: number) => Promise<Answer>,
  ): Promise<Answer> {
    const startMs = this.clock.nowMs();
    const ends = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    for (let attempt = 1; ; attempt += 1) {
      if (ends.aborted) throw ends.reason;
      try {
        const answer = await send(ends, attempt);
        this.#heard();
        this.#saysThatItWaits = false;
        return answer;
      } catch (thrown) {
        if (ends.aborted) throw ends.reason;
        const fault = faultOf(thrown);
        if (fault.status > 0) this.#heard();
        const kind = kindOf(fault);
        const elapsedMs = this.clock.nowMs() - startMs;
        const isBrief = this.#isAway || this.#isHurried;
        const most = isBrief ? TIDY_PATIENCE_MS : this.#answered ? PATIENCE_MS : FIRST_PATIENCE_MS;
        const patience = Math.min(patienceMs ?? PATIENCE_MS, most);
        const pauseMs = this.#pauseMs(attempt);
        const again = kind === 'passing' ? elapsedMs + pauseMs <= patience : kind === 'odd' && attempt < ODD_TRIES;
        if (again) {
          if (elapsedMs >= SAID_AFTER_MS) this.#sayThatItWaits(store, fault, patience);
          await sleep(this.clock, pauseMs, ends);
          continue;
        }
        const isSilent = patience === PATIENCE_MS && this.#heardAtMs <= startMs;
        this.#isAway ||= kind === 'passing' && isSilent;
        throw storeError(thrown, store, what, elapsedMs / 1000);
      }
    }
  }

  /** From now on nobody waits for long. */
  hurry(): void {
    this.#isHurried = true;
  }

  /** Calls under way reject. */
  close(): void {
    this.#closing.abort(new FlowDcError('FDC_ERR_DEST_IO', `${this.scheme}://${this.bucket} was closed`));
    this.client.destroy();
  }

  /** Once for all calls, until the store does again what it is asked. */
  #sayThatItWaits(store: string, { name, status }: Fault, patienceMs: number): void {
    if (this.#saysThatItWaits) return;
    this.#saysThatItWaits = true;
    const what = status > 0 ? `the store answers ${status} (${visible(name)})` : `no answer (${visible(name)})`;
    this.#onWait(`${store}: ${what}; waiting for it, at most ${Math.round(patienceMs / 1000)} s`);
  }

  #heard(): void {
    this.#answered = true;
    this.#heardAtMs = this.clock.nowMs();
    this.#isAway = false;
  }

  #pauseMs(attempt: number): number {
    const most = Math.min(MOST_PAUSE_MS, LEAST_PAUSE_MS * 2 ** Math.min(attempt - 1, 10));
    return most * (0.5 + this.#random() / 2);
  }
}
