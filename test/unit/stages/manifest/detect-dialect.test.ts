import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { detectDialect, type GivenDialect } from '../../../../src/stages/manifest/detect-dialect.ts';
import { dialectWords } from '../../../../src/stages/manifest/dialect.ts';
import type { ManifestSourceOptions } from '../../../../src/stages/manifest/manifest-options.ts';
import { readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { collect, folder } from './collect-rows.ts';

const words = (text: string, usual = ',', given: GivenDialect = {}): string =>
  dialectWords(detectDialect(Buffer.from(text), true, usual, given));

async function read(name: string, content: string | Buffer, options: ManifestSourceOptions = {}) {
  const dir = await folder({ [name]: content });
  const { rows, error } = await collect(readManifest(`${dir}/${name}`, options));
  if (error !== undefined) throw error;
  return rows.map((row) => Object.values(row).slice(3));
}

const url = (i: number): string => `http://a.x/${i}.jpg`;

describe('the dialect of a file', () => {
  it.each([
    ['plain csv', `url,n\n${url(0)},"a, b"\n`, 'comma-separated, quoted by ", LF'],
    ['semicolons', `url;n\r\n${url(0)};1,5\r\n`, 'semicolon-separated, quoted by ", CRLF'],
    ['both kinds of line ends', `url,n\r\n${url(0)},1\n`, 'comma-separated, quoted by ", LF and CRLF'],
    ['of old', `url,n\r${url(0)},1\r`, 'comma-separated, quoted by ", CR'],
    ['a delimiter that only the header has most of', 'a|b,c,d\n1|2\n3|4\n', 'pipe-separated, quoted by ", LF'],
    ['one column', `url\n${url(0)}\nhttp://a.x/1,2.jpg\n`, 'one column, quoted by ", LF'],
    ['backslashes', `url,n\n${url(0)},"a \\"b\\""\n`, 'comma-separated, quotes escaped by \\, LF'],
    ['sep=', `sep=;\nurl;n\n${url(0)};1\n`, 'semicolon-separated, quoted by ", LF'],
    ['comments', `# made by x\nurl,n\n${url(0)},1\n`, 'comma-separated, quoted by ", LF, comments with #'],
    ['no header', `${url(0)}\ta caption\n`, 'tab-separated, quoted by ", LF, no header: url, caption'],
    [
      'a header, a few times',
      `n01_1\t${url(0)}\nn01_2\t${url(1)}\n`,
      'tab-separated, quoted by ", LF, no header: column_1, url',
    ],
  ])('is found: %s', (_what, text, expected) => {
    expect(words(text)).toBe(expected);
  });

  it('has no quoting where quotes that begin cells do not end them', () => {
    const text = `n\turl\nplain\t${url(0)}\n"hello\t${url(1)}\nsay "hi"\t${url(2)}\nlast\t${url(3)}\n`;
    expect(words(text, '\t')).toBe('tab-separated, no quoting, LF');
  });

  it('is what the user says', () => {
    expect(words('a;b\n', ',', { delimiter: ',' })).toBe('comma-separated, quoted by ", LF');
    expect(words("'a','b,c'\n", ',', { quote: "'" })).toBe("comma-separated, quoted by ', LF");
    expect(words('1,2\n', ',', { columns: ['a', 'b'] })).toBe('comma-separated, quoted by ", LF, no header: a, b');
    expect(words('a,b\n1,2\n', ',', { columns: ['a', 'b'] })).toBe('comma-separated, quoted by ", LF');
  });
});

describe('rows of odd dialects', () => {
  const cases: [string, string, string | Buffer, (string | null)[][], ManifestSourceOptions?][] = [
    [
      'literal quotes in tsv',
      'm.tsv',
      `n\turl\nplain\t${url(0)}\n"hello\t${url(1)}\nsay "hi"\t${url(2)}\nlast\t${url(3)}\n`,
      [
        ['plain', url(0)],
        ['"hello', url(1)],
        ['say "hi"', url(2)],
        ['last', url(3)],
      ],
    ],
    ['mixed line ends', 'm.csv', `url\r\n${url(1)}\n${url(2)}\n`, [[url(1)], [url(2)]]],
    [
      'CRLF behind a header with LF',
      'm.csv',
      `url,n\n${url(1)},a\r\n${url(2)},b\r\n`,
      [
        [url(1), 'a'],
        [url(2), 'b'],
      ],
    ],
    ['a stray quote', 'm.csv', `url,n\n${url(1)},5" wide\n`, [[url(1), '5" wide']]],
    [
      'backslashes',
      'm.csv',
      `url,n\n${url(1)},"a \\"b\\", c"\n${url(2)},x\n`,
      [
        [url(1), 'a "b", c'],
        [url(2), 'x'],
      ],
    ],
    [
      'one column with commas',
      'm.csv',
      'url\nhttp://a.x/1,2.jpg\nhttp://a.x/3.jpg\n',
      [['http://a.x/1,2.jpg'], ['http://a.x/3.jpg']],
    ],
    ['spaces before quotes', 'm.csv', `url, n\n${url(0)}, "a, b"\n`, [[url(0), 'a, b']]],
    ['comments', 'm.csv', `# by x\n#\nurl,n\n${url(0)},#1\n# end\n`, [[url(0), '#1']]],
    ['a header apart from its #', 'm.txt', `# by x\n#\turl\tn\n${url(0)}\t1\n`, [[url(0), '1']]],
    ['a header behind #', 'm.tsv', `#url\tn\n${url(0)}\t1\n`, [[url(0), '1']]],
    ['sep=', 'm.csv', `sep=;\r\nurl;n\r\n${url(0)};1\r\n`, [[url(0), '1']]],
    [
      'windows-1252',
      'm.csv',
      Buffer.from(`url,n\nhttp://a.x/caf\xe9.jpg,\x93a\x94\n`, 'latin1'),
      [['http://a.x/café.jpg', '“a”']],
    ],
    ['UTF-16', 'm.csv', Buffer.from(`\ufeffurl,n\n${url(0)},é\n`, 'utf16le'), [[url(0), 'é']]],
    ['UTF-16 without a mark', 'm.tsv', Buffer.from(`url\tn\n${url(0)}\té\n`, 'utf16le'), [[url(0), 'é']]],
    [
      'no header',
      'm.tsv',
      `${url(0)}\ta caption\n${url(1)}\tb\n`,
      [
        [url(0), 'a caption'],
        [url(1), 'b'],
      ],
    ],
    [
      'no header in a list',
      'm.txt',
      `${url(0)}\ta caption\n${url(1)}\tb\n`,
      [
        [url(0), 'a caption'],
        [url(1), 'b'],
      ],
    ],
    ['quoted lines of a list', 'm.txt', `"${url(0)}"\n"${url(1)}"\n`, [[url(0)], [url(1)]]],
    [
      'another encoding',
      'm.csv',
      Buffer.from([...Buffer.from(`url,n\n${url(0)},`), 0x82, 0xa0]),
      [[url(0), 'あ']],
      { encoding: 'shift_jis' },
    ],
    ['names', 'm.csv', `1,${url(0)}\n`, [['1', url(0)]], { columnNames: ['id', 'url'] }],
    ['a letter of its own', 'm.csv', `url^n\n${url(0)}^1\n`, [[url(0), '1']], { delimiter: '^' }],
    [
      'a cell of two lines with as many commas as a row',
      'm.csv',
      `n,url\n"Berlin, Germany\nBonn",${url(0)}\nparis,${url(1)}\n`,
      [
        ['Berlin, Germany\nBonn', url(0)],
        ['paris', url(1)],
      ],
    ],
    [
      'the same in the last column',
      'm.tsv',
      `url\tn\n${url(0)}\t"a\nb\tc"\n${url(1)}\td\n`,
      [
        [url(0), 'a\nb\tc'],
        [url(1), 'd'],
      ],
    ],
    [
      'a quote that closes nowhere, before a quoted comma',
      'm.csv',
      `n,url\n"hello,${url(0)}\nsay,${url(1)}\np0,${url(2)}\np1,${url(3)}\np2,${url(4)}\n"a, b",${url(5)}\n`,
      [
        ['"hello', url(0)],
        ['say', url(1)],
        ['p0', url(2)],
        ['p1', url(3)],
        ['p2', url(4)],
        ['a, b', url(5)],
      ],
    ],
    [
      'backslashes far behind the sample',
      'm.csv',
      `url,n\n${`${url(0)},plain\n`.repeat(3)}${url(1)},"say "hi""\n${url(2)},"say \\"hi\\", you"\n`,
      [
        [url(0), 'plain'],
        [url(0), 'plain'],
        [url(0), 'plain'],
        [url(1), 'say "hi"'],
        [url(2), 'say "hi", you'],
      ],
    ],
    [
      'a backslash before the last quote of a cell, in a file of which nothing else says that it means anything',
      'm.csv',
      `url,n\n${url(0)},plain\n${url(1)},"vinyl 12\\""\n${url(2)},x\n${url(3)},"a, b"\n${url(4)},y\n`,
      [
        [url(0), 'plain'],
        [url(1), 'vinyl 12"'],
        [url(2), 'x'],
        [url(3), 'a, b'],
        [url(4), 'y'],
      ],
    ],
    [
      'nulls of a database in a csv whose quotes come late',
      'm.csv',
      `url,n\n${url(0)},\\N\n${`${url(1)},x\n`.repeat(1200)}${url(2)},"a ""big"" cat"\n${url(3)},C:\\temp\\new\n`,
      [
        [url(0), null],
        ...Array.from({ length: 1200 }, () => [url(1), 'x']),
        [url(2), 'a "big" cat'],
        [url(3), 'C:\\temp\\new'],
      ],
    ],
    [
      'nulls of a database beside quotes, with tabs',
      'm.tsv',
      `url\tn\n${url(0)}\t"say ""hi"""\n${url(1)}\t\\N\n`,
      [
        [url(0), 'say "hi"'],
        [url(1), null],
      ],
    ],
    [
      'CR, and LF in cells',
      'm.csv',
      `url,n\r${url(0)},a\r${url(1)},"b\nc"\r${url(2)},d\r\n`,
      [
        [url(0), 'a'],
        [url(1), 'b\nc'],
        [url(2), 'd'],
      ],
    ],
    [
      'CR CR LF',
      'm.csv',
      `url,n\r\r\n${url(0)},a\r\r\n${url(1)},"a, b"\r\r\n`,
      [
        [url(0), 'a'],
        [url(1), 'a, b'],
      ],
    ],
    [
      'a list with captions',
      'm.txt',
      `${url(0)},a cat\n${url(1)},two dogs\n`,
      [
        [url(0), 'a cat'],
        [url(1), 'two dogs'],
      ],
    ],
  ];
  it.each(cases)('are whole: %s', async (_what, name, content, expected, options = {}) => {
    expect(await read(name, content, options)).toEqual(expected);
  });

  it('are found in windows-1252 far behind the sample', async () => {
    const ascii = `${url(0)},x\n`.repeat(100_000);
    const rows = await read(
      'm.csv',
      Buffer.concat([Buffer.from(`url,n\n${ascii}`), Buffer.from('http://b,caf\xe9\n', 'latin1')]),
    );
    expect(rows.at(-1)).toEqual(['http://b', 'café']);
  });

  it('are not swallowed by a quote that closes behind many of them', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => `${url(i)},p${i}`);
    const text = ['url,n', `${url(90)},"never, closed`, ...rows, `${url(91)},"z"`, `${url(92)},q`, ''].join('\n');
    expect(await read('m.csv', text)).toHaveLength(23);
  });

  it('are read from a pipe as from what was kept of it, however it came', async () => {
    const text = `url,n\n${url(1)},"two\nlines"\n${url(2)},"say ""hi"", you"\n${url(3)},"say \\"x\\" ok"\n${url(4)}, "fine"\n`;
    const expected = await read('kept', text, { isKeptPipe: true });
    expect(expected).toHaveLength(4);
    for (const size of [1, 7, 40, 1000]) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        text.slice(i * size, (i + 1) * size),
      );
      const { rows, error } = await collect(
        readManifest('-', { stdin: Readable.from(pieces.map((part) => Buffer.from(part))) }),
      );
      expect(error).toBeUndefined();
      expect(rows.map((row) => Object.values(row).slice(3))).toEqual(expected);
    }
  });

  it('take linear time where quotes are opened and never closed', async () => {
    const lines = Array.from(
      { length: 60_000 },
      (_, i) => `${url(i)},${i % 200 === 0 ? `"cap, tion ${i} of all` : 'p'},${i}`,
    );
    expect(await read('m.csv', `url,n,i\n${lines.join('\n')}\n`)).toHaveLength(60_000);
  }, 20_000);

  it('take linear time to look at where there are many empty lines', async () => {
    const rows = await read('m.tsv', `url\tn\n${'\n'.repeat(200_000)}${url(1)}\tx\n`);
    expect(rows.at(-1)?.slice(0, 1)).toEqual([url(1)]);
  }, 2_000);

  it('refuse an encoding that nobody knows', async () => {
    await expect(read('m.csv', Buffer.from('url\n\xe9\n', 'latin1'), { encoding: 'klingon' })).rejects.toThrow(
      /encoding klingon is not known/,
    );
  });
});
