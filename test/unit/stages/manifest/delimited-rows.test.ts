import type { Data, RecordBatch } from 'apache-arrow';
import { CsvError } from 'csv-parse';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textColumn } from '../../../../src/arrow/text.ts';
import { delimitedRows } from '../../../../src/stages/manifest/delimited-rows.ts';
import { csvParseRows, faultOf, type ParsedRows } from './csv-parse-rows.ts';

interface Read extends ParsedRows {
  readonly warnings: readonly string[];
  readonly message: string;
}

async function read(chunks: readonly Buffer[], delimiter: string): Promise<Read> {
  const warnings: string[] = [];
  const rows: (string | null)[][] = [];
  const input = {
    name: 'm.csv',
    isLive: false,
    maxRecordBytes: 16 * 1024 * 1024,
    warn: (message: string) => warnings.push(message),
    chunks: (async function* () {
      yield* chunks;
    })(),
  };
  try {
    for await (const batch of delimitedRows(input, delimiter)) {
      expect(batch.numRows).toBeLessThanOrEqual(8192);
      if (rows.length === 0) rows.push(batch.schema.names.map(String));
      rows.push(...cellsOf(batch));
    }
  } catch (error) {
    const { message, cause } = error as Error;
    if (!(cause instanceof CsvError)) return { rows, warnings, message };
    return { rows, warnings, message, fault: faultOf(cause) };
  }
  return { rows, warnings, message: '' };
}

function cellsOf(batch: RecordBatch): (string | null)[][] {
  const columns = batch.data.children.map((column) => textColumn(column as Data));
  return Array.from({ length: batch.numRows }, (_, row) => columns.map((column) => column[row] ?? null));
}

/** The same rows, and the same fault at the same place. */
async function expectSame(chunks: readonly Buffer[], delimiter: string): Promise<void> {
  const [ours, theirs] = [await read(chunks, delimiter), await csvParseRows(chunks, delimiter)];
  expect(ours.fault).toEqual(theirs.fault);
  if (ours.fault === undefined) expect(ours.message).toMatch(theirs.rows.length === 0 ? /has no header line/ : /^$/);
  else expect(ours.message).toContain(`line ${ours.fault.lines}`);
  // Names are made of a header, and a header alone is not worth a batch when something is wrong behind it.
  if (theirs.rows.length > 1) expect(ours.rows[0]).toHaveLength(theirs.rows[0]?.length as number);
  expect(ours.rows.slice(1)).toEqual(theirs.rows.slice(1));
  const isDamaged = theirs.rows.slice(1).some((row) => row.some((cell) => cell?.includes('\ufffd')));
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

/** A table as somebody's program writes it, and sometimes one thing in it that no program should write. */
const table = fc
  .record({
    delimiter,
    lineEnd: fc.constantFrom('\n', '\n', '\r\n', '\r'),
    bom: fc.boolean(),
    columns: fc.integer({ min: 1, max: 5 }),
    cells: fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.stringMatching(/^[a-z0-9 /:.?=&%+-]{0,20}$/) },
        { weight: 2, arbitrary: fc.stringMatching(/^"([a-z ,;|\t\n\r]|""){0,8}"$/) },
        { weight: 1, arbitrary: fc.constantFrom('é', '🦋', '\ufffd', '') },
      ),
      { maxLength: 120 },
    ),
    emptyLines: fc.array(fc.nat(40), { maxLength: 3 }),
    isEnded: fc.boolean(),
    oddity: fc.option(fc.tuple(fc.nat(), piece), { freq: 3 }),
  })
  .map(({ delimiter, lineEnd, bom, columns, cells, emptyLines, isEnded, oddity }) => {
    const lines = Array.from({ length: Math.floor(cells.length / columns) }, (_, row) =>
      cells.slice(row * columns, (row + 1) * columns).join(delimiter),
    );
    for (const at of emptyLines) lines.splice(at, 0, '');
    const header = Array.from({ length: columns }, (_, i) => `c${i}`).join(delimiter);
    const text = [header, ...lines].join(lineEnd) + (isEnded ? lineEnd : '');
    const bytes = Buffer.from((bom ? '\ufeff' : '') + text);
    const at = oddity === null ? 0 : oddity[0] % (bytes.length + 1);
    const odd = oddity === null ? Buffer.alloc(0) : oddity[1];
    return { delimiter, bytes: Buffer.concat([bytes.subarray(0, at), odd, bytes.subarray(at)]) };
  });

/** Two bytes that say UTF-16, which the reader refuses before it looks for rows. */
const isUtf16 = (bytes: Buffer): boolean => bytes[0] === 0xff && bytes[1] === 0xfe;

describe('rows of csv and tsv', () => {
  it('are those that csv-parse finds in any table, wherever chunks end', async () => {
    await fc.assert(
      fc.asyncProperty(table, places, ({ delimiter, bytes }, cuts) => expectSame(cutAt(bytes, cuts), delimiter)),
      { numRuns: 400 },
    );
  });

  it('are those that csv-parse finds in any bytes, wherever chunks end', async () => {
    await fc.assert(
      fc.asyncProperty(soup, delimiter, places, async (bytes, delimiter, cuts) => {
        fc.pre(!isUtf16(bytes));
        await expectSame(cutAt(bytes, cuts), delimiter);
      }),
      { numRuns: 400 },
    );
  });

  it('are those that csv-parse finds when every byte is a chunk', async () => {
    await fc.assert(
      fc.asyncProperty(table, ({ delimiter, bytes }) => expectSame(cutAt(bytes, [...bytes.keys()]), delimiter)),
      { numRuns: 50 },
    );
  });

  it('are those that csv-parse finds in more than a batch, with something odd now and then', async () => {
    const lines = Array.from(
      { length: 20_000 },
      (_, i) => `${i},"a ""b"" ${i}",${i % 7 === 0 ? '' : 'x'.repeat(i % 50)}`,
    );
    const plain = `a,b,c\n${lines.join('\n')}\n`;
    await expectSame(cutAt(Buffer.from(plain), [100_000, 300_001, 500_002]), ',');
    await expectSame([Buffer.from(plain.replace('\n9000,', '\n9000,9,'))], ',');
    const tabs = plain.replaceAll(',', '\t').replaceAll('"\t', '" and\t');
    await expectSame(cutAt(Buffer.from(tabs), [100_000, 300_001, 500_002]), '\t');
  });

  it('are those that csv-parse finds around a cell of megabytes', async () => {
    const text = `a,b\n1,"${'x\n'.repeat(700_000)}"\n2,y\n3\n`;
    await expectSame(cutAt(Buffer.from(text), [65_536, 131_072, 1_000_000, 1_400_009]), ',');
  });
});
