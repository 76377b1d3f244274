/**
 * timeline.jsonl: how a job's runs went, a line per second of every run. For the report alone: no dataset depends on
 * it.
 *
 *   {"run":1767225600000,"at":1767225601000,"elapsed_ms":1000,"stored":12,...,"hosts":[{"host":"a.example",...}]}
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { errnoOf } from '../destination/destination-error.ts';
import { writeAtomically } from '../destination/durable.ts';

/** One host at one moment. */
export interface TimelineHost {
  readonly host: string;
  readonly in_flight: number;
  /** Requests that its limit allowed at once. */
  readonly limit: number;
  /** Rows that waited for it. */
  readonly waiting: number;
  /** Requests that ended, per second, since the line before. */
  readonly rate: number;
  /** What its limit was doing, in the law's words; `paused` while nothing may be sent. */
  readonly state: string;
}

/** What a run was doing at one moment. Counts are of this run, from its start. */
export interface TimelineMoment {
  readonly stored: number;
  readonly failed: number;
  readonly skipped: number;
  readonly bytes: number;
  readonly in_flight: number;
  readonly queued: number;
  readonly hosts: readonly TimelineHost[];
}

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
  readonly elapsedMs: number;
}

const NUMBERS = ['run', 'at', 'elapsed_ms', 'stored', 'failed', 'skipped', 'bytes', 'in_flight', 'queued'] as const;
const HOST_NUMBERS = ['in_flight', 'limit', 'waiting', 'rate'] as const;

/** Every line that can be read, in order; none when there is no file. A line that a kill has torn is passed over. */
export async function* readTimeline(path: string): AsyncGenerator<TimelinePoint> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
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
  const spans = new Map<number, number>();
  for await (const { run, elapsed_ms } of readTimeline(path)) spans.set(run, Math.max(spans.get(run) ?? 0, elapsed_ms));
  return [...spans]
    .map(([startedAtMs, elapsedMs]) => ({ startedAtMs, elapsedMs }))
    .sort((a, b) => a.startedAtMs - b.startedAtMs);
}

/** Time worked, over all runs. */
export function workedMs(runs: readonly RunSpan[]): number {
  return runs.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
}

/**
 * Drop every second line; a run's first and last line stay. @returns how many are left
 */
export async function thinTimeline(path: string): Promise<number> {
  const points: TimelinePoint[] = [];
  for await (const point of readTimeline(path)) points.push(point);
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
