/** The ledger of one process: kept in memory, and written down by whoever has a place for it. */
import type { Clock } from '../clock.ts';
import { type Booked, type Booking, enter, type QuotaLedger } from './ledger.ts';
import { SpentBytes } from './spent-bytes.ts';

/** Hosts that are remembered; those that asked longest ago go first. */
export const MAX_HOSTS = 1000;

/** What is written down of one host: bytes of each minute since the epoch. */
export interface SpentRecord {
  readonly host: string;
  readonly minutes: readonly (readonly [minute: number, bytes: number])[];
}

export const spentSchema = {
  type: 'object',
  required: ['host', 'minutes'],
  properties: {
    host: { type: 'string', minLength: 1, maxLength: 300 },
    minutes: {
      type: 'array',
      maxItems: 1500,
      items: { type: 'array', minItems: 2, maxItems: 2, items: { type: 'number', minimum: 0 } },
    },
  },
} as const;

type Save = (records: readonly SpentRecord[]) => Promise<void>;

/** All hosts that have a quota, at most 1,000. */
export class QuotaBook implements QuotaLedger {
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #hosts = new Map<string, SpentBytes>();
  #save: Save | undefined;
  #isChanged = false;
  #saving: Promise<void> = Promise.resolve();
  /** A writing that has not begun: what is entered until then is in it. */
  #next: Promise<void> | undefined;

  constructor(clock: Pick<Clock, 'wallMs'>) {
    this.#clock = clock;
  }

  /** Write it down by this from now on, one writing at a time. @param save - does not reject */
  keepBy(save: Save): void {
    this.#save = save;
  }

  async book(booking: Booking): Promise<Booked> {
    const booked = enter(this.#of(booking.host), booking, this.#clock.wallMs());
    this.#isChanged = true;
    await this.#written();
    return booked;
  }

  /** All that was entered so far is written down, with what is entered because of that. */
  async settled(): Promise<void> {
    do {
      await this.#written();
      // Whoever was told just now may have more to say.
      await Promise.resolve();
    } while (this.#save !== undefined && this.#isChanged);
  }

  #written(): Promise<void> {
    const save = this.#save;
    if (save === undefined) return Promise.resolve();
    if (this.#next === undefined && !this.#isChanged) return this.#saving;
    this.#next ??= this.#saving.then(() => {
      this.#next = undefined;
      this.#isChanged = false;
      this.#saving = save(this.records());
      return this.#saving;
    });
    return this.#next;
  }

  /** Take over what earlier runs have written down. */
  restore(records: Iterable<SpentRecord>): void {
    for (const { host, minutes } of records) if (!this.#hosts.has(host)) this.#hosts.set(host, new SpentBytes(minutes));
  }

  records(): SpentRecord[] {
    return [...this.#hosts].flatMap(([host, { minutes }]) => (minutes.length === 0 ? [] : [{ host, minutes }]));
  }

  #of(host: string): SpentBytes {
    const spent = this.#hosts.get(host) ?? new SpentBytes();
    this.#hosts.delete(host);
    this.#hosts.set(host, spent);
    if (this.#hosts.size > MAX_HOSTS) this.#hosts.delete(this.#hosts.keys().next().value as string);
    return spent;
  }
}
