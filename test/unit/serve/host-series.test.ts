import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HostSeries } from '../../../src/serve/metrics/host-series.ts';
import { HostBook } from '../../../src/serve/watch/host-book.ts';
import { HandClock } from './hand-clock.ts';

const STATE = { kind: 'download', inFlight: 100, queued: 100 } as const;

/** Between two scrapes: rows of hosts, and which hosts are busy then. */
const step = fc.record({
  rows: fc.array(fc.nat(79), { maxLength: 60 }),
  busy: fc.uniqueArray(fc.nat(79), { maxLength: 60 }),
});
const nameOf = (number: number): string => (number === 0 ? 'other' : `h${number}.test`);

it('the counters of hosts never fall, add up to all rows, and are bounded, whoever is busy', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const [hosts, series] = [new HostBook(new HandClock()), new HostSeries()];
      let [before, gone, total] = [new Map<string, number>(), 0, 0];
      for (const { rows, busy } of steps) {
        for (const number of rows) hosts.row(nameOf(number), 'fetched', undefined, 1);
        total += rows.length;
        const now = { inFlight: 1, limit: 2, waiting: 1, isPaused: false };
        hosts.look(busy.map((number) => ({ host: nameOf(number), ...now })));
        const figures = series.read((most, others) => hosts.busiest(most, others), STATE);
        const after = new Map(figures.map(({ host, counted }) => [host, counted?.rows ?? 0]));
        expect(after.size).toBe(figures.length);
        expect(after.size).toBeLessThanOrEqual(41);
        for (const [host, rows] of before) if (!after.has(host)) gone += rows;
        for (const [host, rows] of after) expect(rows, host).toBeGreaterThanOrEqual(before.get(host) ?? 0);
        expect([...after.values()].reduce((sum, rows) => sum + rows, gone)).toBe(total);
        before = after;
      }
    }),
  );
});

it('of few hosts each counts all that it had, from the first scrape on', () => {
  const [hosts, series] = [new HostBook(new HandClock()), new HostSeries()];
  for (let i = 0; i < 9; i += 1) hosts.row(`h${i % 3}.test`, 'fetched', undefined, 10);
  hosts.look([0, 1, 2].map((i) => ({ host: `h${i}.test`, inFlight: 1, limit: 2, waiting: 1, isPaused: false })));
  const figures = series.read((most, others) => hosts.busiest(most, others), STATE);
  expect(figures.map(({ counted }) => counted?.rows)).toEqual([3, 3, 3, 0]);
});
