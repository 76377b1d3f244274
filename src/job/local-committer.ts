/**
 * The compare-and-set of one machine: a record is a file, and creating the file is winning the unit.
 *
 *   STATE/units/000/000012-1a2b3c4d.json     the decided record
 *   STATE/units/tmp/                         records that are not complete yet; nobody reads them
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { destinationError, errnoOf } from '../destination/destination.ts';
import { createExclusively, type LinkFile, makeFolder } from '../destination/disk.ts';
import { FlowDcError } from '../errors.ts';
import { patiently } from '../open-files.ts';
import type { Committer, UnitId, UnitRecord } from '../record.ts';
import { assertRecord, recordProblems, UNIT_ID_PATTERN } from '../record-schema.ts';

/** What became of an offered record; `created` is true for exactly one call per unit. */
export interface LocalCommit {
  readonly won: boolean;
  readonly created: boolean;
  readonly record: UnitRecord;
}

/** Told of the file of a unit that is no record, and why. */
export type OnDamaged = (unit: UnitId, problem: string) => void;

/** A committer that can also list what it decided. */
export interface LocalCommitter extends Committer {
  commit(record: UnitRecord): Promise<LocalCommit>;
  /**
   * Every decided record, by folder, in no order within it. Reads a folder (at most 1,000 units) ahead, not more.
   * @param onDamaged - told of files that are no records; without it a torn one is passed over, any other one throws
   */
  records(onDamaged?: OnDamaged): AsyncIterable<UnitRecord>;
  /** How many records there are. Reads them all: call it once per run. */
  count(): Promise<number>;
  /** Another decided unit that would write the same shard: proof that the input was cut differently before. */
  rivalOf(unit: UnitId): Promise<UnitId | undefined>;
}

export interface LocalCommitterOptions {
  /** fs.link by default; tests pass one that fails as file systems without hard links do. */
  readonly linkFile?: LinkFile | undefined;
}

/** Where in a job's state folder its records are kept. */
export const RECORDS_FOLDER = 'units';

const UNIT_ID = new RegExp(UNIT_ID_PATTERN);
const PREFIX_FOLDER = /^\d{3}$/;
/** Records read at once when listing: enough to hide the latency of a network, far below the open-file limit. */
export const READS_AT_ONCE = 64;

/**
 * Keep records in a job's state folder, which is created on the first commit.
 * Processes may race on the same unit as long as the file system has hard links. Without them a record is written
 * after its file was created, so a crash can tear it: a torn record counts as absent and is replaced, which is safe
 * only under the job's lock.
 * Errors: FDC_ERR_SINK_PROTOCOL for a malformed record or id, FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO.
 */
export function createLocalCommitter(stateFolder: string, options: LocalCommitterOptions = {}): LocalCommitter {
  return new RecordFolder(stateFolder, options);
}

/** Remove what commits that were cut short left behind. Only under the job's lock. */
export async function sweepTemporaryRecords(stateFolder: string): Promise<void> {
  await rm(temporaryFolder(stateFolder), { recursive: true, force: true });
}

class RecordFolder implements LocalCommitter {
  readonly #units: string;
  readonly #temporary: string;
  readonly #linkFile: LinkFile | undefined;
  /** Units being committed by this process: a torn record may only be replaced by one of them at a time. */
  readonly #committing = new Map<UnitId, Promise<unknown>>();

  constructor(stateFolder: string, options: LocalCommitterOptions) {
    this.#units = join(resolve(stateFolder), RECORDS_FOLDER);
    this.#temporary = temporaryFolder(stateFolder);
    this.#linkFile = options.linkFile;
  }

  async record(unit: UnitId): Promise<UnitRecord | undefined> {
    await this.#committing.get(unit)?.catch(() => {});
    return readRecord(this.#pathOf(unit), unit);
  }

  async commit(record: UnitRecord): Promise<LocalCommit> {
    assertRecord(record);
    const turn = (this.#committing.get(record.unit) ?? Promise.resolve())
      .catch(() => {})
      .then(() => this.#decide(record));
    this.#committing.set(record.unit, turn);
    try {
      return await turn;
    } catch (error) {
      throw destinationError(error, `record of unit ${record.unit}`);
    } finally {
      if (this.#committing.get(record.unit) === turn) this.#committing.delete(record.unit);
    }
  }

  async *records(onDamaged?: OnDamaged): AsyncIterable<UnitRecord> {
    for (const prefix of await this.#list('')) {
      if (!PREFIX_FOLDER.test(prefix)) continue;
      const units = unitsAmong(await this.#list(prefix));
      for (let start = 0; start < units.length; start += READS_AT_ONCE) {
        const reads = units.slice(start, start + READS_AT_ONCE).map((unit) => this.#listed(unit, onDamaged));
        for (const record of await Promise.all(reads)) if (record !== undefined) yield record;
      }
    }
  }

  async count(): Promise<number> {
    let records = 0;
    for await (const _record of this.records()) records++;
    return records;
  }

  async rivalOf(unit: UnitId): Promise<UnitId | undefined> {
    const index = `${indexOf(unit)}-`;
    for (const other of unitsAmong(await this.#list(unit.slice(0, 3)))) {
      if (other !== unit && other.startsWith(index) && (await this.record(other)) !== undefined) return other;
    }
    return undefined;
  }

  async #listed(unit: UnitId, onDamaged: OnDamaged | undefined): Promise<UnitRecord | undefined> {
    if (onDamaged === undefined) return readRecord(this.#pathOf(unit), unit);
    const problem = await readRecord(this.#pathOf(unit), unit).catch((error: FlowDcError) => error.message);
    if (typeof problem === 'object') return problem;
    onDamaged(unit, problem ?? `${this.#pathOf(unit)} is not JSON`);
    return undefined;
  }

  async #decide(record: UnitRecord): Promise<LocalCommit> {
    const path = this.#pathOf(record.unit);
    await makeFolder(this.#temporary);
    await makeFolder(dirname(path));
    const options = { temporaryFolder: this.#temporary, linkFile: this.#linkFile };
    for (;;) {
      if (await createExclusively(path, `${JSON.stringify(record)}\n`, options))
        return { won: true, created: true, record };
      const decided = await readRecord(path, record.unit);
      if (decided !== undefined) return { won: decided.token === record.token, created: false, record: decided };
      await rm(path, { force: true });
    }
  }

  async #list(prefix: string): Promise<readonly string[]> {
    const folder = join(this.#units, prefix);
    try {
      return await patiently(() => readdir(folder));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw destinationError(error, folder);
    }
  }

  #pathOf(unit: UnitId): string {
    return recordPath(this.#units, unit);
  }
}

/** The file of a unit's record. Errors: FDC_ERR_SINK_PROTOCOL for a malformed id. */
export function recordFile(stateFolder: string, unit: UnitId): string {
  return recordPath(join(resolve(stateFolder), RECORDS_FOLDER), unit);
}

function recordPath(units: string, unit: UnitId): string {
  indexOf(unit);
  return join(units, unit.slice(0, 3), `${unit}.json`);
}

/** Records that are not complete yet. */
function temporaryFolder(stateFolder: string): string {
  return join(resolve(stateFolder), RECORDS_FOLDER, 'tmp');
}

/** @returns undefined when there is no file, or a torn one (not JSON). A record that is JSON but wrong is refused. */
async function readRecord(path: string, unit: UnitId): Promise<UnitRecord | undefined> {
  try {
    return parseRecord(await patiently(() => readFile(path, 'utf8')), unit, path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw destinationError(error, path);
  }
}

/** @returns undefined for what is not JSON. @param name - for messages. Errors: FDC_ERR_DEST_IO for a wrong record. */
export function parseRecord(text: string, unit: UnitId, name: string): UnitRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const problems = recordProblems(value);
  if (problems.length > 0) throw foreignRecord(name, problems.join('; '));
  const record = value as UnitRecord;
  if (record.unit !== unit) throw foreignRecord(name, `it is about unit ${record.unit}`);
  return record;
}

export function foreignRecord(name: string, problem: string): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_DEST_IO',
    `${name} is not a record that flow-dc wrote: ${problem}; flow-dc repair does its unit again`,
  );
}

export function unitsAmong(names: readonly string[]): UnitId[] {
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .filter((id) => UNIT_ID.test(id));
}

export function indexOf(unit: UnitId): string {
  if (!UNIT_ID.test(unit))
    throw new FlowDcError('FDC_ERR_SINK_PROTOCOL', `Expected a unit id such as 000012-1a2b3c4d, got ${unit}`);
  return unit.slice(0, unit.indexOf('-'));
}
