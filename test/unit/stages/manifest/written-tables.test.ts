import type { Data } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textColumn } from '../../../../src/arrow/text.ts';
import { detectFormat } from '../../../../src/stages/manifest/detect-format.ts';
import { textRows } from '../../../../src/stages/manifest/text-input.ts';

type Table = readonly (readonly string[])[];

/** How programs write a cell, for a delimiter. */
const QUOTINGS = {
  'quotes where they are needed': (cell: string, delimiter: string) =>
    /["\r\n]/.test(cell) || cell.includes(delimiter) ? doubled(cell) : cell,
  'quotes around everything': doubled,
  'quotes escaped by a backslash': (cell: string) => `"${cell.replace(/["\\]/g, '\\$&')}"`,
  'escapes, as Postgres has them': (cell: string, delimiter: string) =>
    cell === ''
      ? '\\N'
      : cell.replace(/\\/g, '\\\\').replace(/\t/g, '\\t').replace(/\n/g, '\\n').replaceAll(delimiter, `\\${delimiter}`),
  'escapes, as MySQL has them': (cell: string, delimiter: string) =>
    cell === '' ? '\\N' : cell.replace(/[\\\n]/g, '\\$&').replaceAll(delimiter, `\\${delimiter}`),
};
type Quoting = keyof typeof QUOTINGS;

function doubled(cell: string): string {
  return `"${cell.replaceAll('"', '""')}"`;
}

/** Letters that mean something to one reader or another, and others. */
const letter = fc.constantFrom(
  ...[
    'a',
    'b',
    'Z',
    '0',
    ' ',
    ' ',
    '.',
    '/',
    ':',
    '-',
    "'",
    '"',
    ',',
    ';',
    '|',
    '\t',
    '\n',
    '\\',
    '#',
    '=',
    '{',
    'é',
    '🦋',
    '猫',
  ],
);
const cell = fc.oneof(
  fc.stringMatching(/^[a-z0-9 ]{0,12}$/),
  fc.array(letter, { maxLength: 12 }).map((letters) => letters.join('')),
);

const table: fc.Arbitrary<Table> = fc
  .record({ columns: fc.integer({ min: 1, max: 3 }), cells: fc.array(cell, { minLength: 6, maxLength: 60 }) })
  .map(({ columns, cells }) => {
    const rows = Array.from({ length: Math.floor(cells.length / columns) }, (_, row) => [
      `http://a.test/${row}.jpg`,
      ...cells.slice(row * columns, (row + 1) * columns),
    ]);
    return [['url', 'c1', 'c2', 'c3'].slice(0, columns + 1), ...rows];
  });

const dialect = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  quoting: fc.constantFrom(...(Object.keys(QUOTINGS) as Quoting[])),
  lineEnd: fc.constantFrom('\n', '\r\n'),
  encoding: fc.constantFrom('utf8', 'utf8 with a mark', 'utf16le'),
  isEnded: fc.boolean(),
});
type Written = typeof dialect extends fc.Arbitrary<infer T> ? T : never;

function written(rows: Table, { delimiter, quoting, lineEnd, encoding, isEnded }: Written): Buffer {
  const lines = rows.map((cells, row) =>
    cells.map((one) => (row === 0 ? one : QUOTINGS[quoting](one, delimiter))).join(delimiter),
  );
  const text = lines.join(lineEnd) + (isEnded ? lineEnd : '');
  return encoding === 'utf16le'
    ? Buffer.from(`\ufeff${text}`, encoding)
    : Buffer.from((encoding === 'utf8' ? '' : '\ufeff') + text);
}

/** Whether what was written can mean nothing else. */
function isTold(rows: Table, { delimiter, quoting }: Written): boolean {
  const cells = rows.slice(1).flat();
  if (cells.includes('\\N')) return false;
  if (quoting === 'quotes escaped by a backslash') {
    // A quote in front of what ends a cell may have ended it.
    return !cells.some((one) => one.includes('\\') || one.includes('"\n') || one.includes(`"${delimiter}`));
  }
  if (!quoting.startsWith('escapes')) return true;
  const isLetter = delimiter === '\t' && quoting.includes('Postgres');
  // Without quotes a backslash is one, unless nothing is written with it, or a delimiter that makes rows uneven.
  const all = cells.join('');
  if (cells.includes('') && delimiter === '\t') return true;
  if (cells.includes('') && !/[\n\t"]/.test(all)) return true;
  const isEscaped = !isLetter && all.includes(delimiter);
  return !/["\n]/.test(all) && (isEscaped || !/[\\\t]/.test(all));
}

async function read(bytes: Buffer, cut: number): Promise<{ rows: (string | null)[][]; warnings: string[] }> {
  const detected = detectFormat({ head: bytes, packing: undefined, isWhole: true, name: 'm' }, 'auto');
  const warnings: string[] = [];
  const at = cut % (bytes.length + 1);
  const chunks = (async function* () {
    yield* [bytes.subarray(0, at), bytes.subarray(at)].filter(({ length }) => length > 0);
  })();
  const input = {
    ...{ name: 'm', chunks, isLive: false, maxRecordBytes: 2 ** 24, onBadRow: 'fail' as const, urlColumn: 'url' },
    warn: (message: string) => void warnings.push(message),
  };
  const rows: (string | null)[][] = [];
  for await (const batch of textRows(input, detected)) {
    if (rows.length === 0) rows.push(batch.schema.names.map(String));
    const columns = batch.data.children.map((column) => textColumn(column as Data));
    for (let row = 0; row < batch.numRows; row++) rows.push(columns.map((column) => column[row] ?? null));
  }
  return { rows, warnings };
}

describe('any table', () => {
  it('comes back cell by cell, however it was written and wherever chunks end', async () => {
    await fc.assert(
      fc.asyncProperty(table, dialect, fc.nat(), async (rows, how, cut) => {
        fc.pre(isTold(rows, how));
        const expected = rows.map((cells) => cells.map((one) => (one === '' ? null : one)));
        expect(await read(written(rows, how), cut)).toEqual({ rows: expected, warnings: [] });
      }),
      { numRuns: 400 },
    );
  });
});
