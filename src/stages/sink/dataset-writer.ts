/** How the units of one dataset are laid out and decided. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { safeExtension } from '../../dataset/naming/safe-name.ts';
import { outcomeTable, type RowOutcome, rowOutcome } from '../../dataset/outcome-table.ts';
import { encodeParquet } from '../../dataset/parquet-file.ts';
import { formatStats, STATS_SUFFIX, UnitTimer } from '../../dataset/stats-file.ts';
import type { Destination, Staging } from '../../destination/destination.ts';
import type { Artifact, Committer, FetchResult, OpenUnit, UnitRecord, UnitRow } from '../../record.ts';
import { decodeRows } from '../../unit-rows.ts';
import type { UnitWriter } from './custom-sink.ts';
import type { SampleContainer } from './sample-container.ts';

/** How the units of one dataset are laid out and decided. */
export interface DatasetLayout {
  readonly destination: Destination;
  readonly committer: Committer;
  readonly worker: string;
  readonly clock: Clock;
  /** Paths without extension, one per row. */
  names(rows: readonly UnitRow[], unit: OpenUnit): readonly string[];
  openContainer(staging: Staging, unit: OpenUnit): Promise<SampleContainer>;
  /** Give images the extension jpg whatever they are. */
  readonly imagesAsJpg: (unit: OpenUnit) => boolean;
}

/** Begin an attempt at a unit under a token of its own. */
export async function openDatasetWriter(unit: OpenUnit, layout: DatasetLayout): Promise<UnitWriter> {
  const rows = decodeRows({ id: unit.id, shard: unit.shard, rows: unit.batch, hosts: [] });
  const token = randomBytes(8).toString('hex');
  const staging = await layout.destination.stage(unit.id, token);
  try {
    return new DatasetWriter(unit, layout, token, staging, await layout.openContainer(staging, unit), rows);
  } catch (error) {
    await staging.discard();
    throw error;
  }
}

class DatasetWriter implements UnitWriter {
  readonly #unit: OpenUnit;
  readonly #layout: DatasetLayout;
  readonly #token: string;
  readonly #staging: Staging;
  readonly #container: SampleContainer;
  readonly #rows: readonly UnitRow[];
  readonly #names: readonly string[];
  readonly #outcomes: RowOutcome[] = [];
  readonly #startedAtMs: number;
  readonly #timer = new UnitTimer();
  readonly #imagesAsJpg: boolean;
  /** From here on somebody may have decided for this attempt, so what it staged must stay. */
  #offered = false;

  constructor(
    unit: OpenUnit,
    layout: DatasetLayout,
    token: string,
    staging: Staging,
    container: SampleContainer,
    rows: readonly UnitRow[],
  ) {
    this.#unit = unit;
    this.#layout = layout;
    this.#token = token;
    this.#staging = staging;
    this.#container = container;
    this.#rows = rows;
    this.#names = layout.names(rows, unit);
    this.#startedAtMs = layout.clock.wallMs();
    this.#imagesAsJpg = layout.imagesAsJpg(unit);
  }

  async write(result: FetchResult): Promise<void> {
    const { index } = result.row;
    this.#timer.addRow(result);
    if (result.status !== 'fetched') {
      this.#outcomes[index] = rowOutcome(result, undefined);
      return;
    }
    const startMs = this.#layout.clock.nowMs();
    const sample = await this.#container.add(result, this.#names[index] as string, this.#extension(result));
    this.#timer.add('write', this.#layout.clock.nowMs() - startMs);
    this.#outcomes[index] = rowOutcome(result, sample.name, sample.sha256);
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
    if (!this.#offered) await this.#staging.discard();
  }

  async #finishFiles(): Promise<UnitRecord> {
    const { shard, batch } = this.#unit;
    const { clock } = this.#layout;
    const startMs = clock.nowMs();
    const artifacts = [await this.#container.close()];
    const table = encodeParquet(outcomeTable(this.#rows, this.#outcomes, batch));
    artifacts.push(await this.#putFile(`${shard}.parquet`, table));
    const record = this.#record(artifacts);
    // What follows cannot be in a file that must be complete before it: the record and the renames.
    this.#timer.add('commit', clock.nowMs() - startMs);
    const stats = await this.#putFile(
      `${shard}${STATS_SUFFIX}`,
      formatStats(record, this.#startedAtMs, this.#timer.sums()),
    );
    return { ...record, artifacts: [...artifacts, stats] };
  }

  async #putFile(name: string, content: Uint8Array): Promise<Artifact> {
    const file = await this.#staging.createFile(name);
    await file.write([content]);
    return file.close();
  }

  #record(artifacts: readonly Artifact[]): UnitRecord {
    const count = { fetched: 0, failed: 0, skipped: 0 };
    const errors: Record<string, number> = {};
    let bytes = 0;
    for (const outcome of this.#outcomes) {
      count[outcome.status] += 1;
      if (outcome.status === 'fetched') bytes += outcome.bytes;
      else errors[outcome.code ?? 'unknown'] = (errors[outcome.code ?? 'unknown'] ?? 0) + 1;
    }
    const { id, rows } = this.#unit;
    const { worker, clock } = this.#layout;
    const numbers = { rows, stored: count.fetched, failed: count.failed, skipped: count.skipped, bytes };
    return { unit: id, token: this.#token, worker, ...numbers, artifacts, errors, committedAtMs: clock.wallMs() };
  }

  #extension({ contentType, extension }: FetchResult): string {
    return this.#imagesAsJpg && contentType?.startsWith('image/') === true ? 'jpg' : safeExtension(extension);
  }
}
