import { describe, expect, it } from 'vitest';
import { FixedLimit } from '../../../../../src/paarc/limit.ts';
import { SchedulerBench } from './scheduler-bench.ts';

describe('hosts without rows', () => {
  it('are kept, 4096 of them; the one idle for longest is forgotten first', () => {
    const bench = new SchedulerBench(() => new FixedLimit(1));
    const visit = (host: string): void => {
      bench.add(host);
      bench.scheduler.pump();
      bench.started.at(-1)?.end();
    };
    for (let host = 0; host < 4096; host += 1) visit(`h${host}`);
    visit('h0');
    expect(bench.evicted).toEqual([]);
    visit('x');
    visit('y');
    expect(bench.evicted).toEqual(['h1', 'h2']);
    expect(bench.scheduler.hosts).toBe(4096);
    const before = bench.limits.get('h1');
    visit('h1');
    expect(bench.limits.get('h1')).not.toBe(before);
  });

  it('are told from hosts whose rows are in flight or wait for a retry, which are never forgotten', async () => {
    const bench = new SchedulerBench(() => new FixedLimit(1), { maxInFlight: 10_000 });
    const [retried] = bench.add('retried');
    bench.scheduler.pump();
    bench.started[0]?.end();
    bench.scheduler.again('retried', retried as never, 60_000);
    bench.add('busy');
    for (let host = 0; host < 5000; host += 1) bench.add(`h${host}`);
    bench.scheduler.pump();
    for (const { row, end } of bench.started.slice(1)) if (row.host !== 'busy') end();
    expect(bench.evicted).toHaveLength(5000 - 4096);
    expect(bench.scheduler.hosts).toBe(4096 + 2);
    const before = bench.limits.get('retried');
    await bench.clock.advance(60_000);
    expect(bench.started.at(-1)?.row).toBe(retried);
    expect(bench.limits.get('retried')).toBe(before);
  });
});
