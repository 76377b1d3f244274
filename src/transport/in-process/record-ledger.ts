/**
 * How many units of a job are decided, and whether that is all of them. Counts instead of ids, so that a job of any
 * length needs the same memory; the records themselves answer every question about a single unit.
 */
import { FlowDcError } from '../../errors.ts';
import type { LocalCommit, LocalCommitter } from '../../job/local-committer.ts';
import type { UnitId, UnitRecord } from '../../record.ts';

export class RecordLedger {
  readonly #committer: LocalCommitter;
  #counting: Promise<void> | undefined;
  #recounting: Promise<void> | undefined;
  #committed = 0;
  #total: number | undefined;

  constructor(committer: LocalCommitter) {
    this.#committer = committer;
  }

  get committed(): number {
    return this.#committed;
  }

  /** Set once sealed. */
  get total(): number | undefined {
    return this.#total;
  }

  get isComplete(): boolean {
    return this.#committed === this.#total;
  }

  /** Count the records of earlier runs, once; every other method wants it done first. */
  open(): Promise<void> {
    this.#counting ??= this.#committer.count().then((records) => {
      this.#committed = records;
    });
    return this.#counting;
  }

  async commit(record: UnitRecord): Promise<LocalCommit> {
    const commit = await this.#committer.commit(record);
    if (commit.created) this.#committed++;
    return commit;
  }

  /** Errors: FDC_ERR_JOB_UNITS_CHANGED when more units are recorded than there are. */
  seal(total: number): void {
    if (!Number.isSafeInteger(total) || total < 0) throw new RangeError(`Expected the number of units, got ${total}`);
    if (this.#total !== undefined && this.#total !== total) {
      throw new FlowDcError(
        'FDC_ERR_SINK_PROTOCOL',
        `The job was sealed with ${this.#total} units, then with ${total}`,
      );
    }
    this.#refuseMoreThan(total);
    this.#total = total;
  }

  /** Errors: FDC_ERR_JOB_UNITS_CHANGED when another unit was recorded for the same shard. */
  async refuseOtherCut(unit: UnitId): Promise<void> {
    const rival = await this.#committer.rivalOf(unit);
    if (rival !== undefined) throw otherCut(`unit ${rival} is recorded where this run has ${unit}`);
  }

  /**
   * Count again: for a sealed job with no unit left whose count is still off. Either commits went past the channel,
   * which is fine, or the records do not belong to these units.
   * Errors: FDC_ERR_JOB_UNITS_CHANGED, FDC_ERR_SINK_PROTOCOL when fewer units were published than sealed.
   */
  reconcile(): Promise<void> {
    // Everybody who waits for a unit asks at once.
    this.#recounting ??= this.#recount().finally(() => {
      this.#recounting = undefined;
    });
    return this.#recounting;
  }

  async #recount(): Promise<void> {
    const total = this.#total;
    if (total === undefined) return;
    this.#committed = await this.#committer.count();
    this.#refuseMoreThan(total);
    if (this.#committed === total) return;
    throw new FlowDcError(
      'FDC_ERR_SINK_PROTOCOL',
      `The job was sealed with ${total} units, but only ${this.#committed} were published`,
    );
  }

  #refuseMoreThan(total: number): void {
    if (this.#committed > total) throw otherCut(`${this.#committed} units are recorded, this run has ${total}`);
  }
}

function otherCut(found: string): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_JOB_UNITS_CHANGED',
    `The input is cut into other units than before: ${found}; use the input and settings of the first run, ` +
      'another -o, or --overwrite',
  );
}
