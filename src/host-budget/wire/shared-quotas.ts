/** The ledger of all workers on one NATS server: an entry for each host, changed by compare-and-set. */
import { jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Clock, sleep } from '../../clock.ts';
import { schemaCheck } from '../../json-schema.ts';
import { type Booked, type Booking, enter, type QuotaLedger } from '../../quota/ledger.ts';
import { type SpentRecord, spentSchema } from '../../quota/quota-book.ts';
import { SpentBytes } from '../../quota/spent-bytes.ts';
import { QUOTAS_BUCKET } from '../../transport/nats/connection/names.ts';
import { describe, isWrongSequence } from '../../transport/nats/connection/nats-error.ts';
import { keyOf } from './host-key.ts';

const ANSWER_MS = 2000;
/** Whoever lost against another worker tries again within this, whoever got no answer after it. Chosen. */
const [RACE_MS, TROUBLE_MS] = [40, 1000];
/** How long a reading of the server's clock is used: longer, and two clocks may have drifted apart by a second. */
const CLOCK_MS = 600_000;
/** What is on its way when a worker ends gets this long. */
const CLOSE_MS = 2000;
const CLOCK_KEY = 'now';

const isRecord = schemaCheck<SpentRecord>(spentSchema);

export interface SharedQuotasOptions {
  readonly connection: NatsConnection;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random?: (() => number) | undefined;
  /** Bookings get no answer, or are refused: told once, and again after one that went through. */
  readonly onTrouble?: ((why: string) => void) | undefined;
}

export class SharedQuotas implements QuotaLedger {
  readonly #options: SharedQuotasOptions;
  readonly #closed = new AbortController();
  readonly #open = new Set<Promise<unknown>>();
  #bucket: KV | undefined;
  #serverClock: { readonly readMs: number; readonly shiftMs: number } | undefined;
  #isInTrouble = false;

  constructor(options: SharedQuotasOptions) {
    this.#options = options;
  }

  /** Without an answer it is asked again, for as long as it takes; after `close` it never resolves. */
  book(booking: Booking): Promise<Booked> {
    const booked = this.#book(booking);
    const settled = booked.catch(() => {}).finally(() => this.#open.delete(settled));
    this.#open.add(settled);
    return booked.catch(() => new Promise<never>(() => {}));
  }

  /** Let what is on its way arrive, if that does not take long. */
  async close(): Promise<void> {
    const { clock } = this.#options;
    if (this.#open.size > 0)
      await Promise.race([Promise.all(this.#open), sleep(clock, CLOSE_MS, this.#closed.signal).catch(() => {})]);
    this.#closed.abort(new Error('closed'));
  }

  async #book(first: Booking): Promise<Booked> {
    const { clock, random = Math.random } = this.#options;
    let booking = first;
    for (;;) {
      this.#closed.signal.throwIfAborted();
      let pauseMs = RACE_MS * random();
      try {
        const booked = await this.#bookOnce(booking);
        this.#isInTrouble = false;
        return booked;
      } catch (error) {
        if (!isWrongSequence(error)) {
          this.#tell(error);
          pauseMs = TROUBLE_MS;
          // It may have been written all the same: what was given back then is not given back again.
          booking = { ...booking, held: Math.min(0, booking.held) };
        }
      }
      await sleep(clock, pauseMs, this.#closed.signal);
    }
  }

  async #bookOnce(booking: Booking): Promise<Booked> {
    const bucket = await this.#opened();
    const wallMs = await this.#wallMs(bucket);
    const key = `q.${keyOf(booking.host)}`;
    const entry = await bucket.get(key);
    const spent = new SpentBytes(minutesIn(entry?.string()));
    const booked = enter(spent, booking, wallMs);
    const record: SpentRecord = { host: booking.host, minutes: spent.minutes };
    await bucket.put(key, JSON.stringify(record), { previousSeq: entry?.revision ?? 0 });
    return booked;
  }

  async #opened(): Promise<KV> {
    if (this.#bucket !== undefined) return this.#bucket;
    const manager = new Kvm(jetstream(this.#options.connection, { timeout: ANSWER_MS }));
    const bucket = await manager.create(QUOTAS_BUCKET, { history: 1 });
    // Another worker may be making it: see whenMade in job-streams.ts.
    await bucket.status();
    this.#bucket = bucket;
    return bucket;
  }

  /** The server's: workers' own clocks may be hours apart, and an hour would have no end that all agree on. */
  async #wallMs(bucket: KV): Promise<number> {
    const nowMs = this.#options.clock.nowMs();
    if (this.#serverClock === undefined || nowMs - this.#serverClock.readMs > CLOCK_MS) {
      await bucket.put(CLOCK_KEY, '');
      const created = (await bucket.get(CLOCK_KEY))?.created.getTime();
      if (created === undefined) throw new Error('an entry that was just written is gone');
      this.#serverClock = { readMs: nowMs, shiftMs: created - this.#options.clock.nowMs() };
    }
    return Math.round(this.#options.clock.nowMs() + this.#serverClock.shiftMs);
  }

  #tell(error: unknown): void {
    if (this.#isInTrouble || this.#closed.signal.aborted) return;
    this.#isInTrouble = true;
    this.#options.onTrouble?.(describe(error));
  }
}

/** Anybody may have written it. */
function minutesIn(text: string | undefined): SpentRecord['minutes'] {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return isRecord(value) ? value.minutes : [];
  } catch {
    return [];
  }
}
