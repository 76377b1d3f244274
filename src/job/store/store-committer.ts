/**
 * The compare-and-set of an object store: a record is an object, and creating the object is winning the unit.
 *
 *   STATE/units/000/000012-1a2b3c4d.json     the decided record
 */
import type { UnitId, UnitRecord } from '../../record.ts';
import { assertRecord } from '../../record-schema.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import {
  foreignRecord,
  indexOf,
  type LocalCommit,
  type LocalCommitter,
  type OnDamaged,
  parseRecord,
  READS_AT_ONCE,
  RECORDS_FOLDER,
  unitsAmong,
} from '../local-committer.ts';
import { nameOfKey, readText } from './state-keys.ts';

/**
 * Keep records below a job's prefix in a store. Processes on any number of machines may race on the same unit where the
 * store can create an object atomically; elsewhere a record is looked for before it is written, which is safe only under
 * the job's lock.
 * Errors: FDC_ERR_SINK_PROTOCOL for a malformed record or id, and those of the store.
 * @param mayDecide - asked before a unit is decided; rejects when this process may not any more
 */
export function createStoreCommitter(
  state: ObjectStore,
  mayDecide: () => Promise<void> = async () => {},
): LocalCommitter {
  return new RecordObjects(state, mayDecide);
}

/** The key of a unit's record. Errors: FDC_ERR_SINK_PROTOCOL for a malformed id. */
export function recordKey(unit: UnitId): string {
  indexOf(unit);
  return `${folderOf(unit)}${unit}.json`;
}

class RecordObjects implements LocalCommitter {
  readonly #state: ObjectStore;
  readonly #mayDecide: () => Promise<void>;

  constructor(state: ObjectStore, mayDecide: () => Promise<void>) {
    this.#state = state;
    this.#mayDecide = mayDecide;
  }

  async record(unit: UnitId): Promise<UnitRecord | undefined> {
    const text = await readText(this.#state, recordKey(unit));
    return text === undefined ? undefined : this.#parsed(text, unit);
  }

  async commit(record: UnitRecord): Promise<LocalCommit> {
    assertRecord(record);
    for (;;) {
      await this.#mayDecide();
      if (await this.#state.create(recordKey(record.unit), `${JSON.stringify(record)}\n`))
        return { won: true, created: true, record };
      const decided = await this.record(record.unit);
      // Taken back in between, or decided by an earlier try of ours whose answer was lost.
      if (decided !== undefined) return { won: decided.token === record.token, created: false, record: decided };
    }
  }

  async *records(onDamaged?: OnDamaged): AsyncIterable<UnitRecord> {
    for await (const units of this.#batches()) {
      const records = await Promise.all(units.map((unit) => this.#listed(unit, onDamaged)));
      for (const record of records) if (record !== undefined) yield record;
    }
  }

  /** From their names alone: a thousand at a time. */
  async count(): Promise<number> {
    let records = 0;
    for await (const units of this.#batches()) records += units.length;
    return records;
  }

  async rivalOf(unit: UnitId): Promise<UnitId | undefined> {
    for await (const other of this.#units(`${folderOf(unit)}${indexOf(unit)}-`))
      if (other !== unit && (await this.record(other)) !== undefined) return other;
    return undefined;
  }

  async #listed(unit: UnitId, onDamaged: OnDamaged | undefined): Promise<UnitRecord | undefined> {
    const text = await readText(this.#state, recordKey(unit));
    // Only what was read can be damaged: a store that does not answer says nothing of its records.
    try {
      return text === undefined ? undefined : this.#parsed(text, unit);
    } catch (error) {
      if (onDamaged === undefined) throw error;
      onDamaged(unit, (error as Error).message);
      return undefined;
    }
  }

  #parsed(text: string, unit: UnitId): UnitRecord {
    const name = nameOfKey(this.#state, recordKey(unit));
    const record = parseRecord(text, unit, name);
    // An object appears whole, so this one was never a record.
    if (record === undefined) throw foreignRecord(name, 'it is not JSON');
    return record;
  }

  async *#batches(): AsyncGenerator<UnitId[]> {
    let batch: UnitId[] = [];
    for await (const unit of this.#units(`${RECORDS_FOLDER}/`)) {
      batch.push(unit);
      if (batch.length < READS_AT_ONCE) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /** What is named like a record and lies where records lie. */
  async *#units(prefix: string): AsyncGenerator<UnitId> {
    for await (const { key } of this.#state.list(prefix)) {
      const [unit] = unitsAmong([key.slice(key.lastIndexOf('/') + 1)]);
      if (unit !== undefined && key === recordKey(unit)) yield unit;
    }
  }
}

function folderOf(unit: UnitId): string {
  return `${RECORDS_FOLDER}/${unit.slice(0, 3)}/`;
}
