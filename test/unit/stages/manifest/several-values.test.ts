import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJson, valueAt, withValueAt } from '../../../../src/stages/manifest/json-cell.ts';
import { countInCell, spreadAt, valuesInCell } from '../../../../src/stages/manifest/several-values.ts';

const [A, B, C] = ['http://a.x/1.jpg', 'https://b.x/2.jpg?c=1;2', 's3://c/3,4.jpg'];

describe('cells with several values', () => {
  it.each<[string, readonly unknown[]]>([
    ['', []],
    [' \n', []],
    [A, [A]],
    [`${A}|${B}|${C}`, [A, B, C]],
    [`${A} | ${B} |`, [A, B]],
    [`${A}; ${B};${C}`, [A, B, C]],
    [`${A} ${B}\n${C}`, [A, B, C]],
    [`${A},${B}, ${C}`, [A, B, C]],
    [`${A}\u0002${B}`, [A, B]],
    [`${A}; ${B};`, [A, B]],
    [`${A}, ${B},`, [A, B]],
    [`${A} | `, [A]],
    [`${A}|n/a|${B}`, [A, 'n/a', B]],
    ['n/a', ['n/a']],
    // What stands between no two URLs is part of one.
    ['https://f.x/css?family=A|B', ['https://f.x/css?family=A|B']],
    ['https://web.archive.org/web/2020/http://a.x/1.jpg', ['https://web.archive.org/web/2020/http://a.x/1.jpg']],
    ['http://a.x/a,b;c.jpg', ['http://a.x/a,b;c.jpg']],
    ['http://a.x/1.jpg;', ['http://a.x/1.jpg;']],
    [JSON.stringify([A, B]), [A, B]],
    [JSON.stringify([{ url: A }, null, 5]), [{ url: A }, null, 5]],
    [`['${A}', '${B}']`, [A, B]],
    [`['${A}' '${B}']`, [A, B]],
    [`['it\\'s']`, ["it's"]],
    [`[${A}, ${B}]`, [A, B]],
    [`{${A},${B}}`, [A, B]],
    [`{"${A}","${B}"}`, [A, B]],
    ['{"url":"x"}', [{ url: 'x' }]],
    ['[]', []],
  ])('%s', (cell, values) => {
    expect(valuesInCell(cell)).toEqual(values);
    if (values.length > 0) expect(countInCell(cell)).toBe(values.length);
  });

  it('come back as they went in, however they are written side by side', () => {
    // What a URL may hold in all of these ways; a separator at its very end is one more between two.
    const url = fc
      .tuple(
        fc.constantFrom('http', 'https', 's3'),
        fc.stringMatching(/^[a-z]{1,5}\.x\/[a-z0-9,;&=?%/._-]{0,20}[a-z0-9]$/),
      )
      .map(([scheme, rest]) => `${scheme}://${rest}`);
    const quoted = (urls: readonly string[]): string => `[${urls.map((one) => `'${one}'`).join(', ')}]`;
    fc.assert(
      fc.property(fc.array(url, { minLength: 1, maxLength: 9 }), (urls) => {
        for (const between of ['|', ' | ', ' ', '; ', ';', ', ', ',', '\n'])
          expect(valuesInCell(urls.join(between))).toEqual(urls);
        expect(valuesInCell(JSON.stringify(urls))).toEqual(urls);
        expect(valuesInCell(quoted(urls))).toEqual(urls);
        expect(valuesInCell(`{${urls.join(',')}}`)).toEqual(urls);
      }),
    );
  });

  it('takes time with the length of a cell, whatever is in it', () => {
    for (const text of [' ', '|', ';http:/', "'", '"', '[', 'http://|']) {
      const cell = text.repeat(100_000 / text.length);
      expect(
        valuesInCell(`[${cell}]`).length + valuesInCell(cell).length + valuesInCell(`{${cell}}`).length,
      ).toBeGreaterThan(-1);
    }
  }, 5000);
});

describe('places within a cell', () => {
  const value = { meta: { images: [{ url: 'u0' }, { url: 'u1' }] }, n: 5 };

  it('leads into members and items', () => {
    expect(valueAt(value, ['meta', 'images', '1', 'url'])).toBe('u1');
    for (const way of [
      ['meta', 'images', 'url'],
      ['meta', 'images', '7', 'url'],
      ['n', 'x'],
      ['__proto__', 'x'],
    ])
      expect(valueAt(value, way)).toBeNull();
  });

  it('finds the list that nothing names an item of', () => {
    expect(spreadAt(value, ['meta', 'images', 'url'])).toEqual({ items: value.meta.images, depth: 2 });
    expect(spreadAt(value, ['meta', 'images', '0', 'url'])).toEqual({ items: ['u0'], depth: 4 });
    expect(spreadAt('http://a|http://b', ['url'])).toEqual({ items: ['http://a', 'http://b'], depth: 0 });
    expect(spreadAt(null, [])).toEqual({ items: [], depth: 0 });
    expect(withValueAt(value, ['meta', 'images'], 'u1')).toEqual({ meta: { images: 'u1' }, n: 5 });
  });

  it('keeps the digits of long numbers', () => {
    expect(readJson('{"id":12345678901234567890,"s":"12345678901234567890","f":1.5}')).toEqual({
      id: '12345678901234567890',
      s: '12345678901234567890',
      f: 1.5,
    });
  });
});
