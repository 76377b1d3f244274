import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../../../src/paarc/limit.ts';
import { MovableLimit } from './movable-limit.ts';
import { type Row, SchedulerBench } from './scheduler-bench.ts';

const HOST = fc.constantFrom('a', 'b', 'c', 'd');
const STEP = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('add' as const), host: HOST, count: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      which: fc.nat(50),
      retryAfterMs: fc.option(fc.nat(300), { freq: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('retry' as const),
      which: fc.nat(50),
      delayMs: fc.constantFrom(0, 0, 20, 150),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(60) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('limit' as const), host: HOST, permits: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), which: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hold' as const), held: fc.boolean() }) },
);

/** Runs one story and checks the invariants at every send. */
class Story {
  readonly bench: SchedulerBench;
  readonly rows: Row[] = [];
  readonly retried = new Set<Row>();
  #seen = 0;
  #held = false;
  readonly #flying: number[] = [];

  constructor(maxInFlight: number, spacingMs: number) {
    this.bench = new SchedulerBench(() => new MovableLimit(2, spacingMs), { maxInFlight });
  }

  limit(host: string): MovableLimit | undefined {
    return this.bench.limits.get(host) as MovableLimit | undefined;
  }

  async run(step: typeof STEP extends fc.Arbitrary<infer S> ? S : never): Promise<void> {
    const { bench } = this;
    switch (step.kind) {
      case 'add':
        this.rows.push(...bench.add(step.host, step.count));
        bench.scheduler.pump();
        break;
      case 'end':
      case 'retry':
        this.#end(step);
        break;
      case 'wait':
        await bench.clock.advance(step.ms);
        break;
      case 'limit': {
        const limit = this.limit(step.host);
        if (limit !== undefined) limit.permits = step.permits;
        break;
      }
      case 'drop': {
        const row = this.rows[step.which % Math.max(1, this.rows.length)];
        if (row !== undefined) row.dropped = true;
        break;
      }
      default:
        this.#held = step.held;
        bench.scheduler.hold(step.held);
    }
    this.check();
  }

  #end(step: { which: number; delayMs?: number; retryAfterMs?: number | null }): void {
    const [at] = this.#flying.splice(step.which % Math.max(1, this.#flying.length), 1);
    if (at === undefined) return;
    const { row, end } = this.bench.started[at] as (typeof this.bench.started)[number];
    const after = step.retryAfterMs ?? undefined;
    const outcome: Outcome = { kind: 'rate', serviceMs: 1, ...(after === undefined ? {} : { retryAfterMs: after }) };
    if (step.delayMs !== undefined) {
      this.retried.add(row);
      this.bench.scheduler.again(row.host, row, step.delayMs);
    }
    end(outcome);
  }

  check(): void {
    const { started, scheduler } = this.bench;
    for (; this.#seen < started.length; this.#seen += 1) {
      const { row } = started[this.#seen] as (typeof started)[number];
      expect(row.dropped ?? false).toBe(false);
      expect(this.#held).toBe(false);
      this.#flying.push(this.#seen);
    }
    expect(scheduler.inFlight).toBe(this.#flying.length);
  }
}

function sendsOf(story: Story, host: string): { row: Row; atMs: number }[] {
  return story.bench.started.filter(({ row }) => row.host === host);
}

describe('whatever happens', () => {
  it('every row is started or dropped exactly once per turn, each host in order, nobody above the limit or the cap', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(STEP, { maxLength: 80 }),
        fc.integer({ min: 1, max: 6 }),
        async (steps, maxInFlight) => {
          const story = new Story(maxInFlight, 0);
          for (const step of steps) {
            await story.run(step);
            expect(story.bench.scheduler.inFlight).toBeLessThanOrEqual(maxInFlight);
          }
          for (const [, limit] of story.bench.limits) {
            const { sends } = limit as MovableLimit;
            for (const { inFlight } of sends) expect(inFlight).toBeLessThanOrEqual(5);
          }
          await finish(story);
          const counts = new Map<Row, number>();
          for (const { row } of story.bench.started) counts.set(row, (counts.get(row) ?? 0) + 1);
          for (const row of story.rows) {
            const count = counts.get(row) ?? 0;
            if (row.dropped) expect(count).toBeLessThanOrEqual(story.retried.has(row) ? 100 : 1);
            else expect(count).toBeGreaterThanOrEqual(1);
            if (!story.retried.has(row)) expect(count).toBeLessThanOrEqual(1);
          }
          for (const host of ['a', 'b', 'c', 'd']) {
            const firsts = [...new Set(sendsOf(story, host).map(({ row }) => row.id))];
            expect(firsts).toEqual([...firsts].sort((x, y) => x - y));
          }
          expect(story.bench.scheduler.queued).toBe(0);
          expect(story.bench.scheduler.inFlight).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('no request leaves within a pause, and none closer to the one before than the spacing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { maxLength: 80 }), fc.integer({ min: 1, max: 40 }), async (steps, spacingMs) => {
        const pauses: { host: string; fromMs: number; untilMs: number }[] = [];
        const story = new Story(100, spacingMs);
        for (const step of steps) {
          const before = new Map([...story.bench.limits].map(([host, limit]) => [host, limit.pauseUntilMs]));
          await story.run(step);
          for (const [host, limit] of story.bench.limits) {
            if (limit.pauseUntilMs !== (before.get(host) ?? 0)) {
              pauses.push({ host, fromMs: story.bench.clock.nowMs(), untilMs: limit.pauseUntilMs });
            }
          }
        }
        for (const host of ['a', 'b', 'c', 'd']) {
          const times = sendsOf(story, host).map(({ atMs }) => atMs);
          // The virtual clock's timers are never late, so there is no slot to make up for but those a held stage
          // missed: at most 20 ms.
          times.forEach((atMs, at) => {
            const window = times.filter((other, index) => index <= at && atMs - other < spacingMs);
            if (!steps.some((step) => step.kind === 'hold' || step.kind === 'end' || step.kind === 'retry'))
              expect(window).toHaveLength(1);
            else expect(window.length).toBeLessThanOrEqual(2 + 20 / spacingMs);
          });
          for (const pause of pauses.filter((one) => one.host === host)) {
            expect(times.filter((atMs) => atMs > pause.fromMs && atMs < pause.untilMs)).toEqual([]);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** Let everything end: open the stage, end what flies, until nothing is left. */
async function finish(story: Story): Promise<void> {
  await story.run({ kind: 'hold', held: false });
  for (let round = 0; round < 500; round += 1) {
    await story.run({ kind: 'wait', ms: 50 });
    while (story.bench.scheduler.inFlight > 0) await story.run({ kind: 'end', which: 0, retryAfterMs: null });
    if (story.bench.scheduler.queued === 0) return;
  }
}
