import { createReadStream } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type ReadManifestOptions, readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { CAPTIONS, URLS } from '../../../support/sheet-rows.ts';
import { collect, readAt, readText } from './collect-rows.ts';

const FIXTURES = fileURLToPath(new URL('../../../fixtures/manifests/sheets/', import.meta.url));
const at = (name: string): string => path.join(FIXTURES, name);
const [A, B] = ['https://a.example/1.jpg', 'https://a.example/2.jpg'];
const WRITTEN = ['', '-index', '-attributes', '-prefix', '-latin1', '-utf16'].map((how) => `pandas${how}.xml`);

async function read(xml: string | Uint8Array, options: ReadManifestOptions = {}) {
  const { rows, ...rest } = await readText('m.xml', xml, options);
  return { ...rest, rows: rows.map(({ at: _, ...row }) => row) };
}

describe('an XML file', () => {
  it.for([...WRITTEN, 'pandas.xml.gz'])('%s is read as pandas reads it', async (name) => {
    const { rows, error, warnings, info } = await readAt(at(name));
    expect({ error, warnings }).toEqual({ error: undefined, warnings: [] });
    expect(rows).toHaveLength(6);
    const column = (key: string) => rows.map((row) => (row as Record<string, unknown>)[key]);
    expect(column('url')).toEqual(URLS);
    expect(column('caption')).toEqual(CAPTIONS);
    expect(column('n')).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(info?.files[0]).toMatchObject({ name: at(name), how: 'xml' });
  });

  it('comes through a pipe', async () => {
    const reader = readManifest('-', { stdin: createReadStream(at('pandas.xml')) });
    expect((await collect(reader)).rows.map(({ url }) => url)).toEqual(URLS);
  });

  it.each<[string, string, ReadManifestOptions, object[]]>([
    ['plain elements', `<urls><url>${A}</url><url> ${B} </url></urls>`, {}, [{ url: A }, { url: B }]],
    ['attributes', `<photos><photo id="1" url_o="${A}"/></photos>`, {}, [{ id: '1', url_o: A }]],
    [
      'attributes of elements in a row',
      `<r><i><image href="${A}">c</image></i></r>`,
      {},
      [{ 'image.href': A, image: 'c' }],
    ],
    [
      'white space of XML around texts, and other',
      `<r><i><url>\n ${A}\t</url><t> \ufeffa\u00a0 </t></i></r>`,
      {},
      [{ url: A, t: '\ufeffa\u00a0' }],
    ],
    ['elements in elements', `<r><i><a><b>${A}</b></a><c/></i></r>`, {}, [{ 'a.b': A, c: null }]],
    [
      'CDATA and entities',
      `<r><i><url><![CDATA[${A}?a=1&b]]></url><t>a&amp;b &#233;</t></i></r>`,
      {},
      [{ url: `${A}?a=1&b`, t: 'a&b é' }],
    ],
    [
      'rows that are named',
      `<rss><channel><title>t</title><item><url>${A}</url></item><item><url>${B}</url></item></channel></rss>`,
      { rowsAt: 'channel.item' },
      [{ url: A }, { url: B }],
    ],
    [
      'elements that are there several times',
      `<r><i><url>${A}</url><url>${B}</url></i><i><url>${A}</url></i></r>`,
      { urlColumn: 'url', explode: true },
      [
        { url: A, url_index: 0 },
        { url: B, url_index: 1 },
        { url: A, url_index: 0 },
      ],
    ],
    [
      'elements that are there several times in its only row',
      `<r><i><t>x</t><url>${A}</url><url>${B}</url></i></r>`,
      { urlColumn: 'url', explode: true },
      [
        { t: 'x', url: A, url_index: 0 },
        { t: 'x', url: B, url_index: 1 },
      ],
    ],
  ])('with %s', async (_what, xml, options, expected) => {
    const { rows, error } = await read(xml, options);
    expect(error).toBeUndefined();
    expect(rows).toEqual(expected);
  });

  it.each<[string, string, RegExp, string, ReadManifestOptions?]>([
    ['that is cut off', `<r><i><url>${A}</url></i><i>`, /the XML is cut off at byte/, 'FDC_ERR_MANIFEST_CORRUPT'],
    [
      'with a file of the system in it',
      `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><i><url>&x;</url></i></r>`,
      /what is no XML \(.*undefined entity/,
      'FDC_ERR_MANIFEST_CORRUPT',
    ],
    [
      'with entities of entities',
      `<!DOCTYPE r [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><r><i><url>&c;</url></i></r>`,
      /undefined entity/,
      'FDC_ERR_MANIFEST_CORRUPT',
    ],
    ['as deep as can be', '<a>'.repeat(1000), /over 100 elements within each other/, 'FDC_ERR_MANIFEST_TOO_WIDE'],
    [
      'with attributes without an end',
      `<r><x ${Array.from({ length: 6000 }, (_, i) => `a${i}=""`).join(' ')}/></r>`,
      /over 5000 attributes in a tag/,
      'FDC_ERR_MANIFEST_TOO_WIDE',
    ],
    [
      'that is one row',
      `<r><i>${`<url>${A}</url>`.repeat(100)}</i></r>`,
      /a row of over 2000 characters \(max_record\): .* unless rows_at names others/,
      'FDC_ERR_MANIFEST_TOO_WIDE',
      { maxRecordBytes: 2000 },
    ],
    [
      'that is text without an end',
      `<r><i>${'a'.repeat(17 * 1024 * 1024)}`,
      /over 16 MiB without a tag/,
      'FDC_ERR_MANIFEST_TOO_WIDE',
    ],
    ['without rows', '<data/>', /has no rows/, 'FDC_ERR_MANIFEST_EMPTY'],
    [
      'that is a page',
      '<?xml version="1.0"?><!DOCTYPE html><html><body/></html>',
      /an HTML page, not a manifest/,
      'FDC_ERR_MANIFEST_FORMAT',
    ],
    [
      'that is said to be csv',
      `<r><i><url>${A}</url></i></r>`,
      /XML or other markup, not csv: leave input_format at auto/,
      'FDC_ERR_MANIFEST_FORMAT',
      { format: 'csv' },
    ],
  ])('%s is refused in one line', async (_what, xml, message, code, options = {}) => {
    const { error } = await read(xml, options);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(error?.message).not.toContain('\n');
  });

  it.each<[string, string, string, object[]]>([
    [
      'a feed',
      `<rss><channel><title>t</title><link>${A}</link><item><u>${A}</u></item><item><u>${B}</u></item></channel></rss>`,
      'channel.item',
      [{ u: A }, { u: B }],
    ],
    [
      'the reply of a service',
      `<rsp stat="ok"><photos page="1"><photo id="1" url_o="${A}"/><photo id="2" url_o="${B}"/></photos></rsp>`,
      'photos.photo',
      [
        { id: '1', url_o: A },
        { id: '2', url_o: B },
      ],
    ],
    [
      'an outline with a head and a body',
      `<?xml version="1.0"?>\n<opml><head><title>t</title></head><body><outline url="${A}"/><outline url="${B}"/></body></opml>`,
      'body.outline',
      [{ url: A }, { url: B }],
    ],
  ])('whose rows are further in: %s', async (_what, xml, where, expected) => {
    const { rows, warnings, error } = await read(xml);
    expect(error).toBeUndefined();
    expect(rows).toEqual(expected);
    expect(warnings).toEqual([expect.stringContaining(`its rows are the elements ${where}; rows_at says others`)]);
  });

  it('that is cut off gives the rows in front of that', async () => {
    const { rows, error } = await read(`<r><i><url>${A}</url></i><i><url>${B}</url></i><i><url>htt`);
    expect(rows).toEqual([{ url: A }, { url: B }]);
    expect(error?.message).toMatch(/the XML is cut off at byte \d+; copy or download it again/);
  });

  it('what is said to be XML and is none is refused', async () => {
    expect((await readText('m.csv', `url\n${A}\n`, { format: 'xml' })).error?.message).toMatch(
      /is no XML, not xml: leave input_format at auto/,
    );
  });
});
