/**
 * timeline.jsonl: how a job's runs went, a line per second of every run; written while a run goes on, and read back.
 * For the report alone: no dataset depends on it.
 *
 *   {"run":1767225600000,"at":1767225601000,"elapsed_ms":1000,"stored":12,...,"hosts":[{"host":"a.example",...}]}
 */
import { appendFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { DatasetFile } from '../dataset/files/dataset-files.ts';
import { folderFile } from '../dataset/files/folder-files.ts';
import { errnoOf } from '../destination/destination.ts';
import { writeAtomically } from '../destination/disk.ts';
import { patiently } from '../open-files.ts';
import { type Bottleneck, publish } from '../telemetry/channels.ts';
import { BottleneckWatch, type Holder, HolderTally, heldLongest } from './bottleneck.ts';
import type { TimelineHost, TimelineMoment } from './moment.ts';

/** One line. */
export interface TimelinePoint extends TimelineMoment {
  /** Names the run: wall clock of its start, milliseconds since the epoch. */
  readonly run: number;
  /** Wall clock. */
  readonly at: number;
  /** Since the run's start, by a clock that nobody sets. */
  readonly elapsed_ms: number;
}

/** When a run began and how long it took, as far as it is known. */
export interface RunSpan {
  readonly startedAtMs: number;
  /** By a clock that nobody sets. */
  readonly elapsedMs: number;
  /** Wall clock; not start and elapsed together where somebody set it meanwhile. Absent where it was not looked at. */
  readonly endedAtMs?: number | undefined;
  /** Time in which nothing was sent because the output took no more. Absent where it was not measured. */
  readonly heldMs?: number | undefined;
  /** The host that was all that was left for longest. Absent for none, and where it was not looked at. */
  readonly heldBy?: Holder | undefined;
}

const NUMBERS = ['run', 'at', 'elapsed_ms', 'stored', 'failed', 'skipped', 'bytes', 'in_flight', 'queued'] as const;
const HOST_NUMBERS = ['in_flight', 'limit', 'waiting', 'rate'] as const;

/** Every line that can be read, in order; none when there is no file. A line that a kill has torn is passed over. */
export async function* readTimeline(file: DatasetFile): AsyncGenerator<TimelinePoint> {
  const lines = createInterface({ input: Readable.from(file.open()), crlfDelay: Number.POSITIVE_INFINITY });
  try {
    for await (const line of lines) {
      const point = parsePoint(line);
      if (point !== undefined) yield point;
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  } finally {
    lines.close();
  }
}

/** The runs that the file tells of, in order of time. */
export async function readRunSpans(path: string): Promise<readonly RunSpan[]> {
  return runSpansIn(folderFile(path));
}

/** The same of a file wherever it is. */
export async function runSpansIn(file: DatasetFile): Promise<readonly RunSpan[]> {
  const spans = new Map<number, RunSpan>();
  const holders = new HolderTally();
  for await (const point of readTimeline(file)) {
    const { run, at, elapsed_ms, held_ms } = point;
    if (!spans.has(run)) holders.begin();
    const heldBy = holders.note(elapsed_ms, point);
    if (elapsed_ms >= (spans.get(run)?.elapsedMs ?? 0))
      spans.set(run, { startedAtMs: run, elapsedMs: elapsed_ms, endedAtMs: at, heldMs: held_ms, heldBy });
  }
  return [...spans.values()].sort((a, b) => a.startedAtMs - b.startedAtMs);
}

/** Share of the time in which the output took no more, of runs where that was measured; undefined without any. */
export function heldShare(runs: readonly RunSpan[]): number | undefined {
  const measured = runs.filter(({ heldMs, elapsedMs }) => heldMs !== undefined && elapsedMs > 0);
  if (measured.length === 0) return undefined;
  const heldMs = measured.reduce((sum, run) => sum + (run.heldMs ?? 0), 0);
  return Math.min(1, heldMs / workedMs(measured));
}

/** The host that was all that was left for longest, over all runs. */
export function heldBy(runs: readonly RunSpan[]): Holder | undefined {
  return heldLongest(runs.map((run) => run.heldBy));
}

/** Time worked, over all runs. */
export function workedMs(runs: readonly RunSpan[]): number {
  return runs.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
}

/**
 * Drop every second line; a run's first and last line stay. @returns how many are left
 */
async function thinTimeline(path: string): Promise<number> {
  const points: TimelinePoint[] = [];
  for await (const point of readTimeline(folderFile(path))) points.push(point);
  const kept = points.filter(
    (point, i) => i % 2 === 0 || points[i - 1]?.run !== point.run || points[i + 1]?.run !== point.run,
  );
  await writeAtomically(path, kept.map((point) => `${JSON.stringify(point)}\n`).join(''));
  return kept.length;
}

function parsePoint(line: string): TimelinePoint | undefined {
  try {
    const point = JSON.parse(line) as TimelinePoint;
    const isWhole =
      NUMBERS.every((name) => Number.isFinite(point[name])) && Array.isArray(point.hosts) && point.hosts.every(isHost);
    if (isWhole && !Number.isFinite(point.held_ms)) return { ...point, held_ms: undefined };
    return isWhole ? point : undefined;
  } catch {
    return undefined;
  }
}

function isHost(value: TimelineHost | null): boolean {
  return (
    typeof value?.host === 'string' &&
    typeof value.state === 'string' &&
    HOST_NUMBERS.every((name) => Number.isFinite(value[name]))
  );
}

/** What is recorded: this process, or all workers of a job. */
export interface TimelineSource {
  /** Called for every line. */
  read(): TimelineMoment;
  end(): void;
}

/** Lines of all runs together; with 20 hosts of 30 letters a line has 3 kB, so the file stays near 7 MB. */
const MAX_LINES = 2400;
const INTERVAL_MS = 1000;
/** A short run would be over before there is something to draw. */
const EARLY = { lines: 40, intervalMs: 250 } as const;

export class TimelineRecorder {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #source: TimelineSource;
  readonly #maxLines: number;
  readonly #startWallMs: number;
  readonly #startMs: number;
  readonly #watch = new BottleneckWatch();
  #isHeldByHost = false;
  #intervalMs = INTERVAL_MS;
  #looks = 0;
  #lines = 0;
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  /** Begin with a first line. @param path - grows by this run; older runs stay in it */
  constructor(path: string, source: TimelineSource, clock: Clock, maxLines = MAX_LINES) {
    this.#path = path;
    this.#source = source;
    this.#clock = clock;
    this.#maxLines = maxLines;
    this.#startWallMs = Math.round(clock.wallMs());
    this.#startMs = clock.nowMs();
    this.#append(() => this.#begin());
    this.#look();
    this.#again();
  }

  /** A last line. Idempotent. @returns a notice for the user when the file could not be written; never throws */
  async end(): Promise<string | undefined> {
    if (this.#cancel !== undefined) {
      this.#cancel();
      this.#cancel = undefined;
      this.#look();
      this.#source.end();
    }
    await this.#writing;
    return this.#failure === undefined
      ? undefined
      : `${this.#path}: not written (${this.#failure.message}); a report will lack this run`;
  }

  #again(): void {
    this.#cancel = this.#clock.timer(this.#looks < EARLY.lines ? EARLY.intervalMs : this.#intervalMs, () => {
      this.#look();
      this.#again();
    });
  }

  #look(): void {
    const point = this.#point();
    const line = `${JSON.stringify(point)}\n`;
    this.#tell(this.#watch.note(point.elapsed_ms, point));
    this.#append(() => patiently(() => appendFile(this.#path, line)));
    this.#looks += 1;
    this.#lines += 1;
    if (this.#lines < this.#maxLines) return;
    this.#lines = Math.ceil(this.#lines / 2);
    this.#intervalMs *= 2;
    this.#append(async () => {
      this.#lines = await thinTimeline(this.#path);
    });
  }

  #tell(bottleneck: Bottleneck | undefined): void {
    if (bottleneck === undefined && !this.#isHeldByHost) return;
    this.#isHeldByHost = bottleneck !== undefined;
    publish('flow-dc:bottleneck', () => ({ bottleneck }));
  }

  #point(): TimelinePoint {
    const elapsedMs = Math.round(this.#clock.nowMs() - this.#startMs);
    return {
      run: this.#startWallMs,
      at: Math.round(this.#clock.wallMs()),
      elapsed_ms: elapsedMs,
      ...this.#source.read(),
    };
  }

  /** Lines of older runs count. A line that a kill has torn is ended, or ours would be part of it. */
  async #begin(): Promise<void> {
    await patiently(() => appendFile(this.#path, '\n'));
    let older = 0;
    for await (const _point of readTimeline(folderFile(this.#path))) older += 1;
    this.#lines += older * 2 < this.#maxLines ? older : await thinTimeline(this.#path);
  }

  #append(write: () => Promise<void>): void {
    const unlessFailed = (): Promise<void> | undefined => (this.#failure === undefined ? write() : undefined);
    this.#writing = this.#writing.then(unlessFailed).catch((error: Error) => {
      this.#failure = error;
    });
  }
}
