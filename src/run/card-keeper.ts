/** Keeps the card of a dataset that is being made true: from its first shard on, until it is sealed. */
import type { Clock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { unfinishedCard } from '../dataset/seal/dataset-card.ts';
import { MediaSeen } from '../dataset/seal/media-seen.ts';
import { putCard } from '../dataset/seal/put-card.ts';
import { type RecordTotals, TotalsSum } from '../dataset/totals.ts';
import type { Destination } from '../destination/destination.ts';
import type { JobFile } from '../job/job-file.ts';
import type { LocalCommitter } from '../job/local-committer.ts';
import type { UnitRecord } from '../record.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import type { InputWarnings } from './input-warnings.ts';
import { expectedRows } from './manifest-rows.ts';
import { sealInfo } from './seal-info.ts';

/** No sooner than that it is written again: in a store it is a request, and an upload tool is a process. Chosen. */
const AGAIN_MS = 60_000;

export interface CardSubject {
  readonly config: ResolvedConfig;
  readonly input: { readonly info: ManifestInfo; readonly warnings: Pick<InputWarnings, 'all'> };
  readonly job: JobFile;
  readonly destination: Destination;
  readonly clock: Clock;
}

export class CardKeeper {
  readonly #subject: CardSubject;
  readonly #sum = new TotalsSum();
  /** Records that say nothing, and those from before, are left to the likely ones. */
  readonly #media = new MediaSeen([]);
  #isAgain = false;
  #writing: Promise<void> | undefined;
  #nextMs = Number.NEGATIVE_INFINITY;

  /** @param before - of records that are not noted */
  constructor(subject: CardSubject, before?: RecordTotals) {
    this.#subject = subject;
    if (before !== undefined) this.#sum.addTotals(before);
  }

  /**
   * A unit was decided. Nobody waits for the card, and no dataset depends on it.
   * @param isNews - not one of many that were decided before
   */
  note(record: UnitRecord, isNews = true): void {
    this.#sum.add(record);
    this.#media.add(record);
    this.#isAgain ||= record.again !== undefined;
    const nowMs = this.#subject.clock.nowMs();
    if (!isNews || this.#writing !== undefined || nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + AGAIN_MS;
    this.#writing = this.#write(this.#sum.read()).finally(() => {
      this.#writing = undefined;
    });
  }

  /** Nothing is noted any more: what is being written is. */
  async end(): Promise<void> {
    await this.#writing;
  }

  /** The run ends, and the dataset is not finished. */
  async leave(): Promise<void> {
    await this.end();
    const totals = this.#sum.read();
    if (totals.units > 0) await this.#write(totals);
  }

  async #write(totals: RecordTotals): Promise<void> {
    const { config, input, job, destination, clock } = this.#subject;
    const info = sealInfo(config, input, job, { runs: [], before: totals }, clock.wallMs());
    const imageExtensions = [...new Set([...info.imageExtensions, ...this.#media.extensions()])];
    const rows = expectedRows(input.info, config);
    const card = unfinishedCard(totals, { ...info, imageExtensions }, destination.name, rows, this.#isAgain);
    await putCard(destination, card).catch(() => {});
  }
}

/** The same committer; tells of each record that it decides. */
export function tellingCommitter(committer: LocalCommitter, tell: (record: UnitRecord) => void): LocalCommitter {
  return {
    record: (unit) => committer.record(unit),
    records: (onDamaged) => committer.records(onDamaged),
    count: () => committer.count(),
    rivalOf: (unit) => committer.rivalOf(unit),
    async commit(record) {
      const commit = await committer.commit(record);
      if (commit.created) tell(commit.record);
      return commit;
    },
  };
}
