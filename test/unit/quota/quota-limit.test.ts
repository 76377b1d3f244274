import { describe, expect, it, onTestFinished } from 'vitest';
import type { HostRule } from '../../../src/config/types.ts';
import { FixedLimit, type Limit } from '../../../src/paarc/index.ts';
import { withQuotas } from '../../../src/quota/quota-limit.ts';
import { SpentBook } from '../../../src/quota/spent-bytes.ts';
import { subscribe } from '../../../src/telemetry/channels.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MB = 1_000_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function under(rule: HostRule, { spent = new SpentBook(), clock = new VirtualClock(), workers = 1 } = {}) {
  const inner = { create: () => new FixedLimit(8), retire: () => {}, workers: () => workers };
  const limit = withQuotas(inner, { clock, spent }).create('a.test', rule, () => {});
  return { limit, clock, spent };
}

/** Files of 1 MB as fast as the limit lets them, each taking 100 ms. @returns when each was complete, ms */
async function fetchFor(limit: Limit, clock: VirtualClock, ms: number): Promise<number[]> {
  const [done, endMs]: [number[], number] = [[], clock.nowMs() + ms];
  let flights: { atMs: number; token: number }[] = [];
  while (clock.nowMs() < endMs) {
    const nowMs = clock.nowMs();
    for (const { token } of flights.filter(({ atMs }) => atMs <= nowMs)) {
      limit.onResult(token, { kind: 'ok', headersMs: 50, serviceMs: 100, bytes: MB }, nowMs);
      done.push(nowMs);
    }
    flights = flights.filter(({ atMs }) => atMs > nowMs);
    while (flights.length < limit.permits && limit.pauseUntilMs <= nowMs)
      flights.push({ atMs: nowMs + 100, token: limit.onSend(nowMs, flights.length + 1) });
    const nextMs = flights.length > 0 ? nowMs + 100 : Math.max(nowMs + 100, limit.pauseUntilMs);
    await clock.advance(Math.min(nextMs, endMs) - nowMs);
  }
  for (const { token } of flights) limit.onResult(token, { kind: 'neutral' }, clock.nowMs());
  return done;
}

/** Most of them in any window. */
function mostIn(doneMs: readonly number[], windowMs: number): number {
  return Math.max(...doneMs.map((from) => doneMs.filter((at) => at >= from && at < from + windowMs).length));
}

describe('a quota', () => {
  it('of an hour holds in every hour, uses most of it, and rows wait instead of failing', async () => {
    const { limit, clock } = under({ bytesPerHour: 200 * MB });
    const done = await fetchFor(limit, clock, 5 * HOUR_MS);
    expect(mostIn(done, HOUR_MS)).toBeLessThanOrEqual(200);
    expect(done.length).toBeGreaterThan(4 * 0.9 * 200);
  });

  it('of a day holds besides that of an hour', async () => {
    const { limit, clock } = under({ bytesPerHour: 100 * MB, bytesPerDay: 300 * MB });
    const done = await fetchFor(limit, clock, 26 * HOUR_MS);
    expect([mostIn(done, HOUR_MS), mostIn(done, 24 * HOUR_MS)]).toEqual([98, 294]);
  });

  it('is said when it is used up, with the time at which it goes on', async () => {
    const said: unknown[] = [];
    onTestFinished(subscribe('flow-dc:quota', (quota) => said.push(quota)));
    const { limit, clock } = under({ bytesPerHour: 50 * MB });
    const startMs = clock.wallMs();
    await fetchFor(limit, clock, MINUTE_MS);
    const resumesAtMs = startMs + 61 * MINUTE_MS;
    expect(said).toEqual([{ host: 'a.test', period: 'hour', bytes: 50 * MB, resumesAtMs }]);
    expect(limit.pauseUntilMs).toBe(61 * MINUTE_MS);
  });

  it('outlives the run that used it up', async () => {
    const first = under({ bytesPerHour: 50 * MB });
    await fetchFor(first.limit, first.clock, MINUTE_MS);
    const spent = new SpentBook();
    spent.restore(JSON.parse(JSON.stringify(first.spent.records())));
    const again = under(
      { bytesPerHour: 50 * MB },
      { spent, clock: new VirtualClock(first.clock.wallMs() + MINUTE_MS) },
    );
    expect(again.limit.pauseUntilMs).toBe(59 * MINUTE_MS);
    expect(await fetchFor(again.limit, again.clock, HOUR_MS / 2)).toEqual([]);
  });

  it('is divided by the workers that share the host', async () => {
    const { limit, clock } = under({ bytesPerHour: 200 * MB }, { workers: 4 });
    expect(await fetchFor(limit, clock, HOUR_MS)).toHaveLength(49);
  });

  it('smaller than a file lets one through at a time, once it is known how large they are', async () => {
    const { limit, clock } = under({ bytesPerHour: MB / 2 });
    const done = await fetchFor(limit, clock, 10 * HOUR_MS);
    expect(mostIn(done.slice(4), HOUR_MS)).toBe(1);
    expect(done.length).toBeGreaterThan(4 + 7);
  });

  it('of bytes per second holds over ten seconds', async () => {
    const { limit, clock } = under({ bytesPerSecond: 3 * MB });
    const done = await fetchFor(limit, clock, MINUTE_MS);
    expect(mostIn(done.slice(40), 10_000)).toBeLessThanOrEqual(30);
    expect(done.length).toBeGreaterThan(170);
    expect(done.length).toBeLessThan(200);
  });
});

it('a clock that is set back frees nothing', () => {
  const spent = new SpentBook().of('a.test');
  spent.add(7, 10 * HOUR_MS);
  expect(spent.of('hour', 2 * HOUR_MS)).toBe(7);
  expect(spent.of('hour', 2 * HOUR_MS + 61 * MINUTE_MS)).toBe(0);
});
