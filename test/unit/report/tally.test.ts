import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutcomeRow } from '../../../src/dataset/outcome-rows.ts';
import { type RecordTotals, sumOf } from '../../../src/dataset/totals.ts';
import { HostTable, Tally } from '../../../src/report/tally.ts';

const row: fc.Arbitrary<OutcomeRow> = fc
  .record({
    host: fc.constantFrom('a.test', 'b.test', 'c.test:8080', '!invalid'),
    outcome: fc.constantFrom('fetched', 'failed http_404', 'failed dns_not_found', 'skipped robots_tag'),
    size: fc.integer({ min: 1, max: 1_000_000 }),
    headersMs: fc.double({ min: 1, max: 60_000, noNaN: true }),
    fetchedAtMs: fc.integer({ min: 1_767_225_600_000, max: 1_767_312_000_000 }),
    flags: fc.constantFrom([], ['placeholder']),
  })
  .map(({ outcome, size, headersMs, ...rest }) => {
    const [status = '', code = ''] = outcome.split(' ');
    return { ...rest, status, code, bytes: status === 'fetched' ? size : 0, headersMs, totalMs: headersMs + 5 };
  });

/** Rows cut into shards of any size, in any order of shards. */
const splitRows = fc
  .tuple(
    fc.array(row, { maxLength: 200 }),
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
    fc.boolean(),
  )
  .map(([rows, sizes, isReversed]) => {
    const shards: OutcomeRow[][] = [];
    for (let from = 0; from < rows.length; ) {
      const size = sizes[shards.length % sizes.length] as number;
      shards.push(rows.slice(from, from + size));
      from += size;
    }
    return { rows, shards: isReversed ? shards.reverse() : shards };
  });

describe('a report', () => {
  it('has the same totals, hosts, latencies and plots however the rows were cut into shards', () => {
    fc.assert(
      fc.property(splitRows, ({ rows, shards }) => {
        const whole = tallyOf([rows]);
        const split = tallyOf(shards);
        expect(split.hosts.byRows(20)).toEqual(whole.hosts.byRows(20));
        expect(split.buckets.plot()).toEqual(whole.buckets.plot());
        expect([...split.flags].sort()).toEqual([...whole.flags].sort());
        expect(split.latency()).toEqual(whole.latency());
        const { units: _a, errors: splitErrors, ...sums } = sumOf(shards.map(totalsOf));
        const { units: _b, errors: wholeErrors, ...expected } = totalsOf(rows);
        expect(sums).toEqual(expected);
        expect(Object.entries(splitErrors).sort()).toEqual(Object.entries(wholeErrors).sort());
      }),
    );
  });

  it('has hosts and plots that add up to the totals of the records', () => {
    fc.assert(
      fc.property(splitRows, ({ rows, shards }) => {
        const { hosts, buckets } = tallyOf(shards);
        const { fetched, failed, skipped, bytes } = totalsOf(rows);
        const plot = buckets.plot();
        const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
        const lines = hosts.byRows(20);
        expect([sum(plot.fetched), sum(plot.failed), sum(plot.skipped), sum(plot.bytes)]).toEqual([
          fetched,
          failed,
          skipped,
          bytes,
        ]);
        expect([sum(lines.map((line) => line.fetched)), sum(lines.map((line) => line.bytes))]).toEqual([
          fetched,
          bytes,
        ]);
      }),
    );
  });

  it('keeps the largest hosts when there are too many for its memory, and says so', () => {
    const table = new HostTable(10);
    for (let i = 0; i < 50; i += 1) table.add(rowOf({ host: 'large.test' }));
    for (let i = 0; i < 100; i += 1) table.add(rowOf({ host: `small-${i}.test` }));
    expect(table.isPartial).toBe(true);
    expect(table.count).toBeLessThanOrEqual(20);
    expect(table.byRows(1)).toMatchObject([{ host: 'large.test', rows: 50 }]);
  });
});

function rowOf(some: Partial<OutcomeRow>): OutcomeRow {
  return {
    host: 'a.test',
    status: 'fetched',
    code: '',
    bytes: 1,
    headersMs: 1,
    totalMs: 1,
    fetchedAtMs: 0,
    flags: [],
    ...some,
  };
}

function tallyOf(shards: readonly (readonly OutcomeRow[])[]): Tally {
  const tally = new Tally();
  for (const shard of shards) for (const one of shard) tally.addRow(one);
  return tally;
}

function totalsOf(rows: readonly OutcomeRow[]): RecordTotals {
  const count = (status: string): number => rows.filter((one) => one.status === status).length;
  const errors: Record<string, number> = {};
  for (const { code } of rows) if (code !== '') errors[code] = (errors[code] ?? 0) + 1;
  const bytes = rows.reduce((sum, one) => sum + one.bytes, 0);
  return {
    units: 1,
    rows: rows.length,
    fetched: count('fetched'),
    failed: count('failed'),
    skipped: count('skipped'),
    bytes,
    errors,
  };
}
