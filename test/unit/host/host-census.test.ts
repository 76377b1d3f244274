import { Binary, type Data, Dictionary, Int32, LargeUtf8, Utf8, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8Column } from '../../../src/arrow/columns.ts';
import { hostOf } from '../../../src/host/host.ts';
import { HostCensus } from '../../../src/host/host-census.ts';
import { anyUrl } from '../../support/any-url.ts';

const urls = fc.array(fc.option(anyUrl, { freq: 12 }), { maxLength: 40 });

function namesOf(census: HostCensus, ids: Int32Array): string[] {
  return Array.from(ids, (id) => census.hostName(id));
}

/** What a column can come out of a file as. */
const COLUMNS: readonly [string, (values: readonly (string | null)[]) => Data][] = [
  ['utf8', (values) => utf8Column(values)],
  ['large utf8', (values) => vectorFromArray(values, new LargeUtf8()).data[0] as Data],
  [
    'binary',
    (values) =>
      vectorFromArray(
        values.map((value) => (value === null ? null : Buffer.from(value))),
        new Binary(),
      ).data[0] as Data,
  ],
  ['dictionary', (values) => vectorFromArray(values, new Dictionary(new Utf8(), new Int32())).data[0] as Data],
];

describe('HostCensus', () => {
  it.each(COLUMNS)('reads from a %s column the host that hostOf gives, for any URL', (_name, column) => {
    const census = new HostCensus();
    fc.assert(
      fc.property(urls, (values) => {
        // Lone surrogates do not survive UTF-8.
        const stored = values.map((value) => (value === null ? null : Buffer.from(value).toString()));
        expect(namesOf(census, census.read(column(stored)))).toEqual(stored.map((value) => hostOf(value ?? '')));
      }),
      { numRuns: 400 },
    );
  });

  it('counts every row under its host, and rows without a usable URL apart', () => {
    fc.assert(
      fc.property(fc.array(urls, { maxLength: 4 }), (batches) => {
        const census = new HostCensus();
        const expected = new Map<string, number>();
        for (const values of batches) {
          census.add(utf8Column(values));
          for (const value of values) expected.set(hostOf(value ?? ''), (expected.get(hostOf(value ?? '')) ?? 0) + 1);
        }
        expect(census.rows).toBe(batches.flat().length);
        expect(census.invalidRows).toBe(expected.get('!invalid') ?? 0);
        expected.delete('!invalid');
        expect(new Map(census.top(1000).map(({ host, rows }) => [host, rows]))).toEqual(expected);
        expect(census.hosts).toBe(expected.size);
      }),
      { numRuns: 100 },
    );
  });

  it('names the hosts with most rows first, equal ones by first appearance', () => {
    const census = new HostCensus();
    census.add(utf8Column(['http://c.org/', 'http://b.org/', 'http://a.org/', 'nothing', 'nothing', 'http://a.org/2']));
    expect(census.top(2)).toEqual([
      { host: 'a.org', rows: 2 },
      { host: 'c.org', rows: 1 },
    ]);
  });

  it('keeps a host apart from all others among many', () => {
    const census = new HostCensus();
    const hosts = Array.from({ length: 20_000 }, (_, i) => `h${i}.example.org`);
    const ids = census.add(utf8Column(hosts.map((host) => `https://${host}/x.jpg`)));
    expect(namesOf(census, ids)).toEqual(hosts);
    expect(census.hosts).toBe(20_000);
  });

  it('reads part of a column', () => {
    const census = new HostCensus();
    const column = utf8Column([null, 'http://a.org/', 'http://b.org/', null]);
    expect(namesOf(census, census.add(column.slice(1, 3)))).toEqual(['a.org', 'b.org', '!invalid']);
  });

  it('does not count words of a dictionary that no row uses', () => {
    const census = new HostCensus();
    const column = vectorFromArray(['http://a.org/', 'http://b.org/'], new Dictionary(new Utf8(), new Int32()))
      .data[0] as Data;
    census.add(column.slice(0, 1));
    expect(census.top(10)).toEqual([{ host: 'a.org', rows: 1 }]);
  });

  it('answers the same after more unusual authorities than it remembers', () => {
    const census = new HostCensus();
    const addresses = Array.from({ length: 70_000 }, (_, i) => `http://10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/`);
    const first = census.read(utf8Column(addresses));
    expect(census.read(utf8Column(addresses))).toEqual(first);
    expect(census.hostName(first[69_999] as number)).toBe('10.1.17.111');
  });
});
