import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { detectDialect, type GivenDialect } from '../../../../src/stages/manifest/detect-dialect.ts';
import { dialectWords } from '../../../../src/stages/manifest/dialect.ts';
import { readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { collect, fieldOf, readText } from './collect-rows.ts';

const words = (text: string, usual = ',', given: GivenDialect = {}): string =>
  dialectWords(detectDialect(Buffer.from(text), true, usual, given));
const url = (i: number): string => `http://a.x/${i}.jpg`;

describe('the dialect of a file', () => {
  it.each([
    ['none of which it writes', `url,n\n${url(0)},C:\\x\n`, 'comma-separated, quoted by ", \\ as it is, LF'],
    ['before quotes of bare cells', `url,n\n${url(0)},a \\"b\\"\n`, 'comma-separated, quotes escaped by \\, LF'],
    [
      'before a quote, and before other letters',
      `url,n\n${url(0)},a \\"b\n${url(1)},C:\\x\n`,
      'comma-separated, quoted by ", \\ as it is, LF',
    ],
    [
      'before commas, in a file with a cell between quotes',
      `url,n\n${url(0)},a\\, b\n${url(1)},"s"\n`,
      'comma-separated, no quoting, escapes with \\, LF',
    ],
    ['beside bare quotes', `url,n\n${url(0)},a \\"b "c\n`, 'comma-separated, quoted by ", \\ as it is, LF'],
    ['written twice, with tabs', `url\tn\n${url(0)}\tC:\\\\x\\n\n`, 'tab-separated, no quoting, escapes with \\, LF'],
    ['and of apostrophes', `url\tn\n${url(0)}\tit\\'s \\\\\n`, 'tab-separated, no quoting, escapes with \\, LF'],
    ['of line ends, with tabs', `url\tn\n${url(0)}\ta\\nb\\tc\n`, 'tab-separated, no quoting, escapes with \\, LF'],
    ['of a path', `url\tn\n${url(0)}\tC:\\new\n`, 'tab-separated, quoted by ", \\ as it is, LF'],
    ['of a URL', `url\tn\n${url(0)}\\new\ta\n`, 'tab-separated, quoted by ", \\ as it is, LF'],
    ['of formulas', `url\tn\n${url(0)}\tfor $\\nu_1$\n`, 'tab-separated, quoted by ", \\ as it is, LF'],
    ['as JSON has them', `url\tn\n${url(0)}\t{"a":"\\n\\\\"}\n`, 'tab-separated, quoted by ", \\ as it is, LF'],
    ['of other letters', `url\tn\n${url(0)}\t\\\\srv\\share\n`, 'tab-separated, quoted by ", \\ as it is, LF'],
    [
      'at the end of lines',
      `url,n\n${url(0)},a\\\nb\n${url(1)},c\n`,
      'comma-separated, no quoting, escapes with \\, LF',
    ],
    [
      'at the end of a line before a row',
      `url,n\n${url(0)},a\\\n${url(1)},b\n${url(2)},c\\\n${url(3)},d\n`,
      'comma-separated, quoted by ", \\ as it is, LF',
    ],
  ])('tells backslashes: %s', (_what, text, expected) => {
    expect(words(text)).toBe(expected);
  });

  it.each([
    [`url,n\n${url(0)},"a\\"\n`, { escapes: 'none' }, 'comma-separated, quoted by ", \\ as it is, LF'],
    [`url,n\n${url(0)},a\\\\\n`, { escapes: 'backslash' }, 'comma-separated, quotes escaped by \\, LF'],
    [
      `url,n\n${url(0)},a\\n\n`,
      { escapes: 'backslash', quote: '' },
      'comma-separated, no quoting, escapes with \\, LF',
    ],
    [
      `a,b\nurl;n\n${url(0)};1\n`,
      { skipLines: 1 },
      'semicolon-separated, quoted by ", LF, 1 line above the header left out',
    ],
    [`url,n\n${url(0)},1\n`, { skipLines: 0 }, 'comma-separated, quoted by ", LF'],
    [
      `title\n${url(0)},1\n`,
      { skipLines: 1, isPipe: true },
      'comma-separated, quoted by ", LF, 1 line above the header left out, no header: url, column_2',
    ],
  ] as const)('is what the user says of %j: %j', (text, given, expected) => {
    expect(words(text, ',', given)).toBe(expected);
  });

  it.each([
    ['of one line', `Report\nurl,n\n${url(0)},1\n`, 1],
    ['of several, with commas', `a, b\n\nc\nurl,n\n${url(0)},1\n${url(1)},2\n`, 3],
    ['with as many cells as a row', `by,us\nurl,n\n${url(0)},1\n${url(1)},2\n`, 1],
    ['that names nothing', `by,us\na,n\n${url(0)},1\n${url(1)},2\n`, 0],
    ['that is a header', `url\n${url(0)},1\n${url(1)},2\n`, 0],
    ['above rows without a header', `Report\n${url(0)},1\n${url(1)},2\n`, 0],
    ['above rows that are not alike', `Report\nurl,n\n${url(0)},1\n${url(1)},2,3\n`, 0],
  ])('leaves a title out: %s', (_what, text, lines) => {
    expect(detectDialect(Buffer.from(text), true, ',').skipped ?? 0).toBe(lines);
  });
});

it('is found behind lines that are to be skipped, from a pipe as from a file', async () => {
  const text = `a;b\nc\nurl,n\n${url(1)},1\n${url(2)},2\n`;
  for (const size of [1, 9, 1000]) {
    const parts = Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
    const stdin = Readable.from(parts.map((part) => Buffer.from(part)));
    const { rows, error } = await collect(readManifest('-', { stdin, skipLines: 2 }));
    expect(error).toBeUndefined();
    expect(rows).toMatchObject([
      { url: url(1), n: '1' },
      { url: url(2), n: '2' },
    ]);
  }
});

describe('apostrophes around cells', () => {
  it.each([
    ['where cells need them', `url,n\n${url(0)},'it''s, ok'\n${url(1)},x\n`, "comma-separated, quoted by ', LF"],
    ['around URLs', `'url','n'\n'${url(0)}','x'\n`, "comma-separated, quoted by ', LF"],
    ['around URLs alone', `url,n\n'${url(0)}',1\n`, "comma-separated, quoted by ', LF"],
    ['not of prose', `url,n\n${url(0)},'tis, so\n${url(1)},'yes' he said\n`, 'comma-separated, quoted by ", LF'],
    ['not beside quotes', `url,n\n${url(0)},"a 'b', c"\n${url(1)},'x'\n`, 'comma-separated, quoted by ", LF'],
  ])('are quotes %s', (_what, text, expected) => {
    expect(words(text)).toBe(expected);
  });
});

describe('spaces between cells', () => {
  it.each([
    ['names in front of URLs', `1.jpg ${url(0)}\n2.jpg ${url(1)}\n`, 'no header: column_1, url'],
    ['numbers behind them', `1 ${url(0)} 2 3\n2 ${url(1)} 0 1\n`, 'no header: column_1, url, column_3, column_4'],
    ['sums', `${'a'.repeat(64)}  ${url(0)}\n${'b'.repeat(64)}  ${url(1)}\n`, 'no header: column_1, column_2, url'],
  ])('are told: %s', async (_what, text, header) => {
    const { rows, info } = await readText('m.txt', text);
    expect(rows.map((row) => fieldOf(row, 'url'))).toEqual([url(0), url(1)]);
    expect(info?.files[0]?.how).toBe(`space-separated, quoted by ", LF, ${header}`);
  });

  it('are told below a header, and are none in URLs', () => {
    expect(words(`name url\na ${url(0)}\nb ${url(1)}\n`)).toBe('space-separated, quoted by ", LF');
    expect(words('Image URL\nhttp://a.x/my 1.jpg\nhttp://a.x/my 2.jpg\n')).toBe('one column, quoted by ", LF');
  });
});
