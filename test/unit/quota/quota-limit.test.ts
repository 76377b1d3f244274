import { describe, expect, it, onTestFinished } from 'vitest';
import type { HostRule } from '../../../src/config/types.ts';
import { FixedLimit, type Limit } from '../../../src/paarc/index.ts';
import { QuotaBook } from '../../../src/quota/quota-book.ts';
import { withQuotas } from '../../../src/quota/quota-limit.ts';
import { SpentBytes } from '../../../src/quota/spent-bytes.ts';
import { subscribe } from '../../../src/telemetry/channels.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MB = 1_000_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface Around {
  readonly clock?: VirtualClock;
  readonly ledger?: QuotaBook;
  readonly workers?: number;
}

function under(
  rule: HostRule,
  { clock = new VirtualClock(), ledger = new QuotaBook(clock), workers = 1 }: Around = {},
) {
  const inner = { create: () => new FixedLimit(8), retire: () => {}, workers: () => workers };
  const limits = withQuotas(inner, { clock, ledger });
  const limit = limits.create('a.test', rule, () => {});
  return { limit, clock, ledger, retire: () => limits.retire('a.test', limit) };
}

const LOAD = { waiting: 9, eventLoopUtilization: 0, clientLimited: 0 };

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
    if (limit.nextTickMs <= nowMs) limit.tick(nowMs, { ...LOAD, inFlight: flights.length });
    while (flights.length < limit.permits && limit.pauseUntilMs <= nowMs)
      flights.push({ atMs: nowMs + 100, token: limit.onSend(nowMs, flights.length + 1) });
    const nextMs = flights.length > 0 ? nowMs + 100 : Math.max(nowMs + 10, limit.pauseUntilMs);
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
    expect(limit.permits).toBe(0);
    const resumesAtMs = startMs + 61 * MINUTE_MS;
    expect(said).toEqual([{ host: 'a.test', period: 'hour', bytes: 50 * MB, resumesAtMs }]);
    expect(limit.pauseUntilMs).toBe(61 * MINUTE_MS);
  });

  it('outlives the run that used it up', async () => {
    const first = under({ bytesPerHour: 50 * MB });
    await fetchFor(first.limit, first.clock, MINUTE_MS);
    const clock = new VirtualClock(first.clock.wallMs() + MINUTE_MS);
    const ledger = new QuotaBook(clock);
    ledger.restore(JSON.parse(JSON.stringify(first.ledger.records())));
    const again = under({ bytesPerHour: 50 * MB }, { ledger, clock });
    await again.clock.advance(0);
    expect(again.limit.pauseUntilMs).toBe(59 * MINUTE_MS);
    expect(await fetchFor(again.limit, again.clock, HOUR_MS / 2)).toEqual([]);
  });

  it('is counted over all that share the host, who come and go, and is left to nobody alone', async () => {
    const first = under({ bytesPerHour: 200 * MB });
    const early = await fetchFor(first.limit, first.clock, 2000);
    const { ledger, clock } = first;
    // The first one is dead from here on: what it had booked counts as used.
    const others = [
      under({ bytesPerHour: 200 * MB }, { ledger, clock }),
      under({ bytesPerHour: 200 * MB }, { ledger, clock }),
    ];
    const late = await Promise.all(others.map(({ limit }) => fetchFor(limit, clock, 1)));
    for (let turn = 0; turn < 200; turn += 1)
      for (const [one, { limit }] of others.entries()) late[one]?.push(...(await fetchFor(limit, clock, 350)));
    const all = early.length + late.flat().length;
    expect(all).toBeLessThanOrEqual(196);
    expect(all).toBeGreaterThan(180);
    expect(Math.min(...late.map((done) => done.length))).toBeGreaterThan(20);
  });

  it('is booked before it is used, a few files ahead, and what is not used comes back', async () => {
    const { limit, clock, ledger, retire } = under({ bytesPerHour: 1000 * MB });
    const booked = (): number =>
      ledger.records().reduce((sum, { minutes }) => sum + minutes.reduce((n, [, b]) => n + b, 0), 0);
    let done = 0;
    for (let second = 0; second < 10; second += 1) {
      done += (await fetchFor(limit, clock, 1000)).length;
      expect(booked()).toBeGreaterThanOrEqual(done * MB);
      expect(booked()).toBeLessThanOrEqual((done + 2 * 20) * MB);
    }
    await clock.advance(5000);
    expect(booked()).toBe(done * MB);
    retire();
    await clock.advance(0);
    expect(booked()).toBe(done * MB);
    expect(clock.pending).toBe(0);
  });

  it('lets nothing be sent before it is written down', async () => {
    const clock = new VirtualClock();
    const ledger = new QuotaBook(clock);
    const writings: (() => void)[] = [];
    ledger.keepBy(() => new Promise((resolve) => writings.push(resolve)));
    const { limit } = under({ bytesPerHour: 50 * MB }, { ledger, clock });
    expect(await fetchFor(limit, clock, MINUTE_MS)).toEqual([]);
    expect(writings).toHaveLength(1);
    writings[0]?.();
    await clock.advance(0);
    expect(limit.permits).toBeGreaterThan(0);
  });

  it('smaller than a file lets one through at a time', async () => {
    const { limit, clock } = under({ bytesPerHour: MB / 2 });
    const done = await fetchFor(limit, clock, 10 * HOUR_MS);
    expect(mostIn(done, HOUR_MS)).toBe(1);
    expect(done.length).toBeGreaterThan(8);
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
  const spent = new SpentBytes();
  spent.add(7, 10 * HOUR_MS);
  expect(spent.of('hour', 2 * HOUR_MS)).toBe(7);
  expect(spent.of('hour', 2 * HOUR_MS + 61 * MINUTE_MS)).toBe(0);
});
