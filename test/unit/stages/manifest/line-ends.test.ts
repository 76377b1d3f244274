import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineEndOf } from '../../../../src/stages/manifest/line-ends.ts';
import { readText } from './collect-rows.ts';

const url = (i: number): string => `http://a.x/${i}.jpg`;

async function urlsOf(content: string, name = 'm.csv'): Promise<unknown[]> {
  const { rows, error } = await readText(name, content);
  if (error !== undefined) throw error;
  return rows.map((row) => (row as { url?: unknown }).url);
}

describe('line ends of several kinds in a file', () => {
  it('each end a row, whichever there are more of', async () => {
    const end = fc.constantFrom('\n', '\r\n', '\r');
    const row = fc.record({ end, cells: fc.array(fc.stringMatching(/^[a-z ]{0,5}$/), { minLength: 3, maxLength: 3 }) });
    const table = fc.record({ header: end, columns: fc.integer({ min: 0, max: 3 }), isQuoted: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(table, fc.array(row, { minLength: 2, maxLength: 30 }), async (how, rows) => {
        const cell = (text: string): string => (how.isQuoted ? `"${text}"` : text);
        const line = (cells: readonly string[]): string =>
          cells
            .slice(0, how.columns + 1)
            .map(cell)
            .join(',');
        const body = rows.map(({ cells, end: own }, i) => line([url(i), ...cells]) + own);
        const found = await urlsOf(line(['url', 'a', 'b', 'c']) + how.header + body.join(''));
        expect(found).toEqual(rows.map((_, i) => url(i)));
      }),
      { numRuns: 150 },
    );
  });

  it('are found far behind the sample, and in linear time', async () => {
    const [before, behind] = [10_000, 30_000];
    const lines = Array.from({ length: before + behind }, (_, i) => url(i));
    for (const more of ['', ',x']) {
      const rows = lines.map((one) => one + more);
      const text = `url${more}\n${rows.slice(0, before).join('\n')}\n${rows.slice(before).join('\r')}\n`;
      expect(await urlsOf(text)).toEqual(lines);
    }
  }, 20_000);

  it('are part of a cell where no row begins behind them', async () => {
    const { rows } = await readText('m.csv', `url,n\n${url(1)},a\rb\n${url(2)},"c\r${url(3)},d"\n`);
    expect(rows).toMatchObject([
      { url: url(1), n: 'a\rb' },
      { url: url(2), n: `c\r${url(3)},d` },
    ]);
  });

  it('leave a row of another length to be bad', async () => {
    const { rows, warnings } = await readText('m.csv', `url,n\n${url(1)},a\r${url(2)},b,c\n${url(3)},d\n`);
    expect(rows.map((row) => (row as { n?: unknown }).n)).toEqual(['a', null, 'd']);
    expect(warnings).toEqual([expect.stringContaining('has 3 cells')]);
  });
});

describe('what ends rows', () => {
  it.each([
    ['lines within quotes', `url,n\r${url(1)},"a\nb\nc\nd"\r`, '\r'],
    ['a quote in the middle of a cell', `url,n\n${url(1)},5" wide\n${url(2)},"a\rb\rc\rd"\n`, '\n'],
    ['nothing', 'url', '\n'],
  ])('is not told by %s', (_what, text, end) => {
    expect(lineEndOf(Buffer.from(text), '"')).toBe(end);
  });
});

it('is read in linear time where a quote opens before thousands of escaped line ends', async () => {
  const text = `url,n\n${url(1)},"a \\${'\n\\'.repeat(100_000)}\n${url(2)},b\n`;
  const { error } = await readText('m.csv', text);
  expect(error?.message).toMatch(/of the first \d+ rows of .* cannot be read/);
}, 20_000);
