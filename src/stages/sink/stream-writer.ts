/** One unit on its way into a tar stream. What is in the stream stays there, whatever becomes of the attempt. */
import { randomBytes } from 'node:crypto';
import type { RecordBatch } from 'apache-arrow';
import { takeRows } from '../../arrow/take.ts';
import type { Clock } from '../../clock.ts';
import { type ImageName, sampleExtension } from '../../dataset/naming/image-name.ts';
import type { OutcomeFile } from '../../dataset/outcome-file.ts';
import { outcomeTable } from '../../dataset/outcome-table.ts';
import type { Publish } from '../../dataset/published.ts';
import { UnitOutcomes } from '../../dataset/unit-outcomes.ts';
import type { Committer, FetchResult, OpenUnit, UnitRecord, UnitRow } from '../../record.ts';
import type { GatheringEvents, GatheringWriter } from './custom-sink.ts';
import type { TarShardOptions } from './tar-shard.ts';
import type { TarStream } from './tar-stream.ts';

/** What all units of a stream share. */
export interface StreamSurroundings {
  readonly stream: TarStream;
  readonly table: OutcomeFile;
  readonly committer: Committer | undefined;
  readonly worker: string;
  readonly clock: Clock;
  readonly publish: Publish;
}

/** What is known of a unit over all attempts at it. */
export interface UnitAccount {
  /** Paths without extension, one per row. */
  readonly names: readonly string[];
  readonly members: TarShardOptions;
  readonly imageName: ImageName;
  readonly outcomes: UnitOutcomes;
  /** 1 for rows whose outcome stands: a later attempt does not write them again. */
  readonly isSettled: Uint8Array;
}

export function newAccount(
  rows: readonly UnitRow[],
  given: Pick<UnitAccount, 'names' | 'members' | 'imageName'>,
): UnitAccount {
  return { ...given, outcomes: new UnitOutcomes(rows), isSettled: new Uint8Array(rows.length) };
}

export class StreamWriter implements GatheringWriter {
  readonly #unit: OpenUnit;
  readonly #account: UnitAccount;
  readonly #events: GatheringEvents;
  readonly #around: StreamSurroundings;
  readonly #onDone: () => void;

  /** @param onDone - the unit is decided, and its account of no more use */
  constructor(
    unit: OpenUnit,
    account: UnitAccount,
    events: GatheringEvents,
    around: StreamSurroundings,
    onDone: () => void,
  ) {
    this.#unit = unit;
    this.#account = account;
    this.#events = events;
    this.#around = around;
    this.#onDone = onDone;
    around.stream.join(unit, events);
  }

  take(result: FetchResult): void {
    const { names, members, imageName, outcomes, isSettled } = this.#account;
    const { index } = result.row;
    if (isSettled[index] === 1) return this.#events.onSettled([result]);
    isSettled[index] = 1;
    if (result.status === 'fetched') {
      const { stream } = this.#around;
      outcomes.set(result, stream.add(result, names[index] as string, sampleExtension(result, imageName), members));
      return;
    }
    outcomes.set(result, undefined);
    this.#events.onSettled([result]);
  }

  async commit(): Promise<UnitRecord> {
    const { stream, table, committer } = this.#around;
    await stream.written(this.#unit);
    const rows = this.#table();
    if (rows.numRows > 0) await table.add(rows);
    const record = this.#record(rows.numRows);
    await committer?.commit(record);
    stream.leave(this.#unit);
    this.#onDone();
    return record;
  }

  /** A stream has no later run: the rows that there are count as the unit's. */
  async keep(): Promise<void> {
    await this.commit();
  }

  async abort(): Promise<void> {
    this.#around.stream.leave(this.#unit);
  }

  /** Of the rows that have an outcome. */
  #table(): RecordBatch {
    const { outcomes, isSettled } = this.#account;
    const batch = outcomeTable(outcomes, this.#unit.batch, this.#around.publish);
    if (!isSettled.includes(0)) return batch;
    const rows = [...isSettled.keys()].filter((row) => isSettled[row] === 1);
    return takeRows([batch], { batches: rows.map(() => 0), rows });
  }

  #record(rows: number): UnitRecord {
    const { counts, errors, bytes, media } = this.#account.outcomes;
    const { worker, clock } = this.#around;
    const numbers = { rows, stored: counts.fetched, failed: counts.failed, skipped: counts.skipped, bytes };
    const token = randomBytes(8).toString('hex');
    const committedAtMs = clock.wallMs();
    return { unit: this.#unit.id, token, worker, ...numbers, artifacts: [], errors, media, committedAtMs };
  }
}
