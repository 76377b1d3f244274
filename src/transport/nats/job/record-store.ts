/** Records in a bucket: creating a key is winning the unit, and the only commit point of a job on several machines. */
import type { KV } from '@nats-io/kv';
import { FlowDcError } from '../../../errors.ts';
import type { Committer, UnitId, UnitRecord } from '../../../record.ts';
import { assertRecord, recordProblems } from '../../../record-schema.ts';
import type { WaitList } from '../../../structures/wait-list.ts';
import { replay } from '../connection/bucket-replay.ts';
import { isStreamGone, isWrongSequence, serverError } from '../connection/nats-error.ts';
import type { AskOptions, ServerLink } from '../connection/server-link.ts';

export class RecordStore implements Committer {
  readonly #link: ServerLink;
  readonly #bucket: KV;
  /** Throws when there is no point in asking again: the job was cancelled or deleted, the channel closed. */
  readonly #assertWorthwhile: () => Promise<void>;

  constructor(link: ServerLink, bucket: KV, assertWorthwhile: () => Promise<void>) {
    this.#link = link;
    this.#bucket = bucket;
    this.#assertWorthwhile = assertWorthwhile;
  }

  async record(unit: UnitId, signal?: AbortSignal): Promise<UnitRecord | undefined> {
    const options = { between: this.#assertWorthwhile, signal };
    const found = await this.#link.ask(`cannot read the record of unit ${unit}`, () => this.#bucket.get(unit), options);
    return found === null || found.operation !== 'PUT' ? undefined : parseRecord(found.string(), unit);
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
    for await (const { key, text } of replay(this.#link, this.#bucket, '>')) yield parseRecord(text, key);
  }

  /** Every record there is, then every new one, until the signal. */
  async *follow(signal: AbortSignal): AsyncIterable<UnitRecord> {
    for await (const { key, text } of replay(this.#link, this.#bucket, '>', signal)) yield parseRecord(text, key);
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

/** Errors: FDC_ERR_TRANSPORT_SERVER unless `text` is the record of `unit`: its names become file names. */
function parseRecord(text: string, unit: string): UnitRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw serverError(error, `The record of unit ${unit} on the server is not JSON`);
  }
  const problems = recordProblems(value);
  const record = value as UnitRecord;
  if (problems.length === 0 && record.unit === unit) return record;
  const problem = problems.length > 0 ? problems.join('; ') : `it is about unit ${record.unit}`;
  throw new FlowDcError(
    'FDC_ERR_TRANSPORT_SERVER',
    `The record of unit ${unit} on the server is not one that flow-dc wrote: ${problem}`,
  );
}
