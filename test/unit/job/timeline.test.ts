import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderFile } from '../../../src/dataset/files/folder-files.ts';
import {
  heldShare,
  type RunSpan,
  readRunSpans,
  readTimeline,
  type TimelinePoint,
  TimelineRecorder,
} from '../../../src/job/timeline.ts';
import { readRunPlot } from '../../../src/report/plots.ts';
import { RunGauge } from '../../../src/run/run-gauge.ts';
import { publish } from '../../../src/telemetry/channels.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SOURCE = {
  stats: () => ({ inFlight: 3, queued: 7, heldMs: 0, threads: 1 }),
  busiestHosts: () => [{ host: 'a.test', inFlight: 3, limit: 8, waiting: 7, isPaused: false }],
};

async function pointsOf(path: string): Promise<TimelinePoint[]> {
  const points: TimelinePoint[] = [];
  for await (const point of readTimeline(folderFile(path))) points.push(point);
  return points;
}

async function recordRun(
  path: string,
  seconds: number,
  maxLines?: number,
  startWallMs = Date.UTC(2026, 0, 1),
): Promise<void> {
  const clock = new VirtualClock(startWallMs);
  const recorder = new TimelineRecorder(path, new RunGauge(SOURCE, clock), clock, maxLines);
  for (let second = 0; second < seconds; second += 1) {
    publish('flow-dc:row', () => ({ host: 'a.test', status: 'fetched', bytes: 10 }));
    await clock.advance(1000);
  }
  expect(await recorder.end()).toBeUndefined();
}

describe('the timeline of a run', () => {
  it('has a line per second, more at its start, with counts and the busiest hosts, and a last one', async () => {
    const path = join(await tempFolder(), 'timeline.jsonl');
    await recordRun(path, 15);
    const points = await pointsOf(path);
    expect(points.slice(0, 3).map(({ elapsed_ms }) => elapsed_ms)).toEqual([0, 250, 500]);
    expect(points.slice(-5).map(({ elapsed_ms }) => elapsed_ms)).toEqual([11750, 12750, 13750, 14750, 15000]);
    expect(points.at(-1)).toMatchObject({ stored: 15, bytes: 150, in_flight: 3, queued: 7 });
    expect(points.at(-1)?.hosts).toMatchObject([{ host: 'a.test', in_flight: 3, limit: 8, waiting: 7 }]);
  });

  it('stays bounded however long the run, and keeps its beginning, end and length', async () => {
    const path = join(await tempFolder(), 'timeline.jsonl');
    await recordRun(path, 500, 40);
    const points = await pointsOf(path);
    expect(points.length).toBeLessThanOrEqual(41);
    expect(points[0]?.elapsed_ms).toBe(0);
    expect(await readRunSpans(path)).toEqual([
      { startedAtMs: Date.UTC(2026, 0, 1), elapsedMs: 500_000, endedAtMs: Date.UTC(2026, 0, 1) + 500_000, heldMs: 0 },
    ]);
    expect(points.at(-1)?.stored).toBe(500);
  });

  it('is added to by later runs, behind a line that a kill has torn', async () => {
    const path = join(await tempFolder(), 'timeline.jsonl');
    await recordRun(path, 2);
    await writeFile(path, `${await readFile(path, 'utf8')}{"run":17672`);
    await recordRun(path, 3, undefined, Date.UTC(2026, 0, 2));
    const spans = await readRunSpans(path);
    expect(spans.map(({ elapsedMs }) => elapsedMs)).toEqual([2000, 3000]);
    expect((await pointsOf(path)).length).toBe(10 + 14);
  });

  it('tells for how long the output took no more, of one thread on the average', async () => {
    const path = join(await tempFolder(), 'timeline.jsonl');
    const clock = new VirtualClock();
    const stats = { inFlight: 0, queued: 7, heldMs: 0, threads: 1 };
    const recorder = new TimelineRecorder(path, new RunGauge({ ...SOURCE, stats: () => stats }, clock), clock);
    const during = async (heldMs: number, threads: number): Promise<void> => {
      Object.assign(stats, { heldMs, threads });
      await clock.advance(1000);
    };
    await during(800, 1);
    await during(2000, 2);
    // The second thread has ended, and what it had counted is gone.
    await during(1500, 1);
    await during(1700, 1);
    await recorder.end();
    const [run] = await readRunSpans(path);
    expect(run).toMatchObject({ elapsedMs: 4000, heldMs: 800 + 600 + 200 });
    expect(heldShare([run as RunSpan])).toBeCloseTo(0.4);
    expect(heldShare([{ startedAtMs: 0, elapsedMs: 5 }])).toBeUndefined();
  });

  it('that cannot be written is told of, and harms nothing', async () => {
    const clock = new VirtualClock();
    const recorder = new TimelineRecorder(
      join(await tempFolder(), 'gone', 'timeline.jsonl'),
      new RunGauge(SOURCE, clock),
      clock,
    );
    expect(await recorder.end()).toContain('a report will lack this run');
  });

  it('is drawn in a bounded number of points', async () => {
    const path = join(await tempFolder(), 'timeline.jsonl');
    await recordRun(path, 1500);
    const plot = await readRunPlot('out', folderFile(path));
    expect(plot?.atMs.length).toBeLessThanOrEqual(600);
    expect(plot?.hosts[0]?.limit.every((limit) => limit === 8)).toBe(true);
  });
});
