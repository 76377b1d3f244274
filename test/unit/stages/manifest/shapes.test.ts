import path from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { Binary, Field, FixedSizeList, Int32, List, Struct, Utf8, vectorFromArray } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { utf8Column } from '../../../../src/arrow/columns.ts';
import { decodeRows } from '../../../../src/unit-rows.ts';
import { writeParquetFile } from '../../../support/manifests.ts';
import { fieldOf, folder, readAt, readText } from './collect-rows.ts';

const column = (values: unknown[], type: ConstructorParameters<typeof Field>[1]) =>
  vectorFromArray(values, type).data[0] as never;

const MEDIA = 'id,associatedMedia\n1,http://a.x/1.jpg|http://a.x/2.jpg\n2,\n3,http://a.x/3.jpg\n';

describe('several URLs in a cell', () => {
  it('are a row each with explode, beside the other columns, with their row and their position', async () => {
    const { rows, info } = await readText('m.csv', MEDIA, { explode: true });
    expect(rows).toEqual([
      { at: '0<0', id: '1', associatedMedia: 'http://a.x/1.jpg', url_index: 0 },
      { at: '1<0', id: '1', associatedMedia: 'http://a.x/2.jpg', url_index: 1 },
      { at: '2<1', id: '2', associatedMedia: null, url_index: null },
      { at: '3<2', id: '3', associatedMedia: 'http://a.x/3.jpg', url_index: 0 },
    ]);
    expect(info?.roles).toEqual({ url: 'associatedMedia' });
  });

  it('are one URL without it, and that is said', async () => {
    const { rows, warnings } = await readText('m.csv', MEDIA);
    expect(rows).toHaveLength(3);
    expect(warnings).toEqual([expect.stringMatching(/associatedMedia holds 2 URLs in row 0.*--explode/)]);
    expect((await readText('m.csv', 'url\nhttp://a.x/1.jpg\n')).warnings).toEqual([]);
  });

  it('have keys that differ', async () => {
    const { rows, info } = await readText('m.csv', MEDIA, { explode: true, keyColumn: 'id' });
    expect(info?.roles.key).toBe('id_of_url');
    expect(rows.map((row) => fieldOf(row, 'id_of_url'))).toEqual(['1_0', '1_1', '2', '3']);
  });

  it('count one by one for limit, and for who reads the URLs alone', async () => {
    expect((await readText('m.csv', MEDIA, { explode: true, limitRows: 2 })).rows).toHaveLength(2);
    const { rows } = await readText('m.csv', MEDIA, { explode: true, columns: [] });
    expect(rows.map(({ at }) => at)).toEqual(['0<0', '1<0', '2<1', '3<2']);
    expect(rows[1]).toEqual({ at: '1<0', associatedMedia: 'http://a.x/2.jpg' });
  });

  it('are handed on in batches of bounded size', async () => {
    const cell = Array.from({ length: 6_000 }, (_, i) => `http://a.x/${i}.jpg`).join(' ');
    const { rows, batches } = await readText('m.csv', `url,big\n${cell},${'x'.repeat(20_000)}\n`, { explode: true });
    expect(rows).toHaveLength(6000);
    expect(rows[5999]).toMatchObject({ url: 'http://a.x/5999.jpg', url_index: 5999 });
    // 32 MiB of the column that each row repeats.
    expect(Math.max(...batches.map(({ numRows }) => numRows))).toBeLessThan(1700);
  });

  it('leave rows that cannot be read as they are', async () => {
    const bad = 'id,url\n1,http://a.x/1.jpg|http://a.x/2.jpg\n2\n3,http://a.x/3.jpg\n';
    const { rows } = await readText('m.csv', bad, { explode: true });
    expect(rows.map((row) => fieldOf(row, 'url'))).toEqual([
      'http://a.x/1.jpg',
      'http://a.x/2.jpg',
      expect.stringMatching(/^flow_dc_bad_row: line 3/),
      'http://a.x/3.jpg',
    ]);
  });
});

describe('lists', () => {
  const item = new Struct([new Field('url', new Utf8(), true), new Field('w', new Int32(), true)]);
  const images = [
    [
      { url: 'http://a.x/1.jpg', w: 1 },
      { url: 'http://a.x/2.jpg', w: 2 },
    ],
    [],
    null,
  ];

  async function nested(): Promise<string> {
    const at = path.join(await folder(), 'm.parquet');
    await writeParquetFile(at, [
      ['id', utf8Column(['a', 'b', 'c'])],
      ['images', column(images, new List(new Field('item', item, true)))],
      ['tags', column([['x', 'y'], [], null], new List(new Field('item', new Utf8(), true)))],
    ]);
    return at;
  }

  it('as the column with the URLs are refused without explode, by name', async () => {
    const at = await nested();
    expect((await readAt(at, { urlColumn: 'images' })).error?.message).toMatch(/images holds lists.*--explode/);
    expect((await readAt(at)).error?.message).toMatch(
      /no column looks like URLs.*images and tags holds? lists|images, tags/,
    );
    expect((await readAt(at, { urlColumn: 'images.url' })).error?.message).toMatch(/images\.url holds lists/);
    expect((await readAt(at)).error?.message).toMatch(
      /name it with url, such as images\.url with explode \(--explode\)/,
    );
    expect((await readAt(at, { urlColumn: 'images.ulr' })).error?.message).toMatch(
      /images has no ulr: did you mean images\.url/,
    );
  });

  it('of structs are a row for each, guessed or by name, with other members beside', async () => {
    const at = await nested();
    const { rows, info } = await readAt(at, { explode: true, captionColumn: 'images.w' });
    expect(info?.roles).toEqual({ url: 'images.url', caption: 'images.w' });
    expect(info?.rows).toBeUndefined();
    expect(rows).toEqual([
      {
        at: '0<0',
        id: 'a',
        images: '{"url":"http://a.x/1.jpg","w":1}',
        tags: ['x', 'y'],
        'images.w': '1',
        'images.url': 'http://a.x/1.jpg',
        url_index: 0,
      },
      {
        at: '1<0',
        id: 'a',
        images: '{"url":"http://a.x/2.jpg","w":2}',
        tags: ['x', 'y'],
        'images.w': '2',
        'images.url': 'http://a.x/2.jpg',
        url_index: 1,
      },
      { at: '2<1', id: 'b', images: '[]', tags: [], 'images.w': null, 'images.url': null, url_index: null },
      { at: '3<2', id: 'c', images: null, tags: null, 'images.w': null, 'images.url': null, url_index: null },
    ]);
    expect((await readAt(at, { explode: true, urlColumn: 'images.url', captionColumn: 'images.w' })).rows).toEqual(
      rows,
    );
    expect((await readAt(at, { urlColumn: 'images.url', explode: true, columns: [] })).rows).toHaveLength(4);
  });

  it('of bytes that are text, of lists, and of a fixed length are lists of URLs as well', async () => {
    const at = path.join(await folder(), 'm.parquet');
    const bytes = [[Buffer.from('http://a.x/1.jpg')], [Buffer.from('http://a.x/2.jpg')]];
    const texts = new List(new Field('item', new Utf8(), true));
    await writeParquetFile(at, [
      ['bytes', column(bytes, new List(new Field('item', new Binary(), true)))],
      ['lists', column([[['http://l.x/1'], ['http://l.x/2']], null], new List(new Field('item', texts, true)))],
      [
        'pairs',
        column([['http://p.x/1', 'http://p.x/2'], null], new FixedSizeList(2, new Field('item', new Utf8(), true))),
      ],
    ]);
    const urlsOf = async (urlColumn: string): Promise<unknown[]> =>
      (await readAt(at, { urlColumn, explode: true })).rows.map((row) => fieldOf(row, urlColumn));
    expect(await urlsOf('bytes')).toEqual(['http://a.x/1.jpg', 'http://a.x/2.jpg']);
    expect(await urlsOf('lists')).toEqual(['http://l.x/1', 'http://l.x/2', null]);
    expect(await urlsOf('pairs')).toEqual(['http://p.x/1', 'http://p.x/2', null]);
  });

  it('and structs that are named whole are refused with what is in them', async () => {
    const at = path.join(await folder(), 'm.parquet');
    const photo = new Struct([new Field('url', new Utf8(), true)]);
    await writeParquetFile(at, [['photo', column([{ url: 'http://a.x/1.jpg' }], photo)]]);
    expect((await readAt(at)).error?.message).toMatch(/name it with url, such as photo\.url;/);
    expect((await readAt(at, { urlColumn: 'photo' })).error?.message).toMatch(/name one of them, photo\.url$/);
    expect((await readAt(at, { urlColumn: 'photo.url' })).rows).toMatchObject([{ 'photo.url': 'http://a.x/1.jpg' }]);
  });

  it('come from a pipe as they come from a file', async () => {
    const options = {
      explode: true,
      stdin: Readable.from([Buffer.from('id,url\n1,http://a.x/1|http://a.x/2\n'), Buffer.from('2,http://a.x/3\n')]),
    };
    expect((await readAt('-', options)).rows.map(({ at, ...row }) => [at, fieldOf(row, 'url')])).toEqual([
      ['0<0', 'http://a.x/1'],
      ['1<0', 'http://a.x/2'],
      ['2<1', 'http://a.x/3'],
    ]);
  });

  it('have items by number', async () => {
    const { rows } = await readAt(await nested(), { urlColumn: 'images.1.url', labelColumn: 'tags.0' });
    expect(rows.map((row) => [fieldOf(row, 'images.1.url'), fieldOf(row, 'tags.0')])).toEqual([
      ['http://a.x/2.jpg', 'x'],
      [null, null],
      [null, null],
    ]);
  });

  it('in JSON lines do the same', async () => {
    const lines = [
      { id: 1, meta: { text: 'one', urls: ['http://a.x/1.jpg', 'http://a.x/2.jpg'] } },
      { id: 2, meta: { text: 'two', urls: ['http://a.x/3.jpg'] } },
    ];
    const text = lines.map((line) => JSON.stringify(line)).join('\n');
    const { rows } = await readText('m.jsonl', text, {
      urlColumn: 'meta.urls',
      captionColumn: 'meta.text',
      explode: true,
    });
    expect(rows).toMatchObject([
      {
        at: '0<0',
        'meta.urls': 'http://a.x/1.jpg',
        'meta.text': 'one',
        meta: '{"text":"one","urls":"http://a.x/1.jpg"}',
      },
      { at: '1<0', 'meta.urls': 'http://a.x/2.jpg', 'meta.text': 'one' },
      { at: '2<1', 'meta.urls': 'http://a.x/3.jpg', 'meta.text': 'two' },
    ]);
    expect((await readText('m.jsonl', text, { urlColumn: 'meta.urls' })).error?.message).toMatch(/holds lists/);
    // One such object alone is a table by columns.
    const two = '{"urls":["http://a.x/1.jpg"]}\n'.repeat(2);
    expect((await readText('m.jsonl', two)).error?.message).toMatch(/urls holds lists/);
    const plain = await readText('m.jsonl', '{"a":{"url":"http://a.x/1.jpg"}}\n', { urlColumn: 'a.url' });
    expect(plain.rows).toEqual([{ at: '0<0', a: '{"url":"http://a.x/1.jpg"}', 'a.url': 'http://a.x/1.jpg' }]);
  });

  it('a column whose name has a dot is that column', async () => {
    const { rows, info } = await readText('m.csv', 'a,a.url\n"{""url"":""http://n.x/""}",http://a.x/1.jpg\n', {
      urlColumn: 'a.url',
    });
    expect([info?.shape, fieldOf(rows[0], 'a.url')]).toEqual([undefined, 'http://a.x/1.jpg']);
  });
});

describe('several columns with URLs', () => {
  const TWO =
    'gcp_url,aws_url,name\nhttp://g.x/1.jpg,http://a.x/1.jpg,one\n,http://a.x/2.jpg,two\nhttp://g.x/3.jpg,,three\n';

  it('are the URL and what is asked after it; an empty first one is not asked for', async () => {
    const { rows, batches, info } = await readText('m.csv', TWO, { urlColumn: 'gcp_url, aws_url' });
    expect(info).toMatchObject({ roles: { url: 'gcp_url' }, mirrors: ['aws_url'] });
    expect(rows).toHaveLength(3);
    const units = batches.flatMap((batch) => decodeRows({ rows: batch, shard: '000000' }));
    expect(units.map(({ url, mirrors }) => [url, mirrors])).toEqual([
      ['http://g.x/1.jpg', ['http://a.x/1.jpg']],
      ['http://a.x/2.jpg', []],
      ['http://g.x/3.jpg', []],
    ]);
    expect((await readText('m.csv', TWO, { urlColumn: 'gcp_url,aws_ulr' })).error?.message).toMatch(
      /aws_ulr does not exist: did you mean aws_url/,
    );
    expect((await readText('m.csv', TWO, { urlColumn: 'gcp_url,aws_url', explode: true })).error?.message).toMatch(
      /explode takes one column/,
    );
  });

  it('may be missing in some of several files, but not all of them', async () => {
    const dir = await folder({ 'a.csv': 'u,v\nhttp://u.x/1,http://v.x/1\n', 'b.csv': 'v\nhttp://v.x/2\n' });
    const { batches } = await readAt(dir, { urlColumn: 'u,v' });
    const rows = batches.flatMap((batch) => decodeRows({ rows: batch, shard: '000000' }));
    expect(rows.map(({ url }) => url)).toEqual(['http://u.x/1', 'http://v.x/2']);
  });
});

describe('URLs made of columns', () => {
  // As https://inaturalist-open-data.s3.amazonaws.com has them.
  const PHOTOS = 'photo_uuid\tphoto_id\tobservation_uuid\textension\n6f\t60\ta1\tjpg\n70\t61\ta2\t\n71\t62\ta3\tjpeg\n';
  const urlTemplate = 'https://inaturalist-open-data.s3.amazonaws.com/photos/{photo_id}/medium.{extension}';

  it("are those of iNaturalist's open data", async () => {
    const { rows, info } = await readText('photos.csv.gz', gzipSync(PHOTOS), { urlTemplate });
    const at = 'https://inaturalist-open-data.s3.amazonaws.com/photos';
    expect(rows.map((row) => fieldOf(row, 'url'))).toEqual([
      `${at}/60/medium.jpg`,
      'flow_dc_bad_row: row 1 has no extension, which url_template asks for',
      `${at}/62/medium.jpeg`,
    ]);
    expect(info?.roles).toEqual({ url: 'url' });
    const strict = await readText('photos.csv.gz', gzipSync(PHOTOS), { urlTemplate, onBadRow: 'fail' });
    expect(strict.error?.message).toMatch(/^row 1 has no extension, .*: mend the row/);
    const narrow = await readText('photos.csv.gz', gzipSync(PHOTOS), { urlTemplate, columns: [] });
    expect(narrow.rows.map(({ at: _, ...row }) => row)).toEqual(rows.map((row) => ({ url: fieldOf(row, 'url') })));
  });

  it('name columns that are there, also in nested ones and of any type', async () => {
    const text = '{"photo":{"id":12345678901234567890},"n":5}\n';
    const { rows } = await readText('m.jsonl', text, { urlTemplate: 'http://a.x/{photo.id}/{n}' });
    expect(rows[0]).toMatchObject({ url: 'http://a.x/12345678901234567890/5' });
    const wrong = { urlTemplate: 'http://a.x/{photoid}.jpg' };
    expect((await readText('p.csv', PHOTOS, wrong)).error?.message).toMatch(
      /photoid does not exist: did you mean photo_id/,
    );
    const both = { urlTemplate, urlColumn: 'photo_id' };
    expect((await readText('p.csv', PHOTOS, both)).error?.message).toMatch(/leave one out/);
    const listed = { urlTemplate, explode: true };
    expect((await readText('p.csv', PHOTOS, listed)).error?.message).toMatch(/leave one out/);
  });
});
