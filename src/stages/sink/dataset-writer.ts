/** One attempt at one unit of a dataset: samples into their container, outcomes into the table, both in one commit. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { img2datasetTable } from '../../dataset/img2dataset-table.ts';
import { formatKept, KEPT_FILE } from '../../dataset/kept-units.ts';
import { type ImageName, sampleExtension } from '../../dataset/naming/image-name.ts';
import { outcomeTable } from '../../dataset/outcome-table.ts';
import { encodeParquet } from '../../dataset/parquet-file.ts';
import type { Publish } from '../../dataset/published.ts';
import { forgetRows } from '../../dataset/removal/tombstones.ts';
import { formatStats, UnitTimer } from '../../dataset/stats-file.ts';
import { formatTarIndex, indexName } from '../../dataset/tar-index.ts';
import { namesOfUnit } from '../../dataset/unit-files.ts';
import { UnitOutcomes } from '../../dataset/unit-outcomes.ts';
import type { Destination, Staging } from '../../destination/destination.ts';
import type { RemovedUrls } from '../../job/removed-urls.ts';
import type { Artifact, Committer, FetchResult, OpenUnit, RowsAgain, UnitRecord, UnitRow } from '../../record.ts';
import { decodeRows, rowsAgainOf } from '../../unit-rows.ts';
import type { GatheringEvents, GatheringWriter } from './custom-sink.ts';
import type { SampleContainer } from './sample-container.ts';

/** What was gathered is written after so long at the latest: bodies must not sit in memory that others wait for. */
const FLUSH_MS = 20;

/** How the units of one dataset are laid out and decided. */
export interface DatasetLayout {
  readonly destination: Destination;
  readonly committer: Committer;
  readonly worker: string;
  readonly clock: Clock;
  /** Paths without extension, one per row. */
  names(rows: readonly UnitRow[], unit: OpenUnit): readonly string[];
  openContainer(staging: Staging, unit: OpenUnit, events: GatheringEvents): Promise<SampleContainer>;
  /** Whether units that a run leaves half done are put aside for the next one. */
  readonly keepsUnfinished?: boolean | undefined;
  /** Whether archives have an index beside them. */
  readonly energon?: boolean | undefined;
  /** Whose names and columns files have, when not ours. */
  readonly compat?: 'img2dataset' | undefined;
  /** URLs as they are published. */
  readonly publish: Publish;
  /** Of whom some may have to be forgotten. */
  readonly removed: () => RemovedUrls | undefined;
  readonly imageName: (unit: OpenUnit) => ImageName;
}

/** Begin an attempt at a unit under a token of its own. */
export async function openDatasetWriter(
  unit: OpenUnit,
  layout: DatasetLayout,
  events: GatheringEvents,
): Promise<GatheringWriter> {
  const rows = decodeRows({ shard: unit.shard, rows: unit.batch });
  const token = randomBytes(8).toString('hex');
  const staging = await layout.destination.stage(unit.id, token);
  try {
    const container = await layout.openContainer(staging, unit, events);
    return new DatasetWriter(unit, layout, events, { token, staging, container, rows });
  } catch (error) {
    await staging.discard();
    throw error;
  }
}

interface Opened {
  readonly token: string;
  readonly staging: Staging;
  readonly container: SampleContainer;
  readonly rows: readonly UnitRow[];
}

class DatasetWriter implements GatheringWriter {
  readonly keep?: () => Promise<void>;
  readonly #unit: OpenUnit;
  readonly #layout: DatasetLayout;
  readonly #events: GatheringEvents;
  readonly #token: string;
  readonly #staging: Staging;
  readonly #container: SampleContainer;
  readonly #names: readonly string[];
  readonly #again: RowsAgain | undefined;
  readonly #outcomes: UnitOutcomes;
  readonly #startedAtMs: number;
  readonly #startMs: number;
  readonly #timer = new UnitTimer();
  readonly #imageName: ImageName;
  #cancelFlush: (() => void) | undefined;
  /** From here on somebody may have decided for this attempt, so what it staged must stay. */
  #offered = false;

  constructor(
    unit: OpenUnit,
    layout: DatasetLayout,
    events: GatheringEvents,
    { token, staging, container, rows }: Opened,
  ) {
    this.#unit = unit;
    this.#layout = layout;
    this.#events = events;
    this.#token = token;
    this.#staging = staging;
    this.#container = container;
    this.#again = rowsAgainOf(unit.batch);
    this.#outcomes = new UnitOutcomes(rows, this.#again?.set);
    this.#names = layout.names(rows, unit);
    this.#startedAtMs = layout.clock.wallMs();
    this.#startMs = layout.clock.nowMs();
    this.#imageName = layout.imageName(unit);
    if (layout.keepsUnfinished === true && staging.keep !== undefined) this.keep = () => this.#keep();
  }

  take(result: FetchResult): void {
    const { index } = result.row;
    this.#timer.addRow(result);
    if (result.status !== 'fetched') {
      this.#outcomes.set(result, undefined);
      this.#events.onSettled([result]);
      this.#container.pass(index);
    } else {
      const name = this.#container.add(result, this.#names[index] as string, sampleExtension(result, this.#imageName));
      this.#outcomes.set(result, name);
    }
    if (this.#cancelFlush === undefined && this.#container.hasUnwritten) this.#flushSoon();
  }

  #flushSoon(): void {
    this.#cancelFlush = this.#layout.clock.timer(FLUSH_MS, () => {
      this.#cancelFlush = undefined;
      this.#container.flush();
    });
  }

  async commit(): Promise<UnitRecord> {
    const { destination, committer } = this.#layout;
    const record = await this.#finishFiles();
    await this.#staging.sync();
    this.#offered = true;
    const { won, record: decided } = await committer.commit(record);
    if (!won) await this.#staging.discard();
    await destination.rollForward(decided);
    return decided;
  }

  async abort(): Promise<void> {
    this.#cancelFlush?.();
    await this.#container.abandon();
    if (!this.#offered) await this.#staging.discard();
  }

  async #keep(): Promise<void> {
    const container = await this.#closeContainer();
    const table = await this.#putTable();
    const { counts, bytes } = this.#outcomes;
    const rows = counts.fetched + counts.failed + counts.skipped;
    const kept = { unit: this.#unit.id, rows, stored: counts.fetched, bytes, container, table };
    await this.#putFile(KEPT_FILE, Buffer.from(formatKept(kept)));
    await this.#staging.keep?.();
  }

  #closeContainer(): Promise<Artifact> {
    this.#cancelFlush?.();
    return this.#container.close();
  }

  #putTable(): Promise<Artifact> {
    const { shard, batch } = this.#unit;
    const { publish, compat } = this.#layout;
    const table =
      compat === undefined
        ? outcomeTable(this.#outcomes, batch, publish)
        : img2datasetTable(this.#outcomes, { shard, batch }, publish);
    return this.#putFile(namesOfUnit(shard, compat).table, encodeParquet(forgetRows(table, this.#forgotten())));
  }

  #forgotten(): number[] {
    const removed = this.#layout.removed();
    if (removed === undefined) return [];
    const rows = decodeRows({ shard: this.#unit.shard, rows: this.#unit.batch });
    return rows.flatMap((row, at) => (removed.forgets(row) ? [at] : []));
  }

  async #finishFiles(): Promise<UnitRecord> {
    const { shard } = this.#unit;
    const { clock, compat } = this.#layout;
    const [startMs, writtenMs] = [clock.nowMs(), this.#container.writeMs];
    const artifacts = [await this.#closeContainer()];
    this.#timer.add('write', this.#container.writeMs);
    artifacts.push(await this.#putTable());
    const offsets = this.#layout.energon === true ? await this.#container.offsets?.() : undefined;
    if (offsets !== undefined)
      artifacts.push(await this.#putFile(indexName(namesOfUnit(shard, compat).tar), formatTarIndex(offsets)));
    const record = this.#record(artifacts);
    // What follows cannot be in a file that must be complete before it: the record and the renames.
    this.#timer.add('commit', clock.nowMs() - startMs - (this.#container.writeMs - writtenMs));
    const stats = await this.#putFile(
      namesOfUnit(shard, compat).stats,
      formatStats(
        record,
        { startedAtMs: this.#startedAtMs, elapsedMs: clock.nowMs() - this.#startMs },
        this.#timer.sums(),
        compat,
      ),
    );
    return { ...record, artifacts: [...artifacts, stats] };
  }

  async #putFile(name: string, content: Uint8Array): Promise<Artifact> {
    const file = await this.#staging.createFile(name);
    await file.write([content]);
    return file.close();
  }

  #record(artifacts: readonly Artifact[]): UnitRecord {
    const { counts, errors, bytes, media, onlyHost: host } = this.#outcomes;
    const { id, rows } = this.#unit;
    const { worker, clock } = this.#layout;
    const numbers = { rows, stored: counts.fetched, failed: counts.failed, skipped: counts.skipped, bytes };
    const record = { unit: id, token: this.#token, worker, ...numbers, artifacts, errors, media, host };
    return { ...record, committedAtMs: clock.wallMs(), ...(this.#again && { again: this.#again }) };
  }
}
