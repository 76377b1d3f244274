import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { barLine, createProgress, plainLine } from '../../../../src/cli/terminal/progress.ts';
import { type ProgressSnapshot, ProgressTracker } from '../../../../src/cli/terminal/tracker.ts';
import { speakAs, voiceOfFlags, writeError, writeResult } from '../../../../src/cli/terminal/voice.ts';
import { FlowDcError } from '../../../../src/errors.ts';
import { publish } from '../../../../src/telemetry/channels.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const SNAPSHOT: ProgressSnapshot = {
  ...{ rowsDone: 1_234_567, rowsTotal: 9_876_543, fetched: 1_200_000, failed: 34_567, skipped: 0 },
  ...{ bytes: 123_456_789_012, unitsCommitted: 12, elapsedMs: 1e6, rowsPerSecond: 1234, bytesPerSecond: 123_456_789 },
  etaMs: 7_000_000,
};
const bottleneck = {
  ...{ host: 'a-rather-long-name.static.images.example.org', heldMs: 9e3, waiting: 317, inFlight: 2 },
  ...{ code: 'http_503', requestsPerSecond: 1.5, limit: 2, state: 'up' },
} as const;

describe('the bar', () => {
  it.each([40, 60, 80, 120])('says at %i columns when it ends', (columns) => {
    for (const snapshot of [SNAPSHOT, { ...SNAPSHOT, bottleneck }]) {
      const line = barLine(snapshot, columns);
      expect(line).toContain('1 h 56 min left');
      expect(line.length).toBeLessThan(columns);
    }
  });

  it('names the host that keeps the run, and why, where there is room for both', () => {
    const named = { ...SNAPSHOT, bottleneck: { ...bottleneck, host: 'x.org' } };
    expect(barLine(named, 40)).toContain('waits for x.org');
    expect(barLine(named, 80)).toContain('waits for x.org: answers 503');
  });

  it('shows beside the rows that are settled those that were fetched', () => {
    expect(barLine(SNAPSHOT, 100)).toContain('1,234,567 rows  1,200,000 fetched  34,567 failed');
  });
});

const ROW = { host: 'a.test', status: 'fetched', bytes: 10 } as const;

function spoken(settings: Pick<Parameters<typeof speakAs>[0], 'progress' | 'quiet'>): {
  io: ReturnType<typeof speakAs>;
  lines: () => string[];
} {
  const stderr = new PassThrough();
  const given = { stdout: new PassThrough(), stderr, env: {}, signal: new AbortController().signal };
  const io = speakAs(settings, given);
  return {
    io,
    lines: () =>
      String(stderr.read() ?? '')
        .split('\n')
        .slice(0, -1),
  };
}

describe('progress without a terminal', () => {
  it('says the first line after 5 s with the rate of the rows so far, and then one every 30 s', async () => {
    const clock = new VirtualClock();
    const stderr = new PassThrough();
    const progress = createProgress({ progress: 'auto', quiet: false }, stderr, clock);
    // Opening the job took its time.
    await clock.advance(3_000);
    progress.expect(1000, 0);
    for (let row = 0; row < 40; row += 1) publish('flow-dc:row', () => ROW);
    await clock.advance(2_000);
    expect(String(stderr.read())).toMatch(/^40 rows of 1,000 \(4\.0 %\): .*20 rows\/s.*, about 48 s left\n$/);
    await clock.advance(29_000);
    expect(stderr.read()).toBeNull();
    await clock.advance(1_000);
    expect(String(stderr.read())).toContain('40 rows of 1,000');
    progress.close();
  });
});

it('guesses how many rows there are by how much of the manifest those took that were read', () => {
  const clock = new VirtualClock();
  const tracker = new ProgressTracker(clock);
  tracker.expect(undefined, 0);
  expect(tracker.snapshot().rowsTotal).toBeUndefined();
  publish('flow-dc:reading', () => ({ rows: 100, bytes: 5000, ofBytes: 50_000, mostRows: Number.POSITIVE_INFINITY }));
  expect(tracker.snapshot()).toMatchObject({ rowsTotal: 1000, isEstimate: true });
  expect(plainLine(tracker.snapshot())).toMatch(/^0 rows of about 1,000 \(0 %\)/);
  publish('flow-dc:reading', () => ({ rows: 100, bytes: 5000, ofBytes: 50_000, mostRows: 300 }));
  expect(tracker.snapshot().rowsTotal).toBe(300);
  publish('flow-dc:reading', () => ({ rows: 290, bytes: 9, ofBytes: 9, mostRows: 290, isEnd: true }));
  expect(tracker.snapshot()).toMatchObject({ rowsTotal: 290 });
  expect(tracker.snapshot().isEstimate).toBeUndefined();
  tracker.expect(77, 0);
  expect(tracker.snapshot()).toMatchObject({ rowsTotal: 77 });
  expect(tracker.snapshot().isEstimate).toBeUndefined();
  tracker.close();
});

describe('stderr', () => {
  it('is lines of JSON alone with --progress json: progress, what people are told, the end and errors', async () => {
    const clock = new VirtualClock();
    const { io, lines } = spoken({ progress: 'json', quiet: false });
    const progress = createProgress({ progress: 'json', quiet: false }, io.stderr, clock);
    progress.note('job a is open');
    await clock.advance(1_000);
    progress.close();
    writeResult(io.stderr, ['10 rows', 'all fetched']);
    writeError(io.stderr, new FlowDcError('FDC_ERR_USAGE', 'not so'));
    const values = lines().map((line) => JSON.parse(line));
    expect(values).toMatchObject([
      { notice: 'job a is open' },
      { rowsDone: 0 },
      { rowsDone: 0 },
      { notice: '10 rows' },
      { notice: 'all fetched' },
      { error: expect.stringContaining('not so'), code: 'FDC_ERR_USAGE' },
    ]);
  });

  it('holds the result and errors alone with --quiet', async () => {
    const clock = new VirtualClock();
    const { io, lines } = spoken({ progress: 'auto', quiet: true });
    const progress = createProgress({ progress: 'auto', quiet: true }, io.stderr, clock);
    progress.note('job a is open');
    await clock.advance(60_000);
    progress.close();
    writeResult(io.stderr, ['10 rows']);
    writeError(io.stderr, new FlowDcError('FDC_ERR_USAGE', 'not so'));
    expect(lines()).toEqual(['10 rows', 'flow-dc: not so (FDC_ERR_USAGE)']);
  });

  it('is JSON from the first line on where the flags say so', () => {
    expect(voiceOfFlags(['a.csv', '--progress', 'json'])).toBe('json');
    expect(voiceOfFlags(['a.csv', '--progress=json'])).toBe('json');
    expect(voiceOfFlags(['a.csv', '--', '--progress=json'])).toBe('people');
  });
});
