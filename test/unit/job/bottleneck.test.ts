import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noteBottleneck } from '../../../src/cli/terminal/bottleneck-lines.ts';
import { barLine, plainLine } from '../../../src/cli/terminal/progress.ts';
import { ProgressTracker } from '../../../src/cli/terminal/tracker.ts';
import { readRunSpans, TimelineRecorder } from '../../../src/job/timeline.ts';
import { headLines } from '../../../src/report/head-lines.ts';
import { type GaugedStage, RunGauge } from '../../../src/run/run-gauge.ts';
import { publish } from '../../../src/telemetry/channels.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

type Load = ReturnType<GaugedStage['busiestHosts']>[number];

const load = (host: string, waiting: number, more: Partial<Load> = {}): Load => ({
  ...{ host, inFlight: 0, limit: 2, waiting, isPaused: false },
  ...more,
});

/** A run of a job whose hosts are what a test says. */
class Trial {
  readonly clock = new VirtualClock();
  readonly notes: string[] = [];
  readonly tracker = new ProgressTracker();
  heldMs = 0;
  #hosts: readonly Load[] = [];
  readonly #recorder: TimelineRecorder;
  readonly #stopNoting = noteBottleneck((line) => this.notes.push(line), 'interrupt, then flow-dc resume out');

  constructor(path: string) {
    const source: GaugedStage = {
      stats: () => {
        const inFlight = this.#hosts.reduce((sum, host) => sum + host.inFlight, 0);
        const queued = this.#hosts.reduce((sum, host) => sum + host.waiting, 0);
        return { inFlight, queued, heldMs: this.heldMs, threads: 1 };
      },
      busiestHosts: () => this.#hosts,
    };
    this.tracker.expect(1000, 0);
    this.#recorder = new TimelineRecorder(path, new RunGauge(source, this.clock), this.clock);
  }

  /** So many seconds, in each of which requests to `host` end, with this code. */
  async during(
    seconds: number,
    hosts: readonly Load[],
    ends: { host?: string; code?: 'http_503' } = {},
  ): Promise<void> {
    this.#hosts = hosts;
    for (let quarter = 0; quarter < 4 * seconds; quarter += 1) {
      const { host = hosts[0]?.host ?? '', code } = ends;
      publish('flow-dc:attempt', () => ({ host, code, headersMs: 1, serviceMs: 1, bytes: 0 }));
      await this.clock.advance(250);
    }
  }

  get plain(): string {
    return plainLine(this.tracker.snapshot());
  }

  async end(): Promise<void> {
    this.#hosts = [];
    await this.#recorder.end();
    this.#stopNoting();
    this.tracker.close();
  }
}

const BOTH = [load('a.test', 90), load('x.org', 320)];

describe('the host that is all that is left', () => {
  let path = '';
  let trial: Trial;

  beforeEach(async () => {
    path = join(await tempFolder(), 'timeline.jsonl');
    trial = new Trial(path);
  });

  afterEach(() => trial.end());

  it('is named with why in every form of progress, while it is that', async () => {
    await trial.during(3, BOTH);
    await trial.during(4, [load('x.org', 317)], { code: 'http_503' });
    expect(trial.tracker.snapshot().bottleneck).toBeUndefined();
    await trial.during(3, [load('x.org', 317)], { code: 'http_503' });
    const snapshot = trial.tracker.snapshot();
    expect(JSON.parse(JSON.stringify(snapshot)).bottleneck).toMatchObject({
      ...{ host: 'x.org', waiting: 317, code: 'http_503' },
    });
    expect(plainLine(snapshot)).toMatch(/; waits for x\.org: answers 503, 317 rows wait$/);
    expect(barLine(snapshot, 80)).toContain('waits for x.org: answers 503, 317 rows wait');
    await trial.during(1, BOTH);
    expect(trial.plain).not.toContain('x.org');
  });

  it('is named once in a notice, with the configuration that skips it', async () => {
    await trial.during(1, BOTH);
    for (let time = 0; time < 2; time += 1) {
      await trial.during(8, [load('x.org', 317)], { code: 'http_503' });
      await trial.during(1, BOTH);
    }
    expect(trial.notes).toEqual([
      'for 5 s x.org has kept this run from its end (answers 503; 317 rows); to leave those rows out: ' +
        'interrupt, then flow-dc resume out --config FILE with {"hosts":{"x.org":{"skip":true}}} in FILE',
    ]);
  });

  it('is said to refuse with for how long, or to be slow with what is allowed', async () => {
    await trial.during(1, BOTH);
    await trial.during(6, [load('x.org', 3, { isPaused: true, pausedMs: 42_000 })], { host: 'a.test' });
    expect(trial.plain).toContain('waits for x.org: refuses for 42 s more, 3 rows wait');
    await trial.during(1, BOTH);
    await trial.during(6, [load('x.org', 3, { allowedPerSecond: 5, inFlight: 1 })]);
    expect(trial.plain).toContain('waits for x.org: slow, 4/s of 5 allowed, 2 at once, 3 rows wait');
  });

  it('may have others beside it that end their last rows', async () => {
    await trial.during(8, [load('a.test', 0, { inFlight: 2 }), load('x.org', 320)]);
    expect(trial.plain).toContain('waits for x.org');
  });

  it('may have others beside it whose rows come as fast as it lets the manifest be read', async () => {
    await trial.during(8, [load('a.test', 2, { inFlight: 4 }), load('x.org', 320)]);
    expect(trial.plain).toContain('waits for x.org');
  });

  it.for([
    ['many rows of another host wait', 0, BOTH],
    ['the output takes no more', 200, [load('x.org', 320)]],
  ] as const)('is not named when %s', async ([, heldMs, hosts]) => {
    await trial.during(1, BOTH);
    for (let quarter = 0; quarter < 40; quarter += 1) {
      trial.heldMs += heldMs;
      await trial.during(0.25, hosts);
    }
    expect(trial.plain).not.toContain('waits for');
  });

  it('is named when the others were done before anybody looked', async () => {
    await trial.during(0.25, [], { host: 'a.test' });
    await trial.during(8, [load('x.org', 320)]);
    expect(trial.plain).toContain('waits for x.org');
  });

  it('is not named when the job has no other host', async () => {
    await trial.during(20, [load('x.org', 320)]);
    expect(trial.plain).not.toContain('waits for');
    expect(trial.notes).toEqual([]);
  });

  it('is in the report with how long it held the run, of runs of older versions too', async () => {
    await trial.during(60, BOTH);
    await trial.during(420, [load('x.org', 317)], { code: 'http_503' });
    await trial.end();
    const runs = await readRunSpans(path);
    expect(runs).toMatchObject([{ elapsedMs: 480_000, heldBy: { host: 'x.org' } }]);
    const totals = { units: 2, rows: 10, fetched: 10, failed: 0, skipped: 0, bytes: 1000, errors: {} };
    const lines = headLines({ ...totals, complete: true, outs: ['out'], runs });
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^held by host x\.org: (6 min 59 s|7 min 0 s) of 8 min 0 s \(nearly all rows waited for it\)$/,
      ),
    );
    const line = (second: number, ...names: readonly string[]): string => {
      const hosts = names.map((host) => ({ host, in_flight: 0, limit: 1, waiting: 0, rate: 0, state: 'new' }));
      const counts = { stored: 0, failed: 0, skipped: 0, bytes: 0, in_flight: 0, queued: 5 };
      return JSON.stringify({ run: 1, at: second * 1000, elapsed_ms: second * 1000, ...counts, hosts });
    };
    await writeFile(path, [line(0, 'a.test', 'x.org'), ...[1, 5, 9].map((second) => line(second, 'x.org'))].join('\n'));
    expect(await readRunSpans(path)).toMatchObject([{ heldBy: { host: 'x.org', ms: 8000 } }]);
  });
});
