import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { dateText, spanText } from '../../../../src/stages/manifest/archive/sheet-dates.ts';
import { type ReadManifestOptions, readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { CAPTIONS, URLS } from '../../../support/sheet-rows.ts';
import { collect, folder, readAt } from './collect-rows.ts';
import { zipOf } from './zip-of.ts';

const FIXTURES = fileURLToPath(new URL('../../../fixtures/manifests/sheets/', import.meta.url));
const at = (name: string): string => path.join(FIXTURES, name);

/** A workbook with these sheets. @param parts - more files of it, or others */
async function book(sheets: Readonly<Record<string, string>>, parts: Readonly<Record<string, string>> = {}) {
  const names = Object.keys(sheets);
  const kind = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet';
  const listed = names.map((name, i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="r${i}"/>`).join('');
  const related = names.map((_, i) => `<Relationship Id="r${i}" Type="${kind}" Target="/xl/worksheets/s${i}.xml"/>`);
  const files: Record<string, string> = {
    '[Content_Types].xml': '<Types/>',
    'xl/workbook.xml': `<workbook xmlns:r="r"><sheets>${listed}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships>${related.join('')}</Relationships>`,
    ...Object.fromEntries(
      names.map((name, i) => [`xl/worksheets/s${i}.xml`, `<worksheet>${sheets[name]}</worksheet>`]),
    ),
    ...parts,
  };
  const bytes = zipOf(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])));
  return path.join(await folder({ 'm.xlsx': bytes }), 'm.xlsx');
}

const text = (value: string): string => `<c t="inlineStr"><is><t>${value}</t></is></c>`;
const rows = (...cells: string[][]): string =>
  `<sheetData>${cells.map((row) => `<row>${row.join('')}</row>`).join('')}</sheetData>`;
const [A, B] = ['https://a.example/1.jpg', 'https://a.example/2.jpg'];

async function read(input: string, options: ReadManifestOptions = {}) {
  const { rows: found, ...rest } = await readAt(input, options);
  return { ...rest, rows: found.map(({ at: _, ...row }) => row as Record<string, unknown>) };
}

describe('a sheet of a workbook', () => {
  it.for(['pandas-openpyxl.xlsx', 'pandas-xlsxwriter.xlsx', 'pandas-index.xlsx', 'workbook-in.zip'])(
    '%s is a table, its texts as they were written',
    async (name) => {
      const found = await read(at(name));
      expect(found.error).toBeUndefined();
      expect(found.rows.map(({ url }) => url)).toEqual(URLS);
      expect(found.rows.map(({ caption }) => caption)).toEqual(CAPTIONS);
      expect(found.rows.map(({ n }) => n)).toEqual(['0', '1', '2', '3', '4', '5']);
      expect(found.info?.files[0]?.how).toMatch(/xlsx > /);
    },
  );

  it('is the first one that has URLs, which is said; dates, days and truths are text, and formulas what they gave', async () => {
    const { rows: found, warnings } = await read(at('openpyxl-types.xlsx'));
    expect(found[1]).toEqual({
      ...{ url: URLS[1], ok: 'false', when: '2024-05-02T12:30:00', day: '2024-05-02', score: '0.25', sum: null },
    });
    expect(warnings).toEqual([
      expect.stringMatching(/its sheet Images is read, and not Notes; name another one, as .*\.xlsx::Notes$/),
      expect.stringMatching(/Images: 6 of its cells, F2 the first, are formulas .* and empty: open the workbook/),
    ]);
    const laid = await read(at('xlsxwriter-report.xlsx'));
    expect(laid.rows[1]).toEqual({
      ...{ url: URLS[1], caption: 'a bold word 1', when: '2024-05-02T12:30:00', price: '1.5', twice: '3' },
    });
    expect(laid.warnings).toEqual([expect.stringMatching(/above its row 3 is taken for a title, and left out$/)]);
  });

  it('types are found in it as in csv', async () => {
    const { info } = await read(at('openpyxl-types.xlsx'), { inferTypes: true });
    expect(info?.columns).toMatchObject([{ type: 'Utf8' }, { type: 'Bool' }, {}, {}, { type: 'Float64' }, {}]);
  });

  it('has its links in a column of their own, whoever made them, and hidden sheets come last', async () => {
    for (const [name, column] of [
      ['openpyxl-links.xlsx', 'photo'],
      ['xlsxwriter-formulas.xlsx', 'see'],
    ] as const) {
      const { rows: found, info } = await read(at(name));
      expect(found.map((row) => row[`${column}_link`])).toEqual(URLS);
      expect(info?.roles.url).toBe(`${column}_link`);
    }
    expect((await read(`${at('openpyxl-links.xlsx')}::Old`)).rows).toEqual([{ url: 'http://old.test/1.jpg' }]);
  });

  it('counts days from 1904 where its workbook does', async () => {
    const { rows: found } = await read(at('xlsxwriter-1904.xlsx'));
    expect(found.map(({ when }) => when).slice(0, 2)).toEqual(['2024-05-01', '2024-05-02T12:30:00']);
  });

  it('is named, or several by a pattern, also without a header', async () => {
    const file = at('openpyxl-no-header.xlsx');
    expect((await read(`${file}::test`)).rows.map(({ url }) => url)).toEqual(URLS.slice(3));
    expect((await read(`${file}::t*`)).rows.map(({ url }) => url)).toEqual(URLS);
    const { info } = await read(file, {
      columnNames: ['image', 'species'],
      urlColumn: 'image',
      labelColumn: 'species',
    });
    expect(info?.files[0]).toMatchObject({ name: `${file}::train`, how: 'xlsx > train, no header: image, species' });
    expect((await read(`${file}::tset`)).error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_NOT_FOUND',
      message: expect.stringMatching(/has no sheet tset \(did you mean test\?\): it has train, test$/),
    });
  });

  it('comes through a pipe', async () => {
    const reader = readManifest('-', { stdin: createReadStream(at('pandas-openpyxl.xlsx')) });
    expect((await collect(reader)).rows.map(({ url }) => url)).toEqual(URLS);
  });

  it('of other writers: no names of cells, prefixes, letters that XML lacks, errors, long numbers', async () => {
    const cells = [
      text('a_x000D_b _x005F_'),
      '<c t="e"><v>#N/A</v></c>',
      '<c><v>12345678901234567890</v></c>',
      '<c><v>1.0E-2</v></c>',
    ];
    const file = await book({
      S: rows([...'uvwxy'].map(text)),
      T: rows(['url', 'b', 'c', 'd', 'e'].map(text), [text(A), ...cells]),
    });
    expect((await read(file)).rows).toEqual([{ url: A, b: 'a\rb _', c: null, d: '12345678901234567890', e: '0.01' }]);
    const prefixed = await book(
      { S: '' },
      {
        'xl/worksheets/s0.xml': `<x:worksheet xmlns:x="x"><x:sheetData><x:row r="3"><x:c r="B3" t="str"><x:v>url</x:v></x:c></x:row><x:row r="9"><x:c r="B9" t="str"><x:v>${A}</x:v></x:c></x:row></x:sheetData></x:worksheet>`,
      },
    );
    expect((await read(prefixed)).rows).toEqual([{ column_1: null, url: A }]);
  });

  it('a link is that of all cells of its range, and a URL in a cell stays what it is', async () => {
    const link = (ref: string, id: string): string => `<hyperlink ref="${ref}" r:id="${id}"/>`;
    const kind = 'Type="http://x/hyperlink" TargetMode="External"';
    const file = await book(
      {
        S: `${rows([text('url'), text('page')], [text(A), text('p')], [text(B), text('q')]).replaceAll('<c t', '<c t')}<hyperlinks>${link('B2:B3', 'h')}${link('A2', 'h')}</hyperlinks>`,
      },
      {
        'xl/worksheets/_rels/s0.xml.rels': `<Relationships><Relationship Id="h" ${kind} Target="https://pages.example/1"/></Relationships>`,
      },
    );
    // Cells without names have no links.
    expect((await read(file)).rows).toEqual([
      { url: A, page: 'p' },
      { url: B, page: 'q' },
    ]);
    const named = `<sheetData><row r="1"><c r="A1" t="str"><v>url</v></c><c r="B1" t="str"><v>page</v></c></row>${[2, 3].map((row) => `<row r="${row}"><c r="A${row}" t="str"><v>${row === 2 ? A : B}</v></c><c r="B${row}" t="str"><v>p</v></c></row>`).join('')}</sheetData>`;
    const other = await book(
      { S: `${named}<hyperlinks>${link('B2:B3', 'h')}${link('A2', 'h')}</hyperlinks>` },
      {
        'xl/worksheets/_rels/s0.xml.rels': `<Relationships><Relationship Id="h" ${kind} Target="https://pages.example/1"/></Relationships>`,
      },
    );
    const page_link = 'https://pages.example/1';
    expect((await read(other)).rows).toEqual([
      { url: A, page: 'p', page_link },
      { url: B, page: 'p', page_link },
    ]);
  });

  it.each([
    [1, false, '1900-01-01'],
    [59, false, '1900-02-28'],
    [61, false, '1900-03-01'],
    [45413.5, false, '2024-05-01T12:00:00'],
    [0.25, false, '06:00:00'],
    [0, true, '00:00:00'],
    [43951, true, '2024-05-01'],
    [-1, false, '-1'],
    [1e9, false, '1000000000'],
  ])('day %f of a workbook (of 1904: %s) is %s', (value, is1904, expected) => {
    expect(dateText(value, is1904)).toBe(expected);
  });
});

describe('what a sheet shows and its rows do not', () => {
  it('cells that are merged over several rows are said; those of a title are not', async () => {
    const sheet = rows([text('label'), text('url')], [text('cat'), text(A)], ['<c/>', text(B)]);
    const merged = (...refs: string[]) => refs.map((ref) => `<mergeCell ref="${ref}"/>`).join('');
    const found = await read(await book({ S: `${sheet}<mergeCells>${merged('A2:A3', 'B7:C9')}</mergeCells>` }));
    expect(found.rows.map(({ label }) => label)).toEqual(['cat', null]);
    expect(found.warnings).toEqual([
      expect.stringMatching(/::S: 2 lots of its cells, A2:A3 the first, are merged over/),
    ]);
    const flat = await read(await book({ S: `${sheet}<mergeCells>${merged('A1:B1')}</mergeCells>` }));
    expect(flat.warnings).toEqual([]);
  });

  it('a note beside the table, far below, leaves its row whole', async () => {
    const many = Array.from({ length: 1200 }, (_, i) => [text(`${A}?${i}`), `<c><v>${i}</v></c>`]);
    const sheet = rows([text('url'), text('n')], ...many, [text(B), '<c/>', text('see me')]);
    const { rows: found, warnings } = await read(await book({ S: sheet }));
    expect(found.at(-1)).toEqual({ url: B, n: null });
    expect(warnings).toEqual([expect.stringMatching(/its row 1202 has cells beside the columns of the first rows/)]);
  });

  it('how long something takes is no date', async () => {
    const codes = '<numFmt numFmtId="164" formatCode="[h]:mm:ss"/><numFmt numFmtId="165" formatCode="[mm]:ss"/>';
    const styles = [164, 165, 46, 21].map((id) => `<xf numFmtId="${id}"/>`).join('');
    const cells = [0, 1, 2, 3].map((style) => `<c s="${style}"><v>${style === 3 ? 0.5 : 1.5}</v></c>`);
    const sheet = rows([text('url'), ...['a', 'b', 'c', 'd'].map(text)], [text(A), ...cells]);
    const parts = { 'xl/styles.xml': `<styleSheet>${codes}<cellXfs>${styles}</cellXfs></styleSheet>` };
    const { rows: found } = await read(await book({ S: sheet }, parts));
    expect(found).toEqual([{ url: A, a: '36:00:00', b: '36:00:00', c: '36:00:00', d: '12:00:00' }]);
    expect([-0.25, 1e300].map(spanText)).toEqual(['-06:00:00', '1e+300']);
  });
});

describe('a workbook that does harm', () => {
  const huge = '<row/>'.repeat(100_000);
  it.each<[string, Record<string, string>, Record<string, string>, RegExp, string]>([
    [
      'without a sheet that it names',
      { S: '' },
      { 'xl/worksheets/s0.xml': '' },
      /Excel workbook/,
      'FDC_ERR_MANIFEST_CORRUPT',
    ],
    ['that is no XML', { S: '<row>' }, {}, /holds what is no XML/, 'FDC_ERR_MANIFEST_CORRUPT'],
    ['with entities of its own', { S: '&x;' }, {}, /holds what is no XML/, 'FDC_ERR_MANIFEST_CORRUPT'],
    [
      'with elements without an end',
      { S: '<a>'.repeat(200) },
      {},
      /over 100 elements within each other/,
      'FDC_ERR_MANIFEST_TOO_WIDE',
    ],
    [
      'with a cell beyond all columns',
      { S: '<row><c r="ZZZZ1"><v>1</v></c></row>' },
      {},
      /a cell without a place/,
      'FDC_ERR_MANIFEST_CORRUPT',
    ],
    ['without rows', { S: huge }, {}, /has no rows in its sheets$/, 'FDC_ERR_MANIFEST_EMPTY'],
    [
      'with a cell as long as a book',
      { S: rows([text('url')], [text('a'.repeat(3_000_000))]) },
      {},
      /a row of over 1000000 characters \(max_record\)/,
      'FDC_ERR_MANIFEST_TOO_WIDE',
    ],
  ])('%s is refused in one line', async (_what, sheets, parts, message, code) => {
    const { error } = await read(await book(sheets, parts), { maxRecordBytes: 1_000_000 });
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(error?.message).not.toContain('\n');
  });

  it('that unpacks to hundreds of times its size is refused before it is unpacked', async () => {
    const place = await book({ S: '' });
    const bytes = await readFile(place);
    // What its directory says of the sheet.
    const entry = bytes.lastIndexOf('xl/worksheets/s0.xml') - 46;
    bytes.writeUInt32LE(0x3fffffff, entry + 24);
    const { error } = await read(path.join(await folder({ 'm.xlsx': bytes }), 'm.xlsx'));
    expect(error?.message).toMatch(
      /m\.xlsx: xl\/worksheets\/s0\.xml in it unpacks to over 250 times its size, as no sheet does/,
    );
  });

  it('other office files, and what is said to be a workbook and is none, name the way', async () => {
    const place = await folder({
      'a.docx': zipOf({ '[Content_Types].xml': Buffer.from('<a/>'), 'word/document.xml': Buffer.from('<a/>') }),
      'b.xls': Buffer.concat([Buffer.from([0xd0, 0xcf, 0x11, 0xe0]), Buffer.alloc(600)]),
      'c.csv': `url\n${A}\n`,
      'd.zip': zipOf({ 'm.csv': Buffer.from(`url\n${A}\n`) }),
    });
    const fault = async (name: string, options: ReadManifestOptions = {}) =>
      (await read(path.join(place, name), options)).error?.message;
    expect(await fault('a.docx')).toMatch(
      /a file of an office program, and no xlsx workbook: save the sheet as xlsx or csv/,
    );
    expect(await fault('b.xls')).toMatch(
      /the old kind \(xls\), or one with a password: save it as xlsx without a password/,
    );
    expect(await fault('c.csv', { format: 'excel' })).toMatch(
      /no xlsx workbook, not excel: leave input_format at auto/,
    );
    expect(await fault('d.zip', { format: 'excel' })).toMatch(
      /is a zip archive, not excel: leave input_format at auto/,
    );
    const workbook = await book({ S: rows([text('url')], [text(A)]) });
    expect((await read(workbook, { format: 'csv' })).error?.message).toMatch(
      /an Excel workbook, not csv: leave input_format/,
    );
    expect((await read(workbook, { format: 'excel' })).rows).toEqual([{ url: A }]);
    expect((await read(workbook, { rowsAt: 'a' })).error?.message).toMatch(
      /rows_at is for JSON and XML: leave rows_at out/,
    );
  });
});
