/** Records in a bucket: creating a key is winning the unit, and the only commit point of a job on several machines. */
import type { KV } from '@nats-io/kv';
import { sleep } from '../../../clock.ts';
import type { Committer, UnitId, UnitRecord } from '../../../record.ts';
import { assertRecord, recordProblems } from '../../../record-schema.ts';
import type { WaitList } from '../../../structures/wait-list.ts';
import { replay } from '../connection/bucket-replay.ts';
import { isStreamGone, isWrongSequence, serverError } from '../connection/nats-error.ts';
import { refused } from '../connection/refused.ts';
import type { AskOptions, ServerLink } from '../connection/server-link.ts';

/** How often a commit looks whether what is in its way was taken away. */
const BLOCKED_MS = 1_000;

export class RecordStore implements Committer {
  readonly #link: ServerLink;
  readonly #bucket: KV;
  readonly #name: string;
  /** Throws when there is no point in asking again: the job was cancelled or deleted, the channel closed. */
  readonly #assertWorthwhile: () => Promise<void>;

  constructor(link: ServerLink, bucket: KV, name: string, assertWorthwhile: () => Promise<void>) {
    this.#link = link;
    this.#bucket = bucket;
    this.#name = name;
    this.#assertWorthwhile = assertWorthwhile;
  }

  /** @returns undefined too where something else has the place of a record: that decides nothing */
  async record(unit: UnitId, signal?: AbortSignal): Promise<UnitRecord | undefined> {
    const options = { between: this.#assertWorthwhile, signal };
    const found = await this.#link.ask(`cannot read the record of unit ${unit}`, () => this.#bucket.get(unit), options);
    return found === null || found.operation !== 'PUT' ? undefined : this.#parse(found.string(), unit);
  }

  async commit(record: UnitRecord): Promise<{ readonly won: boolean; readonly record: UnitRecord }> {
    assertRecord(record);
    const options = { passes: isWrongSequence, between: this.#assertWorthwhile };
    for (;;) {
      try {
        await this.#link.ask(
          `cannot commit unit ${record.unit}`,
          () => this.#bucket.create(record.unit, JSON.stringify(record)),
          options,
        );
        return { won: true, record };
      } catch (error) {
        if (!isWrongSequence(error)) throw error;
        // Decided before, perhaps by ourselves: the answer to an earlier try may have been lost.
        const decided = await this.record(record.unit);
        if (decided !== undefined) return { won: decided.token === record.token, record: decided };
        // What is there is no record. Nobody may write over it; whoever follows or repairs the job takes it away.
        await this.#assertWorthwhile();
        await sleep(this.#link.clock, BLOCKED_MS);
      }
    }
  }

  /**
   * How many units are decided. Errors: FDC_ERR_TRANSPORT_CONNECT after `giveUpMs`, why the job ended when its records
   * are deleted.
   */
  async count(limits: Pick<AskOptions, 'giveUpMs' | 'signal'> = {}): Promise<number> {
    const doing = 'cannot count the records';
    const options = { between: this.#assertWorthwhile, passes: isStreamGone, ...limits };
    try {
      return (await this.#link.ask(doing, () => this.#bucket.status(), options)).values;
    } catch (error) {
      if (!isStreamGone(error)) throw error;
      await this.#assertWorthwhile();
      throw serverError(error, doing);
    }
  }

  /** Every record there is. */
  async *records(): AsyncIterable<UnitRecord> {
    yield* this.#read();
  }

  /** Every record there is, then every new one, until the signal. */
  async *follow(signal: AbortSignal): AsyncIterable<UnitRecord> {
    yield* this.#read(signal);
  }

  /** Take away what has the place of a record and is none. @returns how many there were */
  async removeForeign(): Promise<number> {
    let removed = 0;
    for await (const { key, text } of replay(this.#link, this.#bucket, '>')) {
      if (typeof recordIn(text, key) === 'object') continue;
      const filter = `$KV.${this.#name}.${key}`;
      const purge = () => this.#link.manager.streams.purge(`KV_${this.#name}`, { filter });
      removed += (await this.#link.ask(`cannot remove ${key} from ${this.#name}`, purge)).purged;
    }
    return removed;
  }

  async *#read(signal?: AbortSignal): AsyncIterable<UnitRecord> {
    for await (const { key, text } of replay(this.#link, this.#bucket, '>', signal)) {
      const record = this.#parse(text, key);
      if (record !== undefined) yield record;
    }
  }

  #parse(text: string, unit: string): UnitRecord | undefined {
    const record = recordIn(text, unit);
    if (typeof record === 'object') return record;
    refused(`${this.#name} ${unit}`, record);
    return undefined;
  }
}

export interface FollowOptions {
  readonly records: RecordStore;
  /** Wakes when the job changed: sealed, cancelled, finished, closed. */
  readonly changed: WaitList;
  /** Whether nothing more is to come after `seen` records. */
  readonly isOver: (seen: number) => boolean;
  readonly signal: AbortSignal;
}

/** Records as they are made, those of before first, until the signal or the end of the job. */
export async function* followRecords(options: FollowOptions): AsyncIterable<UnitRecord> {
  const { records, changed, isOver, signal } = options;
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  let seen = 0;
  const look = async (): Promise<void> => {
    while (!stop.signal.aborted && !isOver(seen)) await changed.wait(stop.signal).catch(() => {});
    stop.abort();
  };
  if (signal.aborted) return;
  signal.addEventListener('abort', abort, { once: true });
  void look();
  try {
    for await (const record of records.follow(stop.signal)) {
      seen++;
      yield record;
      if (stop.signal.aborted || isOver(seen)) return;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    stop.abort();
  }
}

/** @returns what is wrong with it, unless `text` is the record of `unit`: its names become file names */
function recordIn(text: string, unit: string): UnitRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  const problems = recordProblems(value);
  const record = value as UnitRecord;
  if (problems.length > 0) return problems.join('; ');
  if (record.unit !== unit) return `is about unit ${record.unit}`;
  const shard = unit.slice(0, unit.indexOf('-'));
  const foreign = record.artifacts.find(({ name }) => !name.startsWith(shard) || /^\d/.test(name.slice(shard.length)));
  return foreign === undefined ? record : `names ${foreign.name}, which is not of its shard`;
}
