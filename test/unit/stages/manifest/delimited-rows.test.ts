import type { Data, RecordBatch } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textColumn } from '../../../../src/arrow/text.ts';
import { badRowReason } from '../../../../src/record.ts';
import { delimitedRows } from '../../../../src/stages/manifest/delimited-rows.ts';
import { PLAIN_DIALECT } from '../../../../src/stages/manifest/dialect.ts';
import { csvParseRows } from './csv-parse-rows.ts';

interface Read {
  readonly rows: readonly (readonly (string | null)[])[];
  readonly warnings: readonly string[];
  readonly message: string;
}

async function read(chunks: readonly Buffer[], delimiter: string, lineEnd: '\n' | '\r' = '\n'): Promise<Read> {
  const warnings: string[] = [];
  const rows: (string | null)[][] = [];
  const input = {
    name: 'm.csv',
    isLive: false,
    maxRecordBytes: 16 * 1024 * 1024,
    onBadRow: 'skip' as const,
    urlColumn: 'c0',
    warn: (message: string) => warnings.push(message),
    chunks: (async function* () {
      yield* chunks;
    })(),
  };
  try {
    for await (const batch of delimitedRows(input, { ...PLAIN_DIALECT, delimiter, lineEnd })) {
      expect(batch.numRows).toBeLessThanOrEqual(8192);
      if (rows.length === 0) rows.push(batch.schema.names.map(String));
      rows.push(...cellsOf(batch));
    }
  } catch (error) {
    return { rows, warnings, message: (error as Error).message };
  }
  return { rows, warnings, message: '' };
}

function cellsOf(batch: RecordBatch): (string | null)[][] {
  const columns = batch.data.children.map((column) => textColumn(column as Data));
  return Array.from({ length: batch.numRows }, (_, row) => columns.map((column) => column[row] ?? null));
}

/** The same rows, of a table that any program would read alike. */
async function expectSame(chunks: readonly Buffer[], delimiter: string, lineEnd: '\n' | '\r' = '\n'): Promise<void> {
  const [ours, theirs] = [await read(chunks, delimiter, lineEnd), csvParseRows(chunks, delimiter)];
  expect(ours.message).toMatch(theirs.length === 0 ? /has no header line/ : /^$/);
  expect(ours.rows.slice(1)).toEqual(theirs.slice(1));
  const isDamaged = theirs.slice(1).some((row) => row.some((cell) => cell?.includes('\ufffd')));
  expect(ours.warnings.filter((text) => text.includes('U+FFFD'))).toHaveLength(isDamaged ? 1 : 0);
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end)).filter(({ length }) => length > 0);
}

const DELIMITERS = [',', ';', '\t', '|'];
const delimiter = fc.constantFrom(...DELIMITERS);
const places = fc.array(fc.nat(), { maxLength: 6 });

/** Anything: mostly what means something to a parser. */
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...DELIMITERS.map((text) => Buffer.from(text))) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('\n', '\r\n', '\r', '"', '""', '"\n', '\n"').map((text) => Buffer.from(text)),
  },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom('a', 'url', ' ', 'é', '🦋', '\ufeff', '\ufffd', '\0', '!#-+', 'abcdefgh', '\x7f')
      .map((text) => Buffer.from(text)),
  },
  { weight: 1, arbitrary: fc.constantFrom([0xff], [0xe9], [0xed, 0xa0, 0x80], [0xf0, 0x9f]).map(Buffer.from) },
);
const soup = fc.array(piece, { maxLength: 60 }).map((pieces) => Buffer.concat(pieces));

/** A table as somebody's program writes it. */
const table = fc
  .record({
    delimiter,
    lineEnd: fc.constantFrom('\n', '\n', '\r\n', '\r'),
    columns: fc.integer({ min: 1, max: 5 }),
    cells: fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.stringMatching(/^[a-z0-9 /:.?=&%+-]{0,20}$/) },
        { weight: 2, arbitrary: fc.stringMatching(/^"([a-z ,;|\t]|""){0,8}"$/) },
        { weight: 1, arbitrary: fc.stringMatching(/^"([a-z \n]|""){0,8}"$/) },
        { weight: 1, arbitrary: fc.constantFrom('é', '🦋', '\ufffd', '') },
      ),
      { maxLength: 120 },
    ),
    emptyLines: fc.array(fc.nat(40), { maxLength: 3 }),
    isEnded: fc.boolean(),
  })
  .map(({ delimiter, lineEnd, columns, cells, emptyLines, isEnded }) => {
    const lines = Array.from({ length: Math.floor(cells.length / columns) }, (_, row) =>
      cells.slice(row * columns, (row + 1) * columns).join(delimiter),
    );
    for (const at of emptyLines) lines.splice(at, 0, '');
    const header = Array.from({ length: columns }, (_, i) => `c${i}`).join(delimiter);
    const bytes = Buffer.from([header, ...lines].join(lineEnd) + (isEnded ? lineEnd : ''));
    return { delimiter, bytes, lineEnd: lineEnd === '\r' ? ('\r' as const) : ('\n' as const) };
  });

describe('rows of csv and tsv', () => {
  it('are those that csv-parse finds in any table, wherever chunks end', async () => {
    await fc.assert(
      fc.asyncProperty(table, places, ({ delimiter, bytes, lineEnd }, cuts) =>
        expectSame(cutAt(bytes, cuts), delimiter, lineEnd),
      ),
      { numRuns: 400 },
    );
  });

  it('are the same wherever chunks end, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(soup, delimiter, places, async (bytes, delimiter, cuts) => {
        const header = Buffer.from(`c0${delimiter}c1\n`);
        const whole = Buffer.concat([header, bytes]);
        const cut = cuts.length === 0 ? [...whole.keys()] : cuts;
        expect(await read(cutAt(whole, cut), delimiter)).toEqual(await read([whole], delimiter));
      }),
      { numRuns: 600 },
    );
  });

  it('bear the line and the reason where they cannot be read', async () => {
    const { rows, warnings } = await read([Buffer.from('c0,c1\na,b\n\nc\nd,e,f\n"g,h\ni,"j\nk"\n')], ',');
    const reasons = rows.slice(1).map(([cell, other]) => badRowReason(cell ?? '') ?? [cell, other]);
    expect(reasons).toEqual([
      ['a', 'b'],
      'line 4 has 1 cell, unlike the header, which has 2',
      'line 5 has 3 cells, unlike the header, which has 2',
      ['"g', 'h'],
      ['i', 'j\nk'],
    ]);
    expect(warnings).toEqual([expect.stringContaining('m.csv, line 4 has 1 cell')]);
  });

  it('end the reading when more than one in a hundred cannot be read', async () => {
    const lines = (good: number, bad: number) =>
      ['c0,c1', ...Array(good).fill('a,b'), ...Array(bad).fill('x')].join('\n');
    expect((await read([Buffer.from(lines(1000, 99))], ',')).message).toBe('');
    expect((await read([Buffer.from(lines(1000, 100))], ',')).message).toMatch(/100 of the first 1100 rows of m\.csv/);
    expect((await read([Buffer.from(lines(10_000, 100))], ',')).message).toBe('');
  });

  it('are those that csv-parse finds in more than a batch', async () => {
    const lines = Array.from(
      { length: 20_000 },
      (_, i) => `${i},"a ""b"" ${i}",${i % 7 === 0 ? '' : 'x'.repeat(i % 50)}`,
    );
    const plain = `a,b,c\n${lines.join('\n')}\n`;
    await expectSame(cutAt(Buffer.from(plain), [100_000, 300_001, 500_002]), ',');
  });

  it('are those that csv-parse finds around a cell of megabytes', async () => {
    const text = `a,b\n1,"${'x\n'.repeat(700_000)}"\n2,y\n3,z\n`;
    await expectSame(cutAt(Buffer.from(text), [65_536, 131_072, 1_000_000, 1_400_009]), ',');
  });
});
